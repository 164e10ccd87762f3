"""What lies where in a manifest's folder, and the bytes of a row that its content_root is over.

    manifest.json            the signed statement, a DSSE envelope
    rows/part-00000.parquet  who is selected, how often, and where the text lies
    texts/part-00000.arrow   the texts, as Arrow files that can be mapped into memory
    strata.json              strata: what there was, what was wanted, what was taken, thresholds
    shards.json              every file of rows/ and texts/ with its bytes, SHA-256 and rows
    croissant.json           the same described for other tools, as Croissant 1.1
    entry.json               the manifest's entry in the ledger
    manifest.tlog-proof      the proof that the ledger holds it

A row's canonical bytes are sha256 (32) ‖ stratum (2) ‖ repeat_q16 (4) ‖ units (4), big-endian. The
content_root is the RFC 6962 root over the sorted SHA-256 of these: shards and places are transport.
"""

from hashlib import sha256
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.log.content_root import content_root
from ledger.manifests.names import CROISSANT, ENTRY, MANIFEST, PROOF, SHARDS, STRATA
from ledger.manifests.shards import rows_name, texts_name

__all__ = [
    "CROISSANT",
    "ENTRY",
    "MANIFEST",
    "PROOF",
    "ROWS_PART",
    "ROWS_SCHEMA",
    "ROW_GROUP",
    "SHARDS",
    "STRATA",
    "TEXTS_SCHEMA",
    "TEXT_BYTES",
    "row_bytes",
    "rows_name",
    "rows_root",
    "texts_name",
]

TEXT_BYTES: Final = 256 << 20
"""Bytes of a texts file at most, unless a single document is larger."""

ROWS_PART: Final = 1 << 22
"""Rows of a rows file at most."""

ROW_GROUP: Final = 1 << 16
"""Rows of a row group at most."""

ROWS_SCHEMA: Final = pa.schema(
    [
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("stratum", pa.int16(), nullable=False),
        pa.field("repeat_q16", pa.uint32(), nullable=False),
        pa.field("units", pa.int32(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
    ]
)
"""`shard` numbers the texts files, `row` the rows of one; the file is sorted by the two."""

TEXTS_SCHEMA: Final = pa.schema(
    [
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("sha256", pa.binary(32), nullable=False),
    ]
)

_WIDTH = 42


def row_bytes(
    digests: npt.NDArray[np.uint8],
    stratum: npt.NDArray[np.int64],
    repeat_q16: npt.NDArray[np.int64],
    units: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint8]:
    """(n, 42): the canonical bytes of n rows, from (n, 32) digests and n numbers each."""
    rows = np.empty((len(digests), _WIDTH), np.uint8)
    rows[:, :32] = digests
    rows[:, 32:34] = stratum.astype(">u2").view(np.uint8).reshape(-1, 2)
    rows[:, 34:38] = repeat_q16.astype(">u4").view(np.uint8).reshape(-1, 4)
    rows[:, 38:] = units.astype(">u4").view(np.uint8).reshape(-1, 4)
    return rows


def rows_root(rows: npt.NDArray[np.uint8]) -> bytes:
    """The content_root of n rows' canonical bytes, in whatever order. Rows are distinct."""
    flat = rows.tobytes()
    hashed = (sha256(flat[at : at + _WIDTH]).digest() for at in range(0, len(flat), _WIDTH))
    return content_root(sorted(hashed))
