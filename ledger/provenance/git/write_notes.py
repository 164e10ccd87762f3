"""Notes written in one `git fast-import`, which knows how refs/notes/ai is laid out."""

from collections.abc import Mapping
from pathlib import Path

from ledger.provenance.git.commits import NOTES
from ledger.provenance.git.run import run_git

__all__ = ["write_notes"]

_WHO = b"headwater <headwater@localhost.invalid>"


def write_notes(
    folder: Path, notes: Mapping[str, bytes | None], at: int, *, ref: str = NOTES
) -> None:
    """Set the note of each commit, or remove it where it is None, as one commit of `ref` dated
    `at` (Unix time), so that the same notes over the same history are the same commit.

    Raises InputError with git's words where it refuses, such as for a ref that moved meanwhile.
    """
    there = run_git(folder, ["rev-parse", "--verify", "--quiet", ref], ok=(0, 1)).strip()
    lines = [
        b"commit " + ref.encode(),
        b"committer %s %d +0000" % (_WHO, at),
        b"data 27\nnotes: written by headwater",
    ]
    if there:
        lines.append(b"from " + there)
    for commit, note in sorted(notes.items()):
        if note is None:
            lines.append(b"N %s %s" % (b"0" * len(commit), commit.encode()))
        else:
            lines += [b"N inline " + commit.encode(), b"data %d" % len(note), note]
    lines.append(b"done\n")
    run_git(
        folder, ["fast-import", "--quiet", "--done", "--date-format=raw"], given=b"\n".join(lines)
    )
