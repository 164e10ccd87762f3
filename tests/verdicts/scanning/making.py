"""What calibrations and scans need in tests: a detector that reads its score off the text."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from ledger.corpus.ingest import ingest
from ledger.log.canonical import format_entry
from ledger.log.log import Log
from ledger.log.verify import verify_log
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.verdicts.batches.tokens import Tokenizer
from ledger.verdicts.calibration import find, listing, make
from ledger.verdicts.core.model import Model, Training
from ledger.verdicts.scanning import detectors, mapping, scan
from tests.log.making import evidence

NOW = 1_790_000_000
OLD = int(datetime(2020, 9, 13, tzinfo=UTC).timestamp())
DATASET = "crawl@1"
PROOF = b'{"upload_time": "2020-09-13T00:00:00Z"}'

_PROSE = (
    "the a of and to in that it was for on with as at by from they we had not but one all "
    "house river letter garden window morning teacher market story winter harbour lantern "
    "bridge kitchen evening village painter orchard journey neighbour silence answer mountain"
)
_WORDS = _PROSE.split()


def text(score: float, seed: int, words: int = 160) -> str:
    """English prose that the detector below gives this score."""
    drawn = np.random.default_rng([7, seed]).choice(_WORDS, words - 2)
    return f"{' '.join(drawn.tolist())} ends mark{round(score * 1000):+d}."


def draw(count: int, mean: float, seed: int = 0) -> list[str]:
    """Texts with normal scores."""
    scores = np.random.default_rng([3, seed]).normal(mean, 1.0, count)
    return [text(score, 1000 * seed + number) for number, score in enumerate(scores.tolist())]


HUMAN, AI = -2.0, 3.0
FEW = [text(9.0 + place, 900_000 + place) for place in range(3)]
"""Texts that trained the detector."""


def fake_model(seed: int = 0) -> Model:
    """A detector with 303 AI samples of its own, some too short, and human text."""
    rng = np.random.default_rng([5, seed])
    names = [*FEW, *(f"row {number}" for number in range(330))]
    digests = sorted(sha256(name.encode()).digest() for name in names)
    count = len(digests)
    none = np.zeros(count, np.uint8)
    human, short = np.arange(count) < 20, np.arange(count) >= count - 10
    training = Training(
        sha256=np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32),
        label=np.where(human, 0, 1).astype(np.int8),
        words=np.where(short, 99, 160),
        score=rng.normal(AI, 1.0, count),
        domain=none,
        generator=none,
        source=none,
        pair_group=np.arange(count, dtype=np.uint64),
        domains=("d",),
        generators=("g",),
        sources=("s",),
    )
    digest = f"sha256:{sha256(b'weights %d' % seed).hexdigest()}"
    weights = np.zeros(1)
    return Model("headwater-core", "1", digest, 0.5, {}, training, *[weights] * 4)


def fake_score(model: Model, texts: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    found = [re.search(r"mark([+-]\d+)\.$", value) for value in texts.to_pylist()]
    return np.array([0.0 if item is None else int(item[1]) / 1000 + 0.0001 for item in found])


def fake_bands(sources: Mapping[str, Iterable[str]], tokenizer: Tokenizer) -> bytes:
    """As much a function of the texts as bands are, and quicker."""
    digests = {name: sha256("\0".join(texts).encode()).hexdigest()
               for name, texts in sources.items()}  # fmt: skip
    return json.dumps([tokenizer.identity, digests], sort_keys=True).encode()


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> Model:
    """Installs the detector in place of the shipped one, in this process."""
    model = fake_model()
    use(monkeypatch, model)
    return model


def use(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    """Make a detector the shipped one."""
    for module in (mapping, detectors, find, listing, scan):
        monkeypatch.setattr(module, "shipped", lambda: model)
    monkeypatch.setattr(mapping, "score", fake_score)
    monkeypatch.setattr(make, "make_bands", fake_bands)


def add(
    log: Log,
    dataset: str,
    rows: Sequence[str | Mapping[str, str]],
    *,
    dated: bool = False,
    channel: str = "crawled",
) -> None:
    """Read texts into a dataset, as one more file of it; `dated` by checked evidence of 2020."""
    folder = Path(dataset.partition("@")[0])
    folder.mkdir(exist_ok=True)
    (folder / "dataset.toml").write_text(
        f'license = "CC0-1.0"\nchannel = "{channel}"\nlanguage = "en"\n'
    )
    path = folder / f"{len(list(folder.iterdir()))}.jsonl"
    lines = [{"text": row} if isinstance(row, str) else dict(row) for row in rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    ingest(log, [path], dataset=dataset)
    if dated:
        said = evidence(f"sha256:{sha256(path.read_bytes()).hexdigest()}", OLD)
        body = {**said.body, "proof": f"sha256:{sha256(PROOF).hexdigest()}"}
        log.append([format_entry(replace(said, body=body))], attachments=[PROOF])


class Clock:
    """A clock that a test turns on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@contextmanager
def ledger(clock: Clock | None = None) -> Iterator[Log]:
    """An empty ledger in this folder; verified again at the end."""
    create_ledger("h.db", log_name="example.org/corpus")
    with open_ledger("h.db", write=True, clock=clock or Clock()) as log:
        yield log
        verify_log(log)
