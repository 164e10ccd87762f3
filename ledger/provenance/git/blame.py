"""`git blame`: who wrote which line of a file, as far as anybody said; the rest is unknown.

What was said of exactly these bytes comes first. A line that it leaves open is followed to the
commit that added it, and what was said of the file as that commit left it decides there: the same
lines of an older text. Bytes of tags that moved since are found by their digests.
"""

import os
import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InputError, printable
from ledger.log.log import Log
from ledger.provenance.git.added import unquote
from ledger.provenance.git.facts import Noted
from ledger.provenance.git.lines import Lines, Owners, line_ends, lines_of
from ledger.provenance.git.objects import MOST, Objects, open_objects
from ledger.provenance.git.run import find_repository, run_git
from ledger.provenance.git.speaking import Speaker, Speaking

__all__ = ["Blamed", "Part", "blame_file"]

_HEAD = re.compile(rb"([0-9a-f]{40,64}) (\d+) (\d+) (\d+)")


@dataclass(frozen=True)
class Part:
    """Consecutive lines of one origin. `said` None: unknown. `others` claim the same, or else.

    `start` and `end` are bytes of the file. `commit` is the one that added the lines, where the
    claim is about the file as it was then.
    """

    lines: Lines
    start: int
    end: int
    said: Speaking | None
    commit: str | None = None
    others: tuple[int, ...] = ()


@dataclass(frozen=True)
class Blamed:
    """A file's parts, in order. `withheld`: claims whose spans the vault does not hold."""

    path: str
    parts: list[Part]
    withheld: tuple[int, ...]


def blame_file(log: Log, path: Path) -> Blamed:
    """Who wrote which line of a file in a working tree.

    Raises InputError for what is no file, is over 64 MiB or lies in no repository.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
    except OSError as error:
        raise InputError(
            f"{printable(path)}: {(error.strerror or 'unreadable').lower()}"
        ) from error
    if len(content) > MOST:
        raise InputError(f"{printable(path)}: over {MOST >> 20} MiB, expected less")
    repository = find_repository(path.absolute().parent)
    speaker, ends = Speaker(log), line_ends(content)
    about = speaker.of(content)
    places = [_Place(2, said, None, lines_of(ends, said.ranges or ())) for said in about]
    tracked = run_git(
        repository.folder, ["ls-files", "-z", "--error-unmatch", "--", path.name], ok=(0, 1)
    )
    with open_objects(repository.folder) as objects:
        if tracked:
            name = tracked.split(b"\0")[0]
            prefix = run_git(repository.folder, ["rev-parse", "--show-prefix"]).rstrip(b"\n")
            for older in Noted(repository, ()).of_path(prefix + name):
                places += _moved(objects, speaker, older, content, ends)
            places += _added_by(objects, speaker, repository.folder, path.name)
    withheld = tuple(said.index for said in about if said.ranges is None)
    return Blamed(str(path), _parts(sorted(places, key=_strength), ends), withheld)


@dataclass(frozen=True)
class _Place:
    """A claim and the lines of the file it speaks of; `nearness` 2: of these very bytes, 1: of the
    file when the lines were committed, 0: of another text from which they came.
    """

    nearness: int
    said: Speaking
    commit: str | None
    lines: list[Lines]


def _strength(place: _Place) -> tuple[bool, bool, int, int]:
    """Who has the last word stands last: a hint or an AX says nothing against a plain claim."""
    said = place.said
    return said.assistance != "AX", said.weight is None, place.nearness, said.index


def _parts(places: list[_Place], ends: list[int]) -> list[Part]:
    owners = Owners(len(ends))
    for number, place in enumerate(places):
        owners.give(number, place.lines)
    runs = owners.runs()
    firsts = [lines[0] for _, lines in runs]
    speaking: list[set[int]] = [set() for _ in runs]
    for place in places:
        for first, last in place.lines:
            for run in range(bisect_right(firsts, first) - 1, bisect_right(firsts, last)):
                speaking[run].add(place.said.index)
    parts = []
    for (owner, (first, last)), indices in zip(runs, speaking, strict=True):
        start, end = (ends[first - 2] if first > 1 else 0), ends[last - 1]
        if owner is None:
            parts.append(Part((first, last), start, end, None))
            continue
        place = places[owner]
        others = tuple(sorted(indices - {place.said.index}))
        parts.append(Part((first, last), start, end, place.said, place.commit, others))
    return parts


def _moved(
    objects: Objects, speaker: Speaker, blob: str, content: bytes, ends: list[int]
) -> list[_Place]:
    """Claims about an older text of the file, where their bytes stand now."""
    held = objects.read(blob.encode())
    if held is None or held.data is None:
        return []
    return [
        _Place(0, said, None, lines_of(ends, said.ranges or ()))
        for said in speaker.again(content, held.data)
    ]


def _added_by(objects: Objects, speaker: Speaker, folder: Path, name: str) -> list[_Place]:
    """What was said of the file's lines when they were committed, by their places now."""
    groups: dict[tuple[str, bytes], list[tuple[int, int]]] = {}
    commit, then, now, count = "", 0, 0, 0
    for line in run_git(folder, ["blame", "--incremental", "--no-textconv", "--", name]).split(
        b"\n"
    ):
        if (head := _HEAD.fullmatch(line)) is not None:
            commit, (then, now, count) = head[1].decode(), map(int, head.groups()[1:])
        elif line.startswith(b"filename ") and commit.strip("0"):  # zeros: not committed yet
            pairs = groups.setdefault((commit, unquote(line[9:])), [])
            pairs += zip(range(then, then + count), range(now, now + count), strict=True)
    found = []
    for (commit, path), pairs in groups.items():
        if b"\n" in path:  # a line break ends a question to cat-file
            named = b"%s:%s" % (commit.encode(), path)
            blob = objects.read(run_git(folder, ["rev-parse", os.fsdecode(named)]).strip())
        else:
            blob = objects.blob_at(commit, path.decode("utf-8", "surrogateescape"))
        if blob is None or blob.data is None:
            continue
        ends = line_ends(blob.data)
        for claim in speaker.of(blob.data):
            lines = lines_of(ends, claim.ranges or ())
            spoken = [first for first, _ in lines]
            here: list[Lines] = []
            for then, now in sorted(pairs, key=lambda pair: pair[1]):
                place = bisect_right(spoken, then) - 1
                if place < 0 or then > lines[place][1]:
                    continue
                if here and here[-1][1] == now - 1:
                    here[-1] = here[-1][0], now
                else:
                    here.append((now, now))
            if here:
                found.append(_Place(1, claim, commit, here))
    return found
