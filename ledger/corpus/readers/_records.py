"""WARC files cut into records, by the lengths they give and by the gzip members they lie in.

A length is believed only where a record ends there. While nothing is odd, a packed file is one
stream; at the first oddity it is read again member by member, so that a record that lies about its
length costs itself and not those after it. Both ways give the same records.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias, cast

from isal import igzip_lib

from ledger.corpus.document import Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._ahead import ahead
from ledger.corpus.readers._packed import PATIENCE, Bytes, packing, unpacked
from ledger.errors import MalformedError, printable

__all__ = ["END", "Record", "records"]

_CHUNK = 1 << 20
_WINDOW = 16 << 10  # packed bytes a member's decompressor is given at a time
_LONGEST_HEAD = 64 << 10
END = b"\r\n\r\n"
_MARK = b"WARC/1."
_LENGTH = b"\r\ncontent-length:"
_TYPE = b"\r\nwarc-type:"
_DIGITS = 15
_FAULT = cast("type[Exception]", igzip_lib.IsalError)  # its stub types it as an instance


_Framed: TypeAlias = tuple[int, bytes, int, bytes, int, int, int]
"""Where a record begins in the stream, and the last six of Record."""


class _FaultError(Exception):
    """Bytes that are no whole record; the message says why."""


class Record(NamedTuple):
    """One record: its header is `data[start:head]`, its block `data[head + len(END) : stop]`.

    `row` is its ordinal in the file. `offset` is where it begins, in bytes of the file as it lies:
    None if it does not begin a gzip member, or nobody asked. `type` is its WARC-Type in lower case,
    empty where it has none. `size` is the block's; `data`, which records share, ends with the
    header where that is over the limit.
    """

    row: int
    offset: int | None
    type: bytes
    size: int
    data: bytes
    start: int
    head: int
    stop: int

    @property
    def whole(self) -> bool:
        """Whether the block is there."""
        return self.stop <= len(self.data)


def records(
    path: Path, options: ReadOptions, *, offsets: bool = False
) -> Iterator[Record | Rejected]:
    """Every record in order; Rejected for a gzip member that is no whole one.

    Blocks over `options.max_document_bytes` are passed over. Raises MalformedError where what
    follows an odd record cannot be found, or the packing is broken.
    """
    packed = packing(path) == "gzip"
    done = 0
    if not (packed and offsets):
        stream = unpacked(path, options, options.advance)
        try:
            with (  # three threads: inflating leaves the interpreter to the others, so does hashing
                closing(ahead(_chunks(stream))) as chunks,
                closing(
                    ahead(_batches(_framed(_Buffer(chunks), options, doubtful=packed)))
                ) as batches,
            ):
                for found in chain.from_iterable(batches):
                    yield Record(done, None if packed else found[0], *found[1:])
                    done += 1
            return
        except _FaultError as fault:
            if not packed:
                raise _malformed(path, done, fault) from None
        finally:
            stream.close()
    yield from _by_member(path, options, done)


def _malformed(path: Path, row: int, fault: Exception) -> MalformedError:
    return MalformedError(
        path, None, f"record {row}: {fault}", hint="what follows it cannot be found: fetch it again"
    )


def _chunks(stream: Bytes) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _batches(framed: Iterator[_Framed]) -> Iterator[list[_Framed]]:
    """About _CHUNK bytes of records at a time; what comes before a fault is handed over first."""
    batch: list[_Framed] = []
    held = 0
    fault: Exception | None = None
    try:
        for one in framed:
            batch.append(one)
            held += one[2]
            if held >= _CHUNK:
                yield batch
                batch, held = [], 0
    except (_FaultError, MalformedError) as error:
        fault = error
    yield batch
    if fault is not None:
        raise fault


class _Buffer:
    """What was unpacked and not yet used: `data` from `at`, which is byte `base + at` of all."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.data, self.at, self.base = b"", 0, 0
        self._chunks = chunks
        self._left = (b"", 0)  # a chunk of which only the beginning was joined to another

    def fill(self, wanted: int) -> bool:
        """Have at least `wanted` bytes from `at` on, unless the stream ends before."""
        place = self.base + self.at
        if self.at == len(self.data):
            self.data, self.at = self._more()
        held = len(self.data) - self.at
        if held < wanted:
            parts = [self.data[self.at :]]
            while held < wanted:
                chunk, start = self._more()
                if start == len(chunk):
                    break
                end = min(len(chunk), start + wanted - held)
                parts.append(chunk[start:end])
                self._left = (chunk, end)
                held += end - start
            self.data, self.at = b"".join(parts), 0
        self.base = place - self.at
        return held >= wanted

    def skip(self, count: int) -> bool:
        """Go ahead by `count` bytes, keeping none; False where the stream ends before."""
        while count > len(self.data) - self.at:
            count -= len(self.data) - self.at
            place = self.base + len(self.data)
            self.data, self.at = self._more()
            self.base = place - self.at
            if self.at == len(self.data):
                return False
        self.at += count
        return True

    def _more(self) -> tuple[bytes, int]:
        """The next bytes: a chunk and where they begin in it; its end where there are none."""
        chunk, start = self._left
        self._left = (b"", 0)
        return (chunk, start) if start < len(chunk) else (next(self._chunks, b""), 0)


