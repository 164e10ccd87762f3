"""Tags in a ledger: one by its claim, those of a text; and taking one back."""

import re
from collections.abc import Sequence

from ledger.claims.withdrawal import Withdrawal
from ledger.errors import InputError, UnknownNameError, printable
from ledger.log.canonical import Entry
from ledger.log.log import Log
from ledger.log.record import OPERATOR, Claim, Recorded, live, record
from ledger.provenance.authors import author_keys
from ledger.provenance.standing import standing_claims

__all__ = ["find_tag", "standing_tags", "withdraw_tag"]

_ID = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})")


def find_tag(log: Log, name: str) -> tuple[int, Entry]:
    """The newest authorship entry that `name` names: an entry's index, a claim's id, or eight or
    more of its first hex digits. Raises UnknownNameError, InputError where several claims match.
    """
    if name.isascii() and name.isdigit() and len(name) < 8:
        entry = log.entry(int(name))
        if entry.kind != "authorship":
            raise InputError(f"entry {name} is of kind {entry.kind}, expected authorship")
        return int(name), entry
    wanted = _ID.fullmatch(name)
    if wanted is None:
        raise InputError(
            f"{printable(name)!r} names no tag, expected an entry or a claim's id",
            hint="headwater tag status --tags lists them",
        )
    found: dict[str, tuple[int, Entry]] = {}
    for index in reversed(_tag_entries(log)):
        entry = log.entry(index)
        if entry.claim_id.startswith(f"sha256:{wanted[1]}"):
            found.setdefault(entry.claim_id, (index, entry))
    if len(found) > 1:
        raise InputError(
            f"{name} names {len(found)} tags: {', '.join(sorted(found)[:4])}",
            hint="give more digits",
        )
    if not found:
        raise UnknownNameError("tag", name, hint="headwater tag status --tags lists them")
    return next(iter(found.values()))


def standing_tags(log: Log, document: str) -> list[tuple[int, Entry]]:
    """The live authorship claims about a document that no live one of them supersedes."""
    said = live([(index, log.entry(index)) for index in log.find(document)])
    authors = author_keys(log) if any(entry.sigs for _, entry in said) else {}
    return [(index, entry) for index, entry, _ in standing_claims(said, authors)]


def withdraw_tag(log: Log, name: str, because: str | None) -> tuple[Entry, list[Recorded]]:
    """Take a tag back, and the claims that repeat it of other renderings; idempotent.

    Raises as `find_tag`; InputError for a tag that somebody else recorded, and for a reason that no
    entry can hold.
    """
    _, entry = find_tag(log, name)
    if entry.actor != OPERATOR:
        raise InputError(
            f"tag {entry.claim_id} was recorded by {printable(entry.actor)}, expected {OPERATOR}",
            hint="only who recorded a claim takes it back; tag the text with --supersedes",
        )
    repeated = [other for other in _repeating(log, entry.claim_id) if other.actor == OPERATOR]
    try:
        bodies = [
            (one.subject, Withdrawal(claim=one.claim_id, reason=because))
            for one in (entry, *repeated)
        ]
    except ValueError as error:
        raise InputError(
            f"reason {printable(because, 60)}: expected one line of at most 200 characters"
        ) from error
    found: dict[str, Recorded] = {}
    claims = []
    for subject, body in bodies:
        before = _withdrawn(log, subject, body.claim)
        if before is None:
            claims.append(Claim("withdrawal", subject, body))
        else:
            found[body.claim] = before
    made = record(log, claims)
    found |= {claim.body.plain()["claim"]: item for claim, item in zip(claims, made, strict=True)}
    return entry, [found[body.claim] for _, body in bodies]


def _withdrawn(log: Log, subject: str, claim: str) -> Recorded | None:
    """The withdrawal by which nothing of a claim stands; None if some of it does."""
    about = [(index, log.entry(index)) for index in log.find(subject)]
    if any(
        entry.claim_id == claim and entry.actor == OPERATOR and entry.kind == "authorship"
        for _, entry in live(about)
    ):
        return None
    index, entry = [
        item for item in about
        if item[1].kind == "withdrawal" and item[1].body.get("claim") == claim
    ][-1]  # fmt: skip
    return Recorded(index, entry.claim_id, False)


def _repeating(log: Log, claim: str) -> list[Entry]:
    entries = (log.entry(index) for index in _tag_entries(log))
    found = {entry.claim_id: entry for entry in entries if entry.body.get("repeats") == claim}
    return list(found.values())


def _tag_entries(log: Log) -> Sequence[int]:
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'authorship' AND idx < ? "
        "ORDER BY idx",
        (log.size,),
    ).fetchall()
    return [row[0] for row in rows]
