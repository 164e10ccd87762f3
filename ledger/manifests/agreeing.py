"""Whether the numbers that a manifest says agree with each other, whoever signed them.

A signature says who wrote the numbers, not that they add up: a reader is shown none that do not.
All raise ValueError naming the place. Needs no Arrow and no SQL.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

__all__ = ["SHARE", "SUMMED", "check_bounds", "check_gates", "check_strata"]

SHARE: Final = re.compile(r"(0|[1-9][0-9]{0,24})(/[1-9][0-9]{0,24})?")
"""A share as it is written: exact, and short enough to compute with."""

SUMMED: Final = ("selected", "given", "units")
"""What strata.json says of a stratum and rows can be counted for: rows, documents, units."""

_PPM: Final = 1_000_000


def check_gates(gates: Sequence[Mapping[str, Any]], accepted: str | None) -> None:
    """A gate passed by a number below its limit, one not evaluated has none, one accepted a reason.

    Found shares are rounded up and limits down: the two may differ by a millionth.
    """
    for number, gate in enumerate(gates):
        outcome, found = gate["outcome"], gate.get("found_ppm")
        place = f"gates[{number}]"
        if (found is None) != (outcome == "not_evaluated"):
            share = "no share" if found is None else "a share"
            raise ValueError(f"{place}: {share} was found, but its outcome is {outcome}")
        if outcome == "passed" and found > gate["limit_ppm"] + 1:
            raise ValueError(f"{place}: passed with {found} of at most {gate['limit_ppm']} ppm")
        if outcome == "accepted" and accepted is None:
            raise ValueError(f"{place}: accepted, but no reason is given")


def check_bounds(bounds: Sequence[Mapping[str, Any]], unit: str, units: int) -> None:
    """A bound that is said to hold does by the share found, which is exact in documents alone.

    A promised share holds to the next whole unit.
    """
    if unit != "documents":
        return
    for number, bound in enumerate(bounds):
        found, one = bound["found_ppm"], -(-_PPM // max(units, 1))
        least = int(Fraction(bound["at_least"]) * _PPM) - one
        most = int(Fraction(bound["at_most"]) * _PPM) + one
        if bound["holds"] and not least <= found <= most:
            raise ValueError(
                f"bounds[{number}]: said to hold with {found} ppm, expected "
                f"{bound['at_least']} to {bound['at_most']}"
            )


def check_strata(
    strata: Sequence[Mapping[str, Any]], rows: int, documents: int, units: int
) -> None:
    """Strata add up to the totals, and a share reached is that of the units."""
    for name, total in zip(SUMMED, (rows, documents, units), strict=True):
        if (found := sum(row[name] for row in strata)) != total:
            raise ValueError(f"strata: {name} add up to {found}, expected {total}")
    for number, row in enumerate(strata):
        reached = row["units"] * _PPM // units if units else 0
        if row["achieved_ppm"] != reached:
            raise ValueError(
                f"strata[{number}].achieved_ppm is {row['achieved_ppm']}, expected {reached}"
            )
        if not row["selected"] <= min(row["documents"], row["given"]):
            raise ValueError(
                f"strata[{number}]: selected {row['selected']} of {row['documents']} documents, "
                f"given {row['given']}"
            )
