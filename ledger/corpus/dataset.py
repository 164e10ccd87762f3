"""`dataset.toml`: what a person says of a dataset. Parsed once, refused if anything is unclear."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from ledger.claims.fields import Channel, Short
from ledger.corpus.readers._columns import MAPPABLE
from ledger.errors import InputError, MalformedError, UnknownNameError, printable

__all__ = [
    "FILE_NAME",
    "Description",
    "EvidenceSource",
    "describe",
    "find_description",
    "load_description",
    "month_or_day",
    "parse_dataset_name",
]

FILE_NAME = "dataset.toml"
_LARGEST = 1 << 20  # bytes; a person wrote it
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_DATASET = re.compile(rf"({_PART})@({_PART})")

_Part = Annotated[str, StringConstraints(pattern=rf"^{_PART}$")]


def _day(value: object) -> object:
    """A TOML date, or a string that spells one."""
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise ValueError(f"{printable(value, 40)}: a date that is none, expected YYYY-MM-DD")
    if isinstance(value, str):
        try:
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(
                f"{printable(value, 40)!r}: a date that is none, expected YYYY-MM-DD"
            ) from None
    return value


class EvidenceSource(BaseModel):
    """One `[[evidence]]` table: its type, which inputs it is about, and what its checker needs."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    __pydantic_extra__: dict[str, str]

    type: Short
    file: str | None = None  # a path or glob below the dataset's folder; absent: every input

    @property
    def settings(self) -> dict[str, str]:
        """Every key but `type` and `file`, as written."""
        return dict(self.__pydantic_extra__)


class Description(BaseModel):
    """A dataset's own words. `roots`, `rights_holder` and `base` are private: never in a leaf."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: _Part
    version: _Part
    channel: Channel
    license: Short | None = None
    columns: dict[str, Short] = Field(default_factory=dict)
    include: tuple[Short, ...] = ()
    language: Annotated[
        str, StringConstraints(pattern=r"^(detect|none|[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*)$")
    ] = "detect"
    ai_tools_since: Annotated[date, BeforeValidator(_day)] | None = None
    rights_holder: str | None = None
    roots: tuple[str, ...] = ()
    options: dict[str, Short] = Field(default_factory=dict)  # readers' own, `reader.option`
    evidence: tuple[EvidenceSource, ...] = ()
    base: Path = Field(default=Path(), exclude=True)  # the folder dataset.toml lies in

    @field_validator("include", "roots", "evidence", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in MAPPABLE:
                raise ValueError(f"unknown document column {printable(name)!r}")
        return value

    @property
    def dataset(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    def public(self) -> dict[str, Any]:
        """The fields of a dataset claim's body: no root, path or person."""
        body: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "channel": self.channel,
            "language": self.language,
        }
        if self.license is not None:
            body["license"] = self.license
        if self.ai_tools_since is not None:
            body["ai_tools_since"] = self.ai_tools_since.isoformat()
        if self.columns:
            body["columns"] = dict(sorted(self.columns.items()))
        if self.include:
            body["include"] = list(self.include)
        if self.options:
            body["options"] = [f"{key}={value}" for key, value in sorted(self.options.items())]
        return body

    def evidence_for(self, path: Path) -> list[EvidenceSource]:
        """The evidence tables that are about the input at `path`."""
        names = {path.name, path.as_posix()}
        if path.is_absolute() == self.base.is_absolute() and path.is_relative_to(self.base):
            names.add(path.relative_to(self.base).as_posix())
        return [
            source
            for source in self.evidence
            if source.file is None or any(fnmatchcase(name, source.file) for name in names)
        ]


def parse_dataset_name(text: str) -> tuple[str, str]:
    """(name, version) of `name@version`. Raises InputError."""
    match = _DATASET.fullmatch(text)
    if match is None:
        raise InputError(
            f"{printable(text, 120)!r}, expected a dataset as name@version",
            hint="letters, digits, '.', '_' and '-', such as docs@2025.1",
        )
    return match[1], match[2]


def find_description(inputs: Sequence[Path]) -> Path | None:
    """The dataset.toml in an input folder, or beside the input files; None if there is none.

    Raises InputError where inputs have different ones.
    """
    found: dict[Path, Path] = {}
    for path in inputs:
        candidate = (path if path.is_dir() else path.parent) / FILE_NAME
        if candidate.is_file():
            found.setdefault(candidate.resolve(), candidate)
    if len(found) > 1:
        places = " and ".join(printable(path) for path in found.values())
        raise InputError(
            f"inputs with {len(found)} descriptions, {places}, expected one",
            hint="ingest one dataset at a time",
        )
    return next(iter(found.values()), None)


