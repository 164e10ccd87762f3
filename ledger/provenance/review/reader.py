"""What a reader does: take the next document, pass it over, decide. What the commands call."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InputError, RefusedError, printable
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.notes import Signer
from ledger.provenance.authors import author_keys
from ledger.provenance.resolve import resolve_document
from ledger.provenance.review.decide import (
    LONGEST_SOURCE,
    Answer,
    Done,
    decide,
    may_decide,
    reader,
)
from ledger.provenance.review.leases import LEASE, Held, leases
from ledger.provenance.review.queue import Queue, Queued, build_queue
from ledger.provenance.review.recorded import (
    decided_of,
    reviewed_documents,
    said_about,
)
from ledger.provenance.review.statistics import Estimated, estimate_of
from ledger.provenance.review.tasks import Task
from ledger.provenance.review.text import Text, document_text
from ledger.provenance.rules import Policy

__all__ = ["Answer", "Effect", "answer_source", "claim_signer", "decide_task", "next_task"]

_SHORTEST = 8  # hexadecimal digits that name a task


def claim_signer(ring: KeyRing, name: str | None) -> Signer:
    """The own key for claims of that name or label, or the only one there is.

    Raises RefusedError for none, InputError for several.
    """
    own = [key for key in ring.own() if key.use == "claim"]
    found = [k for k in own if name is None or name in (k.verifier.name, k.verifier.label)]
    if not found:
        raise RefusedError(
            "found no key for claims of yours" + (f" named {printable(name)}" if name else ""),
            hint="headwater key generate NAME --use claim",
        )
    if len(found) > 1:
        labels = ", ".join(printable(key.verifier.label) for key in found)
        raise InputError(f"found {len(found)} keys for claims: {labels}", hint="--key LABEL")
    verifier = found[0].verifier
    return ring.signer("claim", verifier.name, [verifier.vkey])


def next_task(
    log: Log,
    queue: Queue,
    signer: Signer,
    *,
    mode: str | None = None,
    skip: bool = False,
    lease: int = LEASE,
    roots: Sequence[Path] = (),
) -> tuple[Queued, Text, int] | None:
    """The first document that a reader can decide, its text, and until when it is theirs.

    The one that they hold already, unless they `skip` it. None where nothing is left for them.
    Raises RefusedError for a key that the log does not name, and what finding the text raises.
    """
    me, now = reader(log, signer), log.clock()
    waiting = [one for one in queue.waiting if mode in (None, one.task.mode)]
    with leases(log.location, now) as held:
        mine = [one for one in waiting if held.holder(one.task.document) == me]
        if skip:
            for one in mine:
                held.skip(one.task.document, me, now)
            mine = []
        for one in (*mine, *waiting):
            document = one.task.document
            if held.free(document, me) and may_decide(log, document, me) is None:
                drawn, task = queue.drawn, one.task.identity
                held.take(
                    document, Held(me, now + lease, task, queue.dataset, drawn.sample, drawn.seed)
                )
                found = one
                break
        else:
            return None
    return found, document_text(log, found.task.document, roots), now + lease


@dataclass(frozen=True)
class Effect:
    """What a random draw says of its dataset before and after a decision."""

    before: Estimated
    after: Estimated


def decide_task(
    log: Log,
    named: str,
    signer: Signer,
    answer: Answer,
    policy: Policy,
    *,
    dataset: str | None = None,
    roots: Sequence[Path] = (),
) -> tuple[Done, Effect | None]:
    """Decide on a task, or on any document of the log; then what it changes of the random draw.

    `named` is the name of a task that the reader holds, of one in the queue of `dataset`, or of one
    that somebody decided, or the beginning of it; or a document: one that no queue asks about is a
    complaint. Raises InputError
    for what is none of them or more than one, and what deciding raises.
    """
    me, now = reader(log, signer), log.clock()
    with leases(log.location, now) as held:
        mine = {
            document: one for document, one in held.of(me).items() if dataset in (None, one.dataset)
        }
    queues = [
        build_queue(
            log, one.dataset, policy, sample=one.sample, seed=one.seed, roots=roots
        )
        for one in mine.values()
    ]  # fmt: skip
    if not queues and dataset is not None:
        queues = [build_queue(log, dataset, policy, roots=roots)]
    # what is recorded meanwhile may name the task anew, until a draw is kept
    shown = [name for name, one in mine.items() if _begins(one.task, named)]
    task, queue = _named(log, queues, shown[0] if shown else named)
    drawn = queue.drawn if queue is not None and task.draw == queue.drawn.digest else None
    done = decide(log, task, signer, answer, drawn)
    with leases(log.location, now) as held:
        held.release(me)
    return done, None if drawn is None or queue is None else _effect(log, queue, task.document)


def _effect(log: Log, queue: Queue, document: str) -> Effect:
    before = list(queue.reviewed)
    others = [one for one in before if one.document != document]
    here = reviewed_documents([document], lambda name: said_about(log, name), author_keys(log))
    return Effect(
        estimate_of(decided_of(queue.drawn, before)),
        estimate_of(decided_of(queue.drawn, [*others, *here])),
    )


def _begins(task: str, named: str) -> bool:
    """Whether somebody names a task: by its digits, or the first of them."""
    digits = named.removeprefix("sha256:").lower()
    return len(digits) >= _SHORTEST and task.removeprefix("sha256:").startswith(digits)


def _decided_before(log: Log, named: str) -> Task | None:
    """The newest task of that name on which somebody decided."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'review' ORDER BY idx DESC"
    ).fetchall()
    for (index,) in rows:
        entry = log.entry(int(index))
        body = entry.body
        if _begins(str(body["task"]), named):
            task = Task(entry.subject, body["mode"], body.get("draw"), body.get("inclusion_ppb"))
            if task.identity == body["task"]:  # else it names a task about another document
                return task
    return None


def answer_source(source: str | None) -> bytes | None:
    """A source as bytes: what lies in the file of that name, or the words themselves.

    Raises InputError for a file that cannot be read.
    """
    if source is None:
        return None
    path = Path(source)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # words that no system takes for a name
        is_file = False
    if not is_file:
        return source.encode()
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_SOURCE + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{printable(source)}: {reason}") from error


def _named(log: Log, queues: Sequence[Queue], named: str) -> tuple[Task, Queue | None]:
    digits = named.removeprefix("sha256:").lower()
    if len(digits) >= _SHORTEST:
        found = [
            (one.task, queue)
            for queue in queues
            for one in queue.queued
            if _begins(one.task.identity, named)
        ]
        if len(found) > 1:
            raise InputError(f"{printable(named)} begins {len(found)} tasks, expected one")
        if found:
            return found[0]
        earlier = _decided_before(log, named)
        if earlier is not None:
            return earlier, None
    try:
        document = resolve_document(log, named)
    except InputError as error:
        raise InputError(
            f"{printable(named)}: no task that you hold, and no document",
            hint="headwater review next gives you one; --dataset names the queue of another",
        ) from error
    for queue in queues:
        task = queue.of(document)
        if task is not None:
            return task, queue
    return Task(document, "complaint"), None
