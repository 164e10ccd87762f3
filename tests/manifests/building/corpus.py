"""A small ledger to build manifests from: diaries, a wiki, own synthetic text; its keys."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq

from ledger.corpus.ingest import ingest
from ledger.log.canonical import Entry, format_entry
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.verify import verify_log
from ledger.manifests.building.build import Built, build
from ledger.manifests.mix.mix import Mix
from ledger.manifests.mix.parse import parse_mix
from ledger.manifests.shards import parse_shards
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.provenance.policy import load_policy
from tests.log.making import evidence

CLOCK = 1_790_000_000
OLD = 1_600_000_000  # September 2020

HEAD = """
name = "tiny"
version = 1
stage = "pretrain"
seed = 7
"""


def row(text: str, topic: str = "life", language: str = "en") -> dict[str, str]:
    """A line of a JSONL input."""
    return {"text": text, "topic": topic, "lang": language}


DIARY = [row(f"diary page {n} " + "of a day " * (n % 5)) for n in range(60)]
WIKI = [row(f"wiki page {n}", "facts", "de" if n % 3 else "en") for n in range(40)]
MODEL = [row(f"model page {n}", "facts") for n in range(30)]
TOML = """
name = "{name}"
version = "1"
channel = "{channel}"
language = "none"
[columns]
language = "lang"
"""


@dataclass
class Corpus:
    """A ledger that knows diary@1 (dated 2020 by checked evidence), wiki@1 and model@1."""

    place: Path
    location: str
    ring: KeyRing
    texts: dict[str, str] = field(default_factory=dict)  # of every document, by hex digest

    @contextmanager
    def open(self, *, write: bool = False) -> Iterator[Log]:
        with open_ledger(self.location, write=write, keys=self.ring, clock=lambda: CLOCK) as log:
            yield log

    def add(self, name: str, files: Sequence[Sequence[dict[str, str]]], channel: str) -> None:
        """Read a dataset `name`@1 of some JSONL files, beside those it has."""
        folder = self.place / name
        folder.mkdir(parents=True, exist_ok=True)
        described = folder / "dataset.toml"
        described.write_text(TOML.format(name=name, channel=channel))
        paths = []
        for number, rows in enumerate(files, len([*folder.glob("*.jsonl")])):
            path = folder / f"{number}.jsonl"
            path.write_text("".join(json.dumps(item) + "\n" for item in rows))
            paths.append(path)
            self.texts |= {sha256(r["text"].encode()).hexdigest(): r["text"] for r in rows}
        with self.open(write=True) as log:
            ingest(log, paths, describe_with=described)

    def say(self, *entries: Entry) -> None:
        with self.open(write=True) as log:
            log.append([format_entry(entry) for entry in entries])

    def date(self, name: str, when: int = OLD) -> None:
        """Checked evidence for every input of a dataset."""
        for path in sorted((self.place / name).glob("*.jsonl")):
            digest = sha256(path.read_bytes()).hexdigest()
            self.say(evidence(f"sha256:{digest}", when))

    def build(self, text: str, out: Path, **options: object) -> Built:
        """Build the mix of this TOML, below HEAD."""
        with self.open(write=True) as log:
            return build(log, mix_of(text), out, load_policy(), **options)  # type: ignore[arg-type]

    def verify(self) -> None:
        with self.open() as log:
            assert verify_log(log).trusted


def mix_of(text: str) -> Mix:
    return parse_mix((text if "name =" in text.split("[")[0] else HEAD + text).encode(), "mix.toml")


def make_corpus(place: Path, *, shuffle: int | None = None, files: int = 1) -> Corpus:
    """The same documents, in another order and other files if so asked."""
    place.mkdir(parents=True, exist_ok=True)
    ring = KeyRing(place / "config")
    corpus = Corpus(place, str(place / "ledger.db"), ring)
    create_ledger(corpus.location, log_name="example.org/mixes", keys=ring)
    sets = [
        ("diary", DIARY, "user_data"),
        ("wiki", WIKI, "crawled"),
        ("model", MODEL, "own_synthetic"),
    ]
    rng = random.Random(shuffle)
    if shuffle is not None:
        rng.shuffle(sets)
    for name, rows, channel in sets:
        held = list(rows)
        if shuffle is not None:
            rng.shuffle(held)
        corpus.add(name, [held[number::files] for number in range(files)], channel)
    corpus.date("diary")
    return corpus


def rows_of(folder: Path) -> list[dict[str, object]]:
    """Every row of a manifest's folder, in order."""
    parts = parse_shards((folder / "shards.json").read_bytes(), "shards")
    return [item for part in parts.rows for item in pq.read_table(folder / part.file).to_pylist()]
