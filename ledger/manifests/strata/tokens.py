"""What each document comes to in tokens, where that is a mix's unit: a scan over the texts.

A token is a word as signals/words.py defines it, named in the statement: every engine and machine
counts the same, and no model's tokenizer has to be at hand.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from ledger.engines import Progress, Scan, Source, Workers, run, split
from ledger.errors import DocumentMismatchError
from ledger.log.runs import keys_of
from ledger.reserves.selection.digests import Digests, Ints, matrix_of, positions
from ledger.verdicts.signals.words import WORDS, as_texts, count_words

__all__ = ["TOKENIZER", "count_tokens", "counting"]

TOKENIZER: Final = WORDS

_STRIPE = 64 << 20
_RESULTS: Final = pa.schema([("sha256", pa.binary(32)), ("tokens", pa.int64())])


def counting() -> Scan:
    """The scan that counts words."""
    return Scan(
        name="tokens",
        version="1",
        map=_count,
        columns=("sha256", "text"),
        schema=_RESULTS,
        params={"tokenizer": TOKENIZER},
    )


def _count(table: pa.Table, *, params: Mapping[str, object]) -> pa.Table:
    counts = count_words(as_texts(table.column("text")))
    digests = table.column("sha256").cast(_RESULTS.field("sha256").type)
    return pa.table([digests, pa.array(counts, pa.int64())], schema=_RESULTS)


def count_tokens(
    digests: Digests,
    sources: Sequence[Source],
    folder: Path,
    *,
    workers: Workers = None,
    progress: Progress | None = None,
) -> Ints:
    """Tokens of n documents, ascending by digest, int64[n]. Sidecars lie in `folder`.

    Raises DocumentMismatchError where a document is in no source, and what reading them raises.
    """
    pieces = [piece for source in sources for piece in split(source, _STRIPE)]
    found = np.full(len(digests), -1, np.int64)
    keys = keys_of(digests)
    for sidecar in run(counting(), pieces, folder, workers=workers, progress=progress):
        for table in sidecar.tables():
            at = positions(digests, keys, matrix_of(table.column("sha256")))
            found[at[at >= 0]] = table.column("tokens").to_numpy()[at >= 0]
    missing = np.flatnonzero(found < 0)
    if len(missing):
        first = digests[int(missing[0])].tobytes().hex()
        raise DocumentMismatchError(
            f"{len(missing):,} documents are not in their inputs, the first sha256:{first}",
            hint="--root DIR names the folder that the inputs lie below now",
        )
    return found
