"""The header of a CSV file: what stands between its fields, and which of them are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.corpus.readers import ReadOptions, setting
from ledger.corpus.readers._columns import Plan, plan
from ledger.corpus.readers._csvscan import Dialect, records
from ledger.corpus.readers._packed import packing
from ledger.errors import InputError, MalformedError, printable

__all__ = ["LONGEST", "Head", "check_spelling", "head"]

LONGEST = 1 << 20  # bytes a header may have
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = (b",", b";", b"\t", b"|")
_NAMES = {"comma": b",", "semicolon": b";", "tab": b"\t", "pipe": b"|"}


@dataclass(frozen=True)
class Head:
    """`end` bytes of header; DOCUMENT name → index of its column, of `width` columns.

    `tool` is the column of a ticket export that names the program which helped to write.
    """

    end: int
    dialect: Dialect
    width: int
    plan: Plan
    columns: Mapping[str, int]
    tool: int | None = None


def head(path: Path, data: bytes, options: ReadOptions, *, last: bool) -> Head:
    """The header that `data`, the beginning of a file, holds.

    The first of comma, semicolon, tab and pipe under which a header names a text column stands
    between fields, unless `csv.delimiter` says. Raises MalformedError where none does.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]:
        raise MalformedError(path, 1, "UTF-16, expected UTF-8", hint="save it as CSV in UTF-8")
    skip = len(_BOM) if data.startswith(_BOM) else 0
    quotes = _quotes(options)
    found = [_read(path, data, skip, Dialect(d, quotes), last) for d in _delimiters(path, options)]
    for names, end, dialect in found:
        chosen = plan(names, options.columns)
        if chosen.sources["text"].name in names:
            return _head(path, names, end, dialect, chosen)
    names = found[0][0]
    raise MalformedError(
        path,
        1,
        f"columns {printable(', '.join(names), 120)}, expected text in one called "
        f"{printable(plan(names, options.columns).sources['text'].name, 60)!r}",
        hint='map it in dataset.toml: [columns] text = "the column that holds it"',
    )


def _head(path: Path, names: list[str], end: int, dialect: Dialect, chosen: Plan) -> Head:
    columns = {}
    for name, source in chosen.sources.items():
        if source.name not in names:
            raise MalformedError(
                path,
                1,
                f"columns {printable(', '.join(names), 120)}, "
                f"expected {name} in {printable(source.name, 60)!r}",
            )
        if names.count(source.name) > 1:
            raise MalformedError(path, 1, f"two columns called {printable(source.name, 60)!r}")
        columns[name] = names.index(source.name)
    tickets = chosen.sources.get("topic")
    helped = tickets is not None and tickets.name == "author_type" and names.count("tool") == 1
    return Head(end, dialect, len(names), chosen, columns, names.index("tool") if helped else None)


def _read(
    path: Path, data: bytes, skip: int, dialect: Dialect, last: bool
) -> tuple[list[str], int, Dialect]:
    """(names, end, dialect) of the first record after `skip` bytes."""
    found = records(data[skip:], dialect, last=last)
    first = next((record for record in found if not record.blank), None)
    if first is None:
        most = f"a header over {LONGEST} bytes" if not last else "no header"
        raise MalformedError(path, 1, f"{most}, expected a line that names the columns")
    if first.fields is None:
        raise MalformedError(path, 1, f"{first.reason}, expected a line that names the columns")
    try:
        names = [field.decode().strip() for field in first.fields]
    except UnicodeDecodeError as error:
        raise MalformedError(
            path, 1, f"invalid UTF-8 at byte {error.start + 1}", hint="save it as CSV in UTF-8"
        ) from None
    if any("\r" in name for name in names):
        raise MalformedError(path, 1, "a bare carriage return, expected lines that end in newlines")
    return names, skip + first.end, dialect


def check_spelling(options: ReadOptions) -> None:
    """Raises InputError for a `csv.delimiter` or `csv.quote` that means nothing."""
    _delimiters(Path("any.csv"), options)
    _quotes(options)


def _delimiters(path: Path, options: ReadOptions) -> Sequence[bytes]:
    asked = setting(options, "csv", "delimiter", "")
    if asked:
        one = _NAMES.get(asked, asked.encode())
        if len(one) != 1 or one in b'"\r\n':
            raise InputError(
                f"csv.delimiter = {printable(asked, 20)!r}, expected one character or its name",
                hint=", ".join(_NAMES),
            )
        return [one]
    name = Path(path.stem) if packing(path) else path
    return [b"\t"] if name.suffix.lower() == ".tsv" else _DELIMITERS


def _quotes(options: ReadOptions) -> bool:
    asked = setting(options, "csv", "quote", "double")
    if asked not in ("double", "none"):
        raise InputError(f"csv.quote = {printable(asked, 20)!r}, expected double or none")
    return asked == "double"
