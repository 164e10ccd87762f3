"""WebDataset: tar archives with two files a document, its text and a JSON object of the rest.

A document's files are called <position, 12 digits>-<SHA-256 of its text>, .txt and .json: copies
of a document are samples of their own, and no name comes from a text. Archives are POSIX ustar
(IEEE 1003.1, pax interchange format's base) of regular files, mode 0644, with no owner, group or
time, and end with two empty blocks.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.manifests.formats import COLUMNS, SHARD_BYTES, Written
from ledger.manifests.formats.buffers import blank, contents, fixed, join, json_objects
from ledger.manifests.formats.folder import whole_folder
from ledger.manifests.formats.rows import (
    Ints,
    Tally,
    check_request,
    checked,
    cut,
    lengths,
    shard_number,
)
from ledger.manifests.formats.words import describe

__all__ = ["FORMAT", "WebDataset"]

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_USE = """\
```python
import webdataset

rows = webdataset.WebDataset("PATH OF THIS FOLDER/{shards}", shardshuffle=False).decode()
```

A sample is a dictionary with `txt`, the text, and `json`, the rest. One stream is the whole mix:
`RandomMix` with other archives weighs documents, not tokens.
"""

_Bytes = npt.NDArray[np.uint8]


class WebDataset:
    """train-00000.tar …, each at most `shard_bytes` long or of one document."""

    name = "webdataset"
    unit = "documents"

    def write(
        self,
        rows: Iterator[pa.Table],
        folder: Path,
        *,
        shard_bytes: int = SHARD_BYTES,
        columns: Sequence[str] = COLUMNS,
    ) -> list[Written]:
        check_request(shard_bytes, columns)
        tally = Tally()
        position = 0
        with whole_folder(folder) as new:
            tables = cut(checked(rows, columns, tally), _cost, shard_bytes - len(_END))
            for number, table in enumerate(tables):
                with new.file(f"train-{shard_number(number)}.tar", table.num_rows) as file:
                    file.write(contents(_members(table, position)))
                    file.write(_END)
                position += table.num_rows
            shards = f"train-{{00000..{shard_number(number)}}}.tar" if number else "train-00000.tar"
            describe(
                new,
                self.name,
                self.unit,
                tally,
                title="Documents for training, as WebDataset",
                use=_USE.replace("{shards}", shards),
            )
        return new.written


def _cost(table: pa.Table) -> Ints:
    """Bytes of n pairs of members."""
    text, rest = lengths(table.column("text")), lengths(_rest(table))
    return 2 * _BLOCK + text + _fill(text) + rest + _fill(rest)


def _rest(table: pa.Table) -> pa.Array:
    return json_objects(table.drop_columns(["text"]))


def _fill(size: Ints) -> Ints:
    return -size % _BLOCK


def _members(table: pa.Table, position: int) -> pa.Array:
    """The bytes of n pairs of members, the first at `position` of the epoch."""
    text, rest = table.column("text").combine_chunks(), _rest(table)
    stem = _stems(table.column("sha256").combine_chunks(), position)
    parts: list[pa.Array | bytes] = []
    for ending, body in ((b".txt", text), (b".json", rest)):
        size = lengths(body)
        parts += [fixed(_headers(stem, ending, size)), body, blank(_fill(size))]
    return join(parts)


def _stems(digest: pa.Array, position: int) -> _Bytes:
    """The names of n documents without their endings: (n, 77) characters."""
    count = len(digest)
    places = np.arange(position, position + count, dtype=np.int64)
    dash = np.full((count, 1), ord("-"), np.uint8)
    digests = np.frombuffer(contents(digest), np.uint8).reshape(count, 64)
    return np.hstack([_digits(places, 12, 10), dash, digests])


def _digits(numbers: Ints, width: int, base: int) -> _Bytes:
    """n numbers as characters, (n, width), with leading zeros."""
    powers = base ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (numbers[:, None] // powers % base + ord("0")).astype(np.uint8)


def _headers(stem: _Bytes, ending: bytes, size: Ints) -> _Bytes:
    """n ustar headers, (n, 512); offsets and widths are those of the standard's table."""
    count, width = stem.shape
    header = np.zeros((count, _BLOCK), np.uint8)

    def put(at: int, data: bytes) -> None:
        header[:, at : at + len(data)] = np.frombuffer(data, np.uint8)

    header[:, :width] = stem
    put(width, ending)
    put(100, b"0000644\0" + b"0000000\0" + b"0000000\0")  # mode, owner, group
    header[:, 124:135] = _digits(size, 11, 8)
    put(136, b"00000000000\0")  # time
    put(148, b" " * 8)  # the checksum counts itself as spaces
    put(156, b"0")  # a regular file
    put(257, b"ustar\00000")
    header[:, 148:154] = _digits(header.sum(axis=1, dtype=np.int64), 6, 8)
    put(154, b"\0 ")
    return header


FORMAT = WebDataset()