def describe(
    dataset: str | None,
    inputs: Sequence[Path],
    file: Path | None = None,
    *,
    ai_tools_since: date | None = None,
    options: Mapping[str, str] | None = None,
) -> Description:
    """The description that `file`, or one found with the inputs, gives; `dataset` is name@version.

    Without any file a dataset is described by its name alone, channel `other`. `ai_tools_since`
    and each of `options` stand before what the file says. Raises InputError where neither gives a
    name, or both give different ones.
    """
    found = _described(dataset, inputs, file)
    changed: dict[str, Any] = {}
    if ai_tools_since is not None:
        changed["ai_tools_since"] = ai_tools_since
    if options:
        changed["options"] = {**found.options, **options}
    return found.model_copy(update=changed) if changed else found


def month_or_day(text: str) -> date:
    """The first day of `YYYY-MM`, or the day `YYYY-MM-DD`. Raises InputError."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
            return date.fromisoformat(f"{text}-01")
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # a day no calendar has: refused below, like any other spelling
    raise InputError(
        f"{printable(text, 40)!r}: a date that is none, expected YYYY-MM or YYYY-MM-DD"
    )


def _described(dataset: str | None, inputs: Sequence[Path], file: Path | None) -> Description:
    named = parse_dataset_name(dataset) if dataset is not None else None
    path = file if file is not None else find_description(inputs)
    if path is not None:
        return load_description(path, named)
    if named is None:
        raise InputError(
            f"no {FILE_NAME} with the inputs and no name, expected either",
            hint="--dataset NAME@VERSION",
        )
    return Description(name=named[0], version=named[1], channel="other")


def load_description(path: Path, named: tuple[str, str] | None = None) -> Description:
    """Parse a dataset.toml; `named` stands in for a name and version the file leaves out.

    Raises MalformedError at the line of the fault, InputError if the file cannot be read or
    calls itself something other than `named`.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"{printable(path)}: {(error.strerror or str(error)).lower()}") from error
    if len(raw) > _LARGEST:
        raise MalformedError(path, None, f"over {_LARGEST} bytes, expected a short description")
    try:
        text = raw.decode()
        found = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise MalformedError(path, line, "invalid UTF-8, expected TOML") from None
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise _not_toml(path, str(error)) from None
    except RecursionError:
        raise MalformedError(path, None, "nested too deeply") from None
    _refuse_unknown(path, text, found)
    if named is not None:
        for key, value in zip(("name", "version"), named, strict=True):
            if found.setdefault(key, value) != value:
                raise InputError(
                    f"{printable(path)}:{_line_of(text, key)}: {key} = "
                    f"{printable(found[key], 60)!r}, but {printable(value)!r} was asked for"
                )
    try:
        return Description(**found, base=path.parent)
    except ValidationError as error:
        raise _invalid(path, text, error) from None


def _refuse_unknown(path: Path, text: str, found: Mapping[str, Any]) -> None:
    known = set(Description.model_fields) - {"base"}
    for key in found:
        if key not in known:
            near = UnknownNameError("key", key, known)
            raise MalformedError(path, _line_of(text, key), str(near), hint=near.hint)
    columns = found.get("columns", {})
    # an [options] key is refused when the readers are known: ledger.corpus.readers.check_settings
    for key in columns if isinstance(columns, dict) else ():
        if key not in MAPPABLE:
            near = UnknownNameError("document column", key, MAPPABLE)
            raise MalformedError(path, _line_of(text, key), str(near), hint=near.hint)


def _line_of(text: str, key: str) -> int | None:
    pattern = re.compile(rf"\s*(\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*[=\].]")
    return next(
        (number for number, line in enumerate(text.split("\n"), 1) if pattern.match(line)), None
    )


def _not_toml(path: Path, message: str) -> MalformedError:
    place = re.search(r"\(at line ([0-9]+), column [0-9]+\)", message)
    reason = printable(re.sub(r"\s*\(at .*\)$", "", message), 120)
    reason = reason[:1].lower() + reason[1:]
    if "date or datetime" in reason:
        reason = f"a date that is none ({reason})"
    return MalformedError(path, int(place[1]) if place else None, f"not TOML: {reason}")


def _invalid(path: Path, text: str, error: ValidationError) -> MalformedError:
    first = error.errors(include_url=False)[0]
    keys = [str(part) for part in first["loc"] if isinstance(part, str)]
    key = keys[0] if keys else ""
    if first["type"] == "missing":
        what = f"no {'.'.join(keys)}"
        hint = "--dataset NAME@VERSION" if key in {"name", "version"} else f'add {key} = "…"'
        return MalformedError(path, None, what, hint=hint)
    message = printable(first["msg"].removeprefix("Value error, "), 160)
    message = message[:1].lower() + message[1:]
    if first["type"] != "value_error" and isinstance(first["input"], str):
        message = f"{printable(first['input'], 60)!r}: {message}"
    return MalformedError(path, _line_of(text, key), f"{'.'.join(keys)}: {message}")
