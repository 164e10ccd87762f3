"""Matched pairs for people: with the paths that the vault has, and as files."""

import csv
from collections.abc import Callable
from functools import cache
from io import TextIOWrapper
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.corpus.atomic import whole_file
from ledger.errors import InputError, printable
from ledger.log.log import Log
from ledger.log.record import live
from ledger.provenance.disclosed import disclosed

__all__ = ["Named", "check_name", "examples", "path_finder", "write_pairs"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what spreadsheets run, or look behind
_SUFFIXES = (".csv", ".parquet")

Paths = Callable[[bytes], str | None]


def path_finder(log: Log, dataset: str) -> Paths:
    """A function from a document's digest to the path it has in `dataset`; None where withheld."""

    @cache
    def path(digest: bytes) -> str | None:
        about = [(index, log.entry(index)) for index in log.find(f"sha256:{digest.hex()}")]
        for index, entry in live(about):
            if entry.kind == "origin" and entry.body["dataset"] == dataset:
                found = disclosed(log, index, entry).get("path")
                if found is not None:
                    return found
        return None

    return path


class Named:
    """A pair with both paths, as far as they are known."""

    def __init__(self, row: dict[str, object], ours: Paths, theirs: Paths) -> None:
        candidate, reference = row["candidate"], row["reference"]
        assert isinstance(candidate, bytes) and isinstance(reference, bytes)  # PAIRS has them so
        self.candidate, self.reference = candidate, reference
        self.candidate_path, self.reference_path = ours(candidate), theirs(reference)
        self.method = str(row["method"])
        self.figures = {
            name: int(str(row[name]))
            for name in ("jaccard_ppm", "containment_ppm", "contained_ppm")
        }

    def data(self) -> dict[str, object]:
        """JSON values; an unknown path is left out."""
        paths = {"candidate_path": self.candidate_path, "reference_path": self.reference_path}
        return {
            "candidate": f"sha256:{self.candidate.hex()}",
            "reference": f"sha256:{self.reference.hex()}",
            "method": self.method,
            **self.figures,
            **{name: path for name, path in paths.items() if path is not None},
        }


def examples(pairs: pa.Table, ours: Paths, theirs: Paths, count: int) -> list[Named]:
    """Some near pairs to look at: those that are most alike and still not the same text."""
    near = pairs.filter(pc.equal(pairs.column("method"), "near"))
    order = [("jaccard_ppm", "descending"), ("candidate", "ascending"), ("reference", "ascending")]
    return [Named(row, ours, theirs) for row in near.sort_by(order).slice(0, count).to_pylist()]


def check_name(path: Path) -> None:
    """Raises InputError unless pairs can be written under this name."""
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(f"{printable(path)}: expected a name ending in .csv or .parquet")


def write_pairs(path: Path, pairs: pa.Table, finders: tuple[Paths, Paths] | None = None) -> None:
    """Write the pairs, as .csv or .parquet by the file's name, whole or not at all.

    With `finders` two columns name the paths. A cell that a spreadsheet would run as a formula gets
    an apostrophe before it. Raises InputError for another suffix, StorageError.
    """
    check_name(path)
    if finders is not None:
        for side, finder in zip(("candidate", "reference"), finders, strict=True):
            names = [finder(digest) for digest in pairs.column(side).to_pylist()]
            pairs = pairs.append_column(f"{side}_path", pa.array(names, pa.string()))
    with whole_file(path) as file:
        if path.suffix.lower() == ".parquet":
            pq.write_table(pairs, file, compression="zstd")
            return
        text = TextIOWrapper(file, "utf-8", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(pairs.column_names)
        for batch in pairs.to_batches(max_chunksize=10_000):
            columns = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
            writer.writerows(zip(*columns, strict=True))
        text.detach()


def _cell(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
