"""A file's bytes, packed or not: gzip, zstd and bzip2, told by the end of its name.

A stream that ends early, is damaged or swells beyond reason is one error that names the file.
"""

from bz2 import BZ2Decompressor
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast
from zlib import error as zlib_error

import pyarrow as pa
from isal import igzip, isal_zlib

from ledger.corpus.readers import ReadOptions, advance_nothing
from ledger.errors import MalformedError, printable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["PACKINGS", "Bytes", "Counted", "packed_suffixes", "packing", "unpacked"]

PACKINGS = {".gz": "gzip", ".tgz": "gzip", ".zst": "zstd", ".bz2": "bzip2"}
PATIENCE = 64 << 20  # unpacked bytes before the ratio counts
_CHUNK = 256 << 10

_FAULTS: tuple[type[Exception], ...] = (
    OSError,
    ValueError,
    cast("type[Exception]", isal_zlib.error),  # its stub types it as an instance
    zlib_error,
)


class Bytes(Protocol):
    """What the readers need of a byte stream."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


def packing(path: Path) -> str | None:
    """How the file is packed, by the last ending of its name; None if it is not."""
    return PACKINGS.get(path.suffix.lower())


def packed_suffixes(*suffixes: str) -> tuple[str, ...]:
    """Each ending, and each with `.gz`, `.zst` and `.bz2` after it."""
    return tuple(suffix + packed for suffix in suffixes for packed in ("", ".gz", ".zst", ".bz2"))


class Counted(FileIO):
    """A raw file that tells a listener how many bytes were taken from it."""

    def __init__(self, path: Path, advance: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._advance = advance
        self.taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """As FileIO's."""
        data = super().read(-1 if size is None else size)
        self._took(len(data))
        return data

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """As FileIO's."""
        count = super().readinto(buffer) or 0
        self._took(count)
        return count

    def _took(self, count: int) -> None:
        self.taken += count
        self._advance(count)


class _Bzip2:
    """bzip2 streams one after the other, to the last byte: what follows a stream must be one."""

    def __init__(self, raw: Counted) -> None:
        self._raw, self._stream, self._fresh = raw, BZ2Decompressor(), True

    def read(self, size: int) -> bytes:
        while True:
            if self._stream.eof:
                rest = self._stream.unused_data
                self._stream, self._fresh = BZ2Decompressor(), not rest
            else:
                rest = self._raw.read(_CHUNK) if self._stream.needs_input else b""
                if not rest and self._stream.needs_input:
                    if self._fresh:
                        return b""
                    raise EOFError
            if rest:
                self._fresh = False
            if data := self._stream.decompress(rest, size):
                return data

    def close(self) -> None:
        """Nothing is held."""


class _Unpacked:
    """A packed stream whose faults name the file and how far it could be read."""

    def __init__(self, path: Path, raw: Counted, kind: str, max_ratio: int) -> None:
        self._path, self._raw, self._kind, self._ratio = path, raw, kind, max_ratio
        self._given = 0
        self._stream: Any
        if kind == "gzip":
            self._stream = igzip.IGzipFile(  # type: ignore[no-untyped-call]
                fileobj=cast("IO[bytes]", raw), mode="rb"
            )
        elif kind == "zstd":
            self._stream = pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")
        else:
            self._stream = _Bzip2(raw)

    def read(self, size: int) -> bytes:
        try:
            data = bytes(self._stream.read(size))
        except EOFError:
            raise self._truncated() from None
        except _FAULTS as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            if "Truncated" in str(error):
                raise self._truncated() from None
            raise MalformedError(
                self._path,
                None,
                f"broken {self._kind} after {self._given} unpacked bytes: {printable(error, 120)}",
            ) from None
        self._given += len(data)
        if not data and not self._given and not self._raw.taken:
            raise MalformedError(self._path, None, f"0 bytes, expected {self._kind}")
        if self._given > PATIENCE and self._given > self._ratio * max(self._raw.taken, 1):
            raise MalformedError(
                self._path,
                None,
                f"{self._raw.taken} bytes unpack to over {self._given}, "
                f"expected at most {self._ratio} times as many",
                hint="unpack it yourself and ingest the files if you trust it",
            )
        return data

    def _truncated(self) -> MalformedError:
        return MalformedError(
            self._path,
            None,
            f"truncated {self._kind}: ends after {self._given} unpacked bytes",
            hint="fetch the file again: nothing of it was recorded",
        )

    def close(self) -> None:
        self._stream.close()
        self._raw.close()


def unpacked(
    path: Path, options: ReadOptions, advance: Callable[[int], None] = advance_nothing
) -> Bytes:
    """The bytes of a file, unpacked if its name says that it is packed.

    Reads raise MalformedError where the packing is broken, or gives more than
    `options.max_ratio` times what was put in.
    """
    kind = packing(path)
    raw = Counted(path, advance)
    return raw if kind is None else _Unpacked(path, raw, kind, options.max_ratio)
