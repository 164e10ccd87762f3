"""What the README shows is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from ledger.corpus.document import DOCUMENT, Rejected
from ledger.corpus.readers import DEFAULTS
from tests.test_transcripts import fits

# What differs from run to run: keys, digests and times.
_VARYING = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "{digest}"),
    (re.compile(r"\+[0-9a-f]{8}\b"), "+{key}"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "{time}"),
)


@pytest.fixture
def readme(root: Path) -> str:
    return (root / "README.md").read_text()


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _lines(text: str) -> list[str]:
    for pattern, stands_for in _VARYING:
        text = pattern.sub(stands_for, text)
    return ["..." if line == "…" else line.rstrip() for line in text.splitlines()]


@pytest.fixture
def clone(root: Path, own_place: Path, front: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the clone's fixtures, and `headwater` on PATH."""
    (own_place / "tests").symlink_to(root / "tests", target_is_directory=True)
    programs = own_place.parent / "bin"
    programs.mkdir()
    program = programs / "headwater"
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "from {front}.main import main; main()" "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(root))
    return own_place


def _shell(command: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", command], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), f"$ {command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_first_block_does_something_else(clone: Path, readme: str) -> None:
    (block, *_) = _blocks(readme, "")
    steps = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert steps[0] == "" and len(steps) > 5
    for step in steps[1:]:
        command, _, expected = step.partition("\n")
        found = _shell(command)
        assert fits(_lines(expected), _lines(found), {}), f"$ {command}\n{found}"
    python, *_ = _blocks(readme, "python")
    printed = _shell(f"'{sys.executable}' -c '{python}'")
    assert printed == "6\n"


def test_the_reader_in_the_readme_reads_nothing(readme: str, tmp_path: Path) -> None:
    (source,) = [block for block in _blocks(readme, "python") if "READER" in block]
    scope: dict[str, object] = {}
    exec(source, scope)  # our own README
    path = tmp_path / "letters.par"
    path.write_text("one\ntwo\n\n\n\nthree")
    reader = scope["READER"]
    rejected, table = reader.read(path, DEFAULTS)  # type: ignore[attr-defined]
    assert rejected == Rejected(f"{path}:row 1", "an empty paragraph")
    assert isinstance(table, pa.Table) and table.schema == DOCUMENT
    assert table.column("text").to_pylist() == ["one\ntwo", "three"]
    assert table.column("row").to_pylist() == [0, 2]


def test_a_command_in_the_text_does_not_exist(
    readme: str, clone: Path, front: str, root: Path
) -> None:
    """Commands that the prose names take the arguments that it gives them."""
    named = re.findall(r"^`headwater (\w+ .*?)`\.$", readme, re.MULTILINE)
    assert len(named) == 4
    (clone / "essay.txt").write_text("a text nobody recorded\n")
    _shell("headwater init")
    _shell("headwater ingest tests/fixtures/text --dataset notes@2025")
    _shell("headwater ingest essay.txt --dataset essays@1")
    for command in named:
        assert _shell(f"headwater -q {command}")