def _framed(buffer: _Buffer, options: ReadOptions, *, doubtful: bool) -> Iterator[_Framed]:
    """Each record of a stream.

    Raises _FaultError; if `doubtful` also for what is right perhaps, but could be a length that
    reaches into the next member: a long block, or one that holds a record's mark.
    """
    most, close = options.max_document_bytes, len(END)
    while True:
        head = buffer.data.find(END, buffer.at, buffer.at + _LONGEST_HEAD)
        if head < 0:
            full = buffer.fill(_LONGEST_HEAD)
            head = buffer.data.find(END, buffer.at, buffer.at + _LONGEST_HEAD)
            held = len(buffer.data) - buffer.at
            if not held:
                return
            if head < 0:
                found = f"over {_LONGEST_HEAD}" if full else held
                raise _FaultError(f"{found} bytes, expected a record's header to end")
        data, start = buffer.data, buffer.at
        type_, size = _type_and_size(data[start:head])
        stop = head + close + size
        if size > most:
            if doubtful:
                raise _FaultError("a long block")
            offset = buffer.base + start
            if not buffer.skip(stop + close - start):
                raise _FaultError(f"Content-Length {size}, but the bytes end before")
            yield offset, type_, size, data[start:head], 0, head - start, stop - start
            continue
        if len(data) < stop + close:
            whole = buffer.fill(stop + close - start)
            moved = buffer.at - start
            data, start, head, stop = buffer.data, buffer.at, head + moved, stop + moved
            if not whole:
                held = len(data) - head - close
                found = f"{held} bytes follow" if held < size else "no blank lines close the record"
                raise _FaultError(f"Content-Length {size}, but {found}")
        if not data.startswith(END, stop):
            raise _FaultError(f"Content-Length {size}, but the record does not end there")
        if doubtful and data.find(_MARK, start + len(_MARK), stop) >= 0:
            raise _FaultError("a record's mark within a record")
        yield buffer.base + start, type_, size, data, start, head, stop
        buffer.at = stop + close


def _type_and_size(head: bytes) -> tuple[bytes, int]:
    """The WARC-Type and the Content-Length of a record's header. Raises _FaultError."""
    if not head.startswith(_MARK):
        shown = printable(head[:12].decode("latin-1"), 60)
        raise _FaultError(f'"{shown}", expected WARC/1.0 or 1.1')
    lower = head.lower()
    start = lower.find(_LENGTH)
    if start < 0 or lower.find(_LENGTH, start + 1) >= 0:
        raise _FaultError(f"{lower.count(_LENGTH)} Content-Length headers, expected one")
    digits = lower[start + len(_LENGTH) :].partition(b"\r\n")[0].strip(b" \t")
    if not digits.isdigit() or len(digits) > _DIGITS:
        shown = printable(digits.decode("latin-1"), 40)
        raise _FaultError(f'Content-Length "{shown}", expected a whole number')
    place = lower.find(_TYPE)
    found = lower[place + len(_TYPE) :].partition(b"\r\n")[0].strip(b" \t") if place >= 0 else b""
    return found, int(digits)


def _by_member(path: Path, options: ReadOptions, done: int) -> Iterator[Record | Rejected]:
    """The records of a gzip file from the `done`-th on, a member at a time."""
    row = 0
    with open(path, "rb") as file:
        members = _Members(path, file, options)
        while members.another():
            offset: int | None = members.offset
            try:
                for found in _framed(_Buffer(members.rest), options, doubtful=False):
                    if row >= done:
                        yield Record(row, offset, *found[1:])
                    row, offset = row + 1, None
            except _FaultError as fault:
                if offset is None or row == 0:  # others follow it in its member, or it is no WARC
                    raise _malformed(path, row, fault) from None
                if row >= done:
                    yield Rejected(f"{path}:row {row}", str(fault))
                row += 1
                for _ in members.rest:  # to its end, where the next one begins
                    continue


class _Members:
    """The members of a gzip file one by one; `rest` is what is left of the present one, unpacked.

    Its iteration raises MalformedError.
    """

    def __init__(self, path: Path, file: BinaryIO, options: ReadOptions) -> None:
        self._path, self._file, self._options = path, file, options
        self._packed, self._at, self._base = b"", 0, 0  # read; used of that; bytes before it
        self._given = 0
        self.offset = 0
        self.rest: Iterator[bytes] = iter(())

    def another(self) -> bool:
        """Go to the next member, if there is one."""
        self._read()
        while self._packed[self._at : self._at + 1] == b"\0":  # padding, as gzip takes it
            self._at += 1
            self._read()
        self.offset, self.rest = self._base + self._at, self._unpack()
        return bool(self._packed)

    def _read(self) -> None:
        if self._at == len(self._packed):
            self._base += self._at
            self._packed, self._at = self._file.read(_CHUNK), 0

    def _unpack(self) -> Iterator[bytes]:
        stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        while not stream.eof:
            window = b""
            if stream.needs_input:
                self._read()
                window = self._packed[self._at : self._at + _WINDOW]
                if not window:
                    raise self._broken("truncated gzip: ends")
                self._at += len(window)
            try:
                data = stream.decompress(window, _CHUNK)
            except _FAULT as error:
                raise self._broken(f"broken gzip: {printable(error, 80)}") from None
            self._given += len(data)
            ratio = self._options.max_ratio
            if self._given > PATIENCE and self._given > ratio * (self._base + self._at):
                raise self._broken(f"over {ratio} times what was packed")
            if data:
                yield data
        self._at -= len(stream.unused_data)  # of the last window

    def _broken(self, what: str) -> MalformedError:
        return MalformedError(
            self._path,
            None,
            f"{what} after {self._given} unpacked bytes",
            hint="fetch the file again: nothing of it was recorded",
        )
