"""Registered marks, from the claims alone: which states count, and what a detection is worth.

A mark's first state is signed by the provider key that it names; every later one that counts is
signed by the same key and says which state it follows. A key counts from the entry on that named
it for the use `provider`. All of this is a function of the log, so that every reader of it labels
alike; whom to believe is decided before a state is recorded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Any, Protocol

import numpy as np

from ledger.errors import InputError
from ledger.log.canonical import Entry, parse_digest
from ledger.log.notes import Verifier, parse_vkey
from ledger.log.record import live
from ledger.log.runs import Digests, Indices
from ledger.provenance.signing import attested

__all__ = [
    "BUCKETS",
    "Detection",
    "MarkStanding",
    "Marks",
    "bucket_milli",
    "correction_milli",
    "detection_of",
    "mark_standing",
    "marks_named",
]

BUCKETS = (5_000, 6_000, 9_000, 12_000)
"""What a leaf may say of a non-public key's -log10 p, in thousandths: whoever learns p exactly can
use the detector to make forgeries, one changed word at a time."""

_IDENTITY = (
    "algorithm", "parameters", "vocab_size", "tokenizer", "tokenizer_behaviour",
    "key_class", "key", "key_fingerprint", "key_commitment",
)  # fmt: skip


@dataclass(frozen=True)
class MarkStanding:
    """The states of one mark that count, as (entry index, claim), and those that do not, with why.

    `states` is not empty; the last one is how the mark stands.
    """

    subject: str
    states: tuple[tuple[int, Entry], ...]
    refused: tuple[tuple[int, str], ...]

    @property
    def index(self) -> int:
        return self.states[-1][0]

    @property
    def claim_id(self) -> str:
        return self.states[-1][1].claim_id

    @property
    def body(self) -> Mapping[str, Any]:
        """The newest state."""
        return self.states[-1][1].body

    def proves(self, vectors: str) -> bool:
        """Whether a decoder that reproduced `vectors` decodes the mark as it stands now."""
        now = [self.body.get(name) for name in _IDENTITY]
        return any(
            entry.body.get("vectors") == vectors
            and [entry.body.get(name) for name in _IDENTITY] == now
            for _, entry in self.states
        )


@dataclass(frozen=True)
class Detection:
    """What a `watermark` claim adds to a document's profile, before its dates are looked at.

    `milli` is -log10 p in thousandths, corrected for the marks looked for. The mark is evidence of
    its model only in text that did not exist before `since`, and only in text that existed before
    `until`: from then on others could have made it. `public` keys are anybody's at any time.
    """

    milli: int
    detected: bool
    public: bool
    since: int | None = None
    until: int | None = None


def mark_standing(
    entries: Sequence[tuple[int, Entry]], providers: Mapping[str, tuple[int, Verifier]]
) -> MarkStanding | None:
    """How a mark stands, from all entries about its subject; None if no state counts.

    `providers` are keys by label, with the entry that named each for the use `provider`.
    """
    states: list[tuple[int, Entry]] = []
    refused: list[tuple[int, str]] = []
    for index, entry in live(entries):
        if entry.kind != "scheme":
            continue
        reason = _refusal(index, entry, states, providers)
        if reason is None:
            states.append((index, entry))
        else:
            refused.append((index, reason))
    if not states:
        return None
    return MarkStanding(states[0][1].subject, tuple(states), tuple(refused))


def _refusal(
    index: int,
    entry: Entry,
    states: Sequence[tuple[int, Entry]],
    providers: Mapping[str, tuple[int, Verifier]],
) -> str | None:
    vkey = entry.body.get("provider_key")
    try:
        verifier = parse_vkey(str(vkey))
    except InputError:
        return "its provider key is none"
    known = providers.get(verifier.label)
    if known is None or known[1] != verifier or known[0] >= index:
        return "its provider's key was not named before"
    if not attested(index, entry, {verifier.label: known}):
        return "it is not signed by its provider"
    if not states:
        return None if "supersedes" not in entry.body else "the state it follows is not here"
    if vkey != states[0][1].body["provider_key"]:
        return "another provider registered this mark"
    if entry.body.get("supersedes") != states[-1][1].claim_id:
        return "it does not follow the state that stood"
    return None


def correction_milli(keys: int) -> int:
    """1000 log10 of the number of marks looked for, rounded up: Bonferroni in thousandths."""
    return ceil(1000 * log10(keys)) if keys > 1 else 0


def bucket_milli(milli: int) -> int:
    """The largest of BUCKETS that a corrected value reaches; 0 for none."""
    return max((bucket for bucket in BUCKETS if bucket <= milli), default=0)


def detection_of(entry: Entry, standing: MarkStanding | None) -> Detection | None:
    """What a `watermark` claim is worth; None for one that can make no label.

    Those are: a mark that is not registered or was not verified with its key, Unicode marks, and
    what is weaker than the first of BUCKETS.
    """
    body = entry.body
    if standing is None or "vectors" not in body or not standing.proves(str(body["vectors"])):
        return None
    state = standing.body
    public = state["key_class"] == "public"
    if public != ("neg_log10_p_milli" in body):
        return None  # made for a key of the other class
    if public:
        milli = int(body["neg_log10_p_milli"]) - correction_milli(int(body.get("keys", 1)))
    else:
        milli = bucket_milli(int(body.get("bucket_milli", 0)))
    if milli < BUCKETS[0]:
        return None
    revoked = state["status"] == "revoked" and "forgeable_from" not in state
    return Detection(
        milli=milli,
        detected=body["decision"] == "detected",
        public=public or revoked,
        since=state.get("not_before"),
        until=state.get("forgeable_from"),
    )


def marks_named(entry: Entry) -> str | None:
    """The mark that a `watermark` claim is about; None for another claim."""
    return entry.body.get("mark") if entry.kind == "watermark" else None


class _Source(Protocol):
    def entry(self, index: int) -> Entry: ...
    def find(self, digests: Digests) -> tuple[Indices, Indices]: ...


class Marks:
    """How marks stand, looked up once each."""

    def __init__(
        self,
        source: _Source,
        providers: Mapping[str, tuple[int, Verifier]],
        extra: Mapping[bytes, Sequence[int]],
    ) -> None:
        """`extra` names entries about a subject that `source.find` does not answer for yet."""
        self._source, self._providers, self._extra = source, providers, extra
        self._known: dict[str, MarkStanding | None] = {}

    def standing(self, subject: str) -> MarkStanding | None:
        """How the mark with this subject stands."""
        if subject not in self._known:
            digest = parse_digest(subject)
            _, found = self._source.find(np.frombuffer(digest, np.uint8).reshape(1, 32))
            indices = sorted({*found.tolist(), *self._extra.get(digest, ())})
            entries = [(index, self._source.entry(index)) for index in indices]
            self._known[subject] = mark_standing(entries, self._providers)
        return self._known[subject]

    def detections(self, entries: Iterable[Entry]) -> tuple[Detection, ...]:
        """What the live `watermark` claims about one document are worth."""
        found = []
        for entry in entries:
            subject = marks_named(entry)
            if subject is not None:
                found.append(detection_of(entry, self.standing(subject)))
        return tuple(detection for detection in found if detection is not None)
