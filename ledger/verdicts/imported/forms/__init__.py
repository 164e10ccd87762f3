"""One file a form of vendors' results. A module here defines `FORM`; it is found by its name.

A form knows where one record keeps its score and its words, and nothing of files or ledgers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

from ledger.errors import UnknownNameError, printable

__all__ = ["Form", "Result", "find_form", "forms", "share", "short"]


@dataclass(frozen=True)
class Result:
    """One result: `share` is 0 to 1, higher for AI text; `stated` is the vendor's own word.

    `detector` says which of the vendor's numbers it is, `version` which release made it; None
    where the record does not say.
    """

    share: float
    detector: str
    stated: str | None = None
    version: str | None = None


class Form(Protocol):
    """`vendor` is the claims' source; None where whoever imports must name it."""

    name: str
    vendor: str | None

    def parse(self, record: Mapping[str, Any], columns: Mapping[str, str]) -> Result | None:
        """What a record says; None if the vendor says it could say nothing.

        `columns` maps the words score, stated and version to the record's own names. Raises
        ValueError naming what was found, KeyError for a member that is not there.
        """
        ...


def forms() -> Mapping[str, Form]:
    """Every form by name, ours and those of installed plug-ins."""
    from ledger.registry import find

    found: Mapping[str, Form] = {form.name: form for form in find(__name__, "FORM").values()}
    return found


def find_form(name: str) -> Form:
    """The form of that name. Raises UnknownNameError."""
    known = forms()
    if name not in known:
        raise UnknownNameError("form of results", name, known)
    return known[name]


def share(value: object, name: str) -> float:
    """A number from 0 to 1. Raises ValueError naming what was found."""
    if isinstance(value, str):  # of a CSV
        try:
            value = float(value)
        except ValueError:
            value = None if value == "" else value
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name}: found {printable(repr(value), 40)}, expected a number")
    if not isfinite(value) or not 0 <= value <= 1:
        raise ValueError(f"{name}: found {value:g}, expected 0 to 1")
    return float(value)


def short(value: object) -> str | None:
    """A word of the vendor's that a claim may hold; None where there is none."""
    if not isinstance(value, str) or not value.strip():
        return None
    return "".join(c if c.isprintable() else " " for c in value)[:200].strip() or None
