"""A zip archive whose directory is believed only where the bytes bear it out.

Python's zipfile reads the directory; members are inflated here. Each must lie where the directory
says, under the same name, apart from all others, and give exactly the bytes and checksum that it
promises.
"""

import bz2
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._packed import PATIENCE
from ledger.errors import MalformedError, printable

__all__ = ["BadMember", "ZipMember", "zip_members"]

_LOCAL = struct.Struct("<4s5HIIIHH")  # APPNOTE 4.3.7
_SIGNATURE = b"PK\x03\x04"
_END = struct.Struct("<4s4HIIH")  # APPNOTE 4.3.16
_END_SIGNATURE = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sIQI")  # APPNOTE 4.3.15
_LOCATOR_SIGNATURE = b"PK\x06\x07"
_LONG_END = struct.Struct("<4sQHHIIQQQQ")  # APPNOTE 4.3.14
_LONG_END_SIGNATURE = b"PK\x06\x06"
_COMMENT = 65_535  # bytes a comment may have at most
_DIRECTORY = 256 << 20  # bytes a directory may have
_ENCRYPTED = 0x0041 | 0x2000  # flags 0 and 6, and 13: an encrypted directory
_UTF8 = 0x0800
_CHUNK = 1 << 20


class BadMember(Exception):
    """A member that cannot be read though its neighbours can; its text is the reason."""


@dataclass(frozen=True)
class ZipMember:
    """A file of an archive: its ordinal among all entries, its name, its size as promised."""

    ordinal: int
    name: str
    info: zipfile.ZipInfo
    archive: "_Archive"

    @property
    def link(self) -> bool:
        """Whether it is a symbolic link or another thing of Unix that is no file."""
        mode = self.info.external_attr >> 16
        return stat.S_IFMT(mode) not in (0, stat.S_IFREG)

    def read(self, most: int) -> bytes:
        """Its bytes. Raises BadMember where they are not as promised, or over `most`."""
        return self.archive.read(self.info, most)


def zip_members(path: Path, options: ReadOptions) -> Iterator[ZipMember]:
    """Each entry that is no folder. Raises MalformedError where the archive cannot be trusted."""
    with open(path, "rb") as file:
        archive = _Archive(path, file, options)
        with archive.directory() as directory:
            entries = directory.infolist()
            archive.check(entries, directory.start_dir)
            for ordinal, info in enumerate(entries):
                if not info.is_dir():
                    yield ZipMember(ordinal, _name(info), info, archive)


