"""From what somebody says of a text to a tag in the spool: what the command `tag` does.

Idempotent: the same said of the same text, by the same signer, is the same receipt. No SQL.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.errors import InputError, UnknownNameError, printable
from ledger.provenance.signing import ClaimSigner, sign_claim
from ledger.provenance.tags.index import append_index
from ledger.provenance.tags.make import MAX_CONTENT, Tag, make_tag
from ledger.provenance.tags.said import first_said
from ledger.provenance.tags.spans import MAX_SPANS, Range, line_ranges
from ledger.provenance.tags.spool import append, git_folder

__all__ = [
    "GRADES",
    "Said",
    "Text",
    "grade_of",
    "parse_pairs",
    "prepare",
    "put",
    "read_text",
    "refuse_pipe",
]

GRADES: Mapping[str, str] = {
    "none": "A0",
    "grammar": "A1",
    "edits": "A2",
    "mostly": "A3",
    "all": "A4",
    "unknown": "AX",
}
_PAIR = re.compile(r"(\d{1,15})(?:-(\d{1,15}))?")
_LONGEST = 200_000  # characters of a list of pairs


@dataclass(frozen=True)
class Text:
    """A content and where it comes from: `place` for people, `file` where it is one."""

    content: bytes
    place: str
    file: Path | None = None


@dataclass(frozen=True)
class Said:
    """What somebody says of a text: of `lines` (pairs from 1, inclusive) or `ranges` (bytes,
    half-open) of it, or of all.
    """

    assistance: str
    model: str | None = None
    lines: tuple[tuple[int, int], ...] | None = None
    ranges: tuple[Range, ...] | None = None
    reviewed: bool | None = None
    evidence: str | None = None
    convention: str | None = None
    weight: str | None = None
    supersedes: str | None = None


def grade_of(word: str) -> str:
    """A0 … AX for a word of `--ai`. Raises UnknownNameError."""
    if word not in GRADES:
        raise UnknownNameError("answer to how much AI", word, GRADES)
    return GRADES[word]


def parse_pairs(text: str, what: str) -> tuple[tuple[int, int], ...]:
    """`10-40,50` as pairs of numbers. Raises InputError naming `what`."""
    parts = text[: _LONGEST + 1].split(",")
    found = []
    for part in parts:
        match = _PAIR.fullmatch(part.strip())
        if match is None:
            raise InputError(
                f"{what} {printable(part.strip(), 60)!r}, expected numbers such as 10-40,50"
            )
        found.append((int(match[1]), int(match[2] or match[1])))
    if len(text) > _LONGEST or len(found) > MAX_SPANS:
        raise InputError(f"{what}: more than {MAX_SPANS} ranges")
    return tuple(found)


def read_text(file: Path) -> Text:
    """A file's content. Raises InputError if it cannot be read, is a pipe or is too long."""
    refuse_pipe(file)
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_CONTENT + 1)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(f"{printable(file)}: {reason}, expected a text to tag") from error
    if len(content) > MAX_CONTENT:
        raise InputError(f"{printable(file)}: more than {MAX_CONTENT} bytes")
    return Text(content, str(file), file)


def refuse_pipe(file: Path) -> None:
    """Raises InputError for a named pipe, which would keep its reader waiting for ever."""
    if file.is_fifo():
        raise InputError(
            f"{printable(file)}: a named pipe, expected a text to tag",
            hint="headwater tag --stdin reads a pipe",
        )


def prepare(
    text: Text, said: Said, spool: Path, now: int, signer: ClaimSigner | None = None
) -> Tag:
    """The tag, dated when this was first said. Raises as `make_tag`, with the text's place."""
    try:
        ranges = said.ranges
        if said.lines is not None:
            ranges = (*(ranges or ()), *line_ranges(text.content, said.lines, "content"))
        tag = make_tag(
            text.content, said.assistance, model=said.model, ranges=ranges,
            evidence=said.evidence, convention=said.convention, weight=said.weight,
            reviewed=said.reviewed, supersedes=said.supersedes,
        )  # fmt: skip
    except UnknownNameError:
        raise
    except InputError as error:
        raise InputError(
            f"{printable(text.place)}: {str(error).removeprefix('content: ')}", hint=error.hint
        ) from error
    key = {"subject": tag.subject, "body": tag.body.plain()}
    if signer is not None:
        key["signer"] = signer.verifier.label
    issued_at = first_said(spool, key, now)
    dated = tag.body.model_copy(update={"issued_at": issued_at})
    tag = replace(tag, body=dated)
    if signer is None:
        return tag
    return replace(tag, sigs=(sign_claim(signer, "authorship", tag.subject, dated.plain()),))


def put(text: Text, tag: Tag, spool: Path) -> Path:
    """Spool the tag, and say in the repository of its file that this blob is tagged."""
    path = append(spool, tag)
    git = git_folder(text.file.absolute().parent) if text.file is not None else None
    if git is not None:
        append_index(git, text.content, tag)
    return path
