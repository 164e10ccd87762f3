"""Which strata a share or a bound is about."""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.errors import printable
from ledger.manifests.mix.axes import AXES

__all__ = ["EVERYTHING", "Where"]

_SHOWN = 4


@dataclass(frozen=True)
class Where:
    """An axis and the values it may have, for each axis that matters; any other may have any.

    Axes stand in the order of AXES, values sorted and distinct, so that equal ones are equal.
    """

    values: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, tuple[str, ...]]) -> "Where":
        """The clause of these values, in whatever order they come."""
        return cls(
            tuple((axis, tuple(sorted(set(values[axis])))) for axis in AXES if axis in values)
        )

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(axis for axis, _ in self.values)

    def matches(self, stratum: Mapping[str, str]) -> bool:
        """Whether a stratum with these values, axis by axis, is meant."""
        return all(stratum.get(axis) in values for axis, values in self.values)

    def covers(self, other: "Where") -> bool:
        """Whether every stratum that `other` may mean is meant here too."""
        theirs = dict(other.values)
        return all(
            axis in theirs and set(theirs[axis]) <= set(values) for axis, values in self.values
        )

    def disjoint(self, other: "Where") -> bool:
        """Whether no stratum can be meant by both."""
        theirs = dict(other.values)
        return any(axis in theirs and not set(theirs[axis]) & set(v) for axis, v in self.values)

    def __str__(self) -> str:
        """As a message names it: `language = en | fr, label = human_verified`."""
        if not self.values:
            return "everything"
        return ", ".join(f"{axis} = {_alternatives(found)}" for axis, found in self.values)


EVERYTHING = Where()


def _alternatives(values: tuple[str, ...]) -> str:
    shown = " | ".join(printable(value, 60) for value in values[:_SHOWN])
    return shown if len(values) <= _SHOWN else f"{shown} | … ({len(values)} values)"
