"""A file, packed or not, as blocks of whole lines. The longest line allowed bounds the memory."""

from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast
from zlib import error as zlib_error

from isal import igzip, isal_zlib

from ledger.errors import MalformedError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Bytes", "Counted", "blocks", "unpacked"]


_FAULTS: tuple[type[Exception], ...] = (
    OSError,
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


class _Unpacked:
    """A gzip stream whose faults name the file and how far it could be read."""

    def __init__(self, path: Path, raw: Counted) -> None:
        self._path, self._raw, self._given = path, raw, 0
        self._stream = igzip.IGzipFile(  # type: ignore[no-untyped-call]
            fileobj=cast("IO[bytes]", raw), mode="rb"
        )

    def read(self, size: int) -> bytes:
        try:
            data = bytes(self._stream.read(size))
        except EOFError:
            raise MalformedError(
                self._path,
                None,
                f"truncated gzip: ends after {self._given} unpacked bytes",
                hint="fetch the file again: nothing of it was recorded",
            ) from None
        except _FAULTS as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise MalformedError(
                self._path, None, f"broken gzip after {self._given} unpacked bytes: {error}"
            ) from None
        self._given += len(data)
        if not data and not self._given and not self._raw.taken:
            raise MalformedError(self._path, None, "0 bytes, expected gzip")
        return data

    def close(self) -> None:
        self._stream.close()
        self._raw.close()


def unpacked(path: Path, advance: Callable[[int], None], *, gzip: bool) -> Bytes:
    """The bytes of a file, through gzip if `gzip`. Its reads raise MalformedError on bad gzip."""
    raw = Counted(path, advance)
    return _Unpacked(path, raw) if gzip else raw


def blocks(stream: Bytes, size: int, longest: int) -> Iterator[bytes | None]:
    """Blocks of whole lines of about `size` bytes; each ends at a line's end (or the file's).

    None stands for one line of more than `longest` bytes: it was passed over, not kept.
    """
    pieces: list[bytes] = []  # the unfinished line
    held, skipping = 0, False
    while chunk := stream.read(size):
        start, cut = 0, chunk.rfind(b"\n") + 1
        if cut and (skipping or held):
            start = chunk.index(b"\n") + 1  # the unfinished line ends here
            if skipping or held + start - 1 > longest:
                yield None
                pieces, skipping = [], False
            else:
                start = 0
            held = 0
        if cut > start:
            yield b"".join([*pieces, memoryview(chunk)[start:cut]])
            pieces = []
        if cut < len(chunk) and not skipping:
            pieces.append(chunk[cut:])
            held += len(chunk) - cut
            if held > longest:
                pieces, held, skipping = [], 0, True
    if skipping:
        yield None
    elif pieces:
        yield b"".join(pieces)
