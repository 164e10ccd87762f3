"""A folder's documents without a ledger: read, dated, scored; nothing is written anywhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.dataset import Description, find_description, load_description
from ledger.corpus.document import Rejected
from ledger.corpus.hashing import hash_texts
from ledger.corpus.inputs import Input, expand, left_over
from ledger.corpus.neardup.side import Digests, digest_rows
from ledger.corpus.readers import DEFAULTS, ReadOptions, Snapshot, check_settings
from ledger.corpus.staging import read_options
from ledger.engines import Progress, Scan, Workers, work
from ledger.errors import InputError, MalformedError
from ledger.verdicts.contamination.dating import date_rows
from ledger.verdicts.scanning.gather import Scored

__all__ = ["FolderTexts", "describe_folder", "read_folder"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
_Columns = tuple[Digests, Ints, Codes, Ints, Ints, Codes]

_NAME = ("folder", "0")  # a description needs one; nothing here says it


@dataclass(frozen=True, eq=False)
class _Rows:
    """What a job gives of one input, a row a document: digests, words, Why, thousandths, dates."""

    columns: _Columns
    rejected: int
    first_reject: str | None


@dataclass(frozen=True)
class FolderTexts:
    """n distinct documents ascending by digest, each with its earliest date.

    `at` is Unix seconds, `dating.UNDATED` where nothing dates it; `by` says what does (DatedBy);
    `latest` is the last date of the same bytes. `rejected` rows were no documents, such as
    `first_reject`; `skipped` counts files that no reader reads, by their ending.
    """

    scored: Scored
    at: Ints
    latest: Ints
    by: Codes
    inputs: int
    rejected: int
    first_reject: str | None
    skipped: dict[str, int]

    def __len__(self) -> int:
        return len(self.scored)


def describe_folder(path: Path) -> Description | None:
    """The dataset.toml in a folder or beside a file; None if there is none."""
    found = find_description([path])
    if found is None:
        return None
    try:
        return load_description(found)
    except MalformedError as error:
        try:  # a folder that nobody ingests needs neither name nor version
            return load_description(found, _NAME)
        except InputError:
            raise error from None


def read_folder(
    path: Path,
    scan: Scan,
    *,
    description: Description | None = None,
    workers: Workers = None,
    progress: Progress | None = None,
) -> FolderTexts:
    """Read a file or folder in any format that ingest reads, and score what it holds.

    `scan` is the detector's map. The result depends on neither workers nor the order of files.
    Raises InputError for what is missing or unreadable, UnknownNameError for a format nobody reads,
    MalformedError for a whole input that cannot be trusted.
    """
    options = DEFAULTS if description is None else read_options(description)
    check_settings(options)
    inputs = expand([path], None, options)
    jobs = [_Job(number, item, options, scan) for number, item in enumerate(inputs)]
    found: list[_Rows] = []
    for rows in work(jobs, workers=workers, progress=progress):
        assert isinstance(rows, _Rows)  # it is what _Job.run returns
        found.append(rows)
    return _together(found, left_over([path], inputs, options))


@dataclass(frozen=True)
class _Job:
    """One input; its texts stay in the process that reads them."""

    number: int
    item: Input
    options: ReadOptions
    scan: Scan

    @property
    def size(self) -> int:
        return self.item.size

    def run(self, advance: Callable[[int], None]) -> _Rows:
        tables: list[_Columns] = []
        rejected: list[str] = []
        for found in self.item.reader.read(self.item.path, self.options):
            if isinstance(found, Rejected):
                rejected.append(f"{found.where}: {found.reason}" if not rejected else "")
            elif isinstance(found, pa.Table) and found.num_rows:
                dates = date_rows(found, self._file_time)
                tables.append((*self._scores(found.column("text")), dates.at, dates.by))
                advance(found.num_rows)
        first = rejected[0] if rejected else None
        return _Rows(_joined(tables), len(rejected), first)

    def _scores(self, texts: pa.ChunkedArray) -> tuple[Digests, Ints, Codes, Ints]:
        named = pa.table({"sha256": hash_texts(texts)[0], "text": texts})
        results = self.scan.apply(named)
        return (
            digest_rows(results.column("sha256")),
            results.column("words").to_numpy(),
            results.column("why").to_numpy(),
            results.column("score_milli").combine_chunks().fill_null(0).to_numpy(),
        )

    def _file_time(self, path: str | None) -> int | None:
        """Of the file that a row is from: a file of a folder, else the input; none of a commit."""
        if isinstance(self.item.reader, Snapshot):
            return None
        inside = self.item.path.is_dir() and path is not None
        file = self.item.path / path if inside and path is not None else self.item.path
        try:
            return int(file.stat().st_mtime)
        except (OSError, ValueError):  # a name that is no UTF-8 stands spelled otherwise
            return None


def _together(found: Sequence[_Rows], skipped: dict[str, int]) -> FolderTexts:
    """Every document once, by digest; of equal ones the earliest, and of those the best dated."""
    digests, words, why, milli, at, by = _joined([rows.columns for rows in found])
    keys = np.ascontiguousarray(digests).view(">u8").astype(np.uint64)
    order = np.lexsort((by, at, keys[:, 3], keys[:, 2], keys[:, 1], keys[:, 0]))
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (keys[order[1:]] != keys[order[:-1]]).any(axis=1)
    first, last = order[fresh], order[np.append(fresh[1:], True)] if len(order) else order
    rejects = [rows.first_reject for rows in found if rows.first_reject is not None]
    return FolderTexts(
        scored=Scored(digests[first], words[first], why[first], milli[first]),
        at=at[first],
        latest=at[last],
        by=by[first],
        inputs=len(found),
        rejected=sum(rows.rejected for rows in found),
        first_reject=rejects[0] if rejects else None,
        skipped=skipped,
    )


_EMPTY = (
    np.zeros((0, 32), np.uint8),
    np.zeros(0, np.int64),
    np.zeros(0, np.int8),
    np.zeros(0, np.int64),
    np.zeros(0, np.int64),
    np.zeros(0, np.int8),
)


def _joined(tables: Sequence[_Columns]) -> _Columns:
    digests, words, why, milli, at, by = (
        np.concatenate(column) for column in zip(_EMPTY, *tables, strict=True)
    )
    return digests, words, why, milli, at, by
