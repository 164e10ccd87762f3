"""Notes about commits, as agents upload them: every upload is an entry, the newest one is served.

A note is opaque here. What it says of documents comes into the ledger where the repository is, by
`git import`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ledger.claims import Note
from ledger.errors import InputError, RefusedError, printable
from ledger.log.canonical import Entry, claim_id, parse_digest, subject_of
from ledger.log.log import Log
from ledger.log.record import Claim, live, record

__all__ = [
    "MAX_NOTE",
    "Uploaded",
    "commit_subject",
    "newest_note",
    "note_commits",
    "read_note",
    "upload_notes",
]

MAX_NOTE: Final = 16 << 20
"""Bytes of a note; git-ai asks for 8 MB."""


@dataclass(frozen=True)
class Uploaded:
    """`accepted` notes stand in the log, `new` of them since now; `refused` ones, with why."""

    accepted: int
    new: int
    refused: tuple[str, ...]


def commit_subject(commit: str) -> str:
    """The subject of a commit's notes, the name as it was given, upper case or lower.

    Raises InputError for what is no commit's name.
    """
    if len(commit) not in (40, 64) or not set(commit) <= set("0123456789abcdefABCDEF"):
        raise InputError(
            f"commit {printable(commit, 80)}: expected 40 or 64 hexadecimal digits",
            hint="git rev-parse HEAD",
        )
    return subject_of("commit", commit, "sha1" if len(commit) == 40 else "sha256")


def newest_note(log: Log, commit: str) -> tuple[int, Entry] | None:
    """The live `note` entry about a commit that was recorded last."""
    subject = commit_subject(commit)
    about = live([(index, log.entry(index)) for index in log.find(subject)])
    return next((item for item in reversed(about) if item[1].kind == "note"), None)


def read_note(log: Log, commit: str) -> bytes | None:
    """The bytes of the newest note; None where there is none.

    Raises RefusedError where the vault withholds it, VerificationError where it holds others.
    """
    found = newest_note(log, commit)
    if found is None:
        return None
    data = None
    if log.vault is not None:
        data = log.vault.attachment(parse_digest(str(found[1].body["note"])))
    if data is None:
        raise RefusedError(f"entry {found[0]}: the vault withholds the note")
    return data


def note_commits(log: Log) -> list[str]:
    """Every commit about which a note stands, ascending."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'note'"
    ).fetchall()
    commits = {str(log.entry(index).body["commit"]) for (index,) in rows}
    return sorted(commit for commit in commits if newest_note(log, commit) is not None)


def upload_notes(log: Log, notes: Iterable[tuple[str, bytes]]) -> Uploaded:
    """Record (commit, note) pairs as one batch, in their order; the last of a commit stands.

    A note that stands already is not recorded again. One that cannot be kept is refused and the
    others are not. `log` is open for writing; raises what `Log.append` raises, and then nothing
    was recorded.
    """
    claims: list[Claim] = []
    attachments: list[bytes] = []
    refused: list[str] = []
    standing: dict[str, tuple[str, str] | None] = {}
    accepted = 0
    for place, (commit, data) in enumerate(notes):
        try:
            claim = _claim(log, commit, data, standing)
        except InputError as error:
            refused.append(f"entries[{place}]: {error}")
            continue
        accepted += 1
        if claim is not None:
            claims.append(claim)
            attachments.append(data)
    if claims:
        record(log, claims, attachments=attachments)
    return Uploaded(accepted, len(claims), tuple(refused))


def _claim(
    log: Log, commit: str, data: bytes, standing: dict[str, tuple[str, str] | None]
) -> Claim | None:
    """The claim to record, None where it stands. `standing`: commit -> (claim, note) by now."""
    subject = commit_subject(commit)
    if len(data) > MAX_NOTE:
        raise InputError(f"a note of {len(data):,} bytes, expected at most {MAX_NOTE:,}")
    if commit not in standing:
        newest = newest_note(log, commit)
        entry = None if newest is None else newest[1]
        standing[commit] = None if entry is None else (entry.claim_id, str(entry.body["note"]))
    before = standing[commit]
    digest = f"sha256:{sha256(data).hexdigest()}"
    if before is not None and before[1] == digest:
        return None
    body = Note(
        commit=commit,
        note=digest,
        bytes=len(data),
        supersedes=None if before is None else before[0],
    )
    standing[commit] = claim_id("note", subject, body.plain()), digest
    return Claim("note", subject, body)
