"""The lines that commits added, from one `git diff-tree`, read as it comes."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from ledger.errors import InputError
from ledger.provenance.git.run import quiet

__all__ = ["Added", "added_lines", "unquote"]

Lines = tuple[int, int]  # first, last: from 1, both included

_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\n")
_INDEX = re.compile(rb"index [0-9a-f]+\.\.([0-9a-f]+)[ \n]")
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abfnrtv"\\])')
_PLAIN = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92}
_PIECE = 1 << 20  # bytes of a line that are held at once


@dataclass(frozen=True)
class Added:
    """A file that a commit added or changed: its path and blob, and the lines that are new in it.

    `path` is empty for what git calls binary and for an empty file, `lines` is empty also where
    the commit only took lines away.
    """

    commit: str
    path: bytes
    blob: str
    lines: tuple[Lines, ...]
    binary: bool = False


def added_lines(folder: Path, commits: Iterable[str]) -> Iterator[list[Added]]:
    """For each commit, against its only parent, the files with new content; [] for a merge.

    A commit that changed nothing is left out. Raises InputError where git fails.
    """
    command = [
        "git", "-C", str(folder), "-c", "core.quotePath=true", "diff-tree",
        "--stdin", "-r", "--root", "--patch", "--unified=0",
        "--full-index", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv",
        "--diff-filter=AM", "--ignore-submodules", "--inter-hunk-context=0",
        "--diff-algorithm=myers", "--src-prefix=a/", "--dst-prefix=b/",
    ]  # fmt: skip
    with TemporaryFile() as asked:
        asked.write("".join(f"{commit}\n" for commit in commits).encode())
        asked.seek(0)
        with subprocess.Popen(
            command,
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=quiet(),
        ) as process:
            assert process.stdout is not None
            try:
                yield from _commits(process.stdout)
            except BaseException:
                process.terminate()
                raise
    if process.returncode:
        raise InputError("git diff-tree failed", hint="git fsck")


def _commits(said: IO[bytes]) -> Iterator[list[Added]]:
    commit, blob, path, binary = "", "", b"", False
    lines: list[Lines] = []
    files: list[Added] = []

    def close() -> None:
        if blob:
            files.append(Added(commit, path, blob, tuple(lines), binary))

    while line := said.readline(_PIECE):
        if _COMMIT.fullmatch(line):
            close()
            if files:
                yield files
            commit, blob, path, binary = line.decode().strip(), "", b"", False
            lines, files = [], []
        elif line.startswith(b"diff --git "):
            close()
            blob, path, binary, lines = "", b"", False, []
            _rest(said, line)
        elif line.startswith((b"+++ b/", b'+++ "b/')):
            path = unquote(line[4:].rstrip(b"\n").removesuffix(b"\t"))[2:]
        elif line.startswith(b"Binary files "):
            binary = True
            _rest(said, line)
        elif (index := _INDEX.match(line)) is not None:
            blob = index[1].decode()
        elif (hunk := _HUNK.match(line)) is not None:
            gone, first, new = int(hunk[1] or 1), int(hunk[2]), int(hunk[3] or 1)
            _rest(said, line)
            _pass(said, gone + new)  # content can look like anything, so it is counted, not read
            if new:
                lines.append((first, first + new - 1))
        else:
            _rest(said, line)
    close()
    if files:
        yield files


def unquote(name: bytes) -> bytes:
    """A path as git prints it, in quotes where it holds what a line cannot."""
    if not (name.startswith(b'"') and name.endswith(b'"') and len(name) > 1):
        return name
    return _ESCAPE.sub(
        lambda found: bytes([_PLAIN.get(found[1]) or int(found[1], 8) & 0xFF]), name[1:-1]
    )


def _rest(said: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = said.readline(_PIECE)


def _pass(said: IO[bytes], count: int) -> None:
    for _ in range(count):
        _rest(said, said.readline(_PIECE))
