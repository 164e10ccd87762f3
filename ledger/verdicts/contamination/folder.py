"""`How far along are we?`: a folder without a ledger, against its own older text.

What is dated before AI tools were in use is the known human text; what is dated after is measured.
A byte-for-byte copy of older text is older text. Nothing is recorded and no file is written.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.corpus.neardup.side import find_digests
from ledger.engines import Workers
from ledger.errors import InputError, printable
from ledger.log.content_root import content_root
from ledger.verdicts.contamination.dating import DatedBy
from ledger.verdicts.contamination.estimate import Contamination, Counts, estimate_contamination
from ledger.verdicts.contamination.page import Context, drawn_words, page, plain
from ledger.verdicts.contamination.periods import PeriodShare, by_period
from ledger.verdicts.contamination.reading import FolderTexts, describe_folder, read_folder
from ledger.verdicts.contamination.sampling import Drawn, draw
from ledger.verdicts.contamination.scores import sort_out
from ledger.verdicts.contamination.strata import NONE
from ledger.verdicts.core.model import shipped
from ledger.verdicts.outcomes import GATE_ESTIMATE, GATE_UPPER, LEAST_SOURCE, PREVALENCE_WORDS
from ledger.verdicts.scanning.detectors import Core
from ledger.verdicts.scanning.gather import Scored
from ledger.verdicts.scanning.mapping import classifying

__all__ = ["FolderAudit", "audit_folder"]

Mask = npt.NDArray[np.bool_]

_SHOWN = 12  # hexadecimal digits of a calibration's name


@dataclass(frozen=True)
class FolderAudit:
    """What a folder came to.

    `since` is the day from which documents are measured, None for all; `calibration` names the
    known human documents by their content_root. `dated_by` counts the documents by what dates
    them, `before` and `after` that day; `repeated` of the older ones stand among the newer too.
    """

    path: Path
    human_path: Path | None
    since: date | None
    found: Contamination
    drawn: Drawn
    seed: int
    calibration: str
    human: int
    dated_by: Mapping[str, Mapping[DatedBy, int]]
    repeated: int
    periods: tuple[PeriodShare, ...]
    inputs: int
    rejected: int
    first_reject: str | None
    skipped: Mapping[str, int]
    detector: str

    @property
    def context(self) -> Context:
        """For the page."""
        found = self.found
        return Context(
            what=str(self.path),
            calibration=self.calibration[: len("sha256:") + _SHOWN],
            drawn=drawn_words(
                found.sampled, found.counts.measurable, self.seed, NONE, self.drawn.strata
            ),
            rows=tuple(self._rows()),
            dated_by="dates that nobody checked",
            periods=self.periods,
        )

    def lines(self) -> list[str]:
        """The page."""
        return page(self.found, self.context)

    def data(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "path": str(self.path),
            "ai_since": None if self.since is None else self.since.isoformat(),
            "human_path": None if self.human_path is None else str(self.human_path),
            **plain(self.found),
            "seed": self.seed,
            "calibration": self.calibration,
            "dated_by": {
                name or "all": {by.name.lower(): count for by, count in sorted(counts.items())}
                for name, counts in self.dated_by.items()
            },
            "repeated": self.repeated,
            "periods": [
                {
                    "period": item.period,
                    "documents": item.estimate.n,
                    "estimate": round(item.estimate.point, 6),
                    "low": round(item.estimate.low, 6),
                    "high": round(item.estimate.high, 6),
                }
                for item in self.periods
            ],
            "inputs": self.inputs,
            "rejected": self.rejected,
            "not_read": dict(self.skipped),
            "detector": self.detector,
        }

    def _rows(self) -> Iterator[tuple[str, str]]:
        for what, counts in self.dated_by.items():
            parts = [f"{count:,} by {by.words}" for by, count in sorted(counts.items())]
            if parts:
                yield f"dated {what}".rstrip(), " · ".join(parts)
        if any(DatedBy.FILE_TIME in counts for counts in self.dated_by.values()):
            yield "", "a modification time is the weakest date: a copy or a checkout sets it anew"
        if self.repeated:
            yield "repeated", f"{self.repeated:,} older documents stand among the newer ones too"
        if (first := self.first_reject) is not None:
            yield "no documents", f"{self.rejected:,} rows, the first {printable(first, 300)}"
        if self.skipped:
            parts = [f"{count:,} {ending}" for ending, count in self.skipped.items()]
            yield "not read", " · ".join(parts)
        yield "calibration", f"{self.human:,} documents, {self.calibration}"
        yield "detector", self.detector


def audit_folder(
    path: Path,
    *,
    since: date | None = None,
    human: Path | None = None,
    sample: int | None = None,
    seed: int = 0,
    level: float = GATE_ESTIMATE,
    upper_level: float = GATE_UPPER,
    workers: Workers = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> FolderAudit:
    """Estimate which share of the documents from `since` on is AI text.

    `since` is by default what the folder's dataset.toml says of AI tools. The documents before it
    are the known human text, or those of `human`, of which none may be among the measured. Raises
    InputError where too little is known or can be measured, and what reading raises.
    """
    description = describe_folder(path)
    if since is None and description is not None:
        since = description.ai_tools_since
    if since is None and human is None:
        raise InputError(
            f"{printable(path)}: found no day from which its writers had AI tools, expected one",
            hint="--ai-since YYYY-MM, or --human PATH names known human text of the same kind",
        )
    detector = Core(shipped())
    scan = classifying(detector.model)
    texts = read_folder(path, scan, description=description, workers=workers, progress=progress)
    before = texts.at < _midnight(since) if since is not None else np.zeros(len(texts), np.bool_)
    scored = texts.scored
    trained = detector.trained_on(scored.digests)
    parts = sort_out(scored, before, trained)
    if human is None:
        assert since is not None  # or it was refused above
        known = _known(scored, before & ~trained)
        source = f"documents dated before {since.isoformat()}"
        _require(path, len(known), texts, before, since)
    else:
        known = _human_path(human, detector, texts, before, workers)
        source = str(human)
    asked = np.flatnonzero(parts.measurable)
    drawn = draw(scored.digests[asked], sample, seed)
    places = asked[drawn.places]
    ai_scores = _ai_scores(detector)
    found = estimate_contamination(
        Counts(len(texts), len(asked), parts.reasons, int(before.sum())),
        scored.scores[places],
        {source: known.scores},
        ai_scores,
        own=source if human is None else None,
        seed=seed,
        level=level,
        upper_level=upper_level,
    )
    moment = 0 if since is None else _midnight(since)
    return FolderAudit(
        path=path,
        human_path=human,
        since=since,
        found=found,
        drawn=drawn,
        seed=seed,
        calibration=f"sha256:{_root(known).hex()}",
        human=len(known),
        dated_by=_dated_by(texts, before, since),
        repeated=int((before & (texts.latest >= moment)).sum()),
        periods=by_period(scored.scores[asked], texts.at[asked], np.sort(known.scores), ai_scores),
        inputs=texts.inputs,
        rejected=texts.rejected,
        first_reject=texts.first_reject,
        skipped=texts.skipped,
        detector=detector.label,
    )


def _ai_scores(detector: Core) -> npt.NDArray[np.float64]:
    """Of the AI documents that the detector brings along and that are long enough."""
    rows = detector.synthetic()
    assert rows is not None  # ours does
    return rows.sample.scores[rows.words >= PREVALENCE_WORDS]


def _known(scored: Scored, chosen: Mask) -> Scored:
    """The chosen documents that are long enough to calibrate on."""
    return scored.take(chosen & scored.measurable & (scored.words >= PREVALENCE_WORDS))


def _human_path(
    human: Path, detector: Core, texts: FolderTexts, before: Mask, workers: Workers
) -> Scored:
    """The known human documents of another path. Raises InputError where some are measured too."""
    read = read_folder(
        human,
        classifying(detector.model),
        description=describe_folder(human),
        workers=workers,
    ).scored
    shared = read.digests[find_digests(read.digests, texts.scored.digests[~before]) >= 0]
    if len(shared):
        named = ", ".join(f"sha256:{row.tobytes().hex()}" for row in shared[:3])
        raise InputError(
            f"{printable(human)}: found {len(shared):,} documents that are to be measured too, "
            f"such as {named}; expected none",
            hint="--human names text that is known to be human, apart from what is measured",
        )
    known = _known(read, ~detector.trained_on(read.digests))
    if len(known) < LEAST_SOURCE:
        raise InputError(
            f"{printable(human)}: found {len(known):,} documents of {PREVALENCE_WORDS} words or "
            f"more, expected at least {LEAST_SOURCE}",
            hint="name more known human text, of the kind that is measured",
        )
    return known


def _require(path: Path, found: int, texts: FolderTexts, before: Mask, since: date) -> None:
    """Raise InputError where a folder's older documents are too few to calibrate on."""
    if found >= LEAST_SOURCE:
        return
    weak = int((texts.by >= DatedBy.FILE_TIME).sum())
    said, hint = "", "--human PATH names known human text of the same kind"
    if weak:
        said = f" ({weak:,} of {len(texts):,} documents have no date but their file's)"
        hint += '; or map a date column in a dataset.toml there: columns = {claimed_at = "…"}'
    raise InputError(
        f"{printable(path)}: found {found:,} documents of {PREVALENCE_WORDS} words or more from "
        f"before {since.isoformat()}{said}, expected at least {LEAST_SOURCE}",
        hint=hint,
    )


def _dated_by(
    texts: FolderTexts, before: Mask, since: date | None
) -> dict[str, Mapping[DatedBy, int]]:
    if since is None:
        return {"": _counted(texts.by)}
    return {
        name: _counted(texts.by[mask]) for name, mask in (("before", before), ("after", ~before))
    }


def _counted(by: npt.NDArray[np.int8]) -> Mapping[DatedBy, int]:
    return {DatedBy(one): count for one, count in Counter(by.tolist()).items()}


def _root(known: Scored) -> bytes:
    flat = known.digests.tobytes()
    return content_root([flat[place : place + 32] for place in range(0, len(flat), 32)])


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
