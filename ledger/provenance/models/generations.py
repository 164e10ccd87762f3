"""How many model generations lie between documents and people: a histogram with an unknown share.

A document's generation is the least that is known: what registered models give it; else 1 where AI
text was declared or a mark of its provider's alone was found; else 0 where a person answers for
the text, or checked evidence shows that it existed before the cut-off; else nothing is known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from ledger.databases import Connection
from ledger.provenance.conditions import Profile, seconds
from ledger.provenance.facts import FLAGS, PROFILE_FIELDS
from ledger.provenance.models.registered import FIRST
from ledger.provenance.policy import DEFAULT_CUTOFF

__all__ = ["DETECTED", "Share", "at_least", "count_generations", "generation_of", "generation_sql"]

DETECTED: Final = 9_000  # -log10 p in thousandths from which a mark is found: clean-strict rule 1b
_AT = {name: place for place, name in enumerate(PROFILE_FIELDS)}
_PERSON = FLAGS["attested"] | FLAGS["observed"] | FLAGS["sourced_review"]
_DATES = ("checked_e3", "checked_e4", "checked_e5")


@dataclass(frozen=True)
class Share:
    """`documents` of a generation or later; of those with None nothing is known."""

    generation: int | None
    documents: int


def generation_of(profile: Profile, cutoff: date = DEFAULT_CUTOFF) -> int | None:
    """The least generation of a document with this profile, None where nothing is known."""
    known = profile[_AT["generation"]]
    if known is not None:
        return known
    flags, milli = profile[_AT["flags"]] or 0, profile[_AT["marked_milli"]] or 0
    if flags & FLAGS["declared_ai"] or (flags & FLAGS["marked"] and milli >= DETECTED):
        return FIRST
    dates = [at for name in _DATES if (at := profile[_AT[name]]) is not None]
    if flags & _PERSON or min(dates, default=seconds(cutoff)) < seconds(cutoff):
        return 0
    return None


def generation_sql(table: str = "p", cutoff: date = DEFAULT_CUTOFF) -> str:
    """SQL for `generation_of` over a row of the table profile under this alias."""
    limit = seconds(cutoff)
    dated = " OR ".join(f"{table}.{name} < {limit}" for name in _DATES)
    return (
        f"CASE WHEN {table}.generation IS NOT NULL THEN {table}.generation "
        f"WHEN {table}.flags & {FLAGS['declared_ai']} OR ({table}.flags & {FLAGS['marked']} "
        f"AND {table}.marked_milli >= {DETECTED}) THEN {FIRST} "
        f"WHEN {table}.flags & {_PERSON} OR {dated} THEN 0 END"
    )


def count_generations(connection: Connection, cutoff: date = DEFAULT_CUTOFF) -> list[Share]:
    """Every document once, by generation, the unknown ones last."""
    rows = connection.execute(
        f"SELECT {generation_sql(cutoff=cutoff)} AS g, sum(p.documents) FROM profile AS p "
        "GROUP BY g ORDER BY g IS NULL, g"
    ).fetchall()
    return [Share(generation, documents) for generation, documents in rows]


def at_least(shares: Iterable[Share]) -> Sequence[Share]:
    """The same, added up from the top: documents of a generation or any later one."""
    known = sorted(
        (share for share in shares if share.generation is not None),
        key=lambda share: share.generation or 0,
        reverse=True,
    )
    found, total = [], 0
    for share in known:
        total += share.documents
        found.append(Share(share.generation, total))
    return found[::-1]
