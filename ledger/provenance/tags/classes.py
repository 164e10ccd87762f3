"""How what a tag says is known: its evidence class. Derived, and never written by its author."""

from collections.abc import Mapping
from typing import Any

__all__ = ["CLASSES", "class_of", "strongest"]

CLASSES = ("signed", "observed", "declared", "imported", "hinted")
_STRENGTH = ("AX", "A0", "A1", "A2", "A3", "A4")


def class_of(body: Mapping[str, Any], attested: bool) -> str:
    """`signed` where an author's key attests the claim; else `hinted` for a form of little weight,
    `observed` or `imported` where the claim says so, and `declared`.
    """
    if attested:
        return "signed"
    return "hinted" if "weight" in body else str(body.get("evidence", "declared"))


def strongest(grades: list[str]) -> str | None:
    """The one that says most AI; AX only where nothing else is said."""
    return max(grades, key=_STRENGTH.index, default=None)
