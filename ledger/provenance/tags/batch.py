"""A batch of tags: JSON Lines, one text a line, for tools that know what they wrote.

    {"file":"notes.md","ai":"edits","model":"M 1","lines":"10-40,50"}

`file` is relative to the batch's folder. Optional: `model`, `lines`, `bytes` (END not included),
`reviewed`, `observed`, `supersedes`. A file that holds one bad line holds no tag.
"""

from pathlib import Path
from typing import Any

import orjson

from ledger.errors import InputError, MalformedError, printable
from ledger.provenance.tags.tagging import Said, Text, grade_of, parse_pairs, read_text

__all__ = ["read_batch"]

MAX_LINES = 100_000
MAX_BYTES = 1 << 30  # of the texts, which are read before the first is tagged
_LONGEST = 1 << 20  # bytes of a line
_TEXTS = ("file", "ai", "model", "lines", "bytes", "supersedes")
_FLAGS = ("reviewed", "observed")


def read_batch(path: Path) -> list[tuple[Text, Said]]:
    """Each line's text and what is said of it. Raises MalformedError at the line that is wrong,
    InputError where the file cannot be read.
    """
    found: list[tuple[Text, Said]] = []
    size = 0
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LONGEST + 1):
                number += 1
                if len(line) > _LONGEST:
                    raise MalformedError(path, number, f"more than {_LONGEST} bytes")
                if number > MAX_LINES:
                    raise MalformedError(path, number, f"more than {MAX_LINES} lines")
                if line.strip():
                    found.append(_read(path, number, line))
                    size += len(found[-1][0].content)
                if size > MAX_BYTES:
                    raise MalformedError(
                        path, number, f"more than {MAX_BYTES} bytes of texts so far",
                        hint="make batches of fewer texts",
                    )  # fmt: skip
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(f"{printable(path)}: {reason}, expected JSON lines") from error
    return found


def _read(path: Path, number: int, line: bytes) -> tuple[Text, Said]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise MalformedError(path, number, f"not json: {printable(error)}") from error
    if not isinstance(row, dict):
        raise MalformedError(path, number, "no object, expected one with file and ai")
    unknown = set(row).difference(_TEXTS, _FLAGS)
    if unknown:
        raise MalformedError(
            path, number, f"unknown key {printable(sorted(unknown)[0])}",
            hint=f"known: {', '.join((*_TEXTS, *_FLAGS))}",
        )  # fmt: skip
    _check(path, number, row)
    try:
        said = Said(
            grade_of(row["ai"]),
            model=row.get("model"),
            lines=parse_pairs(row["lines"], "lines") if "lines" in row else None,
            ranges=parse_pairs(row["bytes"], "bytes") if "bytes" in row else None,
            reviewed=row.get("reviewed"),
            evidence="observed" if row.get("observed") else None,
            supersedes=row.get("supersedes"),
        )
        return read_text(path.parent / row["file"]), said
    except InputError as error:
        raise MalformedError(path, number, str(error), hint=error.hint) from error


def _check(path: Path, number: int, row: dict[str, Any]) -> None:
    for name in ("file", "ai"):
        if name not in row:
            raise MalformedError(
                path, number, f"no {name}, expected one", hint="nothing is taken for granted"
            )
    for name, value in row.items():
        if not isinstance(value, str if name in _TEXTS else bool):
            wanted = "text" if name in _TEXTS else "true or false"
            raise MalformedError(
                path, number, f"{name} is {printable(repr(value), 60)}, expected {wanted}"
            )
