"""False-alarm records: a mark looked for in a sealed reserve, whose text cannot bear it.

A p-value is right on average over keys. For one fixed key common passages recur in many documents,
so its false alarms come in bursts; how many there were in dated text is measured, recorded beside
the mark and quoted with its detections. N, and how many documents reached each level, are said; no
document is named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from ledger.claims import Calibration
from ledger.engines import Workers, run
from ledger.errors import DocumentMismatchError, InputError, printable
from ledger.log.canonical import Entry, encode
from ledger.log.log import Log
from ledger.log.record import Claim, live, record
from ledger.provenance.overlap import cache_folder, sidecar_folder
from ledger.reserves.texts import reserve_texts
from ledger.watermarks.scanning.claims import DETECTOR
from ledger.watermarks.scanning.decide import results_of
from ledger.watermarks.scanning.mapping import TokenSource, detecting
from ledger.watermarks.scanning.sample import common_grams, survey, take_sample
from ledger.watermarks.scanning.targets import ScanTarget
from ledger.watermarks.tokenization import Tokenizer, token_scan, tokenize

__all__ = ["LEVELS", "Calibrated", "Record", "calibrate", "newest_calibration", "reserve_texts"]

LEVELS = (2, 3, 4, 5, 6)
"""-log10 of the levels that exceedances are counted at."""

STOP_GRAMS = 1_000
STOP_FORMAT = "headwater stop grams v1"
_GRAM = 2  # tokens: the shortest that a common phrase recurs by

Progress = Callable[[str, int, int, int], None]


@dataclass(frozen=True)
class Record:
    """One recorded false-alarm record of a mark, as its claim says it."""

    claim_id: str
    index: int
    body: Calibration

    @property
    def words(self) -> str:
        """In a sentence, for whoever reads a detection."""
        body = self.body
        return (
            f"of {body.documents:,} documents of {printable(body.reserve)}, {body.tested:,} of "
            f"them long enough to test, {body.at_3:,} came to p at or below 1e-3, "
            f"{body.at_6:,} to 1e-6"
        )


@dataclass(frozen=True)
class Calibrated:
    """A false-alarm record just made; `new` is False if it already stood."""

    target: ScanTarget
    body: Calibration
    entry: int
    claim_id: str
    new: bool


def calibrate(
    log: Log,
    target: ScanTarget,
    tokenizer: Tokenizer,
    reserve: str,
    *,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> Calibrated:
    """Look for one mark in every document of a sealed reserve, and record how often it was found.

    `reserve` is the folder of a seal, or NAME[@VERSION] of one that the ledger recorded; its texts
    are then read in the datasets it was sealed from. Raises InputError for another tokenizer than
    the mark's, and what reading the reserve and recording raise.
    """
    if tokenizer.definition != target.tokenizer:
        raise InputError(
            f"mark {target.name}: found tokenizer {tokenizer.definition}, "
            f"expected {target.tokenizer}",
            hint="--tokenizer FILE takes the tokenizer.json of the model that bears the mark",
        )
    texts = reserve_texts(log, reserve, roots)
    folder = cache_folder() if Path(reserve).is_dir() else sidecar_folder(log.location)
    phase = (lambda what: None) if progress is None else (lambda what: partial(progress, what))
    sidecars = tokenize(
        tokenizer, texts.sources, folder, workers=workers, progress=phase("tokenizing")
    )
    corpus = survey(sidecars, texts.members)
    if len(corpus.digests) != texts.documents:
        raise DocumentMismatchError(
            f"{texts.name}: {len(corpus.digests):,} documents found, expected {texts.documents:,}",
            hint="its inputs were changed, or are read in another way than they were",
        )
    mark = target.open()
    least = int(mark.null.minimum(float(np.log(1e-2))))
    made = token_scan(tokenizer, folder).digest
    results = run(
        detecting([target], [least], np.zeros(0, np.uint32)),
        [TokenSource(sidecar, made) for sidecar in sidecars],
        folder,
        workers=workers,
        progress=phase("looking for the mark"),
    )
    counted, micro = results_of(corpus, results)
    at = [int((micro >= level * 1_000_000).sum()) for level in LEVELS]
    stop = _stop_grams(common_grams(take_sample(sidecars, corpus), _GRAM, STOP_GRAMS))
    body = Calibration(
        mark=target.subject,
        state=target.state,
        detector=DETECTOR,
        reserve=texts.name.removeprefix("reserve:"),
        reserve_root=f"sha256:{texts.root.hex()}",
        documents=texts.documents,
        tested=int((counted >= least).sum()),
        at_2=at[0],
        at_3=at[1],
        at_4=at[2],
        at_5=at[3],
        at_6=at[4],
        tokenizer=target.tokenizer,
        stop_grams=f"sha256:{sha256(stop).hexdigest()}",
    )
    claim = Claim("calibration", target.subject, body)
    (recorded,) = record(log, [claim], attachments=[stop])
    return Calibrated(target, body, recorded.index, recorded.claim_id, recorded.new)


def newest_calibration(log: Log, mark: str) -> Record | None:
    """The false-alarm record of a mark that was recorded last; None if there is none."""
    about = live([(index, log.entry(index)) for index in log.find(mark)])
    found = [(index, entry) for index, entry in about if _is_record(entry, mark)]
    if not found:
        return None
    index, entry = found[-1]
    return Record(entry.claim_id, index, Calibration.model_validate(entry.body))


def _is_record(entry: Entry, mark: str) -> bool:
    return entry.kind == "calibration" and entry.body.get("mark") == mark


def _stop_grams(grams: Sequence[tuple[tuple[int, ...], int]]) -> bytes:
    return encode(
        {
            "format": STOP_FORMAT,
            "grams": [{"documents": documents, "ids": list(ids)} for ids, documents in grams],
        }
    )
