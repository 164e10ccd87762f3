"""Which of a document's live authorship claims count: those that no other one supersedes.

A correction is its speaker's. A claim that an author's key attests gives way only to one that the
same key attests; without that, whoever gets an unsigned receipt recorded could silence an author.
A form of little weight takes the place of none but another of little weight.
"""

from collections.abc import Mapping, Sequence

from ledger.log.canonical import Entry
from ledger.log.notes import Verifier
from ledger.provenance.signing import attested_by

__all__ = ["Tags", "standing_claims", "superseding"]

Tags = list[tuple[int, Entry, bool]]
"""Authorship claims by entry, each with whether an author's key attests it."""


def superseding(
    said: Sequence[tuple[int, Entry]], authors: Mapping[str, tuple[int, Verifier]]
) -> dict[int, int]:
    """Entry -> the last one that supersedes it, among a document's live claims."""
    claims = [(index, entry) for index, entry in said if entry.kind == "authorship"]
    by: dict[str, list[tuple[int, Entry]]] = {}
    for index, entry in claims:
        if "supersedes" in entry.body:
            by.setdefault(str(entry.body["supersedes"]), []).append((index, entry))
    found: dict[int, int] = {}
    for index, entry in claims if by else ():
        for later, other in by.get(entry.claim_id, ()):
            if "weight" in other.body and "weight" not in entry.body:
                continue
            mine = attested_by(index, entry, authors)
            if not mine or mine & attested_by(later, other, authors):
                found[index] = later
    return found


def standing_claims(
    said: Sequence[tuple[int, Entry]], authors: Mapping[str, tuple[int, Verifier]]
) -> Tags:
    """The authorship claims that count, of a document's live claims. `authors`: label -> the entry
    that names an author's key, and the key.
    """
    gone = superseding(said, authors)
    return [
        (index, entry, bool(attested_by(index, entry, authors)))
        for index, entry in said
        if entry.kind == "authorship" and index not in gone
    ]
