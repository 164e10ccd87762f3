"""Trailers of commits as tags of the lines that they added.

A trailer speaks of a commit. Of the texts in it, it is plain only where there is one: in a commit
of several, a person may have written any of them, so the claim has the weight `medium` there and
is a hint. A commit that a finer claim explains, of a note or of a tag, needs no trailer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InputError
from ledger.provenance.conventions import Disclosure, find_convention
from ledger.provenance.git.added import Added, added_lines
from ledger.provenance.git.commits import message_of, parents_of
from ledger.provenance.git.objects import Objects
from ledger.provenance.tags.make import Tag, make_tag
from ledger.provenance.tags.spans import line_ranges

__all__ = ["FromTrailers", "disclosures_of", "tags_of_trailers"]

_LONGEST_MESSAGE = 1 << 20


@dataclass
class FromTrailers:
    """One commit's trailers: its tags, or `explained` by a finer claim; texts that were no text."""

    commit: str
    tags: list[Tag]
    explained: bool = False
    rejected: int = 0


def disclosures_of(objects: Objects, commit: str) -> list[Disclosure]:
    """What the message of a commit discloses; [] for a merge, whose lines other commits added."""
    found = objects.read(commit.encode(), _LONGEST_MESSAGE)
    if found is None or found.data is None or parents_of(found.data) > 1:
        return []
    said = find_convention("trailer").read(message_of(found.data), commit[:12])
    return [one for one in said if one.assistance != "AX"]


def tags_of_trailers(
    folder: Path,
    objects: Objects,
    said: dict[str, list[Disclosure]],
    explained: Callable[[bytes], bool],
) -> Iterator[FromTrailers]:
    """Tags for the commits of `said`. `explained` tells whether a content bears a finer claim."""
    for files in added_lines(folder, said):
        done = FromTrailers(files[0].commit, [])
        texts: list[tuple[Added, bytes]] = []
        for file in files:
            blob = objects.read(file.blob.encode()) if file.path else None
            done.rejected += file.binary
            if blob is not None and blob.data is not None:
                texts.append((file, blob.data))
            elif file.path:
                done.rejected += 1  # over 64 MiB
        done.explained = any(explained(content) for _, content in texts)
        if not done.explained:
            for file, content in texts:
                if not file.lines:
                    continue
                try:
                    done.tags += _tags(file, content, said[file.commit], len(files))
                except InputError:
                    done.rejected += 1  # no UTF-8: there is no document that it could be
        yield done


def _tags(file: Added, content: bytes, said: Sequence[Disclosure], files: int) -> Iterator[Tag]:
    ranges = line_ranges(content, file.lines, file.blob[:12])
    degrees: dict[tuple[str, str | None, str | None, bool | None], None] = {}
    for one in said:
        weight = one.weight or ("medium" if files > 1 else None)
        degrees[one.assistance, one.model, weight, one.reviewed] = None
    for assistance, model, weight, reviewed in degrees:
        yield make_tag(
            content,
            assistance,
            model=model,
            ranges=ranges,
            evidence="imported",
            convention="trailer",
            weight=weight,
            reviewed=reviewed,
        )
