"""What the hooks noted: which commit held which tagged blob, and what became of commits."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.errors import InputError
from ledger.provenance.git.added import unquote
from ledger.provenance.git.run import Repository, run_git

__all__ = ["Noted"]

_FACT = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (.+)")
_PAIR = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64})")
_LONGEST = 256 << 20  # bytes of either file that are read
_MOST_OLDER = 64  # texts that one file of one commit is compared with
_MOST_ASKED = 1_000  # commits outside the history that git is asked about


class Noted:
    """Tagged blobs by path, with the commits that held them; commits by what they became.

    `history` are commits, parents before children: those that are spoken of.
    """

    def __init__(self, repository: Repository, history: Sequence[str]) -> None:
        pairs = {
            match[1].decode(): match[2].decode()
            for match in _lines(repository.state / "rewritten", _PAIR)
        }
        self._folder = repository.folder
        self._place = {commit: place for place, commit in enumerate(history)}
        self._tip = history[-1] if history else None
        self._forks: dict[str, int | None] = {}
        self._by_path: dict[bytes, dict[str, list[str]]] = {}
        self._by_commit: dict[str, dict[str, None]] = {}
        for match in _lines(repository.state / "commits", _FACT):
            commit, blob = _end(pairs, match[1].decode()), match[2].decode()
            self._by_path.setdefault(unquote(match[3]), {}).setdefault(blob, []).append(commit)
            self._by_commit.setdefault(commit, {})[blob] = None

    def of_path(self, path: bytes) -> list[str]:
        """Tagged blobs that stood at `path` in any commit; the latest ones, oldest first."""
        return list(self._by_path.get(path, {}))[-_MOST_OLDER:]

    def older(self, commit: str, path: bytes, blob: str) -> list[str]:
        """Tagged blobs that may live on in `path` as `commit` of the history has it.

        Those of commits that were rewritten into it, and those that stood at that path in a commit
        that did not come from this one: what was said later was not said of this text.
        """
        found = [
            older
            for older, commits in self._by_path.get(path, {}).items()
            if any(self._is_free(other, commit) for other in dict.fromkeys(commits))
        ]
        found += [older for older in self._by_commit.get(commit, {}) if older not in found]
        return [older for older in found if older != blob][-_MOST_OLDER:]

    def _is_free(self, other: str, commit: str) -> bool:
        """Whether `other` does not come from `commit`; False where that cannot be told."""
        if other == commit:
            return True
        here = self._place[commit]
        if other in self._place:
            return self._place[other] < here
        if other not in self._forks and len(self._forks) < _MOST_ASKED:
            self._forks[other] = self._fork(other)
        fork = self._forks.get(other)
        return fork is not None and fork < here

    def _fork(self, other: str) -> int | None:
        """The place of the last commit of the history from which `other` comes, -1 for one before
        it; None where git no longer has it.
        """
        if self._tip is None:
            return None
        try:
            said = run_git(self._folder, ["merge-base", "--all", self._tip, other], ok=(0, 1))
        except InputError:
            return None  # collected as garbage since
        return max((self._place.get(base, -1) for base in said.decode().split()), default=-1)


def _end(pairs: dict[str, str], commit: str) -> str:
    for _ in range(len(pairs)):
        if commit not in pairs or pairs[commit] == commit:
            break
        commit = pairs[commit]
    return commit


def _lines(path: Path, form: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """The lines of that form; a torn or foreign one says nothing."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST)
    except (FileNotFoundError, NotADirectoryError):
        return
    for line in data.split(b"\n"):
        if (match := form.fullmatch(line)) is not None:
            yield match
