"""Writing sidecars: whole under their name or not at all, and found again by what made them."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.engines.scan import Scan, Sidecar, Source, check_source
from ledger.errors import StorageError, printable

__all__ = ["drop_leftovers", "find", "scan_source", "sidecar_path", "storage_error"]

_SUFFIX = ".parquet"
_GIVEN_UP = 24 * 3600.0  # seconds


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
    """Delete the unfinished files of processes that are gone.

    Another machine's processes cannot be asked after: a file of theirs is given up when nobody has
    written to it for a day.
    """
    for path in folder.glob(f".*{_SUFFIX}.*.tmp"):
        machine, _, process = path.name.split(".")[-2].rpartition("-")
        if machine == _machine():
            gone = process.isdigit() and not _alive(int(process))
        else:
            gone = _idle(path) > _GIVEN_UP
        if gone:
            path.unlink(missing_ok=True)


def storage_error(path: Path, error: OSError) -> StorageError:
    """What to say when `path` could not be written."""
    reason = printable((error.strerror or str(error)).lower())
    if not path.parent.is_dir():
        return StorageError(
            f"{printable(path)}: {reason}, expected the folder of a ledger's sidecars",
            hint="every machine of a cluster must have that folder, shared, under the same path",
        )
    return StorageError(
        f"{printable(path)}: {reason}, expected room to write",
        hint="free some space and run the same command again; what was finished is kept",
    )


def _identity(scan: Scan, source: Source) -> bytes:
    return f"{scan.name} {scan.version} {scan.digest} {source.key}".encode()


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.{_machine()}-{os.getpid()}.tmp")
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


@cache
def _machine() -> str:
    """Where this process's number means something: a machine, and on it a space of processes."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    try:
        identity = Path("/etc/machine-id").read_text()
    except (OSError, UnicodeDecodeError):
        identity = ""
    return sha256(f"{socket.gethostname()}\0{identity}\0{space}".encode()).hexdigest()[:12]


def _idle(path: Path) -> float:
    """Seconds since it was written to; none if it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


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
