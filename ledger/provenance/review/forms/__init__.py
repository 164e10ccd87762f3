"""One file a tool in which people review elsewhere. A module here defines `FORM`.

What comes back is somebody's word through another program: it is counted, and decides no label.
Everything read is bounded, and names of people go no further than a commitment.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from ledger.errors import MalformedError, printable
from ledger.provenance.review.tasks import DECISIONS

__all__ = ["Form", "Incoming", "Outgoing", "decision_of", "forms", "json_of", "text_of"]

MOST_ROWS = 100_000
LONGEST_NAME = 200


@dataclass(frozen=True)
class Outgoing:
    """A task with its text."""

    task: str
    document: str
    text: str


@dataclass(frozen=True)
class Incoming:
    """What somebody decided, at a `place` of the file. `reviewer` is what the tool calls them."""

    document: str
    decision: str
    reviewer: str
    reason: str | None
    place: str


class Form(Protocol):
    """`name` is `[a-z0-9_]+`. `read` raises MalformedError at the row that is none."""

    name: str
    title: str

    def write(self, tasks: Iterable[Outgoing]) -> bytes: ...
    def read(self, data: bytes, where: str) -> Iterator[Incoming]: ...


def forms() -> dict[str, Form]:
    """By name: ours, then those of installed plug-ins."""
    from ledger.registry import find

    return {form.name: form for form in find(__name__, "FORM").values()}


def json_of(data: bytes, where: str, line: int | None = None) -> Any:
    """JSON values; no name twice in an object, since programs differ in which they take.

    Raises MalformedError.
    """
    try:
        orjson.loads(data)  # UTF-8, and no deeper than it can say
        return json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = printable(str(error).partition(":")[0], 120)
        raise MalformedError(where, line, f"not JSON: {reason}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"{printable(twice, 60)} stands twice in one object")
    return found


def text_of(value: object, what: str, where: str, place: str) -> str:
    """A name or digest. Raises MalformedError for what is no short text or number."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME:
        raise MalformedError(where, None, f"{place}: {what}: found {_shown(value)}, expected text")
    return value


def decision_of(value: object, where: str, place: str) -> str:
    """A decision, in any case. Raises MalformedError."""
    found = value.strip().lower() if isinstance(value, str) else value
    if found not in DECISIONS:
        raise MalformedError(
            where,
            None,
            f"{place}: decision: found {_shown(value)}, expected {', '.join(DECISIONS)}",
        )
    return str(found)


def _shown(value: object) -> str:
    return "nothing" if value is None else printable(repr(value), 60)
