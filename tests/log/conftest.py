"""Fixtures of the log's tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.log.making import Ledger, new_ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A new ledger: two entries, its keys in a folder of its own."""
    return new_ledger(tmp_path / "ledger")


@pytest.fixture(scope="session")
def drill() -> Iterator[Callable[..., dict[str, Any]]]:
    """Hand a job to a process that lets children die; see drill.py."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.log.drill"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None

    def run(ledger: Ledger, what: str, **job: Any) -> dict[str, Any]:
        job |= {"ledger": ledger.location, "config": str(ledger.ring.folder), "what": what}
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())  # type: ignore[no-any-return]

    yield run
    process.stdin.close()
    process.wait(30)
    process.stdout.close()
