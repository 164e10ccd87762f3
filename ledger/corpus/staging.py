"""Phase one of ingest: every input parsed, hashed and put aside before anything is recorded.

A staged input is two files named by what determines them (input digest, reader, options), so a
run that was killed picks them up: `<key>.rejects.jsonl`, with a line [place, reason] for each bad
row and [null, what, count] for what was passed over, then `<key>.arrow`, whose presence means
that both are whole. Nothing here writes to a ledger.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.atomic import storage_error, whole_file
from ledger.corpus.dataset import Description
from ledger.corpus.document import DOCUMENT, STAGED, Passed, Rejected
from ledger.corpus.hashing import hash_texts
from ledger.corpus.inputs import Input, input_digest, input_files
from ledger.corpus.language import detect, detector
from ledger.corpus.readers import DEFAULTS, ReadOptions, Snapshot, derivation
from ledger.errors import InputError, MalformedError, StorageError, printable

__all__ = [
    "BATCH_ROWS",
    "Progress",
    "Staged",
    "StagedInput",
    "map_digest",
    "read_options",
    "stage",
    "write_rejects",
]

BATCH_ROWS = 10_240
_BATCH_BYTES = 8 << 20
_LAYOUT = "headwater staging v1"

Progress = Callable[[int, int, int], None]
"""Hears (bytes done, bytes in all, documents so far)."""


@dataclass(frozen=True)
class StagedInput:
    """One input as staged. `size` counts its bytes, `rows` the good and `rejected` the bad.

    `passed` counts what is no document by design, such as redirects, by what it is.
    """

    path: Path
    digest: bytes
    size: int
    reader: str
    reader_version: int
    rows: int
    rejected: int
    map_digest: bytes
    staged: Path
    extractors: tuple[str, ...] = ()
    language_detector: str | None = None
    passed: Mapping[str, int] = field(default_factory=dict)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The STAGED rows in order: as they lie in the file, short ones joined.

        At most BATCH_ROWS at a time, and not many bytes more than _BATCH_BYTES.
        """
        with pa.memory_map(str(self.staged)) as source, pa.ipc.open_file(source) as file:
            waiting: list[pa.RecordBatch] = []
            rows = size = 0
            for index in range(file.num_record_batches):
                batch = file.get_batch(index)
                if waiting and (rows + batch.num_rows > BATCH_ROWS or size > _BATCH_BYTES):
                    yield pa.concat_batches(waiting)
                    waiting, rows, size = [], 0, 0
                waiting.append(batch)
                rows, size = rows + batch.num_rows, size + batch.nbytes
            if waiting:
                yield pa.concat_batches(waiting)

    def rejects(self) -> Iterator[Rejected]:
        """The rows that are no documents, in order."""
        with open(_rejects_of(self.staged), "rb") as file:
            for line in file:
                place, reason, *count = orjson.loads(line)
                if not count:
                    yield Rejected(f"{self.path}{place}", reason)


@dataclass(frozen=True)
class Staged:
    """Everything a run will record, in the order of its inputs."""

    inputs: tuple[StagedInput, ...]

    @property
    def rows(self) -> int:
        """Documents in all."""
        return sum(item.rows for item in self.inputs)

    @property
    def rejected(self) -> int:
        """Rejected rows in all."""
        return sum(item.rejected for item in self.inputs)

    @property
    def passed(self) -> dict[str, int]:
        """What was passed over by design in all inputs, by what it is."""
        total: Counter[str] = Counter()
        for item in self.inputs:
            total.update(item.passed)
        return dict(sorted(total.items()))

    def rejects(self) -> Iterator[Rejected]:
        """Every rejected row, in the order of the inputs."""
        for item in self.inputs:
            yield from item.rejects()


def read_options(description: Description, options: ReadOptions = DEFAULTS) -> ReadOptions:
    """`options` with the description's column map, globs and readers' options where it has none."""
    return replace(
        options,
        columns=options.columns or description.columns,
        include=options.include or description.include,
        settings={**description.options, **options.settings},
    )


