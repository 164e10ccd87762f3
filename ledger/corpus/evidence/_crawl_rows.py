"""Rows of a crawl's columnar index, and the join with what an input says of itself.

Column names are those of Common Crawl's index in Parquet. Only rows about the input are kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.corpus.footer import read_footer
from ledger.corpus.readers._dates import seconds
from ledger.corpus.readers._pages import rows_at_once
from ledger.corpus.readers._walk import walk
from ledger.errors import InputError, MalformedError, printable

__all__ = ["ROWS", "index_files", "index_rows", "read_stored", "stored"]

ROWS = pa.schema(
    [
        pa.field("offset", pa.int64()),
        pa.field("url", pa.string()),
        pa.field("fetch_time", pa.int64()),  # Unix seconds, rounded up
        pa.field("digest", pa.string()),  # base 32 of a SHA-1, upper case
        pa.field("record", pa.string()),  # a UUID in lower case; null before CC-MAIN-2026-30
        pa.field("truncated", pa.bool_()),
        pa.field("filename", pa.string()),  # the WARC file's own name, without its folders
    ]
)
_NEEDED = ("url", "fetch_time", "content_digest", "warc_filename", "warc_record_offset")
_OPTIONAL = ("content_truncated", "warc_record_id")
_BATCH = 65_536


def index_files(path: Path) -> list[Path]:
    """The Parquet files behind a setting: one file, a folder of them, or a glob.

    Raises InputError if there are none.
    """
    if path.is_dir():
        found = [file for _, file in walk(path, (), (".parquet",))]
    elif any(sign in path.name for sign in "*?["):
        found = sorted(path.parent.glob(path.name))
    else:
        found = [path]
    if not found or not all(file.is_file() for file in found):
        what = "no .parquet file in it" if path.is_dir() else "no such file"
        raise InputError(
            f"{printable(path)}: {what}, expected a crawl index in Parquet",
            hint="index names the columnar index's file, or a folder of them",
        )
    return found


def index_rows(
    files: Sequence[Path], *, filename: str | None = None, urls: pa.Array | None = None
) -> pa.Table:
    """The rows (ROWS) whose WARC file is called `filename`, or whose URL is one of `urls`.

    Raises MalformedError for a file that is no such index, InputError if it cannot be read.
    """
    found: list[pa.Table] = [ROWS.empty_table()]
    for path in files:
        found += [_kept(batch, filename, urls) for batch in _batches(path)]
    return pa.concat_tables([table for table in found if table.num_rows] or found[:1])


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        with (
            open(path, "rb") as raw,
            pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file,
        ):
            names = set(file.schema_arrow.names)
            missing = [name for name in _NEEDED if name not in names]
            if missing:
                raise MalformedError(
                    path,
                    None,
                    f"no column {missing[0]}, expected a crawl index",
                    hint=f"its columns are {', '.join(_NEEDED)} and more",
                )
            wanted = [*_NEEDED, *(name for name in _OPTIONAL if name in names)]
            for number, group in enumerate(read_footer(raw).groups):
                rows = min(_BATCH, rows_at_once(raw, group, wanted))
                for batch in file.iter_batches(rows, [number], wanted, use_threads=False):
                    yield _as_rows(path, batch)
    except (pa.ArrowException, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(
                f"{printable(path)}: {(error.strerror or str(error)).lower()}"
            ) from error
        reason = printable(str(error).split("\n")[0], 120)
        raise MalformedError(path, None, f"broken Parquet: {reason}") from error


def _as_rows(path: Path, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch in ROWS. Raises MalformedError for columns of other types."""
    count = batch.num_rows
    time = batch.column("fetch_time")
    if pa.types.is_timestamp(time.type):
        time = pc.ceil_temporal(time, unit="second")
    moments, wrong = seconds(time, numbers=False)
    if pc.any(wrong).as_py():
        raise MalformedError(path, None, "a fetch_time that is no date")
    names = set(batch.schema.names)
    columns = {
        "offset": batch.column("warc_record_offset").cast(pa.int64()),
        "url": _text(batch.column("url")),
        "fetch_time": moments,
        "digest": _digests(_text(batch.column("content_digest"))),
        "record": pa.nulls(count, pa.string()),
        "truncated": pa.repeat(pa.scalar(False), count),
        "filename": _base_names(_text(batch.column("warc_filename"))),
    }
    if "content_truncated" in names:
        said = _text(batch.column("content_truncated"))
        columns["truncated"] = pc.fill_null(pc.not_equal(said, ""), False)
    if "warc_record_id" in names:
        columns["record"] = _records(batch.column("warc_record_id"))
    return pa.RecordBatch.from_arrays([columns[field.name] for field in ROWS], schema=ROWS)


def _text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string())


def _digests(column: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(pc.utf8_upper(column), "^SHA1:", "")


def _base_names(column: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(column, "^.*/", "")


def _records(column: pa.Array) -> pa.Array:
    """UUIDs of 16 bytes, or as text, in lower case with hyphens."""
    if pa.types.is_fixed_size_binary(column.type) or pa.types.is_binary(column.type):
        texts = [None if value is None else value.hex() for value in column.to_pylist()]
        plain = pa.array(texts, pa.string())
    else:
        plain = pc.utf8_lower(_text(column))
        plain = pc.replace_substring_regex(plain, "^<?urn:uuid:|>$|-", "")
    form = r"^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$"
    return pc.replace_substring_regex(plain, form, r"\1-\2-\3-\4-\5")


def _kept(batch: pa.RecordBatch, filename: str | None, urls: pa.Array | None) -> pa.Table:
    if filename is not None:
        mask = pc.equal(batch.column("filename"), filename)
    else:
        mask = pc.is_in(batch.column("url"), value_set=urls)
    return pa.Table.from_batches([batch.filter(mask)], schema=ROWS)


def stored(rows: pa.Table) -> bytes:
    """Index rows as sorted JSON lines: the same bytes from whatever files they came."""
    names = ROWS.names
    lines = {
        orjson.dumps(dict(zip(names, values, strict=True)), option=orjson.OPT_SORT_KEYS)
        for values in zip(*(rows.column(name).to_pylist() for name in names), strict=True)
    }
    return b"".join(line + b"\n" for line in sorted(lines))


def read_stored(path: Path, lines: Iterable[bytes]) -> pa.Table:
    """What `stored` was given. Raises MalformedError."""
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise MalformedError(path, number, f"not JSON: {printable(error.msg, 80)}") from None
        if not isinstance(row, dict) or set(row) != set(ROWS.names):
            raise MalformedError(path, number, "not an index row as it was stored")
        rows.append(row)
    try:
        return pa.Table.from_pylist(rows, schema=ROWS)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise MalformedError(path, None, printable(error, 100)) from None
