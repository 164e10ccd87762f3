"""What every test stands on: its own config folder and working directory, and the command."""

import io
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

settings.register_profile("headwater", deadline=None)  # no test depends on a machine's speed
settings.load_profile("headwater")


class Ran(NamedTuple):
    """What one command did."""

    code: int
    stdout: str
    stderr: str


def _front() -> str:
    """`ledger.cli` where the package is installed, `cli` in a bare checkout."""
    try:
        import_module("ledger.cli")
    except ModuleNotFoundError:
        return "cli"
    return "ledger.cli"


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's keys, pins, caches or ledger."""
    monkeypatch.setenv("HEADWATER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HEADWATER_LEDGER", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def front() -> str:
    """Import name of the front: `ledger.cli`, or `cli` where nothing is installed."""
    return _front()


@pytest.fixture
def headwater(front: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run `headwater ARGUMENTS…` in this process; a bug's exception comes through."""
    run = import_module(f"{front}.main").run

    def command(*arguments: object) -> Ran:
        stdout, stderr = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
        for stream in (stdout, stderr):
            stream.reconfigure(encoding="utf-8", newline="\n", write_through=True)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stdout)
            patch.setattr(sys, "stderr", stderr)
            code = run([str(argument) for argument in arguments])
        said = [stream.buffer.getvalue().decode() for stream in (stdout, stderr)]
        return Ran(code, *said)

    return command
