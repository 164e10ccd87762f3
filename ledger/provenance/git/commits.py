"""Which commits are meant, which notes they have, and what their messages say."""

import re
from pathlib import Path

from ledger.errors import InputError, printable
from ledger.provenance.git.run import run_git

__all__ = ["NOTES", "list_commits", "list_notes", "message_of", "parents_of"]

NOTES = "refs/notes/ai"
_ENCODINGS = re.compile(
    rb"(?i)iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d|euc-(?:jp|kr)|shift_jis|gbk|gb18030|big5"
    rb"|koi8-[ru]"
)


def list_commits(folder: Path, chosen: str | None) -> list[str]:
    """The commits of a range, HEAD's by default, parents before children.

    Raises InputError for a range that git does not know, and where there is no commit yet.
    """
    named = chosen or "HEAD"
    if named.startswith("-") or "\0" in named:
        raise InputError(
            f"range {printable(named)}: found an option, expected commits",
            hint="as git log takes them: v1.0..HEAD, a branch, a commit",
        )
    said = run_git(
        folder, ["rev-list", "--reverse", "--topo-order", "--end-of-options", named, "--"]
    )
    return said.decode().split()


def list_notes(folder: Path, ref: str = NOTES) -> dict[str, str]:
    """Commit -> id of its note's blob."""
    said = run_git(folder, ["notes", f"--ref={ref}", "list"]).decode()
    return {commit: note for note, commit in (line.split() for line in said.splitlines())}


def message_of(commit: bytes) -> bytes:
    """The message of a commit object, in UTF-8 where its encoding is known."""
    head, _, message = commit.partition(b"\n\n")
    for line in head.split(b"\n"):
        if line.startswith(b"encoding ") and _ENCODINGS.fullmatch(line[9:]):
            try:
                return message.decode(line[9:].decode()).encode()
            except (LookupError, UnicodeError):
                return message
    return message


def parents_of(commit: bytes) -> int:
    """How many parents a commit object names."""
    head = commit.partition(b"\n\n")[0]
    return sum(line.startswith(b"parent ") for line in head.split(b"\n"))
