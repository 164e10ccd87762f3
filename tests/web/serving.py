"""A real server of a ledger of its own, and curl to ask it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.verify import verify_log
from ledger.provenance.opening import open_ledger
from tests.conftest import ROOT, _front
from tests.log.making import Ledger, new_ledger

CURL = shutil.which("curl")
needs_server = pytest.mark.skipif(
    CURL is None or find_spec("uvicorn") is None, reason="needs curl, and the extra [web]"
)


@dataclass(frozen=True)
class Asked:
    """What curl got: `headers` in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Served:
    """A running server."""

    folder: Path
    ledger: Ledger
    url: str
    token: str
    process: "subprocess.Popen[bytes]"

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ask(
        self, path: str, *arguments: str, body: bytes | Path | None = None, token: str | None = ""
    ) -> Asked:
        """curl ARGUMENTS URL/PATH, with the token unless another or None is given."""
        shown = self.token if token == "" else token
        heads = self.folder / "heads"
        command = [str(CURL), "-sS", "-m", "60", "-D", str(heads), "--path-as-is"]
        command += [] if shown is None else ["-H", f"X-API-Key: {shown}"]
        data = body.read_bytes() if isinstance(body, Path) else body
        command += [] if body is None else ["--data-binary", "@-"]
        ran = subprocess.run(
            [*command, *arguments, self.url + path], input=data, capture_output=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        last = heads.read_bytes().decode("latin-1").strip().split("\r\n\r\n")[-1].split("\r\n")
        pairs = (line.partition(":") for line in last[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        return Asked(int(last[0].split()[1]), headers, ran.stdout)

    def open(self) -> Log:
        return open_ledger(self.ledger.location, keys=self.ledger.ring)

    @property
    def size(self) -> int:
        with self.open() as log:
            return log.size


@contextmanager
def serving(folder: Path, patch: str = "") -> Iterator[Served]:
    """A server of the ledger in a folder, made if it is not there; verified at the end.

    `patch` is Python that runs before it starts. What it said is checked to hold no token.
    """
    path = folder / "ledger.db"
    ring = KeyRing(folder / "config")
    ledger = Ledger(path, ring) if path.exists() else new_ledger(folder, folder / "config")
    program = f"{patch}\nimport sys\nfrom {_front()}.main import main\nmain()"
    environment = {**os.environ, "HEADWATER_CONFIG": str(ring.folder), "PYTHONPATH": str(ROOT)}
    environment.pop("HEADWATER_TOKEN", None)
    arguments = ["--ledger", ledger.location, "serve", "--tags", "--port", "0"]
    errors = folder / "stderr"
    with errors.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdout=subprocess.PIPE, stderr=stderr, env=environment, cwd=folder,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode().strip()
        assert line.startswith("listening on http://127.0.0.1:"), (line, errors.read_text())
        token = (ring.folder / "serve.token").read_text().strip()
        yield Served(folder, ledger, line.removeprefix("listening on "), token, process)
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
    assert token not in errors.read_text()
    with open_ledger(ledger.location, keys=ring) as log:
        report = verify_log(log)
    assert report.trusted
    assert report.warnings == []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests of a module."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running
