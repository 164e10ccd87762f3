"""git-ai notes of commits as tags of the files' exact contents: one per file, degree and model.

Line numbers hold for the blob that the commit has at that path, and for no other. Lines of a
session are A3; lines observed typed are A0 of those lines, of the whole only where they are all of
it. What no key covers is said of by nobody. A note carries no time and a claim of it none either,
so the same lines of the same text are one claim, whichever commit they were copied to.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ledger.errors import InputError
from ledger.provenance.conventions import MAX_BYTES, short
from ledger.provenance.conventions.git_ai import Note, Session, parse_note
from ledger.provenance.git.objects import Objects
from ledger.provenance.tags.make import Tag, make_tag
from ledger.provenance.tags.spans import line_ranges

__all__ = ["CLAIM", "DEGREE", "MOVED", "NO_MODEL", "FromNote", "attribute", "read_note", "tags_of"]

# custom attributes of our own sessions; MOVED: the claim is about another content, of which the
# lines are part
CLAIM, DEGREE, MOVED = "headwater_claim", "headwater_assistance", "headwater_moved"
NO_MODEL = "unknown"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class FromNote:
    """A tag that a note gives, of the file at `path`; `claims` of ours are what it repeats."""

    path: str
    tag: Tag
    claims: frozenset[str]


def read_note(objects: Objects, blob: str) -> Note:
    """The note in a blob. One that is too long or gone is quarantined with that reason."""
    found = objects.read(blob.encode(), MAX_BYTES)
    if found is None or found.kind != "blob":
        return Note(quarantined="the note's object is missing")
    if found.data is None:
        return Note(quarantined=f"{found.size} bytes, expected at most {MAX_BYTES}")
    return parse_note(found.data, blob[:12])


def tags_of(objects: Objects, commit: str, note: Note) -> Iterator[FromNote | tuple[str, str]]:
    """What a note says of each file: tags, or (path, reason) for a file that loses its entries."""
    yield from note.rejected
    files: dict[str, dict[_Said, _Lines]] = {}
    for entry in note.entries:
        session = note.session_of(entry.key)
        said, claim = (_Said("A0"), None) if session is None else _said(session)
        group = files.setdefault(entry.path, {}).setdefault(said, _Lines([], set()))
        group.lines.extend(entry.lines)
        if claim is not None:
            group.claims.add(claim)
    for path, groups in files.items():
        blob = objects.blob_at(commit, path)
        if blob is None or blob.data is None:
            yield path, "no such file in the commit" if blob is None else "too long a file"
            continue
        try:
            made = [
                FromNote(path, _tag(blob.data, said, group.lines, path), frozenset(group.claims))
                for said, group in groups.items()
            ]
        except InputError as error:
            yield path, str(error)
            continue
        yield from made


class _Said(NamedTuple):
    """What makes lines of a file one claim. `repeats`: the claim about a content they came from."""

    degree: str
    model: str | None = None
    repeats: str | None = None


class _Lines(NamedTuple):
    lines: list[tuple[int, int]]
    claims: set[str]


def _tag(content: bytes, said: _Said, lines: list[tuple[int, int]], path: str) -> Tag:
    return make_tag(
        content,
        said.degree,
        model=said.model,
        ranges=line_ranges(content, sorted(lines), path),
        evidence="imported",
        convention="git_ai",
        repeats=said.repeats,
    )


def _said(session: Session) -> tuple[_Said, str | None]:
    """What a session says, A3 unless it is ours and says another degree; the claim of ours that
    is about this very content, if any.
    """
    degree, claim = attribute(session, DEGREE), attribute(session, CLAIM)
    if claim is not None and not _DIGEST.fullmatch(claim):
        claim = None
    moved = claim is not None and attribute(session, MOVED) is not None
    said = _Said(
        degree if degree in ("A2", "A3", "A4") else "A3",
        None if session.model == NO_MODEL else short(session.model),
        claim if moved else None,
    )
    return said, None if moved else claim


def attribute(session: Session, name: str) -> str | None:
    """A custom attribute, where it is a text."""
    custom = session.members.get("custom_attributes")
    value = custom.get(name) if isinstance(custom, Mapping) else None
    return value if isinstance(value, str) else None
