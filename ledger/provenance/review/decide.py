"""A person's decision, signed and recorded: who may decide what, and when.

Blind first: whoever has not decided sees the text alone. Then the evidence, and what they change
their mind to is another claim, which stands; both stay. Two people who disagree are decided by a
third. Nobody decides on a text that they signed as its author.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.claims import Review
from ledger.errors import InputError, LogMovedError, RefusedError, UnknownNameError, printable
from ledger.log.canonical import Entry
from ledger.log.log import Log
from ledger.log.notes import Signer
from ledger.log.record import Claim, record
from ledger.provenance.authors import author_keys
from ledger.provenance.review.drawing import Draw
from ledger.provenance.review.recorded import said_about
from ledger.provenance.review.tasks import DECISIONS, REASONS, Progress, Task, progress_of
from ledger.provenance.reviewed import ADJUDICATION, authors_of, counted, reviewer_of
from ledger.provenance.signing import sign_claim

__all__ = ["Answer", "Done", "decide", "may_decide", "reader"]

LONGEST_SOURCE = 1 << 18
LONGEST_WORDS = 4_000


@dataclass(frozen=True)
class Answer:
    """What a person decides. `source` are bytes that describe something outside the text,
    `because` the reasons in words; both are kept in the vault. `revise` replaces an own decision.
    """

    decision: str
    reason: str
    source: bytes | None = None
    because: str | None = None
    revise: bool = False


@dataclass(frozen=True)
class Done:
    """A decision as it was recorded, and how far its document is with it."""

    index: int
    claim_id: str
    task: Task
    stage: str
    answer: Answer
    progress: Progress

    @property
    def towards_verified(self) -> bool:
        """Whether it counts towards human_verified."""
        return self.answer.decision == "human" and self.answer.source is not None


def reader(log: Log, signer: Signer) -> str:
    """The person who holds a key. Raises RefusedError for a key that the log does not name."""
    known = author_keys(log).get(signer.verifier.label)
    if known is None or known[1] != signer.verifier:
        raise RefusedError(
            f"{log.location}: names no key {printable(signer.verifier.label)} for claims",
            hint=f"headwater author trust {printable(signer.verifier.name)}",
        )
    if known.revoked:
        raise RefusedError(
            f"{log.location}: key {printable(signer.verifier.label)} is revoked, expected one that "
            "stands",
            hint="headwater key generate NAME --use claim, then headwater author trust NAME",
        )
    return signer.verifier.name


def may_decide(log: Log, document: str, reviewer: str) -> str | None:
    """Why a reviewer is not asked about a document; None if they are."""
    said, authors = said_about(log, document), author_keys(log)
    if reviewer in authors_of(said, authors):
        return "you signed it as its author"
    given = counted(said, authors)
    if reviewer in given:
        return f"you decided it as entry {given[reviewer][-1][0]}"
    return None


def decide(log: Log, task: Task, signer: Signer, answer: Answer, drawn: Draw | None = None) -> Done:
    """Record a decision. `drawn` is the draw that the task comes from; it is kept with it.

    Raises InputError for an answer that is none, RefusedError for a key that the log does not name,
    an own text, a second decision without `revise` and a revision of nothing, LogMovedError where
    somebody decided in the meantime; and what appending raises.
    """
    _check(answer, task.document)
    reviewer = reader(log, signer)
    before = log.find(task.document)
    said, authors = said_about(log, task.document), author_keys(log)
    if not any(entry.kind in ("origin", "authorship") for _, entry in said):
        raise InputError(f"{log.location}: no document with exactly these bytes: {task.document}")
    if reviewer in authors_of(said, authors):
        raise RefusedError(
            f"{task.document}: you signed it as its author, expected somebody else's text",
            hint="another reviewer decides",
        )
    given = counted(said, authors)
    stage, earlier = _stage(given.get(reviewer, []), _others(given, reviewer), answer.revise)
    words = None if answer.because is None else answer.because.encode()
    body = Review.model_validate(
        {
            "task": task.identity,
            "reviewer": reviewer_of(signer.verifier),
            "mode": task.mode,
            "stage": stage,
            "decision": answer.decision,
            "reason": answer.reason,
            "draw": task.draw,
            "inclusion_ppb": task.inclusion_ppb,
            "source": _digest(answer.source),
            "because": _digest(words),
            "issued_at": log.clock(),
            "supersedes": earlier,
        }
    )
    claim = Claim(
        "review",
        task.document,
        body,
        sigs=(sign_claim(signer, "review", task.document, body.plain()),),
    )
    attached = [answer.source, words, drawn.data if drawn is not None else None]

    def nobody_came_between() -> None:
        if log.find(task.document) != before:
            raise LogMovedError(
                f"{task.document}: somebody decided on it in the meantime",
                hint="run the same command again",
            )

    (recorded,) = record(
        log,
        [claim],
        attachments=[data for data in attached if data is not None],
        check=nobody_came_between,
    )
    standing = {
        who: items[-1] for who, items in counted(said_about(log, task.document), authors).items()
    }
    entries = [entry for _, entry in sorted(standing.values(), key=lambda item: item[0])]
    return Done(
        recorded.index, recorded.claim_id, task, stage, answer, progress_of(entries)
    )  # fmt: skip


def _others(given: dict[str, list[tuple[int, Entry]]], reviewer: str) -> Progress:
    standing = sorted(
        (items[-1] for who, items in given.items() if who != reviewer), key=lambda item: item[0]
    )
    return progress_of(entry for _, entry in standing)


def _stage(
    mine: Sequence[tuple[int, Entry]], others: Progress, revise: bool
) -> tuple[str, str | None]:
    """The stage of the next decision, and the claim that it takes the place of."""
    if not mine:
        if revise:
            raise RefusedError(
                "found no decision of yours to revise, expected one", hint="leave out --revise"
            )
        return (ADJUDICATION if others.status == "disputed" else "blind"), None
    index, last = mine[-1]
    if not revise:
        raise RefusedError(
            f"you decided it as entry {index}: {last.body['decision']}",
            hint="--revise replaces it; both stay in the log",
        )
    stage = ADJUDICATION if last.body["stage"] == ADJUDICATION else "informed"
    return stage, last.claim_id


def _check(answer: Answer, document: str) -> None:
    if answer.decision not in DECISIONS:
        raise UnknownNameError("decision", answer.decision, DECISIONS)
    if answer.reason not in REASONS:
        raise UnknownNameError("reason", answer.reason, REASONS)
    if answer.because is not None and not 0 < len(answer.because) <= LONGEST_WORDS:
        raise InputError(
            f"because: found {len(answer.because):,} characters, expected 1 to {LONGEST_WORDS:,}"
        )
    if answer.source is None:
        return
    if not 0 < len(answer.source) <= LONGEST_SOURCE:
        raise InputError(
            f"source: found {len(answer.source):,} bytes, expected 1 to {LONGEST_SOURCE:,}",
            hint="describe where it is to be found",
        )
    if _digest(answer.source) == document:
        raise InputError(
            "source: found the text itself, expected something outside it",
            hint="such as a letter of its author, a file's history, a printed edition",
        )


def _digest(data: bytes | None) -> str | None:
    return None if data is None else f"sha256:{sha256(data).hexdigest()}"
