"""AI text of our own, mixed into a corpus: how much of it there is, as measured and in truth.

`written.jsonl` holds texts that a large language model wrote for this project. Some are planted
whole, so the truth is known, and the estimate is printed beside it, whatever it comes to. The
others are the known AI text of the calibration: a share is estimated well only beside samples of
the kind that is looked for, and the detector's own are older and of other models.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ledger.corpus.ingest import ingest
from ledger.demo.corpora import Corpus
from ledger.errors import InputError
from ledger.log.log import Log
from ledger.verdicts.batches.audit import Asked, Report, audit_dataset
from ledger.verdicts.batches.target import write_plot
from ledger.verdicts.calibration.make import Calibrated, calibrate
from ledger.verdicts.contamination.dataset import Audited, audit_contamination
from ledger.verdicts.outcomes import PREVALENCE_WORDS
from ledger.verdicts.text.prose import Why, measure

__all__ = ["CHART", "PLANTED", "SAMPLES", "Share", "add_texts", "measure_share"]

PLANTED = 32
CHART = "batches.svg"
SAMPLES = "written@1"
_TEXTS = "written.jsonl"
_BATCH = 60  # documents, in the order in which they were read


@dataclass(frozen=True)
class Share:
    """A measured share of AI text beside the planted one.

    `planted` documents were added, `measurable` of them long enough; `samples` others are the
    calibration's AI text. `batches` are the dataset's, in the order of reading, and `chart` draws
    them. `why_not` says why nothing was measured; then the others are None.
    """

    planted: int
    measurable: int
    samples: int
    calibrated: Calibrated | None
    audited: Audited | None
    batches: Report | None
    chart: Path | None
    why_not: str | None

    @property
    def truth(self) -> float | None:
        """The planted share of the documents that were measured."""
        if self.audited is None:
            return None
        return self.measurable / self.audited.found.counts.measurable

    @property
    def covered(self) -> bool | None:
        """Whether the interval holds the truth."""
        if self.audited is None or self.truth is None:
            return None
        estimate = self.audited.found.estimate
        return estimate.low <= self.truth <= estimate.high


def add_texts(log: Log, second: Corpus, folder: Path) -> None:
    """Mix texts that a language model wrote into the dataset of `second`; the others of them make
    a dataset of their own. `folder` is new.
    """
    texts = list(_texts())
    _write(folder / "planted" / "model" / "docs", texts[:PLANTED])
    description = folder / "planted.toml"
    description.write_text(second.description.read_text().partition("[[evidence]]")[0])
    ingest(log, [folder / "planted"], describe_with=description)
    _write(folder / "samples", texts[PLANTED:])
    name, _, version = SAMPLES.partition("@")
    description = folder / "samples.toml"
    description.write_text(
        f'name = "{name}"\nversion = "{version}"\n'
        'channel = "own_synthetic"\nlicense = "Apache-2.0"\n'
    )
    ingest(log, [folder / "samples"], describe_with=description)


def measure_share(log: Log, dataset: str, reserve: str, folder: Path) -> Share:
    """Calibrate on a sealed reserve and our samples, and estimate how much of a dataset is AI text.

    Below `folder` lie all planted texts, and the samples.
    """
    samples = sorted(folder.glob("*/samples/*.txt"))
    planted = [path for path in sorted(folder.rglob("*.txt")) if path not in samples]
    found = measure([path.read_text(encoding="utf-8") for path in planted], PREVALENCE_WORDS)
    counts = len(planted), int((found.why == Why.OK).sum()), len(samples)
    try:
        calibrated = calibrate(log, "demo", [f"reserve:{reserve}"], synthetic=SAMPLES)
        audited = audit_contamination(log, dataset)
    except InputError as reason:  # a corpus of a few pages, or of none in English
        return Share(*counts, None, None, None, None, str(reason))
    batches = audit_dataset(log, dataset, Asked(batch_documents=_BATCH))
    chart = folder.parent / CHART
    write_plot(chart, batches)
    return Share(*counts, calibrated, audited, batches, chart, None)


def _write(folder: Path, texts: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    for number, text in enumerate(texts, 1):
        (folder / f"written-{number}.txt").write_text(text, encoding="utf-8")


def _texts() -> Iterator[str]:
    lines = files("ledger.demo").joinpath(_TEXTS).read_text(encoding="utf-8").splitlines()
    for line in lines:
        yield json.loads(line)["text"] + "\n"
