"""A mark of the demo's own: registered, put into drafts, mixed into a corpus, and looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from ledger.corpus.ingest import ingest
from ledger.corpus.texts import text_sources
from ledger.demo.corpora import Corpus
from ledger.demo.drafts import CONTEXT, VOCABULARY, Writer, train_tokenizer
from ledger.log.log import Log
from ledger.provenance.overlap import sidecar_folder
from ledger.watermarks.registry.describe import MarkDescription, describe
from ledger.watermarks.registry.register import register_entry
from ledger.watermarks.registry.states import MarkState, open_marks
from ledger.watermarks.scanning.calibrate import Calibrated, calibrate
from ledger.watermarks.scanning.ready import make_ready
from ledger.watermarks.scanning.scan import Scanned, scan_dataset
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokenization.kept import keep
from ledger.watermarks.tokenization.load import load

__all__ = ["Marked", "add_drafts", "search"]

NAME = "demo.invalid/writer"
_PROVIDER = "demo.invalid/marks"
_KEY = int.from_bytes(sha256(b"headwater demo").digest()[:8], "big")  # so that runs are alike
_DRAFTS = 6  # with the mark, and as many without
_TOKENS = 240  # of a draft
_LEARNT = 800_000  # characters that the model has read


@dataclass(frozen=True)
class Marked:
    """What was looked for and found. `marked` and `unmarked` digest the drafts with and without."""

    state: MarkState
    marked: frozenset[str]
    unmarked: frozenset[str]
    record: Calibrated
    scan: Scanned

    @property
    def caught(self) -> frozenset[str]:
        """The documents in which the mark was found."""
        return frozenset(hit.document for _, hit in self.scan.hits)

    @property
    def exact(self) -> bool:
        """Whether it was found in every draft that bears it, and in nothing else."""
        return self.caught == self.marked


def add_drafts(
    log: Log, first: str, second: Corpus, folder: Path
) -> tuple[frozenset[str], frozenset[str]]:
    """Teach a small model `first`, register a mark for it, and mix drafts of it into `second`.

    Returns the digests of those with the mark, and of those without. `folder` is new.
    """
    texts = _texts(log, first)
    folder.mkdir()
    place = folder / "tokenizer.json"
    tokenizer = train_tokenizer(texts, place)
    keep(load(place), sidecar_folder(log.location))
    mark = _register(log, place)
    writer = Writer(tokenizer, texts)
    drafts = folder / "drafts"
    (drafts / "model" / "docs").mkdir(parents=True)
    rng = np.random.default_rng(_KEY)
    digests: list[frozenset[str]] = []
    for kind, bearing in (("marked", mark), ("unmarked", None)):
        made = [writer.write(_TOKENS, bearing, rng).encode() for _ in range(_DRAFTS)]
        for number, data in enumerate(made, 1):
            (drafts / "model" / "docs" / f"{kind}-{number}.txt").write_bytes(data)
        digests.append(frozenset(f"sha256:{sha256(data).hexdigest()}" for data in made))
    description = folder / "drafts.toml"
    description.write_text(second.description.read_text().partition("[[evidence]]")[0])
    ingest(log, [drafts], describe_with=description)
    return digests[0], digests[1]


def search(
    log: Log, dataset: str, reserve: str, drafts: tuple[frozenset[str], frozenset[str]]
) -> Marked:
    """Calibrate the demo's mark on a sealed reserve, and look for it in a dataset."""
    ready = make_ready(log)
    record = calibrate(log, ready.targets[0], ready.tokenizers[0], reserve)
    ready = make_ready(log)  # whose targets quote the record
    scan = scan_dataset(log, dataset, ready.targets, ready.tokenizers)
    (opened,) = open_marks(log)
    return Marked(opened.state, *drafts, record, scan)


def _texts(log: Log, dataset: str) -> Sequence[str]:
    texts: list[str] = []
    left = _LEARNT
    for source in text_sources(log, dataset):
        for table in source.tables():
            for text in table.column("text").to_pylist():
                texts.append(text[:left])
                left -= len(texts[-1])
                if left <= 0:
                    return texts
    return texts


def _register(log: Log, tokenizer: Path) -> Mark:
    """The mark as its decoder sees it. A real key is drawn at random, and stands in no source."""
    log.keys.generate(_PROVIDER, "provider")
    description = MarkDescription(
        name=NAME,
        version="1",
        provider=_PROVIDER,
        algorithm="gumbel-philox/single@1",
        vocab_size=VOCABULARY,
        key_class="committed",
        parameters={"context_width": CONTEXT},
        key={"key": _KEY},
        tokenizer=tokenizer,
        model="the demo's trigrams",
    )
    made = describe(description, log.keys, now=log.clock())
    register_entry(log, made.file, key=made.envelope)
    (opened,) = open_marks(log, [NAME])
    return opened.mark