def stage(
    inputs: Sequence[Input],
    description: Description,
    options: ReadOptions,
    staging_dir: Path,
    progress: Progress | None = None,
    *,
    keep_rejects: bool = False,
) -> Staged:
    """Parse and hash every input into `staging_dir`, reusing what an earlier run left there.

    Raises MalformedError at the first rejected row unless `keep_rejects`, InputError if an input
    changes while it is read, StorageError if the staging folder cannot be written. Nothing is
    left half-written under a final name.
    """
    options = read_options(description, options)
    total = sum(item.size for item in inputs)
    meter = _Meter(progress, total)
    options = replace(options, advance=meter.advance)
    done: list[StagedInput] = []
    try:
        staging_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(staging_dir, error) from error
    for item in inputs:
        started = meter.done
        staged = _stage_one(item, description, options, staging_dir, meter, keep_rejects)
        if staged.rejected and not keep_rejects:  # a run that kept them staged it
            raise _refusal(next(staged.rejects()))
        done.append(staged)
        meter.done = started + item.size
        meter.tell()
    return Staged(tuple(done))


def write_rejects(path: Path, rejected: Iterator[Rejected]) -> int:
    """Write {"where", "reason"} as JSON lines, whole or not at all; returns how many.

    Raises StorageError.
    """
    count = 0
    with whole_file(path) as file:
        for row in rejected:
            file.write(orjson.dumps({"where": _plain(row.where), "reason": row.reason}) + b"\n")
            count += 1
    return count


class _Meter:
    """Adds up progress. `advance` may be called from a reader's thread, `tell` from ours only."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.done, self.documents, self._total = 0, 0, total
        self._progress = progress

    def advance(self, count: int) -> None:
        self.done += count

    def tell(self) -> None:
        if self._progress is not None:
            self._progress(min(self.done, self._total), self._total, self.documents)


def _stage_one(
    item: Input,
    description: Description,
    options: ReadOptions,
    folder: Path,
    meter: _Meter,
    keep_rejects: bool,
) -> StagedInput:
    before = _signature(item, options)
    extractors = derivation(item.reader, item.path, options)
    try:
        digest = input_digest(item, options)
    except OSError as error:
        raise _unreadable(item, error) from error
    staged = folder / f"{_key(item, digest, description, options, extractors)}.arrow"
    counts = _counts(staged)
    if counts is None:
        try:
            _write(item, description, options, staged, meter, keep_rejects)
        except OSError as error:
            raise _unreadable(item, error) from error
        if _signature(item, options) != before:
            staged.unlink(missing_ok=True)
            raise InputError(
                f"{printable(item.path)} changed while it was read",
                hint="run the same command again when nobody writes to it",
            )
        counts = _counts(staged)
        if counts is None:
            raise StorageError(f"{printable(staged)}: not as it was just written")
    else:
        meter.documents += counts[0]
    return StagedInput(
        path=item.path,
        digest=digest,
        size=item.size,
        reader=item.reader.name,
        reader_version=item.reader.version,
        rows=counts[0],
        rejected=counts[1],
        passed=counts[2],
        map_digest=map_digest(options),
        staged=staged,
        extractors=extractors,
        language_detector=detector() if description.language == "detect" else None,
    )


def _write(
    item: Input,
    description: Description,
    options: ReadOptions,
    staged: Path,
    meter: _Meter,
    keep_rejects: bool,
) -> None:
    prefix = str(item.path)
    passed: Counter[str] = Counter()
    with (
        whole_file(staged) as rows,
        whole_file(_rejects_of(staged)) as rejects,
        pa.ipc.new_file(rows, STAGED) as file,
    ):
        for found in item.reader.read(item.path, options):
            if isinstance(found, Rejected):
                if not keep_rejects:
                    raise _refusal(found)
                place = _plain(found.where.removeprefix(prefix))
                rejects.write(orjson.dumps([place, found.reason]) + b"\n")
                continue
            if isinstance(found, Passed):
                passed[found.what] += found.count
                continue
            for batch in _staged_rows(found, description).to_batches(BATCH_ROWS):
                file.write_batch(batch)
            meter.documents += found.num_rows
            meter.tell()
        for what, count in sorted(passed.items()):
            rejects.write(orjson.dumps([None, what, count]) + b"\n")


def _staged_rows(table: pa.Table, description: Description) -> pa.Table:
    """A DOCUMENT table with digests and lengths for texts, and languages filled in."""
    if not table.schema.equals(DOCUMENT):
        raise TypeError(f"a reader's table of schema {table.schema}, expected DOCUMENT")
    digests, lengths = hash_texts(table.column("text"))
    columns = {name: table.column(name) for name in table.column_names if name != "text"}
    columns |= {"sha256": digests, "bytes": lengths}
    language = columns["language"]
    columns["language_ppm"] = pa.nulls(len(language), pa.int64())  # ours alone to give
    if description.language == "detect" and language.null_count:
        columns["language"], columns["language_ppm"] = _detected(table, language)
    elif description.language not in {"detect", "none"}:
        columns["language"] = pc.fill_null(language, description.language)
    return pa.Table.from_arrays([columns[field.name] for field in STAGED], schema=STAGED)


def _detected(table: pa.Table, language: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Languages with the unknown ones detected, and the scores of those that were."""
    unknown = pc.is_null(language).combine_chunks()
    found = detect(table.column("text").filter(unknown).combine_chunks())
    scores = pa.nulls(len(language), pa.int64())
    return (
        pc.replace_with_mask(language.combine_chunks(), unknown, found.language),
        pc.replace_with_mask(scores, unknown, found.ppm),
    )


