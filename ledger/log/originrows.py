"""Origin entries as columns: the shape that nearly every entry of a large log has.

Unsigned canonical origins of one input differ only in a few spans. Entries of equal length are
laid in a matrix; those that equal the first one everywhere outside the value spans of ORIGIN have
its layout, and their values are read a span at a time. An entry that shares its layout with few
others is matched by itself. What ORIGIN does not match is left to the caller.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from ledger.claims.fields import Channel

__all__ = ["INT_COLUMNS", "MISSING", "TEXT_COLUMNS", "OriginColumns", "OriginReader", "unhex"]

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

MISSING = int(np.iinfo(np.int64).min)  # an absent integer
INT_COLUMNS = ("bytes", "claimed_at", "collected_at", "language_ppm")
TEXT_COLUMNS = (
    "channel", "content_type", "dataset", "file", "language", "license", "site", "topic",
)  # fmt: skip

_INT, _TEXT, _HEX64 = rb"(?:0|[1-9][0-9]{0,14})", rb'[^"\\\x00-\x1f\x7f]+', rb"[0-9a-f]{64}"
_PPM, _MOST_PPM = rb"(?:0|[1-9][0-9]{0,5}|1000000)", 1_000_000

_CHANNEL = "|".join(get_args(Channel)).encode()
_NAME = rb"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_FIXED = frozenset({"actor", "channel", "dataset"})  # rows that differ here differ in layout


def _maybe(name: str, value: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    group = b"(?P<%s>%s)" % (name.encode(), value)
    return b'(?:,"%s":%s%s%s)?' % (name.encode(), before, group, after)


def _text(name: str) -> bytes:
    return _maybe(name, _TEXT, b'"', b'"')


_PRIVATE_NAMES = ("author", "path", "record", "rights_holder", "title", "url")  # as sorted
_PRIVATE = b"".join(
    b'(?:(?:(?<=\\{)|(?<="),)"%s":"sha256:(?P<%s>%s)")?' % (name, name, _HEX64)
    for name in map(str.encode, _PRIVATE_NAMES)
)
ORIGIN = re.compile(
    b"".join(
        [
            b'\\{"actor":"(?P<actor>%s)","at":(?P<at>%s),"body":\\{' % (_TEXT, _INT),
            b'"bytes":(?P<bytes>%s),"channel":"(?P<channel>%s)"' % (_INT, _CHANNEL),
            _maybe("claimed_at", _INT),
            _maybe("collected_at", _INT),
            _text("content_type"),
            _text("crawler"),
            b',"dataset":"(?P<dataset>%s@%s)"' % (_NAME, _NAME),
            _text("language"),
            _maybe("language_ppm", _PPM),
            _text("license"),
            _text("license_stated"),
            b',"locator":\\{"file":"sha256:(?P<file>%s)"' % _HEX64,
            b',"part":(?P<part>%s),"row":(?P<row>%s)\\}' % (_INT, _INT),
            b'(?:,"private":\\{%s\\})?' % _PRIVATE,
            _text("site"),
            _text("tokenizer"),
            _maybe("tokens", _INT),
            _text("topic"),
            b'\\},"kind":"origin","subject":"sha256:(?P<subject>%s)","v":1\\}' % _HEX64,
        ]
    )
)
_INTS = frozenset({"at", "bytes", "claimed_at", "collected_at", "part", "row", "tokens"})
_HEXES = frozenset({"file", "subject", *_PRIVATE_NAMES})
_SMALLEST_GROUP = 24  # below this many rows of one layout, one by one is faster

_PLAIN = np.ones(256, np.bool_)  # bytes a JSON string may hold as they are
_PLAIN[[*range(0x20), 0x22, 0x5C, 0x7F]] = False


def unhex(digits: Bytes) -> tuple[Bytes, Mask]:
    """(n, 64) ASCII as (n, 32) bytes, and which rows are lowercase hex throughout."""
    letter = digits >= 97  # "a"; the arithmetic below is modulo 256
    nibbles: Bytes = digits - np.uint8(48) - letter * np.uint8(39)
    joined: Bytes = (nibbles[:, 0::2] << np.uint8(4)) | (nibbles[:, 1::2] & np.uint8(15))
    return joined, _is_hex(digits)


def _is_hex(digits: Bytes) -> Mask:
    return _every((digits - np.uint8(48) < 10) | (digits - np.uint8(97) < 6))


def _every(good: Mask) -> Mask:
    """Which rows are good throughout; nearly always all of them, which one pass shows."""
    return np.ones(len(good), np.bool_) if good.all() else np.all(good, axis=1)


@dataclass(frozen=True)
class OriginColumns:
    """Parallel columns. Text is coded: `codes[name]` indexes `values[name]`, -1 is absent."""

    bytes: Ints
    claimed_at: Ints
    collected_at: Ints
    language_ppm: Ints
    codes: Mapping[str, Codes]
    values: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return len(self.bytes)

    def take(self, rows: Ints) -> "OriginColumns":
        if len(rows) == len(self.bytes):
            return self
        return OriginColumns(
            self.bytes[rows],
            self.claimed_at[rows],
            self.collected_at[rows],
            self.language_ppm[rows],
            {name: codes[rows] for name, codes in self.codes.items()},
            self.values,
        )


class OriginReader:
    """Fills columns for some entries; `done` marks the rows that were read.

    `values` (column -> text in UTF-8 -> code) is shared by the readers of one batch.
    """

    def __init__(self, entries: Sequence[bytes], values: dict[str, dict[bytes, int]]) -> None:
        self._entries = entries
        count = len(entries)
        self.done = np.zeros(count, np.bool_)
        self.subjects = np.zeros((count, 32), np.uint8)
        self.ints = {name: np.full(count, MISSING) for name in INT_COLUMNS}
        self.codes = {name: np.full(count, -1, np.int32) for name in TEXT_COLUMNS}
        self._values = values

    def read_alike(self) -> None:
        """Read every group of rows that share a layout."""
        lengths = np.fromiter(map(len, self._entries), np.int64, len(self._entries))
        order = np.argsort(lengths, kind="stable")
        starts = np.flatnonzero(np.diff(lengths[order], prepend=-1))
        for rows in np.split(order, starts[1:]):
            if len(rows) >= _SMALLEST_GROUP:
                self._read_length(rows, int(lengths[rows[0]]))

    def _read_length(self, rows: Ints, length: int) -> None:
        joined = b"".join([self._entries[row] for row in rows.tolist()])
        if not _is_utf8(joined):
            return  # one by one: what is canonical JSON is UTF-8 throughout
        matrix = np.frombuffer(joined, np.uint8).reshape(len(rows), length)
        for _ in range(8):  # layouts of one length: digits move between numbers
            found = ORIGIN.fullmatch(matrix[0].tobytes())
            if found is None:
                return
            alike = self._read_layout(rows, matrix, found)
            rows, matrix = rows[~alike], matrix[~alike]
            if len(rows) < _SMALLEST_GROUP:
                return

    def _read_layout(self, rows: Ints, matrix: Bytes, found: re.Match[bytes]) -> Mask:
        """Read the rows that have the layout of row 0; returns which those are."""
        texts = {name: text for name, text in found.groupdict().items() if text is not None}
        spans = {name: found.span(name) for name in texts.keys() - _FIXED}
        differs = matrix != matrix[0]
        varying = differs.any(0)
        literal = varying.copy()
        for start, end in spans.values():
            literal[start:end] = False
        alike = np.ones(len(rows), np.bool_)
        if literal.any():
            alike = ~np.any(differs[:, literal], axis=1)
        values: dict[str, Any] = {name: texts[name] for name in _FIXED}
        for name, (start, end) in spans.items():
            if not varying[start:end].any() and name != "subject":
                values[name] = texts[name]
                continue
            part = matrix[:, start:end]
            if name in _INTS:
                values[name], good = _numbers(part)
            elif name == "language_ppm":
                values[name], good = _numbers(part)
                good &= values[name] <= _MOST_PPM
            elif name == "subject":
                values[name], good = unhex(part)
            elif name in _HEXES:
                values[name], good = part, _is_hex(part)
            else:
                values[name], good = part, _every(_PLAIN[part])
            alike &= good
        self._store(rows[alike], values, None if alike.all() else alike)
        return alike

    def _store(self, rows: Ints, values: Mapping[str, Any], alike: Mask | None) -> None:
        for name in TEXT_COLUMNS:
            if name not in values:
                continue
            value = values[name]
            if isinstance(value, bytes):
                self.codes[name][rows] = self._code(name, value)
                continue
            distinct, inverse = _distinct(_kept(value, alike))
            known = self._values[name]
            if name == "file":
                distinct = [b"sha256:" + item for item in distinct]
            codes = [known.setdefault(item, len(known)) for item in distinct]
            self.codes[name][rows] = np.array(codes, np.int32)[inverse]
        for name, target in self.ints.items():
            if name in values:
                value = values[name]
                target[rows] = int(value) if isinstance(value, bytes) else _kept(value, alike)
        self.subjects[rows] = _kept(values["subject"], alike)
        self.done[rows] = True

    def _code(self, name: str, value: bytes) -> int:
        known = self._values[name]
        return known.setdefault(b"sha256:" + value if name == "file" else value, len(known))

    def read_rest(self) -> None:
        """Read the remaining rows that ORIGIN matches, one by one."""
        for row in np.flatnonzero(~self.done).tolist():
            found = ORIGIN.fullmatch(self._entries[row])
            if found is not None and _is_utf8(self._entries[row]):
                self._read_one(row, found)

    def _read_one(self, row: int, found: re.Match[bytes]) -> None:
        texts = {name: found[name] for name in TEXT_COLUMNS if found[name] is not None}
        for name, text in texts.items():
            self.codes[name][row] = self._code(name, text)
        for name, target in self.ints.items():
            if found[name] is not None:
                target[row] = int(found[name])
        self.subjects[row] = np.frombuffer(bytes.fromhex(found["subject"].decode()), np.uint8)
        self.done[row] = True

    def store(self, row: int, subject: bytes, body: Mapping[str, Any]) -> None:
        """Take an origin's values from its checked body."""
        for name in TEXT_COLUMNS:
            text = body["locator"]["file"] if name == "file" else body.get(name)
            if text is not None:
                known = self._values[name]
                self.codes[name][row] = known.setdefault(text.encode(), len(known))
        for name, target in self.ints.items():
            target[row] = body.get(name, MISSING)
        self.subjects[row] = np.frombuffer(subject, np.uint8)
        self.done[row] = True


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _kept(values: Any, alike: Mask | None) -> Any:
    return values if alike is None else values[alike]