class _Archive:
    """An open archive, and how much of it was unpacked so far."""

    def __init__(self, path: Path, file: BinaryIO, options: ReadOptions) -> None:
        self._path, self._file, self._options = path, file, options
        self._given = 0
        self._size = file.seek(0, 2)

    def directory(self) -> zipfile.ZipFile:
        """The parsed directory, once its promised size is one that can be."""
        file = self._file
        file.seek(max(0, self._size - _END.size - _COMMENT))
        tail = file.read()
        at = tail.rfind(_END_SIGNATURE)
        if at < 0 or len(tail) - at < _END.size:
            raise self._broken("no end of a directory", hint="fetch it again if it was cut short")
        *_, count, size, _offset, _comment = _END.unpack_from(tail, at)
        locator = tail[max(0, at - _LOCATOR.size) : at]
        if locator.startswith(_LOCATOR_SIGNATURE) and len(locator) == _LOCATOR.size:
            count, size = self._long_end(_LOCATOR.unpack(locator)[2])
        if size > _DIRECTORY:
            raise self._broken(f"a directory of {size} bytes, expected at most {_DIRECTORY}")
        self._count(count)
        try:
            found = zipfile.ZipFile(file)
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            ValueError,  # names that say they are UTF-8 and are not, among others
            OverflowError,
            struct.error,
            OSError,
        ) as error:
            raise self._broken(
                f"a directory that cannot be read ({printable(error, 100)})"
            ) from None
        self._count(len(found.filelist))
        return found

    def _long_end(self, at: int) -> tuple[int, int]:
        """(entries, bytes) of the directory as the record for large archives says."""
        self._file.seek(min(at, self._size))
        record = self._file.read(_LONG_END.size)
        if len(record) < _LONG_END.size or not record.startswith(_LONG_END_SIGNATURE):
            raise self._broken("no end of a large directory where it is said to be")
        fields = _LONG_END.unpack(record)
        return fields[7], fields[8]

    def _count(self, count: int) -> None:
        most = self._options.max_members
        if count > most:
            raise self._broken(f"over {most} members, expected at most that")

    def check(self, entries: list[zipfile.ZipInfo], start_of_directory: int) -> None:
        """Raises MalformedError where two members share bytes: what blows up a small file."""
        spans = sorted(
            (start, start + _LOCAL.size + len(_raw_name(info)) + info.compress_size)
            for info in entries
            for start in [info.header_offset]
        )
        if spans and spans[0][0] < 0:
            raise self._broken("a member before the first byte")
        ends = [*spans, (start_of_directory, self._size)]
        for (_, end), (start, _) in pairwise(ends):
            if end > start:
                raise self._broken(f"members that overlap at byte {start}")

    def read(self, info: zipfile.ZipInfo, most: int) -> bytes:
        if info.flag_bits & _ENCRYPTED:
            raise BadMember("encrypted")
        if info.file_size > most:
            raise BadMember(f"text of {info.file_size} bytes, expected at most {most}")
        self._to_data(info)
        if info.compress_type == zipfile.ZIP_STORED:
            data = self._file.read(info.file_size) if info.file_size == info.compress_size else None
        elif info.compress_type == zipfile.ZIP_DEFLATED:
            data = self._inflate(info, zlib.decompressobj(-zlib.MAX_WBITS))
        elif info.compress_type == zipfile.ZIP_BZIP2:
            data = self._inflate(info, bz2.BZ2Decompressor())
        else:
            raise BadMember(f"packed by method {info.compress_type}, expected stored or deflate")
        if data is None or len(data) != info.file_size:
            raise BadMember(f"not the {info.file_size} bytes that the archive's directory says")
        if zlib.crc32(data) != info.CRC:
            raise BadMember(f"CRC-32 {zlib.crc32(data):08x}, expected {info.CRC:08x}")
        self._given += len(data)
        self._bound()
        return data

    def _to_data(self, info: zipfile.ZipInfo) -> None:
        """Step to a member's first byte. Raises BadMember where its own header says otherwise."""
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(_SIGNATURE):
            raise BadMember(f"no member at byte {info.header_offset}")
        fields = _LOCAL.unpack(header)
        flags, method, name_size, extra_size = fields[2], fields[3], fields[9], fields[10]
        name = self._file.read(name_size)
        if name != _raw_name(info) or method != info.compress_type:
            raise BadMember(
                f"another member, {printable(name.decode('cp437'), 60)!r}, in its place"
            )
        if flags & _ENCRYPTED:
            raise BadMember("encrypted")
        self._file.seek(extra_size, 1)

    def _inflate(
        self, info: zipfile.ZipInfo, unpacker: "zlib._Decompress | bz2.BZ2Decompressor"
    ) -> bytes | None:
        """The unpacked bytes; None unless they end just where the packed ones do."""
        parts: list[bytes] = []
        left, room = info.compress_size, info.file_size + 1
        rest = b""
        try:
            while not unpacker.eof and room > 0:
                if not rest and left:
                    rest = self._file.read(min(_CHUNK, left))
                    left -= len(rest)
                    if not rest:
                        return None
                elif (
                    not rest and isinstance(unpacker, bz2.BZ2Decompressor) and unpacker.needs_input
                ):
                    return None
                part = unpacker.decompress(rest, room)
                ended = not part and not left and not rest
                rest = getattr(unpacker, "unconsumed_tail", b"")
                parts.append(part)
                room -= len(part)
                if ended and not rest:
                    return None
        except (zlib.error, OSError, ValueError, EOFError) as error:
            raise BadMember(f"broken deflate: {printable(error, 80)}") from None
        whole = unpacker.eof and not unpacker.unused_data and not left and not rest
        return b"".join(parts) if whole else None

    def _bound(self) -> None:
        options = self._options
        hint = "unpack it yourself and ingest the folder if you trust it"
        if self._given > options.max_total_bytes:
            raise self._broken(f"over {options.max_total_bytes} unpacked bytes", hint=hint)
        if self._given > PATIENCE and self._given > options.max_ratio * self._size:
            raise self._broken(
                f"{self._size} bytes unpack to over {self._given}, "
                f"expected at most {options.max_ratio} times as many",
                hint=hint,
            )

    def _broken(self, what: str, *, hint: str | None = None) -> MalformedError:
        return MalformedError(self._path, None, f"not a sound zip: {what}", hint=hint)


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    """The name's bytes as they stand in the directory."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")


def _name(info: zipfile.ZipInfo) -> str:
    """The name: UTF-8 if it says or can be that, as most programs write it, else code page 437."""
    try:
        return _raw_name(info).decode()
    except UnicodeDecodeError:
        return info.orig_filename
