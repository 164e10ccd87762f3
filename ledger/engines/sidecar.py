"""Writing sidecars: whole under their name or not at all, and found again by what made them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.engines.scan import Scan, Sidecar, Source, check_source
from ledger.errors import StorageError, printable

__all__ = ["drop_leftovers", "find", "scan_source", "sidecar_path", "storage_error"]

_SUFFIX = ".parquet"


def sidecar_path(folder: Path, scan: Scan, source: Source) -> Path:
    """Where the results lie, or will."""
    identity = sha256(f"{scan.digest}\0{source.key}".encode()).hexdigest()
    return folder / f"{scan.name}-{identity}{_SUFFIX}"


def find(folder: Path, scan: Scan, source: Source) -> Sidecar | None:
    """The sidecar an earlier run left; None if there is none, or not a whole one of this scan."""
    path = sidecar_path(folder, scan, source)
    try:
        metadata = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return None
    if (metadata.metadata or {}).get(b"headwater.scan") != _identity(scan, source):
        return None
    return Sidecar(path, source.key, metadata.num_rows)


def scan_source(scan: Scan, source: Source, path: Path, advance: Callable[[int], None]) -> Sidecar:
    """Read a source to its end and leave its sidecar; `advance` hears the rows of each table.

    Raises what the source and the map raise, and StorageError where the disk refuses.
    """
    check_source(source)
    rows = 0
    metadata = {b"headwater.scan": _identity(scan, source)}
    schema = scan.schema.with_metadata(metadata)
    with _whole(path) as temporary:
        with _writing(path):
            writer = pq.ParquetWriter(
                temporary, schema, compression="none", use_dictionary=False, write_statistics=False
            )
        try:
            for table in source.tables():
                if not table.num_rows:
                    continue
                result = scan.apply(table).replace_schema_metadata(metadata)
                with _writing(path):
                    writer.write_table(result, row_group_size=max(result.num_rows, 1))
                rows += result.num_rows
                advance(result.num_rows)
        finally:
            with _writing(path):
                writer.close()
    return Sidecar(path, source.key, rows)


def drop_leftovers(folder: Path) -> None:
    """Delete the unfinished files of processes that are gone."""
    for path in folder.glob(f".*{_SUFFIX}.*.tmp"):
        owner = path.name.split(".")[-2]
        if owner.isdigit() and not _alive(int(owner)):
            path.unlink(missing_ok=True)


def storage_error(path: Path, error: OSError) -> StorageError:
    """What to say when `path` could not be written."""
    reason = printable((error.strerror or str(error)).lower())
    return StorageError(
        f"{printable(path)}: {reason}, expected room to write",
        hint="free some space and run the same command again; what was finished is kept",
    )


def _identity(scan: Scan, source: Source) -> bytes:
    return f"{scan.name} {scan.version} {scan.digest} {source.key}".encode()


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.{os.getpid()}.tmp")
    try:
        yield temporary
        with _writing(path):
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """The system's refusals of a write; what a source cannot read is its own business."""
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OverflowError:
        return False
    except PermissionError:
        return True
    return True
