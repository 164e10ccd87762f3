"""Reserves sealed for tests by the real seal, small enough to be broken ten thousand times."""

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ledger.corpus.ingest import ingest
from ledger.log.canonical import format_entry
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.reserves.opening.open import verify_reserve
from ledger.reserves.opening.recorded import TrustedKeys
from ledger.reserves.opening.report import Report
from ledger.reserves.sealing.seal import Sealed, seal
from ledger.reserves.selection.rule import make_rule
from tests.log.making import evidence

CLOCK = 1_790_000_000
OLD = int(datetime(2020, 9, 13, tzinfo=UTC).timestamp())
TEXTS = [f"text {number} of some words that were written in the year 2020" for number in range(40)]
PROOF = b'{"upload_time": "2020-09-13T00:00:00Z"}'
LATE = [f"text {number} that its source dates too late" for number in range(3)]


@dataclass(frozen=True)
class Corpus:
    """A ledger that knows notes@1, and its keys."""

    location: str
    ring: KeyRing

    def open(self, *, write: bool = False) -> Log:
        return open_ledger(self.location, write=write, keys=self.ring, clock=lambda: CLOCK)

    @property
    def keys(self) -> TrustedKeys:
        return TrustedKeys(self.ring.verifiers("log"), self.ring.verifiers("statement"))

    def seal(self, out: Path, name: str = "old", **rule: object) -> Sealed:
        with self.open(write=True) as log:
            return seal(log, make_rule(log, name, datasets=["notes@1"], **rule), out)

    def verify(self, folder: Path) -> Report:
        """Verify with the ledger at hand."""
        with self.open() as log:
            return verify_reserve(folder, self.keys, log)


def make_corpus(place: Path, texts: list[str] | None = None) -> Corpus:
    """Two files: one dated by checked evidence, one by its source, some of that too late."""
    place.mkdir(parents=True, exist_ok=True)
    ring = KeyRing(place / "config")
    location = str(place / "ledger.db")
    create_ledger(location, log_name="example.org/notes", keys=ring)
    notes = place / "notes.jsonl"
    notes.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts or TEXTS))
    dated = place / "dated.jsonl"
    rows = [("An essay of 2021.", "2021-05-01"), *((text, "2023-05-01") for text in LATE)]
    dated.write_text("".join(json.dumps({"text": text, "date": day}) + "\n" for text, day in rows))
    corpus = Corpus(location, ring)
    with corpus.open(write=True) as log:
        ingest(log, [notes, dated], dataset="notes@1")
        subject = f"sha256:{sha256(notes.read_bytes()).hexdigest()}"
        said = evidence(subject, OLD)
        body = {**said.body, "proof": f"sha256:{sha256(PROOF).hexdigest()}"}
        log.append([format_entry(replace(said, body=body))], attachments=[PROOF])
    return corpus


def unlock(folder: Path) -> Path:
    """Make a sealed folder writable, as somebody who tampers would."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def copy(folder: Path, target: Path) -> Path:
    """A writable copy of a sealed folder."""
    shutil.copytree(folder, target)
    return unlock(target)


def scratch() -> Path:
    """A new folder in memory where there is one, else anywhere."""
    shm = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="headwater-", dir=shm if shm.is_dir() else None))
