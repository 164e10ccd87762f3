"""shards.json: every file of rows and texts, as canonical JSON.

    {"rows": [{"bytes": 3912, "file": "rows/part-00000.parquet", "rows": 40,
               "sha256": "sha256:…"}, …],
     "texts": [{…, "file": "texts/part-00000.arrow"}, …]}

Files are numbered from 0 without a gap. Needs no Arrow.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import encode, parse_digest
from ledger.provenance.shape import check_shape

__all__ = ["Part", "Parts", "format_shards", "parse_shards", "rows_name", "texts_name"]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_FILE = {"bytes": int, "file": str, "rows": int, "sha256": _DIGEST}


@dataclass(frozen=True)
class Part:
    """A file below the manifest's folder."""

    file: str
    size: int
    sha256: bytes
    rows: int


@dataclass(frozen=True)
class Parts:
    """The files of rows, and those of texts, in the order of their numbers."""

    rows: tuple[Part, ...]
    texts: tuple[Part, ...]


def rows_name(number: int) -> str:
    """A file of rows, numbered from 0."""
    return f"rows/part-{number:05d}.parquet"


def texts_name(number: int) -> str:
    """A file of texts, numbered from 0."""
    return f"texts/part-{number:05d}.arrow"


def format_shards(parts: Parts) -> bytes:
    """The file's bytes."""
    return encode({"rows": _plain(parts.rows), "texts": _plain(parts.texts)})


def parse_shards(data: bytes, where: str) -> Parts:
    """The files listed. Raises VerificationError naming `where` for any other form."""
    try:
        document = orjson.loads(data)
        check_shape(document, {"rows": [_FILE], "texts": [_FILE]}, "shards")
        parts = Parts(_read(document["rows"], rows_name), _read(document["texts"], texts_name))
        if format_shards(parts) != data:
            raise ValueError("a repeated or foreign key, or another spelling")
        given, held = (sum(part.rows for part in side) for side in (parts.rows, parts.texts))
        if given != held:
            raise ValueError(f"{given} rows for {held} texts")
    except (InputError, ValueError, KeyError, TypeError) as error:
        raise VerificationError(f"{where}: not a list of shards: {printable(error)}") from error
    return parts


def _plain(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [
        {
            "bytes": part.size,
            "file": part.file,
            "rows": part.rows,
            "sha256": f"sha256:{part.sha256.hex()}",
        }
        for part in parts
    ]


def _read(rows: Sequence[dict[str, Any]], name: Callable[[int], str]) -> tuple[Part, ...]:
    parts = []
    for number, row in enumerate(rows):
        if row["file"] != name(number):
            raise ValueError(f"{row['file']!r:.80}, expected {name(number)}")
        parts.append(Part(row["file"], row["bytes"], parse_digest(row["sha256"]), row["rows"]))
    return tuple(parts)
