"""A ledger with short texts and people who read them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ledger.claims import Authorship
from ledger.corpus.ingest import ingest
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.notes import Signer
from ledger.log.record import Claim, record
from ledger.log.verify import verify_log
from ledger.provenance.opening import create_ledger, key_claim, open_ledger
from ledger.provenance.policy import load_policy
from ledger.provenance.review.decide import Answer, Done, decide
from ledger.provenance.review.queue import Queue, build_queue
from ledger.provenance.signing import sign_claim

STRICT = load_policy("clean-strict")
NOTES = "notes@1"
TEXTS = [f"Note {number}: a boat left the harbour at dawn." for number in range(12)]


def digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


class Clock:
    """A clock that a test turns on."""

    now = 1_790_000_000

    def __call__(self) -> int:
        return self.now


@contextmanager
def ledger(
    texts: Sequence[str] = TEXTS, clock: Clock | None = None, people: Sequence[str] = ()
) -> Iterator[Log]:
    """A ledger in this folder that holds the texts and names people; verified at the end."""
    create_ledger("h.db", log_name="example.org/corpus")
    Path("notes.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    with open_ledger("h.db", write=True, clock=clock or Clock()) as log:
        ingest(log, [Path("notes.jsonl")], dataset=NOTES)
        for name in people:
            person(log, name)
        yield log
        verify_log(log)


def person(log: Log, name: str, *, named: bool = True) -> Signer:
    """Somebody with a key for claims, whom the log names."""
    ring: KeyRing = log.keys
    key = ring.generate(name, "claim")
    if named:
        record(log, [key_claim(key)])
    return ring.signer("claim", name)


def queue(log: Log, *, sample: int | None = None, seed: int | None = None) -> Queue:
    return build_queue(log, NOTES, STRICT, sample=sample, seed=seed)


def say(
    log: Log,
    by: Signer,
    document: str,
    decision: str = "human",
    *,
    source: bytes | None = b"a letter",
    revise: bool = False,
    sample: int | None = None,
) -> Done:
    """Somebody decides on a document of the queue."""
    found = queue(log, sample=sample)
    task = found.of(document)
    assert task is not None
    drawn = found.drawn if task.draw == found.drawn.digest else None
    answer = Answer(decision, "known_source", source, None, revise)
    return decide(log, task, by, answer, drawn)


def declare(log: Log, text: str, assistance: str, by: Signer | None = None) -> None:
    """Somebody says who wrote a text."""
    body = Authorship.model_validate({"assistance": assistance})
    sigs = () if by is None else (sign_claim(by, "authorship", digest(text), body.plain()),)
    record(log, [Claim("authorship", digest(text), body, sigs=sigs)])
