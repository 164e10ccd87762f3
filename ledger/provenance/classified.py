"""What classifiers said of documents, from the claims alone: which verdicts count, and for what.

A verdict counts only where a calibration on known human text stood when it was recorded: one that
nobody took back, of the same detector and weights, not expired. All of this is a function of the
log, so that every reader of it labels alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from ledger.log.canonical import Entry, parse_digest
from ledger.log.record import live
from ledger.log.runs import Digests, Indices
from ledger.provenance.facts import FLAGS

__all__ = ["FDR_PPM", "Profiles", "profile_named", "verdict_flags"]

FDR_PPM = 100_000
"""Expected share of false ones, in parts per million, among the documents of a run that are called
suspected: a level per document would call one in a hundred human texts so, however many there are.
"""

_SAME = (  # of the verdict, and of the profile it was ranked in
    ("source", "source"), ("detector", "detector"), ("version", "detector_version"),
    ("weights", "weights"),
)  # fmt: skip


def verdict_flags(
    index: int, entry: Entry, calibrations: Mapping[str, tuple[int, Entry]]
) -> tuple[str, ...]:
    """The flags of facts.FLAGS that a `verdict` claim gives its document.

    `calibrations` are the live claims about the profile that the verdict names, by claim id.
    """
    body = entry.body
    if body["outcome"] != "like_ai_sample" or not _stands(index, entry, calibrations):
        return ()
    kept = int(body.get("q_ppm", FDR_PPM + 1)) <= FDR_PPM
    return ("classified", "classified_fdr") if kept else ("classified",)


def _stands(index: int, entry: Entry, calibrations: Mapping[str, tuple[int, Entry]]) -> bool:
    """Whether the calibration that a verdict names stood for it when it was recorded."""
    body = entry.body
    at, calibration = calibrations.get(str(body.get("calibration")), (index, None))
    if calibration is None or at >= index:
        return False
    if any(body.get(ours) != calibration.body.get(theirs) for ours, theirs in _SAME):
        return False
    return entry.at < int(calibration.body["expires_at"])


def profile_named(entry: Entry) -> str | None:
    """The subject of the profile that a `verdict` claim names; None for another claim."""
    return entry.body.get("profile") if entry.kind == "verdict" else None


class _Source(Protocol):
    def entry(self, index: int) -> Entry: ...
    def find(self, digests: Digests) -> tuple[Indices, Indices]: ...


class Profiles:
    """Calibration profiles, looked up once each."""

    def __init__(self, source: _Source, extra: Mapping[bytes, Sequence[int]]) -> None:
        """`extra` names entries about a subject that `source.find` does not answer for yet."""
        self._source, self._extra = source, extra
        self._known: dict[str, dict[str, tuple[int, Entry]]] = {}

    def standing(self, subject: str) -> Mapping[str, tuple[int, Entry]]:
        """The live claims about the profile with this subject, by claim id; of equals the first."""
        if subject not in self._known:
            digest = parse_digest(subject)
            _, found = self._source.find(np.frombuffer(digest, np.uint8).reshape(1, 32))
            indices = sorted({*found.tolist(), *self._extra.get(digest, ())})
            known = self._known.setdefault(subject, {})
            for index, entry in live([(index, self._source.entry(index)) for index in indices]):
                if entry.kind == "verdict_calibration":
                    known.setdefault(entry.claim_id, (index, entry))
        return self._known[subject]

    def flags(self, index: int, entry: Entry) -> tuple[str, ...]:
        """The flags that one live claim gives its document."""
        subject = profile_named(entry)
        return () if subject is None else verdict_flags(index, entry, self.standing(subject))

    def stands(self, index: int, entry: Entry) -> bool:
        """Whether what a claim was ranked in stood for it; True of claims that are no verdict."""
        if entry.kind != "verdict":
            return True
        subject = profile_named(entry)
        return subject is not None and _stands(index, entry, self.standing(subject))

    def sum_of(self, entries: Iterable[tuple[int, Entry]]) -> int:
        """The flags of all live claims about a document, as one number."""
        names = {name for index, entry in entries for name in self.flags(index, entry)}
        return sum(FLAGS[name] for name in names)
