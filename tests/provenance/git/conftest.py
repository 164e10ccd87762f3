"""A repository for each test, and this process as isolated as its commands."""

from pathlib import Path

import pytest

from tests.provenance.git.scratch import Scratch, isolated, scratch


@pytest.fixture
def repo(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    made = scratch(own_place / "repo")
    for name, value in isolated(own_place).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made.path)
    return made
