"""What the groups share: sizes, a scratch folder, and stores that take long to fill."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.bench.corpus import Part, parts, write_texts
from tests.bench.systems import Ledger, feed_ledger, feed_tree

__all__ = ["FULL", "QUICK", "Bench", "Sizes"]


@dataclass(frozen=True)
class Sizes:
    """Entries, rounds and documents. `links` are rows of the naive chain."""

    small: int
    large: int
    huge: int
    links: int
    documents: int
    rounds: int
    huge_rounds: int
    proofs: int


# At most three pairs at 2 M: one takes minutes on a slow day, and 1 M has its seven.
FULL = Sizes(100_000, 1_000_000, 2_000_000, 1_500, 60_000, 7, 3, 300)
QUICK = Sizes(20_000, 30_000, 40_000, 200, 3_000, 3, 1, 40)


@dataclass
class Bench:
    """Owner of the scratch folder; a group takes stores from here and never changes them."""

    sizes: Sizes
    scratch: Path
    _parts: list[Part] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _ledgers: dict[int, Ledger] = field(default_factory=dict)
    _trees: dict[int, Path] = field(default_factory=dict)
    _texts: tuple[Path, int] | None = None

    def parts(self, size: int) -> list[Part]:
        """The first `size` rows of the corpus, a commit a part; made outside any stopwatch."""
        return list(parts(self._parts, size))

    def folder(self) -> Path:
        """A path below the scratch folder where nothing is yet."""
        return self.scratch / f"run-{next(self._numbers)}"

    def drop(self, folder: Path) -> None:
        shutil.rmtree(folder)

    def keep_ledger(self, size: int, ledger: Ledger) -> None:
        """Let later groups have this one; an earlier one of the size goes."""
        earlier = self._ledgers.pop(size, None)
        if earlier is not None:
            self.drop(earlier.folder)
        self._ledgers[size] = ledger

    def keep_tree(self, size: int, path: Path) -> None:
        earlier = self._trees.pop(size, None)
        if earlier is not None:
            self.drop(earlier.parent)
        self._trees[size] = path

    def ledger(self, size: int) -> Ledger:
        """A ledger of the first `size` rows, which nobody changes."""
        if size not in self._ledgers:
            ledger = Ledger(self.folder())
            feed_ledger(ledger, self.parts(size))
            self._ledgers[size] = ledger
        return self._ledgers[size]

    def tree(self, size: int) -> Path:
        """pymerkle's file of the same entries."""
        if size not in self._trees:
            path = self.folder() / "tree.db"
            feed_tree(path, self.parts(size))
            self._trees[size] = path
        return self._trees[size]

    def texts(self) -> tuple[Path, int]:
        """A .jsonl.gz of documents, and its unpacked size in bytes."""
        if self._texts is None:
            path = self.scratch / "texts.jsonl.gz"
            self._texts = (path, write_texts(path, self.sizes.documents))
        return self._texts
