"""What must hold of an allocation: the mix's shares, bounds, gate, replay and novel tail.

A limit is a weighted share: weights are in 65536ths, so that a gate can count a stratum by the
part of it that is estimated to be synthetic. A bound's weights are 0 or 65536.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final

import numpy as np

from ledger.manifests.allocation.strata import Ints, Mask, Strata
from ledger.manifests.allocation.targets import owners
from ledger.manifests.mix.axes import RESERVE, SYNTHETIC
from ledger.manifests.mix.mix import Mix, Shares
from ledger.manifests.mix.where import Where
from ledger.provenance.rules import LABELS

__all__ = ["ONE", "Limit", "limits_of", "weighted_sums"]

ONE: Final = 1 << 16
"""A whole unit, in weights."""


@dataclass(frozen=True)
class Limit:
    """`weights` int64[n] in 0..ONE. `promised`: a share, which holds to the next whole unit.

    `relax` says how each side is moved, with a brace for the share; None where it cannot be.
    """

    name: str
    about: str
    weights: Ints
    at_least: Fraction = Fraction(0)
    at_most: Fraction = Fraction(1)
    promised: bool = False
    relax: tuple[str | None, str | None] = (None, None)

    @property
    def title(self) -> str:
        """As messages name it: `english (language = en)`."""
        return f"{self.name} ({self.about})"

    @property
    def counted(self) -> Mask:
        """bool[n]: strata that weigh anything."""
        return self.weights > 0

    @property
    def whole(self) -> bool:
        """Whether it counts units as a whole or not at all."""
        return bool(((self.weights == 0) | (self.weights == ONE)).all())

    def range(self, total: int) -> tuple[int, int]:
        """The least and the most that weighted units of `total` may come to, times ONE.

        Of a bound that counts whole units, ceil(at_least * total) and floor(at_most * total); of
        a promised share, floor and ceil of share * total.
        """
        if self.promised:
            return floor(self.at_least * total) * ONE, ceil(self.at_most * total) * ONE
        step = ONE if self.whole else 1
        least, most = self.at_least * total * ONE / step, self.at_most * total * ONE / step
        return ceil(least) * step, floor(most) * step


def weighted_sums(weights: Ints, units: Ints) -> list[int]:
    """Exact weights @ units for int64[L, n] in 0..ONE and units below 2^53.

    In two halves, because a product may have 69 bits.
    """
    high, low = units >> 26, units & ((1 << 26) - 1)
    pairs = zip((weights @ high).tolist(), (weights @ low).tolist(), strict=True)
    return [(int(a) << 26) + int(b) for a, b in pairs]


def limits_of(
    mix: Mix, strata: Strata, *, accept_synthetic: bool = False, further: Sequence[Limit] = ()
) -> tuple[Limit, ...]:
    """Every limit, in the order in which the mix has them; `further` ones (gates) last.

    max_synthetic is among them where strata are divided by label, unless it is accepted; the
    point estimate alone: what an audit adds to it are further limits.
    """
    found: list[Limit] = []
    relax: tuple[str | None, str | None]
    if isinstance(mix.target, Shares):
        owner = owners(mix.target, strata)
        found += [
            Limit(
                f"share {place + 1}",
                str(share.where) if share.where.values else "everything else",
                (owner == place).astype(np.int64) * ONE,
                share.share,
                share.share,
                promised=True,
            )
            for place, share in enumerate(mix.target.shares)
        ]
    for bound in mix.bounds:
        most = Fraction(1) if bound.at_most is None else bound.at_most
        least = bound.at_least or Fraction(0)
        relax = f"{bound.name} at_least = {{}}", f"{bound.name} at_most = {{}}"
        found.append(_limit(strata, bound.name, bound.where, relax, least, most))
    if "label" in strata.axes and not accept_synthetic:
        where, relax = Where.of({"label": SYNTHETIC}), (None, "--accept-synthetic REASON")
        found.append(_limit(strata, "max_synthetic", where, relax, at_most=mix.gate.estimate))
    if mix.novel_tail is not None and mix.tail is not None:
        people = tuple(label for label in LABELS if label not in SYNTHETIC)
        where = Where.of({"label": people, "tail": mix.tail.classes[-1:]})
        found.append(_limit(strata, "novel_tail", where, ("novel_tail = {}", None), mix.novel_tail))
    if mix.replay is not None:
        where = Where.of({"dataset": (RESERVE + mix.replay.reserve,)})
        relax = "replay at_least = {}", None
        found.append(_limit(strata, "replay", where, relax, mix.replay.at_least))
    return (*found, *further)


def _limit(
    strata: Strata,
    name: str,
    where: Where,
    relax: tuple[str | None, str | None],
    at_least: Fraction = Fraction(0),
    at_most: Fraction = Fraction(1),
) -> Limit:
    weights = strata.mask(where).astype(np.int64) * ONE
    return Limit(name, str(where), weights, at_least, at_most, relax=relax)
