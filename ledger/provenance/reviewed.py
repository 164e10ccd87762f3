"""What people decided of a document, from the claims alone: when two of them make a fact.

A decision counts that an author's key signed which the log named before, and whose reviewer is that
key. Keys of one name are one person's, who had to make another. Of one person the newest counts,
and whoever decided as one of the two that disagree is not the third who adjudicates. The author of
a text does not review it: decisions by a person who signed an authorship claim about it count for
nothing. What is recorded again does not become newer, or an old decision could be brought back.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from ledger.log.canonical import Entry
from ledger.log.notes import Verifier
from ledger.provenance.facts import FLAGS
from ledger.provenance.named import Authors
from ledger.provenance.signing import attested

__all__ = ["authors_of", "counted", "decisions", "review_flags", "reviewer_of"]

Numbered = tuple[int, Entry]

ADJUDICATION = "adjudication"


def reviewer_of(verifier: Verifier) -> str:
    """The pseudonym of whoever holds a key: SHA-256 of its vkey."""
    return f"sha256:{sha256(verifier.vkey.encode()).hexdigest()}"


def authors_of(said: Sequence[Numbered], authors: Authors) -> set[str]:
    """The people who signed an authorship claim among a document's live claims."""
    return {
        verifier.name
        for index, entry in said
        if entry.kind == "authorship"
        for verifier in _holders(index, entry, authors)
    }


def counted(said: Sequence[Numbered], authors: Authors) -> dict[str, list[Numbered]]:
    """Person -> their decisions that count, among a document's live claims, ascending.

    All that were ever given, those of before the evidence was shown included.
    """
    found: dict[str, list[Numbered]] = {}
    reviews = [item for item in said if item[1].kind == "review"]
    if not reviews:
        return found
    own, known = authors_of(said, authors), set()
    for index, entry in reviews:
        for verifier in _holders(index, entry, authors):
            is_theirs = reviewer_of(verifier) == entry.body["reviewer"]
            if is_theirs and verifier.name not in own and entry.claim_id not in known:
                known.add(entry.claim_id)
                found.setdefault(verifier.name, []).append((index, entry))
    for person, given in found.items():
        first_hand = [item for item in given if item[1].body["stage"] != ADJUDICATION]
        found[person] = first_hand or given
    return found


def decisions(said: Sequence[Numbered], authors: Authors) -> dict[str, Numbered]:
    """Person -> the claim that stands for them, among a document's live claims, ascending."""
    return {person: given[-1] for person, given in counted(said, authors).items()}


def review_flags(said: Sequence[Numbered], authors: Authors) -> int:
    """`sourced_review` where at least two reviewers say human, each with a source outside the
    text, and nobody says otherwise; a third person's adjudication outweighs one who does.
    """
    standing = [entry.body for _, entry in decisions(said, authors).values()]
    human = [body for body in standing if body["decision"] == "human"]
    against = [body for body in standing if body["decision"] in ("ai", "mixed")]
    if sum("source" in body for body in human) < 2:
        return 0
    if any(body["stage"] == ADJUDICATION for body in against):
        return 0
    settled = any(body["stage"] == ADJUDICATION for body in human)
    if against and not (len(against) == 1 and settled):
        return 0
    return FLAGS["sourced_review"]


def _holders(index: int, entry: Entry, authors: Authors) -> set[Verifier]:
    """The keys whose own signature attests a claim: one's does not vouch for another's."""
    return {
        authors[str(sig.get("keyid"))][1]
        for sig in entry.sigs
        if str(sig.get("keyid")) in authors
        and attested(index, replace(entry, sigs=(sig,)), authors)
    }
