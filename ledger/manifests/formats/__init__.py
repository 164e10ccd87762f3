"""One file a form in which trainers read text. A module here defines `FORMAT`; it is found by name.

What a format writes is one epoch: read every row once, and the shares are the manifest's. It holds
a document as often as the epoch does, so that no trainer has to know of repeats. Beside the rows
lie `strata.json`, which says what each stratum has in the format's own unit of weight, and a
README.md for people. Equal rows give equal bytes, under names made of counters and digests.

No format checks a document while it streams: that is the loader's work, and each folder says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ledger.errors import UnknownNameError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COLUMNS", "SHARD_BYTES", "Format", "Written", "find_format", "formats"]

COLUMNS = ("text", "sha256", "stratum")
"""What is written of a row unless told; the first two always are."""

SHARD_BYTES = 1 << 26


@dataclass(frozen=True)
class Written:
    """A file of `size` bytes: `path` relative to the folder, with slashes; `rows` its documents.

    `sha256` is of its bytes, 32 long. README.md and what describes other files have 0 rows.
    """

    path: str
    size: int
    sha256: bytes
    rows: int


class Format(Protocol):
    """`unit` is what a weight counts in what reads this format: documents or tokens."""

    name: str
    unit: str

    def write(
        self,
        rows: "Iterator[pa.Table]",
        folder: Path,
        *,
        shard_bytes: int = SHARD_BYTES,
        columns: Sequence[str] = COLUMNS,
    ) -> list[Written]:
        """Write an epoch into a new or empty folder; its files in the order they were written.

        Rows have text (string or large_string), sha256 (binary(32), of the text's UTF-8 bytes) and
        stratum (string); copies (an integer from 1; absent: 1), which are written next to each
        other; tokens (an integer) where weights count tokens; and what else `columns` names,
        strings, integers or binary(32), which is written as lower hex. Their order is kept.
        A shard has at most `shard_bytes` bytes before compression, or one document; so much lies
        in memory, a few times over.

        The folder appears whole or not at all. Raises DocumentMismatchError where a text is not
        what its digest says; InputError for no documents, a null, a text that is not UTF-8 or over
        2 GiB, an unknown column, a size out of range, too many shards, or a folder in the way;
        StorageError where the disk refuses; TypeError for rows of other types.
        """
        ...


def formats() -> Mapping[str, Format]:
    """Every format by name, ours and those of installed plug-ins."""
    from ledger.registry import find

    found: Mapping[str, Format] = find(__name__, "FORMAT")
    return found


def find_format(name: str) -> Format:
    """The format of that name. Raises UnknownNameError."""
    known = formats()
    if name not in known:
        raise UnknownNameError("trainer format", name, known)
    return known[name]
