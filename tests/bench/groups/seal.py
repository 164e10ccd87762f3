"""A seal of as many passages as WikiText-103 has, and its verify, as the commands do them.

The peer's figures are Attestrum's own for WikiText-103 (824,850 passages): 94 minutes, 2.5 GB of
memory, 3.2 GB on disk, for its seal. They are published, not measured here, and of another machine,
so a ratio says no more than an order of magnitude. Ours counts the seal together with its verify,
which hashes every text again; memory is of all processes at their worst moment, pages that they
share counted for each.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.corpus.ingest import ingest
from ledger.log.keys import KeyRing
from ledger.provenance.opening import create_ledger
from tests.bench.bench import FULL, Bench
from tests.bench.passages import HUMAN, write_passages
from tests.bench.rows import Row, measured, number
from tests.bench.systems import Ledger
from tests.bench.tree import watch

PASSAGES = 826_000  # some are drawn twice; more than 824,850 are left
FEW = 4_000
PEER = "Attestrum, as published"
PEER_SECONDS, PEER_MEMORY, PEER_DISK = 94 * 60.0, 2.5e9, 3.2e9


def run(bench: Bench) -> Iterator[Row]:
    if not HUMAN.exists():
        print(f"seal: skipped, {HUMAN.name} is not beside this checkout", file=sys.stderr)
        return
    full = bench.sizes.documents >= FULL.documents
    ledger = Ledger(bench.folder())
    ledger.folder.mkdir()
    paths = write_passages(ledger.folder / "in", PASSAGES if full else FEW, 4)
    create_ledger(ledger.location, keys=KeyRing(ledger.config))
    with ledger.open(write=True) as log:
        ingest(log, paths)
    folder = str(ledger.folder / "sealed")
    totals, seal, sealing = _run(ledger, "reserve", "seal", "passages", "-o", folder)
    _, verify, verifying = _run(ledger, "verify", folder)
    documents, size = totals["totals"]["documents"], totals["totals"]["bytes"]
    disk = sum(path.stat().st_size for path in (ledger.folder / "sealed").rglob("*"))
    _unlock(ledger.folder / "sealed")
    notes = f"{number(documents)} passages, {size / 1e6:.0f} MB of text in four .jsonl.gz"
    yield measured("seal", [documents / seal], "docs/s", notes)
    yield measured("verify a seal, ledger at hand", [documents / verify], "docs/s", notes)
    if not full:
        return  # the peer's figures are for as many passages as WikiText-103 has
    told = f"{notes}; seal {seal:.1f} s, verify {verify:.1f} s; peer seals in {PEER_SECONDS:.0f} s"
    yield _against("seal and verify", PEER_SECONDS / (seal + verify), told, 50)
    if most := max(sealing, verifying):
        told = f"seal {sealing / 1e6:.0f} MB, verify {verifying / 1e6:.0f} MB; peer 2,500 MB"
        yield _against("memory, all processes", PEER_MEMORY / most, told, 3)
    told = f"{disk / 1e6:.0f} MB; peer 3,200 MB"
    yield _against("size on disk", PEER_DISK / disk, told)


def _unlock(folder: Path) -> None:
    """Let whoever cleans up remove a sealed folder."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)


def _against(name: str, ratio: float, notes: str, at_least: float | None = None) -> Row:
    return Row(name, ratio, ratio, ratio, PEER, "×", f"1 run; {notes}", at_least=at_least)


def _run(ledger: Ledger, *command: str) -> tuple[Any, float, int]:
    """(what a command said, its seconds, the most memory of all its processes in bytes)."""
    said = ledger.folder / f"{command[0]}.json"
    began = time.perf_counter()
    with open(said, "w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ledger", "--json", "--ledger", ledger.location, *command],
            env={**os.environ, "HEADWATER_CONFIG": str(ledger.config)},
            stdout=output,
            text=True,
        )
        most = watch(process)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}")
    return json.loads(said.read_text()), seconds, most
