"""`git commit` with our hooks, beside the same commits without hooks and with two that only exit.

Four repositories take turns, commit by commit, so that a slow moment hits all of them. With
evidence every commit holds a tagged text and gets its trailer; without, the index of tags is there
and none of it is in the commit. Starting a shell is most of what any hook costs.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ledger.provenance.git.install import install
from tests.bench.bench import FULL, Bench
from tests.bench.rows import Row, measured
from tests.bench.timing import seconds_of
from tests.provenance.git.scratch import Scratch, scratch

NONE, EMPTY, EVIDENCE, SILENT = "no hooks", "two empty hooks", "evidence", "no evidence"
_COMMITS, _QUICK = 200, 20
_WARM = 5  # commits before the first that counts
_TAGS = 1_000  # in the index before we begin


def run(bench: Bench) -> Iterator[Row]:
    folder = bench.folder()
    sides = {name: _repository(folder / name.replace(" ", "-"), name) for name in _SIDES}
    count = _COMMITS if bench.sizes == FULL else _QUICK
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(count + _WARM):
        for name, repo in sides.items():
            took = _commit(repo, turn, tagged=name == EVIDENCE)
            if turn >= _WARM:
                times[name].append(took)
    _check(sides, count + _WARM)
    for ours, peer, most in (
        (EVIDENCE, NONE, 4.0), (EVIDENCE, EMPTY, 2.5), (SILENT, NONE, 4.0), (SILENT, EMPTY, 2.5),
    ):  # fmt: skip
        yield _ratio(f"a commit with our hooks, {ours}", times, ours, peer, most)
    yield _ratio("a commit with two empty hooks", times, EMPTY, NONE, None)


_SIDES = (NONE, EMPTY, EVIDENCE, SILENT)


def _repository(path: Path, name: str) -> Scratch:
    repo = scratch(path)
    if name == EMPTY:
        for hook in ("prepare-commit-msg", "post-commit"):
            file = path / ".git" / "hooks" / hook
            file.write_text("#!/bin/sh\nexit 0\n")
            file.chmod(0o755)
    elif name != NONE:
        install(path)
        lines = "".join(f"{number:040x} A3 model {number % 7}\n" for number in range(_TAGS))
        (path / ".git" / "headwater" / "index").write_text(lines)
    return repo


def _commit(repo: Scratch, turn: int, *, tagged: bool) -> float:
    """Seconds of one `git commit`; what leads to it is outside."""
    text = f"text {turn}\n" * 20
    repo.write(f"file-{turn}", text)
    if tagged:
        repo.index(text, "A3", "claude:opus-4")
    repo.git("add", f"file-{turn}")
    command = ["git", "commit", "--quiet", "--message", f"commit {turn}"]
    return seconds_of(
        lambda: subprocess.run(command, cwd=repo.path, env=repo.environment, check=True)
    )


def _check(sides: dict[str, Scratch], count: int) -> None:
    """Every commit is there, and only tagged ones say so: else nothing was measured."""
    for name, repo in sides.items():
        said = repo.git("log", "--format=%(trailers:key=Assisted-by)").split("\n")
        trailers = sum(line == "Assisted-by: claude:opus-4" for line in said)
        assert trailers == (count if name == EVIDENCE else 0), name
        assert int(repo.git("rev-list", "--count", "HEAD")) == count, name


def _ratio(
    name: str, times: dict[str, list[float]], ours: str, peer: str, most: float | None
) -> Row:
    ratios = [a / b for a, b in zip(times[ours], times[peer], strict=True)]
    medians = [sorted(times[side])[len(ratios) // 2] * 1e3 for side in (ours, peer)]
    notes = f"ours {medians[0]:.1f} ms, peer {medians[1]:.1f} ms; {_TAGS:,} tags in the index"
    row = measured(name, ratios, "×", notes.partition("; ")[0] if most is None else notes)
    return replace(row, peer=peer, at_most=most)