def map_digest(options: ReadOptions) -> bytes:
    """SHA-256 of the column map, globs and readers' options: how a dataset's inputs are read."""
    return _digest(
        columns=dict(options.columns),
        include=list(options.include),
        settings=dict(options.settings),
    )


def _key(
    item: Input,
    digest: bytes,
    description: Description,
    options: ReadOptions,
    extractors: tuple[str, ...],
) -> str:
    """Hex of what determines the staged rows: the same bytes read the same way."""
    alone = item.reader.folders and not item.path.is_dir()
    return _digest(
        layout=_LAYOUT,
        input=digest.hex(),
        name=item.path.name.encode("utf-8", "backslashreplace").decode() if alone else "",
        suffix="".join(item.path.suffixes[-2:]).lower(),
        reader=item.reader.name,
        version=item.reader.version,
        extractors=list(extractors),
        options=options.plain(),
        language=f"{description.language} {detector()}",
        schema=STAGED.to_string(),
    ).hex()


def _digest(**values: Any) -> bytes:
    return sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).digest()


def _counts(staged: Path) -> tuple[int, int, dict[str, int]] | None:
    """(rows, rejected, passed over) of a whole staged input; None where there is none to use."""
    rejects = _rejects_of(staged)
    if not staged.is_file() or not rejects.is_file():
        return None
    try:
        with pa.memory_map(str(staged)) as source, pa.ipc.open_file(source) as file:
            if not file.schema.equals(STAGED):
                return None
            rows = sum(file.get_batch(i).num_rows for i in range(file.num_record_batches))
    except (pa.ArrowInvalid, OSError):  # not one of ours, or cut short: staged anew
        return None
    rejected, passed = 0, {}
    with open(rejects, "rb") as lines:
        for line in lines:
            place, what, *count = orjson.loads(line)
            if place is None:
                passed[str(what)] = int(count[0])
            else:
                rejected += 1
    return rows, rejected, passed


def _rejects_of(staged: Path) -> Path:
    return staged.with_suffix(".rejects.jsonl")


def _signature(item: Input, options: ReadOptions) -> list[tuple[str, int, int, int, int]]:
    """What changes when a file is written to, whatever its owner does to its mtime."""
    if isinstance(item.reader, Snapshot):
        return [(item.reader.state(item.path, options), 0, 0, 0, 0)]
    try:
        return [
            (name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
            for name, file in input_files(item, options)
            for s in [file.stat()]
        ]
    except OSError as error:
        raise _unreadable(item, error) from error


def _refusal(row: Rejected) -> MalformedError:
    path, _, line = row.where.rpartition(":")
    hint = "--rejects FILE records the good rows and writes the bad ones there"
    if path and line.isdecimal():
        return MalformedError(path, int(line), row.reason, hint=hint)
    return MalformedError(row.where, None, row.reason, hint=hint)


def _unreadable(item: Input, error: OSError) -> InputError:
    reason = (error.strerror or str(error)).lower()
    return InputError(f"{printable(error.filename or item.path)}: {printable(reason)}")


def _plain(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
