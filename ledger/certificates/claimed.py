"""Claims that stand at a size of the log: those of one kind, less what their actors withdrew."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ledger.log.canonical import Entry, parse_digest
from ledger.log.record import live

if TYPE_CHECKING:
    from ledger.certificates.composition import Tables

__all__ = ["Claimed"]

Numbered = tuple[int, Entry]


class Claimed:
    """Reads `tables`, which may go beyond `size`: entries from there on are not looked at."""

    def __init__(self, tables: "Tables", size: int) -> None:
        self._tables, self._size = tables, size

    def of(self, kind: str) -> list[Numbered]:
        """The live claims of a kind other than origin, in the log's order."""
        found: list[Numbered] = []
        doubtful: defaultdict[str, list[Numbered]] = defaultdict(list)
        for index, entry in self._entries(kind):
            into = doubtful[entry.subject] if entry.subject in self.withdrawals else found
            into.append((index, entry))
        for subject, claims in doubtful.items():
            about = sorted([*claims, *self.withdrawals[subject]], key=_index)
            found += [item for item in live(about) if item[1].kind == kind]
        return sorted(found, key=_index)

    def ever(self, kind: str) -> list[Numbered]:
        """All claims of a kind, withdrawn ones too, and the withdrawals about their subjects."""
        found = self._entries(kind)
        subjects = {entry.subject for _, entry in found}
        taken = (item for subject in subjects for item in self.withdrawals.get(subject, ()))
        return sorted([*found, *taken], key=_index)

    def named(self, field: str, dataset: str) -> list[str]:
        """The distinct texts that a dataset's live operations have in a field, ascending."""
        found: set[str] = set()
        for _, entry in self.of("operation"):
            if entry.body.get("dataset") == dataset:
                value = entry.body.get(field, [])
                found.update(value if isinstance(value, list) else [str(value)])
        return sorted(found)

    @cached_property
    def withdrawals(self) -> Mapping[str, list[Numbered]]:
        """Withdrawal entries by their subject."""
        found: dict[str, list[Numbered]] = {}
        for index, entry in self._entries("withdrawal"):
            found.setdefault(entry.subject, []).append((index, entry))
        return found

    @cached_property
    def withdrawn_origins(self) -> frozenset[int]:
        """Entries of origins that were withdrawn."""
        subjects = list(self.withdrawals)
        if not subjects:
            return frozenset()
        digests = np.frombuffer(b"".join(map(parse_digest, subjects)), np.uint8).reshape(-1, 32)
        about: defaultdict[int, list[Numbered]] = defaultdict(list)
        for number, index in zip(*map(np.ndarray.tolist, self._tables.find(digests)), strict=True):
            if index < self._size:
                about[number].append((index, self._tables.entry(index)))
        gone: set[int] = set()
        for entries in about.values():
            alive = {index for index, _ in live(sorted(entries, key=_index))}
            gone.update(i for i, entry in entries if entry.kind == "origin" and i not in alive)
        return frozenset(gone)

    def _entries(self, kind: str) -> list[Numbered]:
        rows = self._tables.connection.execute(
            "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = ? AND idx < ? ORDER BY idx",
            (kind, self._size),
        ).fetchall()
        return [(int(index), self._tables.entry(index)) for (index,) in rows]


def _index(item: Numbered) -> int:
    return item[0]
