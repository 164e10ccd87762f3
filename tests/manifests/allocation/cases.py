"""Mixes and strata for tests, made in one line each."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ledger.manifests.allocation.limits import Limit
from ledger.manifests.allocation.strata import Ints, Strata, make_strata
from ledger.manifests.mix.mix import Bound, Gate, Mix, Natural
from ledger.manifests.mix.where import Where

AXES = ("label", "language")
OPEN = Gate(Fraction(1), Fraction(1))


def strata(counts: Mapping[Any, int], axes: tuple[str, ...] = AXES) -> Strata:
    """Documents by values; a single value stands for its one-axis stratum."""
    rows = {key if isinstance(key, tuple) else (key,): (n, n) for key, n in counts.items()}
    return make_strata(axes, rows)


def where(**values: Any) -> Where:
    return Where.of({a: v if isinstance(v, tuple) else (v,) for a, v in values.items()})


def bound(name: str, least: Any = None, most: Any = None, **values: Any) -> Bound:
    exact = [None if share is None else Fraction(share) for share in (least, most)]
    return Bound(name, where(**values), *exact)


def mix(**fields: Any) -> Mix:
    """A mix of documents over AXES without a gate."""
    given: dict[str, Any] = {
        "name": "m",
        "version": 1,
        "stage": "mid",
        "unit": "documents",
        "seed": 0,
        "datasets": ("a@1",),
        "strata": AXES,
        "target": Natural(),
        "gate": OPEN,
    }
    return Mix(**(given | fields))


def holds(limits: tuple[Limit, ...], units: list[int]) -> bool:
    """Whether units keep every limit: in fractions, by the definition, with nothing of ours."""
    total = sum(units)
    for limit in limits:
        reached = sum(
            Fraction(int(w), 65536) * x for w, x in zip(limit.weights, units, strict=True)
        )
        if limit.promised:
            if not -1 < reached - limit.at_least * total < 1:
                return False
        elif not limit.at_least * total <= reached <= limit.at_most * total:
            return False
    return True


def every(caps: Ints, total: int) -> list[list[int]]:
    """All ways to give `total` units within the caps."""
    found: list[tuple[list[int], int]] = [([], total)] if len(caps) else []
    for place, cap in enumerate(caps.tolist()):
        after = int(caps[place + 1 :].sum())
        found = [
            ([*units, more], left - more)
            for units, left in found
            for more in range(max(0, left - after), min(cap, left) + 1)
        ]
    return [units for units, left in found if not left]


def distance(units: list[int] | Ints, targets: Ints) -> int:
    return int(np.abs(np.asarray(units) - targets).sum())
