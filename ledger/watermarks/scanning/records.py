"""Files of watermark vectors: JSON lines, a document a line, with the mark it should bear.

Fields: family, scheme, params, watermarked; vocab_size and generated_ids, or, for `unicode/…`, the
text; span for a document that bears the mark in a part. Whoever wrote a file is not trusted.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from ledger.errors import InputError, MalformedError, printable
from ledger.watermarks.tokens import MAX_ID, Ids

__all__ = ["UNICODE", "Record", "read_records"]

UNICODE = "unicode/"
"""How the scheme of a mark made of characters begins; `unicode/none-…` bears none."""

_FORM = "a file of vectors has a JSON object on each line; see headwater watermark evaluate --help"
_MAX_LINE = 128 << 20
_MAX_NAME = 200
_NUMBER = re.compile(r"-?[0-9]{1,1000}", re.ASCII)


@dataclass(frozen=True)
class Record:
    """One line. `ids` are those that were generated, never those of the prompt.

    `params` may hold a key and are not shown.
    """

    path: Path
    line: int
    family: str
    scheme: str
    marked: bool
    params: Mapping[str, Any] = field(repr=False)
    vocab_size: int | None
    ids: Ids | None = field(repr=False)
    text: str | None = field(repr=False)
    span: tuple[int, int] | None

    def refuse(self, reason: str, hint: str | None = None) -> NoReturn:
        """Raises MalformedError at this line."""
        raise MalformedError(self.path, self.line, reason, hint=hint)


def read_records(path: Path) -> Iterator[Record]:
    """The records of one file, one at a time. Raises InputError, MalformedError with the line."""
    try:
        with path.open("rb") as file:
            yield from _records(path, file)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{printable(path)}: {reason}, expected a file of vectors") from error


def _records(path: Path, file: BinaryIO) -> Iterator[Record]:
    number = 0
    while line := file.readline(_MAX_LINE + 1):
        number += 1
        if len(line) > _MAX_LINE:
            raise MalformedError(
                path, number, f"a line of more than {_MAX_LINE >> 20} MiB", hint=_FORM
            )
        if line.strip():
            yield _record(path, number, line)


def _record(path: Path, number: int, line: bytes) -> Record:
    try:
        found = json.loads(line, parse_constant=_no_number, parse_int=_integer)
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, not UTF-8, NaN
        raise MalformedError(
            path, number, f"not JSON, expected an object: {printable(error, 80)}", hint=_FORM
        ) from None
    if not isinstance(found, dict):
        raise MalformedError(
            path, number, f"found {_kind(found)}, expected a JSON object", hint=_FORM
        )
    fields = _Fields(path, number, found)
    scheme = fields.name("scheme")
    unicode_mark = scheme.startswith(UNICODE)
    return Record(
        path=path,
        line=number,
        family=fields.name("family"),
        scheme=scheme,
        marked=fields.flag("watermarked"),
        params=fields.mapping("params"),
        vocab_size=fields.vocab_size(),
        ids=None if unicode_mark else fields.ids("generated_ids"),
        text=fields.text("text") if unicode_mark else None,
        span=None if unicode_mark else fields.span(),
    )


@dataclass(frozen=True)
class _Fields:
    """Reads fields of one object, or says at which line one is not what it must be."""

    path: Path
    line: int
    found: Mapping[str, Any] = field(repr=False)

    def _refuse(self, name: str, expected: str) -> NoReturn:
        there = _kind(self.found[name]) if name in self.found else "nothing"
        raise MalformedError(
            self.path, self.line, f"{name}: found {there}, expected {expected}", hint=_FORM
        )

    def name(self, name: str) -> str:
        value = self.found.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME:
            self._refuse(name, f"a text of 1 to {_MAX_NAME} characters")
        return value

    def text(self, name: str) -> str:
        value = self.found.get(name)
        if not isinstance(value, str):
            self._refuse(name, "a text")
        return value

    def flag(self, name: str) -> bool:
        value = self.found.get(name)
        if not isinstance(value, bool):
            self._refuse(name, "true or false")
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self.found.get(name)
        if not isinstance(value, dict):
            self._refuse(name, "an object")
        return value

    def vocab_size(self) -> int | None:
        """What the marks were made with, else what the record says of its tokenizer."""
        value = self.mapping("params").get("vocab_size")
        if value is None:
            value = self.found.get("vocab_size")
        if value is not None and (type(value) is not int or not 2 <= value <= 2**31 - 1):
            raise MalformedError(
                self.path, self.line, "vocab_size: expected a whole number from 2 to 2^31 - 1"
            )
        return value

    def ids(self, name: str) -> Ids:
        value = self.found.get(name)
        if not isinstance(value, list):
            self._refuse(name, "a list of token ids")
        for place, token in enumerate(value):
            if type(token) is not int or not 0 <= token <= MAX_ID:
                there = "a number" if type(token) is int else _kind(token)
                raise MalformedError(
                    self.path,
                    self.line,
                    f"{name}[{place}]: found {there}, expected a token id from 0 to 2^32 - 1",
                )
        return np.array(value, np.uint32)

    def span(self) -> tuple[int, int] | None:
        value = self.found.get("span")
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or len(value) != 2
            or any(type(end) is not int for end in value)
            or not 0 <= value[0] < value[1] <= len(self.found["generated_ids"])
        ):
            raise MalformedError(
                self.path, self.line, "span: expected [start, end) within generated_ids"
            )
        return value[0], value[1]


def _integer(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:  # a million digits take minutes to become a number
        raise ValueError("a number of more than 1,000 digits")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false",
             type(None): "null", int: "a number", float: "a fraction"}  # fmt: skip
    return names[type(value)]
