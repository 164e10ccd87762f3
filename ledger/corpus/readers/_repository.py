"""A git repository as a store of objects: read, never run.

Nothing of the repository's configuration is executed: no hook, filter, pager, helper or transport.
Objects come from `git cat-file --batch`, and each is hashed again, so that a commit's id vouches
for every tree and blob read through it.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1, sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Self

from ledger.errors import InputError, MalformedError, RefusedError, VerificationError, printable

__all__ = ["Blob", "Repository", "git_folder"]

_QUIET = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.commitGraph=false",
    "core.attributesFile=/dev/null", "protocol.allow=never", "safe.directory=*",
    "log.showRoot=true", "log.showSignature=false", "log.mailmap=false",
)  # fmt: skip
_ENVIRONMENT = {
    "LC_ALL": "C",
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # an older git would fetch what a partial clone lacks
    "GIT_GRAFT_FILE": os.devnull,
}
_STRUCTURE = 64 << 20  # bytes of a commit, tag or tree
_DEPTH = 500  # folders within folders
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Blob:
    """A file of a tree, with its ordinal among all; or a link or submodule, which are no files."""

    ordinal: int
    path: str
    oid: str
    file: bool = True


def git_folder(path: Path) -> Path | None:
    """Where the objects of a checkout or bare repository at `path` lie; None if it is neither."""
    inside = path / ".git"
    if inside.exists():
        return inside
    bare = (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
    return path if bare else None


class Repository:
    """One repository, open for reading. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Raises InputError where there is no repository, RefusedError without git."""
        program, folder = shutil.which("git"), git_folder(path)
        if program is None:
            raise RefusedError("git is not installed", hint="apt install git")
        if folder is None:
            raise InputError(
                f"{printable(path)}: no git repository, expected a checkout or a bare one"
            )
        self.path = path
        self._command = [program, f"--git-dir={folder}", "--no-pager", "--no-replace-objects"]
        for option in _QUIET:
            self._command += ["-c", option]
        self._environment = _ENVIRONMENT | {"PATH": os.environ.get("PATH", os.defpath)}
        self._errors = TemporaryFile()  # noqa: SIM115  (closed in close)
        self._batch: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._batch is not None:
            _end(self._batch)
            self._batch = None
        self._errors.close()

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self._command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=self._environment,
        )

    def _failure(self) -> MalformedError:
        self._errors.seek(0)
        lines = self._errors.read(4000).decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1].removeprefix("fatal: ") if lines else "git gave up without a word"
        return MalformedError(self.path, None, f"git: {printable(reason, 160)}")

    def _ask(self, name: str) -> tuple[str, str, int, IO[bytes]]:
        """(object id, type, size, where its bytes come next)."""
        if self._batch is None:
            self._batch = self._start("cat-file", "--batch")
        process = self._batch
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(name.encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline(10_000)
        except (BrokenPipeError, OSError) as error:
            raise self._failure() from error
        fields = line.decode("utf-8", "replace").split()
        if not line.endswith(b"\n"):
            raise self._failure()
        if len(fields) != 3 or not fields[2].isdecimal():
            raise InputError(
                f"{printable(self.path)}: git has no {printable(name, 80)}",
                hint="git.rev names a commit, tag or branch; a partial clone lacks objects",
            )
        return fields[0], fields[1], int(fields[2]), process.stdout

    def resolve(self, revision: str) -> str:
        """The id of the commit that a revision means. Raises InputError."""
        if not revision or revision.startswith("-") or not revision.isprintable():
            raise InputError(f"revision {printable(revision, 80)!r}, expected a commit or a tag")
        oid, kind, size, stream = self._ask(f"{revision}^{{commit}}")
        self._take(oid, kind, size, stream, _STRUCTURE)
        return oid

    def resolve_tag(self, name: str) -> str | None:
        """The id of the tag object called `name`; None where the tag is a mere pointer."""
        if not name or not name.isprintable():
            raise InputError(f"tag {printable(name, 80)!r}, expected the name of a tag")
        oid, kind, size, stream = self._ask(f"refs/tags/{name}")
        self._take(oid, kind, size, stream, _STRUCTURE)
        return oid if kind == "tag" else None

    def read(self, oid: str, kind: str) -> bytes:
        """A commit, tag or tree, checked against its id. Raises MalformedError."""
        found, actual, size, stream = self._ask(oid)
        data = self._take(found, actual, size, stream, _STRUCTURE)
        if data is None or actual != kind or found != oid:
            raise MalformedError(
                self.path, None, f"object {oid} is a {actual} of {size} bytes, expected a {kind}"
            )
        return data

    def blob(self, oid: str, most: int) -> bytes | int:
        """A blob's bytes, checked against its id; or its size where that is over `most`."""
        found, kind, size, stream = self._ask(oid)
        data = self._take(found, kind, size, stream, most)
        if kind != "blob":
            raise MalformedError(self.path, None, f"object {oid} is a {kind}, expected a blob")
        return size if data is None else data

    def _take(self, oid: str, kind: str, size: int, stream: IO[bytes], most: int) -> bytes | None:
        """The object's bytes, None where there are more than `most`; hashed in either case."""
        hasher = sha1(usedforsecurity=False) if len(oid) == 40 else sha256()
        hasher.update(f"{kind} {size}\0".encode())
        parts: list[bytes] = []
        left = size
        while left:
            part = stream.read(min(left, _CHUNK))
            if not part:
                raise self._failure()
            hasher.update(part)
            if size <= most:
                parts.append(part)
            left -= len(part)
        stream.read(1)
        if hasher.hexdigest() != oid:
            raise VerificationError(
                f"{printable(self.path)}: object {oid} has bytes that are not its own",
                hint="git fsck names what is broken",
            )
        return b"".join(parts) if size <= most else None

    def tree_of(self, commit: str) -> str:
        """The id of a commit's tree."""
        first, _, _ = self.read(commit, "commit").partition(b"\n")
        word, _, oid = first.partition(b" ")
        if word != b"tree" or not oid:
            raise MalformedError(self.path, None, f"commit {commit} names no tree")
        return oid.decode("ascii", "replace")

    def committed_at(self, commit: str) -> int:
        """The committer's date, Unix seconds. It is the committer's own word."""
        head, _, _ = self.read(commit, "commit").partition(b"\n\n")
        for line in head.split(b"\n"):
            if line.startswith(b"committer "):
                seconds = line.split(b" ")[-2:][0]
                if seconds.isdigit():
                    return int(seconds)
        raise MalformedError(self.path, None, f"commit {commit} has no committer's date")

    def files(self, commit: str, most: int) -> Iterator[Blob]:
        """What a commit holds, in the order of its tree. Raises MalformedError over `most`."""
        counter = [0]
        yield from self._walk(self.tree_of(commit), "", most, counter, 0)

    def _walk(
        self, tree: str, above: str, most: int, counter: list[int], depth: int
    ) -> Iterator[Blob]:
        if depth > _DEPTH:
            raise MalformedError(self.path, None, f"folders nested over {_DEPTH} deep")
        for mode, name, oid in self._entries(tree):
            path = above + name
            if mode == "40000":
                yield from self._walk(oid, path + "/", most, counter, depth + 1)
                continue
            ordinal = counter[0]
            counter[0] += 1
            if ordinal >= most:
                raise MalformedError(
                    self.path, None, f"over {most} files in a commit, expected at most that"
                )
            yield Blob(ordinal, path, oid, mode.startswith("100"))

    def _entries(self, tree: str) -> list[tuple[str, str, str]]:
        """(mode, name, object id) of each entry of a tree."""
        data, width = self.read(tree, "tree"), len(tree) // 2
        found, at = [], 0
        while at < len(data):
            end = data.find(b"\0", at)
            mode, space, name = data[at:end].partition(b" ")
            oid = data[end + 1 : end + 1 + width]
            if end < 0 or not space or len(oid) < width:
                raise MalformedError(self.path, None, f"tree {tree} is cut short")
            found.append(
                (mode.decode("latin-1"), name.decode("utf-8", "backslashreplace"), oid.hex())
            )
            at = end + 1 + width
        return found

    def touched(self, commit: str) -> dict[str, int]:
        """Path → the latest committer's date of any commit up to `commit` that changed it."""
        dates: dict[str, int] = {}
        when = 0
        expect_path = False
        for token in self._log(commit):
            if expect_path:
                path = token.decode("utf-8", "backslashreplace")
                dates[path] = max(when, dates.get(path, when))
                expect_path = False
            elif (line := token.lstrip(b"\n")).startswith(b":"):
                expect_path = True
            elif line.startswith(b"commit "):
                when = int(line.split(b" ")[1])
        return dates

    def _log(self, commit: str) -> Iterator[bytes]:
        """NUL-separated tokens of one pass over the history; merges show what they changed."""
        with self._running(
            ["log", "--format=commit %ct", "--raw", "-c", "-z", "--no-abbrev", "--no-renames",
             "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "-O/dev/null",
             commit, "--"]
        ) as stream:  # fmt: skip
            rest = b""
            while part := stream.read(_CHUNK):
                *whole, rest = (rest + part).split(b"\0")
                yield from whole
            if rest:
                yield rest

    def sizes(self, oids: Sequence[str]) -> int:
        """Bytes of these blobs in all."""
        if not oids:
            return 0
        total = 0
        process = self._start("cat-file", "--batch-check=%(objectsize)")
        assert process.stdin is not None and process.stdout is not None
        try:
            for start in range(0, len(oids), 500):  # fewer bytes than a pipe holds
                chunk = oids[start : start + 500]
                process.stdin.write("".join(f"{oid}\n" for oid in chunk).encode())
                process.stdin.flush()
                for oid in chunk:
                    line = process.stdout.readline(10_000).strip()
                    if not line.isdigit():
                        raise InputError(
                            f"{printable(self.path)}: git has no object {oid}",
                            hint="a partial clone lacks objects",
                        )
                    total += int(line)
        except BrokenPipeError as error:
            raise self._failure() from error
        finally:
            _end(process)
        return total

    @contextmanager
    def _running(self, arguments: Sequence[str]) -> Iterator[IO[bytes]]:
        process = self._start(*arguments)
        assert process.stdout is not None
        try:
            yield process.stdout
            if process.wait() != 0:
                raise self._failure()
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:  # it left before us
                continue
    if process.poll() is None:
        process.terminate()
    process.wait()
