"""What a kind of mark defines, and which there are."""

import unicodedata
from functools import cache
from typing import Protocol

from ledger.registry import find
from ledger.watermarks.unicode_marks._marks import Found, Text

__all__ = ["Kind", "kinds", "kinds_version"]

_ROOM = "ledger.watermarks.unicode_marks"


class Kind(Protocol):
    """One kind of mark. `version` is raised when it finds something else.

    `codes` are inclusive ranges of the code points it consists of, none below U+0080, and `least`
    how many of them, `different` how many different ones, a text must have before `find` can find
    anything; with `beside_ascii`, only those next to an ASCII letter count. Kinds look in the order
    of `order`, and a character that one took is no other's.
    """

    name: str
    version: int
    order: int
    codes: tuple[tuple[int, int], ...]
    least: int
    different: int
    beside_ascii: bool

    def find(self, text: Text) -> list[Found]:
        """The marks of this kind among the characters that are free."""
        ...


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind, in the order in which they look."""
    return tuple(sorted(find(_ROOM, "KIND").values(), key=lambda kind: (kind.order, kind.name)))


@cache
def kinds_version() -> str:
    """What decides over marks: kinds, their versions, and Unicode's own data."""
    named = " ".join(f"{kind.name} {kind.version}" for kind in kinds())
    return f"{named} unicode {unicodedata.unidata_version}"
