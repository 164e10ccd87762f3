"""The shape of a mix: what one training run is to be given. Knows no file and no ledger.

Every share is an exact rational: what was written as 0.1 is one tenth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from hashlib import sha256
from typing import Final

from ledger.manifests.mix.axes import ANCHOR, RESERVE, SEEN, UNRATED, tail_class
from ledger.manifests.mix.where import Where
from ledger.provenance.policy import DEFAULT_POLICY
from ledger.verdicts.outcomes import GATE_ESTIMATE, GATE_UPPER

__all__ = [
    "DEFAULT_GATE",
    "EPOCHS",
    "Bound",
    "Gate",
    "Mix",
    "Natural",
    "Replay",
    "Share",
    "Shares",
    "Tail",
    "Target",
    "Temperature",
    "Unimax",
]

EPOCHS: Final = 4
"""How often UniMax repeats a document at most, unless told: repeats up to there cost little
(Muennighoff et al. 2023, arXiv 2305.16264).
"""


@dataclass(frozen=True)
class Natural:
    """Each stratum in proportion to what there is of it."""


@dataclass(frozen=True)
class Temperature:
    """Groups in proportion to n^alpha, strata within a group in proportion to n.

    A group is what agrees in the axes `over`. alpha = 1 is natural, 0 is uniform.
    """

    alpha: Fraction
    over: tuple[str, ...]


@dataclass(frozen=True)
class Unimax:
    """Groups alike as far as the mix's `repeat`, its epoch cap, allows (arXiv 2304.09151)."""

    over: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """A part of the budget that is promised to the strata meant: no more and no less."""

    where: Where
    share: Fraction


@dataclass(frozen=True)
class Shares:
    """Promised shares that add up to 1; a stratum belongs to the first one that means it."""

    shares: tuple[Share, ...]


Target = Natural | Temperature | Unimax | Shares


@dataclass(frozen=True)
class Bound:
    """Limits of the share of the strata meant. At least one of the two is given."""

    name: str
    where: Where
    at_least: Fraction | None = None
    at_most: Fraction | None = None


@dataclass(frozen=True)
class Gate:
    """Greatest share of synthetic text: of the estimate, and of its upper confidence bound."""

    estimate: Fraction
    upper: Fraction


DEFAULT_GATE = Gate(Fraction(str(GATE_ESTIMATE)), Fraction(str(GATE_UPPER)))


@dataclass(frozen=True)
class Replay:
    """A reserve of which at least this share is given, in whatever stage."""

    reserve: str
    at_least: Fraction


@dataclass(frozen=True)
class Tail:
    """Classes of documents by their mass of words that are rare in a named frequency table.

    `quantiles` of that mass divide them, ascending: class 0 holds the commonest. `weights` are
    how often a document of each class is drawn relative to the others of its stratum, or none.
    Documents of the rarest class that the set `earlier` holds are no part of it.
    """

    table: str
    quantiles: tuple[Fraction, ...]
    weights: tuple[int, ...] = ()
    earlier: str | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, the rarest last."""
        return tuple(tail_class(place) for place in range(len(self.quantiles) + 1))

    @property
    def values(self) -> tuple[str, ...]:
        """The tail axis's values: the classes, and what is in none of them."""
        return (*self.classes, UNRATED, *((SEEN,) if self.earlier else ()))


@dataclass(frozen=True)
class Mix:
    """A parsed mix. `source` is its TOML as read, and `digest` the SHA-256 of those bytes.

    `budget` in `unit`; None: as much as the bounds allow. `repeat`: how often a document may come.
    `max_generation`: documents whose generation is known to be greater are left out.
    """

    name: str
    version: int
    stage: str
    unit: str
    seed: int
    datasets: tuple[str, ...]
    strata: tuple[str, ...]
    target: Target
    budget: int | None = None
    policy: str = DEFAULT_POLICY
    cutoff: date | None = None
    bounds: tuple[Bound, ...] = ()
    gate: Gate = DEFAULT_GATE
    require_audit: bool = False
    max_generation: int | None = None
    novel_tail: Fraction | None = None
    replay: Replay | None = None
    repeat: Fraction = Fraction(1)
    tail: Tail | None = None
    source: bytes = field(default=b"", repr=False)

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def digest(self) -> str:
        return f"sha256:{sha256(self.source).hexdigest()}"

    @property
    def reserves(self) -> tuple[str, ...]:
        """`name@version` of the reserves among the datasets, anchors left out."""
        return _named(self.datasets, RESERVE)

    @property
    def anchors(self) -> tuple[str, ...]:
        """`name@version` of the anchors among the datasets."""
        return _named(self.datasets, ANCHOR)


def _named(datasets: Sequence[str], kind: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(kind) for name in datasets if name.startswith(kind))
