"""A stratified random audit: documents drawn by a key, each with a known chance. Pure.

Strata are the rules that label the documents, so that rare labels are looked at too: each gives
the same number while it has that many. A draw is a file, kept in the vault with the first decision
about one of its documents: labels move as people decide, and the chances must not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import orjson

from ledger.errors import InputError, VerificationError
from ledger.log.canonical import encode, parse_digest
from ledger.provenance.review.tasks import PPB, Task

__all__ = ["MAX_SAMPLE", "Draw", "Stratum", "draw", "parse_draw"]

FORMAT = "headwater review draw v1"
_TAG = b"headwater/review-draw/v1\n"
MAX_SAMPLE = 10_000
_SEEDS = 1 << 64

Digests = npt.NDArray[np.uint8]  # (n, 32)
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stratum:
    """`documents` have this label, of which `drawn` were drawn, in the order of their keys."""

    name: str
    documents: int
    drawn: tuple[str, ...]

    @property
    def inclusion_ppb(self) -> int:
        """The chance of each, in parts per billion, rounded down."""
        return PPB * len(self.drawn) // self.documents


@dataclass(frozen=True)
class Draw:
    """A draw from a dataset as of the log's first `size` entries, under a policy."""

    dataset: str
    size: int
    policy: str
    cutoff: str
    sample: int
    seed: int
    strata: tuple[Stratum, ...]

    @property
    def documents(self) -> int:
        """In the dataset."""
        return sum(one.documents for one in self.strata)

    @cached_property
    def data(self) -> bytes:
        """The file: canonical JSON."""
        return encode(
            {
                "cutoff": self.cutoff,
                "dataset": self.dataset,
                "format": FORMAT,
                "policy": self.policy,
                "sample": self.sample,
                "seed": str(self.seed),
                "size": self.size,
                "strata": [
                    {"documents": one.documents, "drawn": list(one.drawn), "name": one.name}
                    for one in self.strata
                ],
            }
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the file: what review claims call `draw`."""
        return f"sha256:{sha256(self.data).hexdigest()}"

    @cached_property
    def tasks(self) -> Mapping[str, Task]:
        """A task a drawn document, in the order of their keys within each stratum."""
        return {
            document: Task(document, "audit", self.digest, one.inclusion_ppb, place)
            for place, one in enumerate(self.strata)
            for document in one.drawn
        }

    def asks_for(self, sample: int | None, seed: int | None) -> bool:
        """Whether this is the draw that somebody means who says so much about it."""
        return sample in (None, self.sample) and seed in (None, self.seed)


def draw(
    digests: Digests, codes: Ints, names: Sequence[str], sample: int, seed: int
) -> list[tuple[str, Ints]]:
    """Of each nonempty stratum its name and the places drawn, of n distinct documents.

    A document's key is SHA-256 of the tag, the seed (8 bytes, big-endian) and its digest; of a
    stratum those with the least keys are drawn. Raises InputError for a sample or seed that is
    none, and for a sample that leaves a stratum out: what has no chance has no estimate.
    """
    if not 1 <= sample <= MAX_SAMPLE:
        raise InputError(f"found a sample of {sample:,}, expected 1 to {MAX_SAMPLE:,}")
    if not 0 <= seed < _SEEDS:
        raise InputError(f"found seed {seed}, expected 0 to {_SEEDS - 1}")
    head, flat = _TAG + seed.to_bytes(8, "big"), digests.tobytes()
    keys = b"".join(
        sha256(head + flat[place : place + 32]).digest() for place in range(0, len(flat), 32)
    )
    words = np.frombuffer(keys, ">u8").astype(np.uint64).reshape(-1, 4)
    order = np.lexsort((words[:, 3], words[:, 2], words[:, 1], words[:, 0])).astype(np.int64)
    sizes = np.bincount(codes, minlength=len(names))
    strata = int((sizes > 0).sum())
    if sample < strata:
        raise InputError(f"found a sample of {sample}, expected {strata} or more, one a label")
    takes = _equal(sizes, min(sample, len(digests)))
    return [
        (names[code], order[codes[order] == code][: int(takes[code])])
        for code in np.flatnonzero(takes).tolist()
    ]


def _equal(sizes: Ints, sample: int) -> Ints:
    """As many of each stratum, or all where it has fewer; what is left over to the largest."""
    takes = np.zeros(len(sizes), np.int64)
    while (left := sample - int(takes.sum())) > 0:
        wanting = np.flatnonzero(takes < sizes)
        each = max(left // len(wanting), 1)
        if left < len(wanting):
            wanting = wanting[np.argsort(-sizes[wanting], kind="stable")][:left]
        takes[wanting] = np.minimum(takes[wanting] + each, sizes[wanting])
    return takes


def parse_draw(data: bytes, where: str) -> Draw:
    """The draw in a file. Raises VerificationError for what is not one."""
    try:
        found = orjson.loads(data)
        made = Draw(
            dataset=str(found["dataset"]),
            size=int(found["size"]),
            policy=str(found["policy"]),
            cutoff=str(found["cutoff"]),
            sample=int(found["sample"]),
            seed=int(found["seed"]),
            strata=tuple(
                Stratum(str(one["name"]), int(one["documents"]), tuple(map(_digest, one["drawn"])))
                for one in found["strata"]
            ),
        )
        sound = all(0 < len(one.drawn) <= one.documents for one in made.strata)
        sound = sound and made.data == data
    except (InputError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise VerificationError(f"{where}: not a draw of documents to review") from error
    if not sound:
        raise VerificationError(f"{where}: found another spelling, expected {FORMAT}")
    return made


def _digest(value: object) -> str:
    parse_digest(str(value))
    return str(value)
