"""What a format is given, made ready to write: checked, in plain types, cut into shards.

Plain types are large_string and int64: every format has them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.hashing import hash_texts
from ledger.errors import DocumentMismatchError, InputError, printable
from ledger.manifests.mix.parse import MOST_REPEAT

__all__ = [
    "MOST_COLUMNS",
    "Ints",
    "Share",
    "Tally",
    "check_request",
    "checked",
    "cut",
    "hexadecimal",
    "lengths",
    "shard_number",
]

Ints = npt.NDArray[np.int64]

_LEAST_SHARD, _MOST_SHARD = 1 << 12, (1 << 31) - 1
_MOST_ROW = (1 << 31) - 1  # bytes of one row: what Parquet's lengths can say
_MOST_SHARDS = 100_000
MOST_COLUMNS = 32
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_ALWAYS = ("text", "sha256")
_COPIES = "copies"


@dataclass
class Share:
    """What a stratum has in an epoch, copies counted; `tokens` None where nobody counted them."""

    documents: int = 0
    bytes: int = 0
    tokens: int | None = None


@dataclass
class Tally:
    """What the strata have of all rows seen so far."""

    strata: dict[str, Share] = field(default_factory=dict)

    @property
    def documents(self) -> int:
        """Of all strata, copies counted."""
        return sum(share.documents for share in self.strata.values())

    def add(self, stratum: pa.Array, copies: Ints, size: Ints, tokens: Ints | None) -> None:
        """Count rows: n names and n numbers each."""
        coded = stratum.dictionary_encode()
        code, names = coded.indices.to_numpy(), coded.dictionary.to_pylist()
        documents, total = _sums(code, copies, len(names)), _sums(code, copies * size, len(names))
        counted = None if tokens is None else _sums(code, copies * tokens, len(names))
        for number, name in enumerate(names):
            share = self.strata.setdefault(name, Share())
            share.documents += documents[number]
            share.bytes += total[number]
            if counted is not None:
                share.tokens = (share.tokens or 0) + counted[number]


def _sums(code: npt.NDArray[np.int32], values: Ints, count: int) -> list[int]:
    total = np.zeros(count, np.int64)
    np.add.at(total, code, values)
    numbers: list[int] = total.tolist()
    return numbers


def check_request(shard_bytes: int, columns: Sequence[str]) -> None:
    """Whether such shards and columns can be asked for. Raises InputError."""
    if not _LEAST_SHARD <= shard_bytes <= _MOST_SHARD:
        raise InputError(f"shards of {shard_bytes} bytes, expected {_LEAST_SHARD} to {_MOST_SHARD}")
    for name in columns:
        if not _NAME.fullmatch(name) or name == _COPIES:
            raise InputError(
                f"column {printable(name)}, expected lower-case letters, digits and _, "
                f"and not {_COPIES}"
            )
    if len(set(columns)) < len(columns) or len(columns) > MOST_COLUMNS:
        raise InputError(
            f"columns {printable(', '.join(columns))}: expected each once, "
            f"and at most {MOST_COLUMNS}"
        )
    for name in _ALWAYS:
        if name not in columns:
            raise InputError(
                f"columns {', '.join(columns)}: found no {name}, expected it",
                hint="without the digest beside its text nobody can check a document",
            )


def checked(rows: Iterable[pa.Table], columns: Sequence[str], tally: Tally) -> Iterator[pa.Table]:
    """Tables of `columns` in plain types and `copies`, each text the one its digest says.

    Counts them in `tally`. Raises as `Format.write` does.
    """
    seen = 0
    kinds: tuple[pa.Schema, bool] | None = None
    for table in rows:
        if not table.num_rows:
            continue
        ready = _ready(table, columns, seen, tally)
        found = ready.schema, "tokens" in table.column_names
        if kinds is None:
            kinds = found
        elif found != kinds:
            raise TypeError(f"rows from {seen} have {found}, expected {kinds} as before")
        seen += table.num_rows
        yield ready
    if not seen:
        raise InputError("found no documents, expected at least one to write")


def _ready(table: pa.Table, columns: Sequence[str], seen: int, tally: Tally) -> pa.Table:
    for name in (*_ALWAYS, "stratum", *columns):
        if name not in table.column_names:
            known = ", ".join(table.column_names)
            raise InputError(
                f"rows have no column {printable(name)}, expected one of {printable(known)}",
                hint="token counts come from a mix whose unit is tokens"
                if name == "tokens"
                else None,
            )
    if (kind := table.schema.field("sha256").type) != pa.binary(32):
        raise TypeError(f"sha256 is {kind}, expected binary(32)")
    for name in ("text", "stratum"):
        if not _is_string(kind := table.schema.field(name).type):
            raise TypeError(f"{name} is {kind}, expected strings")
    kept = {name: _plain(name, table.column(name), seen) for name in columns}
    size = _check_texts(kept["text"], table.column("sha256").combine_chunks(), seen)
    copies = _copies(table, seen)
    stratum = kept.get("stratum")
    if stratum is None:
        stratum = _plain("stratum", table.column("stratum"), seen)
    tokens = None
    if "tokens" in table.column_names:
        tokens = _plain("tokens", table.column("tokens"), seen).to_numpy()
        if int(tokens.min()) < 0:
            row = int(np.argmin(tokens))
            raise InputError(f"row {seen + row}: {int(tokens[row])} tokens, expected 0 or more")
    tally.add(stratum, copies, size, tokens)
    return pa.table({**kept, _COPIES: copies})


def _plain(name: str, column: pa.ChunkedArray, seen: int) -> pa.Array:
    """A column as large_string or int64, without nulls, strings being UTF-8."""
    kind = column.type
    if pa.types.is_dictionary(kind):  # a null may lie in the dictionary
        kind = kind.value_type
        column = column.cast(kind)
    if column.null_count:
        row = pc.index(column.is_null(), True).as_py()
        raise InputError(
            f"row {seen + row}: {name} is null, expected a value",
            hint="leave the column out, or fill it before",
        )
    if kind == pa.binary(32):
        return hexadecimal(column.combine_chunks())
    if not (pa.types.is_integer(kind) or _is_string(kind)):
        raise TypeError(f"{name} is {kind}, expected strings, integers or binary(32)")
    try:
        wide = pa.int64() if pa.types.is_integer(kind) else pa.large_string()
        array = column.cast(wide).combine_chunks()
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        found = "a number beyond 64 bits" if wide == pa.int64() else "bytes that are not UTF-8"
        raise InputError(f"{name}, rows from {seen}: found {found}, expected none") from error
    return array


def _is_string(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _check_texts(text: pa.Array, digest: pa.Array, seen: int) -> Ints:
    """The lengths of n texts in bytes, each the one its digest names."""
    found, size = hash_texts(text)
    if not found.equals(digest):
        row = pc.index(pc.not_equal(found, digest), True).as_py()
        raise DocumentMismatchError(
            f"row {seen + row}: found a text of sha256:{found[row].as_py().hex()}, "
            f"expected sha256:{digest[row].as_py().hex()}",
            hint="the source changed since it was ingested; nothing was written",
        )
    size_of: Ints = size.to_numpy()
    return size_of


def _copies(table: pa.Table, seen: int) -> Ints:
    if _COPIES not in table.column_names:
        return np.ones(table.num_rows, np.int64)
    copies: Ints = _plain(_COPIES, table.column(_COPIES), seen).to_numpy()
    if int(copies.min()) < 1 or int(copies.max()) > MOST_REPEAT:
        row = int(np.flatnonzero((copies < 1) | (copies > MOST_REPEAT))[0])
        raise InputError(
            f"row {seen + row}: {int(copies[row])} copies, expected 1 to {MOST_REPEAT}"
        )
    return copies


def cut(
    tables: Iterable[pa.Table], cost: Callable[[pa.Table], Ints], most: int
) -> Iterator[pa.Table]:
    """The rows in order, as often as `copies` says, in tables that cost at most `most` in all.

    `cost` gives the bytes of each of n rows; one that costs more than `most` is a table alone.
    Where no table has `copies` each row comes once. Raises InputError for a row of over 2 GiB.
    """
    pending: list[pa.Table] = []
    held = 0
    for table in tables:
        rows, place = _copied(table)
        size = cost(rows)
        if int(size.max()) > _MOST_ROW:
            digest = rows.column("sha256")[int(np.argmax(size))].as_py()
            raise InputError(
                f"document sha256:{digest}: {int(size.max())} bytes, expected at most {_MOST_ROW}"
            )
        if place is not None:
            size = size[place]
        ends = np.cumsum(size)
        start = 0
        while start < len(size):
            before = int(ends[start - 1]) if start else 0
            stop = max(int(np.searchsorted(ends, before + most - held, "right")), start)
            if stop == start and not pending:
                stop = start + 1
            if stop > start:
                pending.append(_part(rows, place, start, stop))
                held += int(ends[stop - 1]) - before
            if stop < len(size):
                yield pa.concat_tables(pending).combine_chunks()
                pending, held = [], 0
            start = stop
    if pending:
        yield pa.concat_tables(pending).combine_chunks()


def _copied(table: pa.Table) -> tuple[pa.Table, Ints | None]:
    """The rows without `copies`, and the row at each place; None where that is the row itself."""
    if _COPIES not in table.column_names:
        return table, None
    copies = table.column(_COPIES).to_numpy()
    rows = table.drop_columns([_COPIES])
    once = int(copies.max()) == 1
    return rows, None if once else np.repeat(np.arange(len(copies)), copies)


def _part(rows: pa.Table, place: Ints | None, start: int, stop: int) -> pa.Table:
    if place is None:
        return rows.slice(start, stop - start)
    return rows.take(pa.array(place[start:stop]))


def lengths(column: pa.ChunkedArray | pa.Array) -> Ints:
    """Bytes of n strings."""
    found: Ints = pc.binary_length(column).to_numpy().astype(np.int64, copy=False)
    return found


def hexadecimal(digests: pa.Array) -> pa.Array:
    """binary(32) without nulls as lower hex."""
    count = len(digests)
    data = np.frombuffer(digests.buffers()[1], np.uint8)
    text = data[32 * digests.offset : 32 * (digests.offset + count)].tobytes().hex().encode()
    offsets = np.arange(count + 1, dtype=np.int64) * 64
    return pa.Array.from_buffers(
        pa.large_string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    )


def shard_number(number: int) -> str:
    """A shard's place in its name, from 0. Raises InputError for too many shards."""
    if number >= _MOST_SHARDS:
        raise InputError(
            f"over {_MOST_SHARDS} shards, expected fewer", hint="ask for larger shards"
        )
    return f"{number:05d}"