def _numbers(digits: Bytes) -> tuple[Ints, Mask]:
    """(n, w) ASCII digits as integers, and which rows are canonical decimals."""
    places = np.ascontiguousarray(digits.T) - np.uint8(48)
    values = np.zeros(len(digits), np.int64)
    for place in places:
        values = values * 10 + place
    good = _every((places < 10).T)
    if len(places) > 1:
        good &= places[0] > 0
    return values, good


def _distinct(part: Bytes) -> tuple[list[bytes], Ints]:
    """The distinct rows of a byte matrix, and each row's place among them.

    Rows are sorted by a 64-bit mix of their bytes, which is compared with the bytes afterwards.
    """
    count, width = part.shape
    cells = np.zeros((count, -(-width // 8) * 8), np.uint8)
    cells[:, :width] = part
    words = cells.view(np.uint64)
    keys = words[:, 0].copy()
    for column in range(1, words.shape[1]):
        keys = (keys ^ (keys >> np.uint64(29))) * _ODD + words[:, column]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if not (words == words[first][inverse]).all():
        flat = np.ascontiguousarray(part).view(f"S{width}").reshape(-1)
        _, first, inverse = np.unique(flat, return_index=True, return_inverse=True)
    distinct = np.ascontiguousarray(part[first]).view(f"S{width}").reshape(-1)
    return distinct.tolist(), inverse  # no value ends in NUL


_ODD = np.uint64(0x9E3779B97F4A7C15)
