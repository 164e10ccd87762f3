"""The axes along which documents are divided into strata, and the values each may have."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from ledger.provenance.rules import BASES, LABELS

__all__ = [
    "ANCHOR",
    "AXES",
    "FINAL_STAGES",
    "MANIFEST",
    "RESERVE",
    "SEEN",
    "STAGES",
    "SYNTHETIC",
    "TABLE_SUFFIX",
    "UNITS",
    "UNKNOWN",
    "UNRATED",
    "expected",
    "tail_class",
]

AXES: Final = ("label", "basis", "dataset", "topic", "language", "period", "tail")
UNKNOWN: Final = "unknown"
"""The value of a document of which topic, language or period is not known."""

STAGES: Final = ("pretrain", "mid", "anneal", "calibration")
FINAL_STAGES: Final = ("anneal", "calibration")
"""The stages for which anchors are."""

UNITS: Final = ("documents", "tokens")
SYNTHETIC: Final = ("synthetic_known", "synthetic_suspected")
RESERVE: Final = "reserve:"
ANCHOR: Final = "anchor:"
"""Before NAME@VERSION: a sealed reserve, and one whose stage is `final`."""

MANIFEST: Final = "manifest:"
"""Before NAME@VERSION: a manifest of the ledger, where a mix names an earlier set."""

UNRATED: Final = "unrated"
"""The tail axis's value of what cannot be called rare or common: too short, noise, a copy."""

SEEN: Final = "seen"
"""The tail axis's value of a document of the rarest class that the earlier set holds."""


TABLE_SUFFIX: Final = ".tsv"
"""How the name of a file of word counts ends."""

_LONGEST = 200
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_PERIOD = re.compile(r"[0-9]{4}")


def tail_class(place: int) -> str:
    """The tail axis's value of the class at `place`: `q0` holds the commonest documents."""
    return f"q{place}"


def expected(axis: str, value: str, known: Mapping[str, Collection[str]]) -> str | None:
    """What the axis would have accepted; None where `value` is one of its values.

    `known` has the values of `dataset` and `tail`, which the mix itself lists.
    """
    if axis == "label":
        return None if value in LABELS else ", ".join(LABELS)
    if axis == "basis":
        bases = sorted({basis for bases in BASES.values() for basis in bases})
        return None if value in bases else ", ".join(bases)
    if axis in ("dataset", "tail"):
        allowed = known[axis]
        return None if value in allowed else f"one of {', '.join([*allowed][:12])}"
    if axis == "language":
        fits = value == UNKNOWN or _LANGUAGE.fullmatch(value)
        return None if fits else "a code such as en, or unknown"
    if axis == "period":
        fits = value == UNKNOWN or _PERIOD.fullmatch(value)
        return None if fits else "a year such as 2019, or unknown"
    return None if 0 < len(value) <= _LONGEST else f"up to {_LONGEST} characters"
