"""What a draw is, in plain Python: sort, add up, stop."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from random import Random

import numpy as np
from hypothesis import strategies as st

from ledger.manifests.sampling.draw import Bins, Candidates, Drawn, Masses, decide, narrow
from ledger.manifests.sampling.keys import DRAW
from ledger.manifests.sampling.rows import Rows, rows_of

__all__ = ["Document", "chosen", "corpora", "documents", "draw_in_parts", "key", "rows", "select"]


@dataclass(frozen=True)
class Document:
    digest: bytes
    stratum: int = 0
    units: int = 1
    weight: int = 1


def documents(count: int, name: str = "document") -> list[bytes]:
    return [sha256(f"{name} {number}".encode()).digest() for number in range(count)]


@st.composite
def corpora(draw_from: st.DrawFn) -> list[Document]:
    """Up to 60 documents in 3 strata."""
    count = draw_from(st.integers(0, 60))
    rng = Random(draw_from(st.integers(0, 2**32)))
    units = draw_from(st.sampled_from([(1, 1), (0, 3), (1, 2000), (5, 5)]))
    weights = draw_from(st.sampled_from([[1], [1, 3], [1, 65535], [2, 3, 4]]))
    return [
        Document(digest, rng.randrange(3), rng.randint(*units), rng.choice(weights))
        for digest in documents(count, f"{rng.random()}")
    ]


def key(tag: bytes, seed: int, digest: bytes) -> int:
    return int(sha256(tag + seed.to_bytes(8, "big") + digest).hexdigest()[:16], 16)


def select(given: Iterable[Document], seed: int, budgets: Mapping[int, int]) -> set[bytes]:
    """Digests of those that a draw takes."""
    taken = set()
    for stratum, budget in budgets.items():
        mine = [document for document in given if document.stratum == stratum]
        mine.sort(
            key=lambda one: (key(b"headwater key 1", seed, one.digest) // one.weight, one.digest)
        )
        whole = sum(document.units for document in mine) < budget
        have = 0
        for document in mine:
            if have >= budget and not whole:
                break
            taken.add(document.digest)
            have += document.units
    return taken


def rows(given: Iterable[Document], seed: int, tag: bytes = DRAW) -> Rows:
    held = list(given)
    digests = np.frombuffer(b"".join(document.digest for document in held), np.uint8)
    return rows_of(
        digests.reshape(-1, 32),
        np.array([document.stratum for document in held], np.int64),
        seed,
        units=np.array([document.units for document in held], np.int64),
        weight=np.array([document.weight for document in held], np.int64),
        tag=tag,
    )


def draw_in_parts(parts: list[list[Document]], seed: int, budgets: list[int]) -> Drawn:
    """As workers do it: each reads its part twice, and what they found is combined."""
    held = [rows(part, seed) for part in parts]
    masses = Masses.empty(len(budgets))
    for part in held:
        masses = Masses.part(part, len(budgets)).combine(masses)
    bins: Bins = narrow(masses, budgets)
    found = Candidates(Rows.empty())
    for part in held:
        found = Candidates.part(part, bins).combine(found)
    return decide(masses, bins, found)


def chosen(drawn: Drawn, given: list[Document], seed: int) -> set[bytes]:
    mask = drawn.thresholds.takes(rows(given, seed))
    return {document.digest for document, taken in zip(given, mask, strict=True) if taken}
