"""Verifying everything, beside the least that anybody must do: two hashes an entry.

The limit hashes the same entries, already in memory: a leaf over each and a node of 65 bytes. The
vault is taken out of the two rows that are promised and has a row of its own. What stays in both
is the database's integrity check over the whole file.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256

from ledger.log.verify import verify_log
from tests.bench.bench import Bench
from tests.bench.rows import Row, measured, paired, size_words
from tests.bench.systems import Ledger
from tests.bench.timing import interleave, seconds_of

LIMIT, LOG_ONLY = "two-hash hashlib loop", "log only"
WHOLE, VAULT = "projection included", "projection and vault"


def run(bench: Bench) -> Iterator[Row]:
    size = bench.sizes.large
    ledger = bench.ledger(size)
    entries = _entries(ledger)
    rates = interleave(
        {
            LIMIT: lambda: len(entries) / seconds_of(lambda: _hash_twice(entries)),
            LOG_ONLY: lambda: _rate(ledger, projections=False, vault=False),
            WHOLE: lambda: _rate(ledger, projections=True, vault=False),
            VAULT: lambda: _rate(ledger, projections=True, vault=True),
        },
        bench.sizes.rounds,
        420.0,
    )
    words = size_words(size)
    for name, at_least in ((LOG_ONLY, 0.6), (WHOLE, 0.35), (VAULT, None)):
        yield paired(f"verify, {name}, {words}", rates, name, LIMIT, at_least=at_least)
    yield measured(
        f"peak memory of verifying, {size_words(bench.sizes.huge)}",
        [_peak(bench.ledger(bench.sizes.huge))],
        "MB",
        "one process that verifies everything, vault included; interpreter and libraries counted",
        at_most=350,
    )


def _entries(ledger: Ledger) -> list[bytes]:
    with ledger.open() as log:
        return [entry for _, chunk in log.store.chunks(0, log.size) for entry in chunk]


def _hash_twice(entries: list[bytes]) -> None:
    leaf = right = bytes(32)
    for entry in entries:
        leaf = sha256(b"\x00" + entry).digest()
        sha256(b"\x01" + leaf + right).digest()


def _rate(ledger: Ledger, *, projections: bool, vault: bool) -> float:
    with ledger.open() as log:
        if not vault and log.vault is not None:
            log.vault.close()
            log.vault = None
        reports = []
        seconds = seconds_of(lambda: reports.append(verify_log(log, projections=projections)))
    report = reports[0]
    if not report.trusted or report.vault.present != vault:
        raise RuntimeError(f"verified something else than was to be measured: {report}")
    return report.size / seconds


def _peak(ledger: Ledger) -> float:
    """Megabytes that a process of its own needs at most to verify a ledger."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.peak", ledger.location],
        env={**os.environ, "HEADWATER_CONFIG": str(ledger.config)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return int(done.stdout) / 1e6
