"""Stored entry bytes as columns. The only reader of entries in bulk; projections start here.

A projection reads nothing else, so it is a function of the log alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.errors import VerificationError
from ledger.log.canonical import Entry, parse_digest, parse_entry
from ledger.log.originrows import TEXT_COLUMNS, OriginColumns, OriginReader, unhex

__all__ = ["PART", "Decoded", "Decoder", "decode"]

_PREFIX = np.frombuffer(b'"kind":"origin","subject":"sha256:', np.uint8)
_SUFFIX = np.frombuffer(b'","v":1}', np.uint8)
PART = 2048  # entries read at a time: about a megabyte
_TAIL = len(_PREFIX) + 64 + len(_SUFFIX)

Digests = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Decoded:
    """Entries at `indices`, ascending. `subjects` is (n, 32); `kinds` one name an entry.

    `origins` holds the columns of the rows `origin_rows` (positions in the batch, ascending);
    `others` the remaining entries by position.
    """

    indices: Ints
    kinds: list[str]
    subjects: Digests
    origin_rows: Ints
    origins: OriginColumns
    others: dict[int, Entry]

    def __len__(self) -> int:
        return len(self.kinds)


class Decoder:
    """Decodes a batch in parts: each part while its entries are still in the processor's cache."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, int]] = {name: {} for name in TEXT_COLUMNS}
        self._parts: list[tuple[Ints, OriginReader]] = []
        self._kinds: list[str] = []
        self._others: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, indices: Sequence[int] | Ints, entries: Sequence[bytes]) -> None:
        """Add the entries at `indices`, which follow those added before.

        Raises VerificationError naming the first that is not canonical.
        """
        for start in range(0, len(entries), PART):
            self._add(
                np.asarray(indices[start : start + PART], np.int64), entries[start : start + PART]
            )

    def _add(self, index: Ints, entries: Sequence[bytes]) -> None:
        reader = OriginReader(entries, self._values)
        reader.read_alike()
        before = len(self._kinds)
        self._kinds.extend(["origin"] * len(entries))
        self._parts.append((index, reader))
        if reader.done.all():
            return
        rest = np.flatnonzero(~reader.done)
        plain = _plain_origins(entries, rest, reader.subjects, index)
        signed = []
        for row in np.setdiff1d(rest, plain, assume_unique=True).tolist():
            entry = parse_entry(entries[row], f"entry {index[row]}")
            self._kinds[before + row] = entry.kind
            reader.subjects[row] = np.frombuffer(parse_digest(entry.subject), np.uint8)
            if entry.kind == "origin":
                signed.append(row)
            else:
                self._others[before + row] = entry
        try:
            reader.read_json(np.concatenate([plain, np.array(signed, np.int64)]))
        except pa.ArrowInvalid as error:
            for row in plain.tolist():  # name the first that is not canonical, if one is not
                parse_entry(entries[row], f"entry {index[row]}")
            raise VerificationError(
                f"entries {index[0]}–{index[-1]}: an origin has another shape: {error}"
            ) from error

    def finish(self) -> Decoded:
        """All that was added, as one batch."""
        readers = [reader for _, reader in self._parts]
        columns = OriginColumns(
            np.concatenate([reader.bytes for reader in readers]),
            np.concatenate([reader.collected_at for reader in readers]),
            {
                name: np.concatenate([reader.codes[name] for reader in readers])
                for name in TEXT_COLUMNS
            },
            {name: list(values) for name, values in self._values.items()},
        )
        mask = np.ones(len(self._kinds), np.bool_)
        mask[list(self._others)] = False
        rows = np.flatnonzero(mask)
        return Decoded(
            indices=np.concatenate([index for index, _ in self._parts]),
            kinds=self._kinds,
            subjects=np.concatenate([reader.subjects for reader in readers]),
            origin_rows=rows,
            origins=columns.take(rows),
            others=self._others,
        )


def decode(indices: Sequence[int] | Ints, entries: Sequence[bytes]) -> Decoded:
    """Columns of the entries at `indices`. Raises VerificationError naming the first bad one."""
    decoder = Decoder()
    decoder.add(indices, entries)
    return decoder.finish()


def _plain_origins(entries: Sequence[bytes], rows: Ints, subjects: Digests, index: Ints) -> Ints:
    """Those of `rows` that are unsigned origins, whose end has one fixed shape; fills subjects."""
    long = np.array([row for row in rows.tolist() if len(entries[row]) >= _TAIL], np.int64)
    if not len(long):
        return long
    ends = b"".join([entries[row][-_TAIL:] for row in long.tolist()])
    window = np.frombuffer(ends, np.uint8).reshape(-1, _TAIL)
    head, tail = len(_PREFIX), len(_SUFFIX)
    same = (window[:, :head] == _PREFIX).all(1) & (window[:, -tail:] == _SUFFIX).all(1)
    plain: Ints = long[same]
    subjects[plain], good = unhex(window[same, head:-tail])
    if not good.all():
        raise VerificationError(
            f"entry {index[plain[np.argmin(good)]]}: its subject is not lowercase hex"
        )
    return plain
