"""Text in the order of training, cut into batches: from files, or from a dataset's inputs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from ledger.corpus.dataset import find_description
from ledger.corpus.document import Rejected
from ledger.corpus.hashing import hash_texts
from ledger.corpus.inputs import Input, expand
from ledger.corpus.neardup.side import Digests, digest_rows, find_digests
from ledger.corpus.readers import DEFAULTS, ReadOptions, check_settings
from ledger.corpus.staging import read_options
from ledger.engines.scan import check_source
from ledger.errors import InputError
from ledger.provenance.overlap import Reference
from ledger.verdicts.batches.batch import Batch, Building, Settings
from ledger.verdicts.contamination.reading import describe_folder

__all__ = ["Advance", "FileTexts", "batches_of", "dataset_texts", "member_texts"]

Advance = Callable[[int, int, int], None]
"""Hears (inputs done, inputs in all, documents so far)."""

Tables = Iterable[tuple[str, Iterator[pa.Table]]]
"""By input, in order: its name, and its documents as tables with columns sha256 and text."""

_ROWS = 512  # documents measured at a time


@dataclass
class FileTexts:
    """Files and folders in the formats that ingest reads; each record file is an input, and so are
    the text files of a folder together. `rejected` counts rows that were no documents."""

    inputs: list[Input]
    options: ReadOptions
    rejected: int = 0
    first_reject: str | None = None

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "FileTexts":
        """As the `dataset.toml` with them says, if there is one.

        Raises InputError for what is missing, unreadable or holds nothing to read.
        """
        found = find_description(paths)
        description = None if found is None else describe_folder(found.parent)
        options = DEFAULTS if description is None else read_options(description)
        check_settings(options)
        return cls(expand(paths, None, options), options)

    def tables(self) -> Iterator[tuple[str, Iterator[pa.Table]]]:
        """See Tables."""
        for item in self.inputs:
            yield str(item.path), self._read(item)

    def _read(self, item: Input) -> Iterator[pa.Table]:
        for found in item.reader.read(item.path, self.options):
            if isinstance(found, Rejected):
                self.rejected += 1
                self.first_reject = self.first_reject or f"{found.where}: {found.reason}"
            elif isinstance(found, pa.Table) and found.num_rows:
                texts = found.column("text")
                yield pa.table({"sha256": hash_texts(texts)[0], "text": texts})


def dataset_texts(reference: Reference) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """The inputs of a dataset of the ledger in the order in which they were recorded.

    Copies come as often as they stand there. Raises as reading does; DocumentMismatchError for an
    input that was changed.
    """
    among = None
    if reference.members is not None:
        among = np.frombuffer(reference.members, np.uint8).reshape(-1, 32)
    for number, source in enumerate(reference.sources):
        check_source(source)
        path = getattr(source, "path", None)
        yield (f"input {number}" if path is None else str(path)), _members(source.tables(), among)


def member_texts(reference: Reference) -> Iterator[str]:
    """Every document of a dataset as text, in the same order."""
    for _, tables in dataset_texts(reference):
        for table in tables:
            yield from table.column("text").to_pylist()


def batches_of(
    inputs: Tables, settings: Settings, count: int, size: int | None, progress: Advance | None
) -> list[Batch]:
    """Measure batch by batch: each input one, or `size` documents each whatever the input.

    `count` is how many inputs there are. The documents of one batch's last window are in memory,
    and what came with it. Raises InputError where there is no document.
    """
    done: list[Batch] = []
    building: Building | None = None
    documents = 0
    for number, (name, tables) in enumerate(inputs):
        for table in _parts(tables, size, documents):
            if building is None:
                building = Building(settings)
            building.add(table)
            documents += table.num_rows
            if size is not None and building.documents == size:
                done.append(building.finish(_range(documents, size)))
                building = None
            if progress is not None:
                progress(number, count, documents)
        if size is None and building is not None:
            done.append(building.finish(name))
            building = None
    if building is not None:
        done.append(building.finish(_range(documents, building.documents)))
    if not done:
        raise InputError("found no document, expected at least one batch")
    return done


def _range(last: int, count: int) -> str:
    return f"document {last:,}" if count == 1 else f"documents {last - count + 1:,} to {last:,}"


def _parts(tables: Iterator[pa.Table], size: int | None, before: int) -> Iterator[pa.Table]:
    """At most _ROWS rows each, and none across the end of a batch."""
    for table in tables:
        start = 0
        while start < table.num_rows:
            room = _ROWS if size is None else min(_ROWS, size - before % size)
            part = table.slice(start, room)
            yield part
            start += part.num_rows
            before += part.num_rows


def _members(tables: Iterator[pa.Table], among: Digests | None) -> Iterator[pa.Table]:
    for table in tables:
        rows = table.select(["sha256", "text"])
        if among is not None:
            place = find_digests(digest_rows(rows.column("sha256")), among)
            rows = rows.filter(pa.array(place >= 0))
        if rows.num_rows:
            yield rows
