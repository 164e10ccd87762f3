"""Token ids of many texts, kept beside them: tokenized once per tokenizer, scanned with many keys.

A scan: what it leaves is named by the texts, by both fingerprints of the tokenizer and by what
decides over Unicode marks, which are taken out of the copy that is tokenized. Where the tokenizer's
file lies is no part of that: a copy of its definition lies among the results, and whoever loads it
compares the fingerprint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from ledger.corpus.neardup.side import Digests, digest_rows
from ledger.corpus.neardup.sketch import slices
from ledger.engines import Progress, Scan, Sidecar, Source, Workers, run
from ledger.errors import VerificationError, printable
from ledger.watermarks.tokenization.kept import keep
from ledger.watermarks.tokenization.load import Tokenizer, load
from ledger.watermarks.tokens import Tokens
from ledger.watermarks.unicode_marks import kinds_version, strip_column

__all__ = ["TOKEN_IDS", "read_digests", "read_tokens", "token_scan", "tokenize"]

TOKEN_IDS: pa.Schema = pa.schema(
    [
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("ids", pa.large_list(pa.field("item", pa.uint32(), nullable=False))),
        pa.field("marks", pa.uint32(), nullable=False),  # Unicode marks that were taken out
        pa.field("kinds", pa.string(), nullable=False),  # theirs, sorted, joined by commas
    ]
)
"""`sha256` is of the text as found; `ids` are of the copy without its Unicode marks."""

_VERSION = 1


def tokenize(
    tokenizer: Tokenizer,
    sources: Sequence[Source],
    folder: Path,
    *,
    workers: Workers = None,
    progress: Progress | None = None,
) -> list[Sidecar]:
    """The TOKEN_IDS of each source with `sha256` and `text`, in the order of `sources`.

    What an earlier run left in `folder` is used again. The results depend neither on the workers
    nor on the tables the texts come in. Raises as `ledger.engines.run` does.
    """
    return run(token_scan(tokenizer, folder), sources, folder, workers=workers, progress=progress)


def token_scan(tokenizer: Tokenizer, folder: Path) -> Scan:
    """The scan that `tokenize` runs; leaves a copy of the tokenizer's definition in `folder`."""
    return Scan(
        name="tokens",
        version=f"{_VERSION} {kinds_version()}",
        map=_Encode(keep(tokenizer, folder)),
        columns=("sha256", "text"),
        schema=TOKEN_IDS,
        params={"tokenizer": tokenizer.definition, "behaviour": tokenizer.behaviour},
    )


def read_tokens(table: pa.Table) -> Tokens:
    """The documents of a TOKEN_IDS table, in its order."""
    lists = table.column("ids").combine_chunks()
    if not len(lists):
        return Tokens(np.zeros(0, np.uint32), np.zeros(1, np.int64))
    offsets = np.frombuffer(lists.buffers()[1], np.int64)
    offsets = offsets[lists.offset : lists.offset + len(lists) + 1]
    ids = lists.flatten().to_numpy()
    return Tokens(ids, offsets - offsets[0])


def read_digests(table: pa.Table) -> Digests:
    """SHA-256 of the texts of a TOKEN_IDS table, n × 32."""
    if not table.num_rows:
        return np.zeros((0, 32), np.uint8)
    return digest_rows(table.column("sha256"))


@dataclass(frozen=True)
class _Encode:
    """The map. Crosses processes with the path; what it gives depends on the fingerprint alone."""

    path: Path

    def __call__(self, table: pa.Table, *, params: Mapping[str, object]) -> pa.Table:
        """Rows `sha256`, `text` → TOKEN_IDS rows, the same and in order."""
        tokenizer = _loaded(self.path, str(params["tokenizer"]), str(params["behaviour"]))
        digests = table.column("sha256").combine_chunks()
        done = [
            _encode_slice(tokenizer, digests.slice(at, len(part)), part)
            for at, part in slices(table["text"])
        ]
        return pa.concat_tables(done) if done else TOKEN_IDS.empty_table()


@lru_cache(maxsize=2)
def _loaded(path: Path, definition: str, behaviour: str) -> Tokenizer:
    tokenizer = load(path)
    for what, found, expected in (
        ("definition", tokenizer.definition, definition),
        ("behaviour", tokenizer.behaviour, behaviour),
    ):
        if found != expected:
            raise VerificationError(
                f"{printable(path)}: {what} is {found}, expected {expected}",
                hint="delete it and run the same command again",
            )
    return tokenizer


def _encode_slice(tokenizer: Tokenizer, digests: pa.Array, texts: pa.Array) -> pa.Table:
    stripped = strip_column(texts)
    tokens = tokenizer.encode_batch(stripped.texts)
    ids = pa.LargeListArray.from_arrays(
        pa.array(tokens.offsets), pa.array(tokens.ids), type=TOKEN_IDS.field("ids").type
    )
    counts = pa.array(stripped.counts.astype(np.uint32))
    kinds = pa.array(stripped.kinds(), pa.string())
    return pa.table([digests, ids, counts, kinds], schema=TOKEN_IDS)
