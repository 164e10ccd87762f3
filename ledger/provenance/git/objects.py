"""Objects of a repository through one `git cat-file --batch`, however many are asked for."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ledger.errors import InputError, RefusedError, printable
from ledger.provenance.git.run import quiet

__all__ = ["MOST", "Object", "Objects", "open_objects"]

MOST = 64 << 20  # bytes of one object that is read; a tag's content is at most this
_PIECE = 1 << 20


@dataclass(frozen=True)
class Object:
    """`data` is None where the object is longer than what was asked for."""

    id: str
    kind: str
    size: int
    data: bytes | None


class Objects:
    """Answers one name at a time: an id, or `COMMIT:PATH`."""

    def __init__(self, given: IO[bytes], said: IO[bytes]) -> None:
        self._given, self._said = given, said

    def read(self, name: bytes, most: int = MOST) -> Object | None:
        """The object of that name; None where there is none. `name` holds no line break.

        Raises InputError where git stopped answering.
        """
        if b"\n" in name or b"\0" in name:
            return None
        try:
            self._given.write(name + b"\n")
            self._given.flush()
            head = self._said.readline(len(name) + 200)
        except OSError as error:
            raise InputError("git cat-file stopped", hint="git fsck") from error
        words = head.rstrip(b"\n").split(b" ")
        if len(words) != 3 or not words[2].isdigit():
            if not head:
                raise InputError("git cat-file stopped", hint="git fsck")
            return None  # `NAME missing`, `NAME ambiguous`, `NAME dangling …`
        size = int(words[2])
        data = None
        if size <= most:
            data = self._said.read(size)
        else:
            self._skip(size)
        self._said.read(1)
        if data is not None and len(data) != size:
            raise InputError(f"git cat-file: {printable(name.decode(errors='replace'))} is cut off")
        return Object(words[0].decode(), words[1].decode(), size, data)

    def _skip(self, size: int) -> None:
        while size:
            piece = self._said.read(min(size, _PIECE))
            if not piece:
                return
            size -= len(piece)

    def blob_at(self, commit: str, path: str, most: int = MOST) -> Object | None:
        """The file of that path in a commit; None for what is no file there."""
        if path.startswith(("./", "../", "/")) or path in (".", ".."):
            return None  # git would read these from where it stands
        name = f"{commit}:".encode() + path.encode("utf-8", "surrogateescape")
        found = self.read(name, most)
        return found if found is not None and found.kind == "blob" else None


@contextmanager
def open_objects(folder: Path) -> Iterator[Objects]:
    """Raises RefusedError where git is not installed."""
    try:
        process = subprocess.Popen(
            ["git", "-C", str(folder), "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=quiet(),
        )
    except OSError as error:
        raise RefusedError("git is not installed", hint="install git 2.31 or newer") from error
    assert process.stdin is not None and process.stdout is not None
    try:
        yield Objects(process.stdin, process.stdout)
    finally:
        process.stdout.close()
        try:
            process.stdin.close()
        except BrokenPipeError:  # it ended first, and said so when it was asked
            process.stdin = None
        process.terminate()
        process.wait()
