"""Empties a spool into a ledger: every receipt is recorded, or set aside with the reason.

Nothing is lost: a file goes only after its claim stands in the log; what no log can hold moves to
`bad/`, the reason beside it. One command at a time empties a spool. A receipt is somebody's word,
not a secret: its signature counts where this log names the key (§5), and only then.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import Entry, format_entry
from ledger.log.log import Log
from ledger.log.notes import Verifier
from ledger.log.record import OPERATOR, Claim, Recorded, equally_signed, live, record
from ledger.provenance.authors import author_keys as named_authors
from ledger.provenance.conditions import moment
from ledger.provenance.signing import attested_by
from ledger.provenance.tags.make import Tag
from ledger.provenance.tags.receipt import MAX_RECEIPT, check_signatures, parse_receipt
from ledger.provenance.tags.spool import BAD, not_ours, waiting

__all__ = ["AHEAD", "Drained", "ahead_of", "author_keys", "drain", "record_tags"]

AHEAD = 86_400  # seconds by which an author's clock may be ahead of the ledger's without a word
_BATCH = 1_000
_MOST_REASON = 400


@dataclass
class Drained:
    """What came of a spool: claims recorded or already there, files set aside with their reasons,
    and what people should know of the rest.
    """

    recorded: list[Recorded] = field(default_factory=list)
    aside: list[tuple[Path, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def new(self) -> int:
        """How many claims this command added to the log."""
        return sum(item.new for item in self.recorded)


def drain(log: Log, folder: Path) -> Drained:
    """Record what waits in a spool, then remove it there. `log` is open for writing.

    Empty, and nothing touched, where another command is at it or others may write there. Raises
    what `Log.append` raises, and then every receipt that was not recorded is still there.
    """
    drained = Drained()
    if not waiting(folder):
        return drained
    if (why := not_ours(folder)) is not None:
        drained.notes.append(f"{printable(folder)}: {why}; the tags there are not recorded")
        return drained
    with _alone(folder) as alone:
        files = waiting(folder) if alone else []
        known = author_keys(log) if files else {}
        for first in range(0, len(files), _BATCH):
            _batch(log, files[first : first + _BATCH], known, drained)
    return drained


def record_tags(log: Log, tags: list[Tag]) -> list[Recorded]:
    """Record tags as one batch, already recorded ones where they stand. Raises what
    `Log.append` raises; InputError for one that was withdrawn.

    One that a known key attests stands by an entry that this key attests: what was recorded before
    its key was named is recorded again, and a signature that never is the same twice is not.
    """
    for tag in tags:
        _refuse_withdrawn(log, tag)
    authors = named_authors(log) if any(tag.sigs for tag in tags) else {}
    at = log.size

    def stands(claim: Claim, index: int, entry: Entry) -> bool:
        now = attested_by(at, replace(entry, sigs=claim.sigs), authors)
        if now:
            return now <= attested_by(index, entry, authors)
        return equally_signed(claim, index, entry)

    claims = [Claim("authorship", tag.subject, tag.body, sigs=tag.sigs) for tag in tags]
    attachments = [data for tag in tags for data in tag.attachments]
    recorded = record(log, claims, attachments=attachments, stands=stands)
    if log.vault is not None and any(not item.new for item in recorded):
        log.vault.keep(
            [
                data
                for tag, item in zip(tags, recorded, strict=True)
                for data in (() if item.new else tag.attachments)
            ]
        )
    return recorded


def author_keys(log: Log) -> dict[str, Verifier]:
    """Label -> key of every author whom the log names, revoked ones too."""
    return {label: verifier for label, (_, verifier) in named_authors(log).items()}


def ahead_of(tag: Tag, now: int) -> str | None:
    """What to say of a tag that is dated more than AHEAD after this ledger's clock, or None.

    It is recorded as it is: no label rests on an author's clock.
    """
    issued = tag.body.issued_at
    if issued is None or issued <= now + AHEAD:
        return None
    return (
        f"tag {tag.claim_id} says it was issued at {moment(issued)}, "
        f"{(issued - now) // AHEAD:,} days ahead of this ledger's clock; kept as it is"
    )


def _batch(log: Log, files: list[Path], known: Mapping[str, Verifier], drained: Drained) -> None:
    tags: list[tuple[Path, Tag]] = []
    for path in files:
        try:
            tag = _read(path)
        except FileNotFoundError:
            continue  # recorded by somebody else since
        except OSError as error:
            drained.notes.append(
                f"{printable(path)} stays where it is: {(error.strerror or 'unreadable').lower()}"
            )
            continue
        except (InputError, VerificationError) as error:
            _set_aside(path, str(error), drained)
            continue
        try:
            check_signatures(tag, known, path)
            entry = Entry(
                "authorship", tag.subject, tag.body.plain(), OPERATOR, log.clock(), tag.sigs
            )
            format_entry(entry)
            _refuse_withdrawn(log, tag)
        except (InputError, VerificationError) as error:
            _set_aside(path, str(error), drained)
            continue
        tags.append((path, tag))
    if not tags:
        return
    drained.recorded += record_tags(log, [tag for _, tag in tags])
    now = log.clock()
    for path, tag in tags:
        note = ahead_of(tag, now)
        drained.notes += [note] if note is not None else []
        path.unlink(missing_ok=True)


def _read(path: Path) -> Tag:
    with path.open("rb") as file:
        data = file.read(MAX_RECEIPT + 1)
    tag = parse_receipt(data, path.name)
    if path.name.partition(".")[0] != tag.claim_id.removeprefix("sha256:"):
        raise VerificationError(
            f"{printable(path.name)}: claim {tag.claim_id}, expected the one that names the file"
        )
    return tag


def _refuse_withdrawn(log: Log, tag: Tag) -> None:
    """A receipt outlives its withdrawal: saying the same again needs a claim that supersedes."""
    about = [(index, log.entry(index)) for index in log.find(tag.subject)]
    alive = {index for index, _ in live(about)}
    mine = [
        index
        for index, entry in about
        if entry.kind == "authorship" and entry.actor == OPERATOR
        and entry.claim_id == tag.claim_id
    ]  # fmt: skip
    if mine and not alive.intersection(mine):
        raise InputError(
            f"tag {tag.claim_id}: entry {mine[-1]} was withdrawn",
            hint="tag the text again with --supersedes and that claim's id",
        )


def _set_aside(path: Path, reason: str, drained: Drained) -> None:
    place = path.parent / BAD
    try:
        place.mkdir(exist_ok=True)
        (place / f"{path.name}.reason").write_text(reason[:_MOST_REASON] + "\n")
        os.replace(path, place / path.name)
    except FileNotFoundError:
        return  # somebody else was faster
    except OSError as error:
        drained.notes.append(
            f"{printable(path)} stays where it is: {(error.strerror or 'unreadable').lower()}"
        )
        return
    drained.aside.append((place / path.name, reason))


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether nobody else empties this spool now."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)
