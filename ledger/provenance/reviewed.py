"""What people decided of a document, from the claims alone: when two of them make a fact.

A decision counts that an author's key signed which the log named before, and whose reviewer is that
key. Of one reviewer the newest counts, and whoever decided as one of the two that disagree is not
the third who adjudicates. The author of a text does not review it: decisions by a key that signed
an authorship claim about it count for nothing.
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
    """The reviewers who signed an authorship claim among a document's live claims."""
    return {
        holder
        for index, entry in said
        if entry.kind == "authorship"
        for holder in _holders(index, entry, authors)
    }


def counted(said: Sequence[Numbered], authors: Authors) -> dict[str, list[Numbered]]:
    """Reviewer -> their decisions that count, among a document's live claims, ascending.

    All that were ever given, those of before the evidence was shown included.
    """
    found: dict[str, list[Numbered]] = {}
    reviews = [item for item in said if item[1].kind == "review"]
    if not reviews:
        return found
    own = authors_of(said, authors)
    for index, entry in reviews:
        reviewer = str(entry.body["reviewer"])
        if reviewer not in own and reviewer in _holders(index, entry, authors):
            found.setdefault(reviewer, []).append((index, entry))
    for reviewer, given in found.items():
        first_hand = [item for item in given if item[1].body["stage"] != ADJUDICATION]
        found[reviewer] = first_hand or given
    return found


def decisions(said: Sequence[Numbered], authors: Authors) -> dict[str, Numbered]:
    """Reviewer -> the claim that stands for them, among a document's live claims, ascending."""
    return {reviewer: given[-1] for reviewer, given in counted(said, authors).items()}


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


def _holders(index: int, entry: Entry, authors: Authors) -> set[str]:
    """The reviewers whose own signature attests a claim: one's does not vouch for another's."""
    return {
        reviewer_of(authors[str(sig.get("keyid"))][1])
        for sig in entry.sigs
        if str(sig.get("keyid")) in authors
        and attested(index, replace(entry, sigs=(sig,)), authors)
    }
