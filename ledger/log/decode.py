"""Stored entry bytes as columns. The only reader of entries in bulk; projections start here.

A projection reads nothing else, so it is a function of the log alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from ledger.claims import Origin
from ledger.errors import VerificationError
from ledger.log.canonical import Entry, parse_digest, parse_entry
from ledger.log.originrows import INT_COLUMNS, TEXT_COLUMNS, OriginColumns, OriginReader

__all__ = ["PART", "Decoded", "Decoder", "decode"]

PART = 2048  # entries read at a time: about a megabyte

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
        self._values: dict[str, dict[bytes, int]] = {name: {} for name in TEXT_COLUMNS}
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
        reader.read_rest()
        before = len(self._kinds)
        self._kinds.extend(["origin"] * len(entries))
        self._parts.append((index, reader))
        for row in np.flatnonzero(~reader.done).tolist():
            where = f"entry {index[row]}"
            entry = parse_entry(entries[row], where)
            if entry.kind == "origin":
                reader.store(row, parse_digest(entry.subject), _origin_body(entry, where))
            else:
                self._kinds[before + row] = entry.kind
                reader.subjects[row] = np.frombuffer(parse_digest(entry.subject), np.uint8)
                self._others[before + row] = entry

    def finish(self) -> Decoded:
        """All that was added, as one batch."""
        readers = [reader for _, reader in self._parts]
        columns = OriginColumns(
            **{
                name: np.concatenate([reader.ints[name] for reader in readers])
                for name in INT_COLUMNS
            },
            codes={
                name: np.concatenate([reader.codes[name] for reader in readers])
                for name in TEXT_COLUMNS
            },
            values={
                name: [value.decode() for value in self._values[name]] for name in TEXT_COLUMNS
            },
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


def _origin_body(entry: Entry, where: str) -> Mapping[str, Any]:
    try:
        Origin.model_validate(entry.body)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise VerificationError(f"{where}: an origin's {place}: {fault['msg'].lower()}") from error
    return entry.body
