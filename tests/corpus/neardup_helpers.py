"""Made-up texts, and near-duplicates found the slow way: sets of tuples of words, every pair."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa

from ledger.corpus.hashing import hash_texts
from ledger.corpus.neardup import normal_form

Grams = frozenset[tuple[str, ...]]
Figures = tuple[int, int, int]  # jaccard, containment, contained, in millionths


@dataclass(frozen=True)
class Texts:
    """A source of texts that tests give, some a table."""

    texts: tuple[str, ...]
    a_table: int = 50

    @property
    def key(self) -> str:
        return sha256("\0".join((*self.texts, str(self.a_table))).encode()).hexdigest()

    @property
    def size(self) -> int:
        return sum(map(len, self.texts)) or 1

    def tables(self) -> Iterator[pa.Table]:
        for start in range(0, len(self.texts), self.a_table):
            column = pa.array(self.texts[start : start + self.a_table], pa.large_string())
            yield pa.table({"sha256": hash_texts(column)[0], "text": column})


class Writer:
    """Writes texts of a vocabulary with a long tail; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        letters = "etaoinshrdlu"
        self._words = ["".join(self._random.choices(letters, k=2 + n % 9)) for n in range(4000)]

    def text(self, words: int) -> str:
        picks = (self._words[int(4000 * self._random.random() ** 2)] for _ in range(words))
        return " ".join(picks)

    def edited(self, text: str, share: float) -> str:
        """About that share of the words dropped, doubled or changed."""
        out: list[str] = []
        for word in text.split(" "):
            luck = self._random.random() / share
            out += [word] if luck >= 1 else [] if luck < 1 / 3 else [word] * (luck < 2 / 3)
            if 1 / 3 <= luck < 1:
                out.append(self._random.choice(self._words))
        return " ".join(out)

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def grams(text: str) -> Grams:
    words = normal_form(text).split()
    if not words:
        return frozenset()
    return frozenset(tuple(words[at : at + 5]) for at in range(max(len(words) - 4, 1)))


def figures(candidate: Grams, reference: Grams) -> Figures:
    both = len(candidate & reference)
    whole = len(candidate | reference)
    return both * 10**6 // whole, both * 10**6 // len(candidate), both * 10**6 // len(reference)


def all_pairs(
    candidates: Sequence[str], references: Sequence[str]
) -> dict[tuple[bytes, bytes], Figures]:
    """Every pair that shares a gram or is equal, with its figures."""
    ours = {digest(text): grams(text) for text in candidates}
    theirs = {digest(text): grams(text) for text in references}
    found = {
        (one, other): figures(mine, yours)
        for one, mine in ours.items()
        for other, yours in theirs.items()
        if mine & yours
    }
    return found | {(same, same): (10**6,) * 3 for same in ours.keys() & theirs.keys()}


def listed(pairs: pa.Table) -> dict[tuple[bytes, bytes], Figures]:
    rows = pairs.to_pylist()
    return {
        (row["candidate"], row["reference"]): (
            row["jaccard_ppm"], row["containment_ppm"], row["contained_ppm"]
        )
        for row in rows
    }  # fmt: skip
