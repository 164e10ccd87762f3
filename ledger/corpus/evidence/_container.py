"""What lies in a release: the SHA-256 of each regular member of a tar archive or Debian package."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from ledger.corpus.readers import ReadOptions
from ledger.errors import InputError, MalformedError, printable

__all__ = ["member_digests", "unpacked"]

_AR = b"!<arch>\n"
_AR_HEADER = 60
_CHUNK = 1 << 20
_BROKEN = (
    tarfile.TarError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError, ValueError,
    OverflowError, IndexError, OSError,
)  # fmt: skip


class _Bounded:
    """A stream that gives up before it is swallowed."""

    def __init__(self, stream: BinaryIO, most: int, path: Path) -> None:
        self._stream, self._left, self._path = stream, most, path

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(_CHUNK if size < 0 else size)
        self._left -= len(data)
        if self._left < 0:
            raise MalformedError(self._path, None, "unpacks to more than may be read")
        return data


def member_digests(path: Path, options: ReadOptions) -> Mapping[bytes, str]:
    """SHA-256 → name of the regular members of a .tar(.gz, .xz, .bz2, .zst) or .deb.

    Raises InputError, MalformedError.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(len(_AR))
            file.seek(0)
            found: dict[bytes, str] = {}
            if head == _AR:
                _package(file, path, options, found)
            else:
                _tar(_decoder(file), path, options, found)
            return found
    except FileNotFoundError as error:
        raise InputError(
            f"{printable(path)}: no such file", hint="container names the release the input is of"
        ) from error
    except _BROKEN as error:
        raise MalformedError(
            path, None, f"not a tar archive or Debian package: {printable(error, 80)}"
        ) from error


def _package(file: BinaryIO, path: Path, options: ReadOptions, found: dict[bytes, str]) -> None:
    """A Debian package is an `ar` of three files, one of them data.tar."""
    at = len(_AR)
    file.seek(at)
    while len(header := file.read(_AR_HEADER)) == _AR_HEADER:
        name = header[:16].rstrip(b" /").decode("latin-1")
        size = int(header[48:58])
        if header[58:] != b"`\n" or size < 0:
            raise MalformedError(path, None, "a broken ar header")
        start = file.tell()
        if name.split(".")[:2] == ["data", "tar"]:
            _tar(_decoder(cast(BinaryIO, _Part(file, size))), path, options, found)
        at = start + size + size % 2
        file.seek(at)


class _Part:
    """The next `size` bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size
        self._start = file.tell()
        self._size = size

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def peek(self) -> bytes:
        head = self._file.read(min(8, self._left))
        self._file.seek(self._start)
        return head

    def readable(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return False


def _decoder(file: BinaryIO) -> BinaryIO:
    if isinstance(file, _Part):
        head = file.peek()
    else:
        head = file.read(8)
        file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if head.startswith(b"\xfd7zXZ"):
        return cast(BinaryIO, lzma.LZMAFile(file))
    if head.startswith(b"BZh"):
        return cast(BinaryIO, bz2.BZ2File(file))
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))
    return file


def _tar(stream: BinaryIO, path: Path, options: ReadOptions, found: dict[bytes, str]) -> None:
    bounded = cast(BinaryIO, _Bounded(stream, options.max_total_bytes, path))
    count = 0
    with tarfile.open(fileobj=bounded, mode="r|") as tar:
        for member in tar:
            tar.members.clear()  # type: ignore[attr-defined]  # else every header is kept
            count += 1
            if count > options.max_members:
                raise MalformedError(path, None, f"over {options.max_members} members")
            if not member.isreg() or member.issparse():
                continue
            file = tar.extractfile(member)
            if file is None:
                continue
            hasher = sha256()
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
            name = member.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            found.setdefault(hasher.digest(), name)


def unpacked(path: Path, raw: bytes, most: int) -> bytes:
    """A small compressed file (.xz, .gz, .bz2, or none of these) in memory, within bounds."""
    try:
        data = _decoder(io.BytesIO(raw)).read(most + 1)
    except _BROKEN as error:
        raise MalformedError(path, None, f"broken: {printable(error, 80)}") from error
    if len(data) > most:
        raise MalformedError(path, None, f"unpacks to over {most} bytes, expected at most that")
    return data
