"""What a piece of evidence can be about: an input, or the files of a folder.

Origins join evidence through their file. In a folder each file has a digest of its own, so
evidence about a folder is evidence about its files.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from hashlib import new
from pathlib import Path

from ledger.corpus.evidence import Reading
from ledger.corpus.hashing import hash_file
from ledger.corpus.inputs import Input, input_digest, input_files
from ledger.corpus.readers import Reader, Snapshot, reader_for
from ledger.errors import InputError, VerificationError, printable

__all__ = ["Subject"]

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Subject:
    """The input at `path`, read as `reading` says; digests are worked out when asked for."""

    path: Path
    reading: Reading

    @cached_property
    def _input(self) -> Input:
        return Input(self.path, self._reader, 0)

    @cached_property
    def _reader(self) -> Reader:
        return reader_for(self.path, self.reading.reader)

    @cached_property
    def is_folder(self) -> bool:
        """Whether the input is a folder whose files have digests of their own."""
        return self.path.is_dir() and not isinstance(self._reader, Snapshot)

    @cached_property
    def digest(self) -> bytes:
        """The input's digest, 32 bytes. Raises InputError."""
        try:
            if self.path.is_file():
                return hash_file(self.path)[0]
            return input_digest(self._input, self.reading.options)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    @cached_property
    def files(self) -> Mapping[bytes, str]:
        """Digest → name of everything that has a digest of its own: the input, or its files.

        Of a folder's, those that `reading.only` leaves.
        """
        return dict(self._hashed) if self.is_folder else {self.digest: self.path.name}

    @cached_property
    def _members(self) -> list[tuple[str, Path]]:
        return list(input_files(self._input, self.reading.options))

    @cached_property
    def _hashed(self) -> list[tuple[bytes, str]]:
        """(digest, name) of the files wanted; copies share a digest."""
        only = self.reading.only
        try:
            return [
                (hash_file(file)[0], relative)
                for relative, file in self._members
                if only is None
                or fnmatchcase(relative, only)
                or fnmatchcase(f"{self.path.name}/{relative}", only)
            ]
        except OSError as error:
            raise _unreadable(self.path, error) from error

    @property
    def all(self) -> "Found":
        """The whole input, or every file wanted. Raises InputError where there is none."""
        if not self.files:
            only = printable(self.reading.only, 80)
            raise InputError(f"{printable(self.path)} holds no {only!r}")
        return self._found(tuple(self.files))

    def _found(self, digests: tuple[bytes, ...]) -> "Found":
        if not self.is_folder:
            return Found(digests, 1, 1, False)
        hits = set(digests)
        covered = sum(digest in hits for digest, _ in self._hashed)
        return Found(digests, covered, len(self._members), True)

    def hashed(self, algorithm: str) -> bytes:
        """The input under another hash; a folder has none but SHA-256. Raises InputError."""
        if algorithm == "sha256":
            return self.digest
        if not self.path.is_file():
            raise InputError(
                f"{printable(self.path)}: a {algorithm} of a folder, expected sha256",
                hint="stamp the list of its files: sha256sum FILE… > SHA256SUMS",
            )
        hasher = new(algorithm)
        with open(self.path, "rb") as file:
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
        return hasher.digest()

    def among(self, listed: Collection[bytes], place: object) -> "Found":
        """Which of the files are listed at `place`. Raises VerificationError if none is."""
        hits = [digest for digest in self.files if digest in listed]
        if not hits:
            what = "no file of" if self.is_folder else f"not SHA-256 {self.digest.hex()} of"
            raise VerificationError(f"{printable(place)} lists {what} {printable(self.path)}")
        return self._found(tuple(hits))


@dataclass(frozen=True)
class Found:
    """What evidence covers: `covered` of `total` files. Copies of a file share a digest."""

    digests: tuple[bytes, ...]
    covered: int
    total: int
    folder: bool

    def dates(self, existed_by: int) -> tuple[int | None, Mapping[bytes, int] | None]:
        """`existed_by` and `documents` of the evidence."""
        documents = dict.fromkeys(self.digests, existed_by) if self.folder else None
        return (existed_by if self.covered == self.total else None), documents

    @property
    def words(self) -> str:
        """How many, for a detail: "" for a single file."""
        return f" ({self.covered:,} of {self.total:,} files)" if self.folder else ""


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{printable(error.filename or path)}: {(error.strerror or 'error').lower()}")
