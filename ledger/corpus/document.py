"""The one table every reader yields, and the rows it could not.

DOCUMENT holds the text; STAGED holds its digest and length instead. Columns after `tokenizer`
are private: they may reach the vault, never a leaf of the log.
"""

from dataclasses import dataclass

import pyarrow as pa

__all__ = ["CODES", "DOCUMENT", "PRIVATE", "STAGED", "Passed", "Rejected"]

CODES = (
    "language",
    "license_stated",
    "topic",
    "site",
    "content_type",
    "crawler",
    "tokenizer",
)
"""Short public strings; each may enter a leaf, so none holds a control character."""

PRIVATE = ("path", "url", "title", "author", "rights_holder", "record")
"""`record` is what the source calls the row: a WARC record, a message, a page's revision."""

_LOCATOR = [
    pa.field("row", pa.int64(), nullable=False),  # ordinal from 0, of all rows or members
    pa.field("part", pa.int32(), nullable=False),  # 0 unless a chat message
]
_REST = [
    pa.field("file", pa.binary(32)),  # null: the input's own digest
    pa.field("language", pa.string()),
    pa.field("language_ppm", pa.int64()),  # a detector's score; null where nobody detected
    pa.field("license_stated", pa.string()),
    pa.field("topic", pa.string()),
    pa.field("site", pa.string()),  # registrable domain
    pa.field("content_type", pa.string()),
    pa.field("crawler", pa.string()),
    pa.field("collected_at", pa.int64()),  # Unix seconds
    pa.field("claimed_at", pa.int64()),  # Unix seconds
    pa.field("tokens", pa.int64()),
    pa.field("tokenizer", pa.string()),
    *(pa.field(name, pa.string()) for name in PRIVATE),
]

DOCUMENT: pa.Schema = pa.schema(
    [*_LOCATOR, pa.field("text", pa.large_string(), nullable=False), *_REST]
)
"""Text is exactly as found: no normalisation, a text file's byte-order mark kept."""

STAGED: pa.Schema = pa.schema(
    [
        *_LOCATOR,
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        *_REST,
    ]
)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is no document.

    `where` is `path:line` (physical, from 1), `path:row N` (a table's row, from 0, as a locator
    counts) or `path!member`; `reason` is lower case, its untrusted parts already printable.
    """

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Passed:
    """Things that are no documents by design, such as redirects or attachments: seen and counted.

    `what` is a plural in lower case, its untrusted parts already printable.
    """

    what: str
    count: int
