"""Counts the words of a set of texts, each text once: what a table is made of.

Of documents much like one another one counts, so that a text copied a hundred times makes no word
of its own look common, and no slip in it look like a word.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from ledger.engines import Source, Workers
from ledger.errors import DocumentMismatchError, InputError
from ledger.log.log import Log
from ledger.log.runs import keys_of
from ledger.manifests.mix.axes import RESERVE
from ledger.manifests.tail.copies import copies_among
from ledger.manifests.tail.scores import slices
from ledger.manifests.tail.table import format_table
from ledger.provenance.overlap import Reference, dataset_reference, sidecar_folder
from ledger.reserves.selection.digests import Digests, matrix_of, positions
from ledger.reserves.texts import reserve_texts
from ledger.verdicts.signals.words import as_texts, find_words

__all__ = ["Progress", "count_words", "make_table", "texts_of"]

Progress = Callable[[str, int, int, int], None]
"""Hears (what is being done, jobs done, jobs in all, documents so far)."""

_SCHEMA = pa.schema([("word", pa.large_string()), ("count", pa.int64()), ("documents", pa.int64())])
_AT_ONCE = 4_000_000  # rows that wait to be added up


def texts_of(log: Log, name: str, roots: Sequence[Path] = ()) -> Reference:
    """The texts of NAME@VERSION or reserve:NAME@VERSION. Raises as finding them does."""
    if name.startswith(RESERVE):
        return reserve_texts(log, name.removeprefix(RESERVE), roots)
    return dataset_reference(log, name, roots)


def make_table(
    log: Log,
    name: str,
    *,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> bytes:
    """The word counts of a dataset or reserve of the ledger, as a table's bytes.

    Raises InputError where it holds nothing, DocumentMismatchError where a text is not found, and
    what reading the texts raises.
    """
    ours = texts_of(log, name, roots)
    if not ours.documents or ours.members is None:
        raise InputError(f"{name}: found no documents, expected some to count the words of")
    digests = np.frombuffer(ours.members, np.uint8).reshape(-1, 32)
    copies = copies_among(
        digests,
        ours.sources,
        sidecar_folder(log.location),
        workers=workers,
        progress=None if progress is None else partial(progress, "comparing"),
    )
    return count_words(
        np.ascontiguousarray(digests[~copies]),
        ours.sources,
        progress=None if progress is None else partial(progress, "counting words"),
    )


def count_words(
    digests: Digests,
    sources: Sequence[Source],
    *,
    progress: Callable[[int, int, int], None] | None = None,
) -> bytes:
    """The table of n documents, ascending by digest, each counted once wherever it lies.

    The bytes do not depend on the order of texts or sources. Raises DocumentMismatchError where a
    document is in no source, and what reading them raises.
    """
    keys, waiting = keys_of(digests), np.ones(len(digests), np.bool_)
    parts: list[pa.Table] = [_SCHEMA.empty_table()]
    for done, source in enumerate(sources):
        if progress is not None:
            progress(done, len(sources), len(digests) - int(waiting.sum()))
        check = getattr(source, "check", None)
        if check is not None:
            check()
        for table in source.tables():
            at = positions(digests, keys, matrix_of(table.column("sha256")))
            _, first = np.unique(at, return_index=True)
            first = first[(at[first] >= 0) & waiting[at[first]]]
            waiting[at[first]] = False
            texts = as_texts(table.column("text").take(pa.array(np.sort(first))))
            parts += [_counted(piece) for piece in slices(texts)]
            if sum(len(part) for part in parts) > _AT_ONCE:
                parts = [_summed(parts)]
    if waiting.any():
        missing = digests[int(np.argmax(waiting))].tobytes().hex()
        raise DocumentMismatchError(
            f"{int(waiting.sum()):,} documents are not in their inputs, the first sha256:{missing}",
            hint="--root DIR names the folder that the inputs lie below now",
        )
    whole = _summed(parts)
    return format_table(
        whole["word"].combine_chunks(),
        whole["count"].to_numpy(),
        whole["documents"].to_numpy(),
        len(digests),
    )


def _counted(texts: pa.Array) -> pa.Table:
    """Of some texts: how often each word occurs, and in how many of them."""
    found = find_words(texts)
    types = len(found.vocabulary)
    counts = np.bincount(found.tokens.ids, minlength=types)
    keys = np.unique((found.tokens.text_of << 32) | found.tokens.ids.astype(np.int64))
    documents = np.bincount(keys & 0xFFFFFFFF, minlength=types)
    return pa.table([found.vocabulary, counts, documents], schema=_SCHEMA)


def _summed(parts: Sequence[pa.Table]) -> pa.Table:
    grouped = (
        pa.concat_tables(parts).group_by("word").aggregate([("count", "sum"), ("documents", "sum")])
    )
    return grouped.select(["word", "count_sum", "documents_sum"]).rename_columns(_SCHEMA.names)
