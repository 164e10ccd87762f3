"""A tar stream that goes forward only and gives up before it is swallowed.

Python's tarfile reads the headers; this stands between it and the bytes. It bounds each header
and the whole, and refuses every step back (which is how negative sizes loop). `_packed` bounds
the ratio of unpacked to packed bytes.
"""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._packed import Bytes, unpacked
from ledger.errors import MalformedError, printable

__all__ = ["Member", "members"]

_HEADER = 1 << 20  # bytes one header (extended ones included) may have
_CHUNK = 1 << 20
_LATEST = 1 << 33  # Unix seconds, year 2242
_ZEROS = bytes(tarfile.BLOCKSIZE)


class _Forward:
    """The file object tarfile sees: read, tell, and seek ahead."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path, self._options = path, options
        self._stream: Bytes = unpacked(path, options, options.advance)
        self._at = 0
        self.last = b""

    def tell(self) -> int:
        return self._at

    def read(self, size: int) -> bytes:
        if size < 0 or size > _HEADER:
            raise MalformedError(
                self._path, None, f"a tar header of {size} bytes, expected at most {_HEADER}"
            )
        self.last = self.take(size)
        return self.last

    def seek(self, position: int) -> None:
        if position < self._at:
            raise MalformedError(self._path, None, "a tar member that points back into the archive")
        while self._at < position:
            if not self.take(min(_CHUNK, position - self._at)):
                return  # tarfile's next read finds the end and says so

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes, fewer only at the end."""
        parts: list[bytes] = []
        left = size
        while left and (part := self._stream.read(min(left, _CHUNK))):
            parts.append(part)
            left -= len(part)
            self._at += len(part)
            self._bound()
        return b"".join(parts)

    def _bound(self) -> None:
        options = self._options
        if self._at > options.max_total_bytes:
            raise MalformedError(
                self._path,
                None,
                f"over {options.max_total_bytes} unpacked bytes, expected at most that",
                hint="unpack it yourself and ingest the folder if you trust it",
            )

    def close(self) -> None:
        self._stream.close()


class Member:
    """One regular file of an archive, whose bytes can be taken until the next one is asked for."""

    def __init__(self, ordinal: int, info: tarfile.TarInfo, stream: _Forward, path: Path) -> None:
        self.ordinal = ordinal
        self.name = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        self.size = info.size
        # an extended header may say any float, "nan" too
        self.modified = int(info.mtime) if 0 < info.mtime < _LATEST else None
        self._info, self._stream, self._path = info, stream, path

    def read(self) -> bytes:
        """All of it. Raises MalformedError where the archive ends before."""
        self._stream.seek(self._info.offset_data)
        data = self._stream.take(self.size)
        if len(data) < self.size:
            raise MalformedError(
                self._path,
                None,
                f"truncated tar: {len(data)} of {self.size} bytes of {printable(self.name, 80)!r}",
            )
        return data


def members(path: Path, options: ReadOptions) -> Iterator[Member]:
    """Each regular member with its ordinal among all members; links and devices only count.

    Raises MalformedError for a truncated, broken or unreasonable archive.
    """
    stream = _Forward(path, options)
    try:
        with _hostile(path):
            archive = tarfile.TarFile(fileobj=stream, errorlevel=2)  # type: ignore[arg-type]
        ordinal = -1
        while True:
            with _hostile(path):
                info = archive.next()
            if info is None:
                break
            archive.members.clear()  # type: ignore[attr-defined]  # else every header is kept
            ordinal += 1
            if ordinal >= options.max_members:
                raise MalformedError(
                    path, None, f"over {options.max_members} members, expected at most that"
                )
            if info.size < 0:
                raise MalformedError(path, None, f"a member of {info.size} bytes")
            if info.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not info.issparse():
                yield Member(ordinal, info, stream, path)
        # tarfile takes a damaged header for the end; the end is a block of zeros
        if stream.last != _ZEROS:
            raise MalformedError(path, None, "truncated tar: no end-of-archive mark")
        while stream.take(_CHUNK):  # to the end of the gzip stream, where its checksum is
            continue
    finally:
        stream.close()


@contextmanager
def _hostile(path: Path) -> Iterator[None]:
    """tarfile trusts the numbers in headers, and how many extended ones stand in a row."""
    try:
        yield
    except (tarfile.TarError, ValueError, OverflowError, IndexError, RecursionError) as error:
        raise MalformedError(path, None, f"broken tar: {printable(error)}") from error
