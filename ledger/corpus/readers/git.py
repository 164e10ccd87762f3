"""The files of a repository as of one commit. The checkout, its index and its hooks play no part.

Row = ordinal among all entries of the tree, so that neither `include` nor `git.code` renumbers.
Locators name the input's digest, so that evidence about the commit dates its members. `claimed_at`
is the latest date of any commit that changed the path: committers write their dates themselves.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import ClassVar

import pyarrow as pa

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.extractors import extractor_for
from ledger.corpus.readers import ReadOptions, setting
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._columns import Plan
from ledger.corpus.readers._comments import SOURCES, VERSION, comments
from ledger.corpus.readers._globs import included
from ledger.corpus.readers._repository import Blob, Repository, git_folder
from ledger.corpus.readers._texts import CONTENT_TYPES, SUFFIXES, Problem, identities, text_of
from ledger.errors import UnknownNameError

__all__ = ["READER"]

_CODE = ("none", "comments", "all")
_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 1024
_LFS = b"version https://git-lfs.github.com/spec/"


class _Git:
    name = "git"
    version = 1
    suffixes = ()
    folders = True
    settings: ClassVar[Mapping[str, str]] = {
        "rev": "the commit, tag or branch to read (HEAD)",
        "code": "of source files: none of them, their comments and docstrings, or all (none)",
    }

    def check_options(self, options: ReadOptions) -> None:
        _code(options)

    def takes(self, path: Path) -> bool:
        """A bare repository; a checkout is a plain folder unless asked for as git."""
        return git_folder(path) == path

    def derivation(self, path: Path, options: ReadOptions) -> tuple[str, ...]:
        """The extractors of these suffixes, and our own lexers where comments are asked for."""
        own = (f"headwater-comments/{VERSION}",) if _code(options) == "comments" else ()
        with Repository(path) as repository:
            commit = repository.resolve(_revision(options))
            return (*own, *identities(b.path for b in _chosen(repository, commit, options)))

    def state(self, path: Path, options: ReadOptions) -> str:
        """The commit's id."""
        with Repository(path) as repository:
            return repository.resolve(_revision(options))

    def settle(self, path: Path, options: ReadOptions) -> Mapping[str, str]:
        """The commit by its id: branches move on, and tags can be moved."""
        return {"git.rev": self.state(path, options)}

    def size(self, path: Path, options: ReadOptions) -> int:
        """Bytes of the blobs that count."""
        with Repository(path) as repository:
            commit = repository.resolve(_revision(options))
            return repository.sizes([blob.oid for blob in _chosen(repository, commit, options)])

    def digest(self, path: Path, options: ReadOptions) -> bytes:
        """SHA-256 over `commit <id>\\n` and `<SHA-256 of the blob>  <path>\\n` of each file that
        counts, sorted by path: the same from any clone.
        """
        with Repository(path) as repository:
            commit = repository.resolve(_revision(options))
            total = sha256(f"commit {commit}\n".encode())
            for blob in sorted(_chosen(repository, commit, options), key=lambda b: b.path.encode()):
                data = repository.blob(blob.oid, options.max_document_bytes)
                # one over the limit is rejected when it is read, and stands for its git id
                shown = sha256(data).hexdigest() if isinstance(data, bytes) else blob.oid
                total.update(f"{shown}  {blob.path}\n".encode())
            return total.digest()

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected | Passed]:
        """See Reader.read. Links, submodules, hidden files, files of other kinds and, with
        `git.code`, source files that hold nothing to read are passed over and counted.
        """
        with Repository(path) as repository:
            commit = repository.resolve(_revision(options))
            fallback = repository.committed_at(commit)
            dates = repository.touched(commit)
            waiting = _Waiting(path, options)
            passed: Counter[str] = Counter()
            for blob in _chosen(repository, commit, options, passed):
                data = repository.blob(blob.oid, options.max_document_bytes)
                size = data if isinstance(data, int) else len(data)
                options.advance(size)
                text = _text(blob, data, options)
                if isinstance(text, str):
                    yield Rejected(f"{path}!{blob.path}", text)
                elif text:
                    when = dates.get(blob.path, fallback)
                    yield from waiting.add(blob, text, when)
                else:
                    passed["source files without text of their own"] += 1
            yield from waiting.flush()
            for what, count in sorted(passed.items()):
                yield Passed(what, count)


def _revision(options: ReadOptions) -> str:
    return setting(options, "git", "rev", "HEAD")


def _code(options: ReadOptions) -> str:
    code = setting(options, "git", "code", "none")
    if code not in _CODE:
        raise UnknownNameError("git.code", code, _CODE)
    return code


def _chosen(
    repository: Repository, commit: str, options: ReadOptions, passed: Counter[str] | None = None
) -> list[Blob]:
    """The files that count: by the globs if any, else by suffix. `passed` counts the others."""
    suffixes = SUFFIXES if _code(options) == "none" else (*SUFFIXES, *SOURCES)
    chosen, others = [], passed if passed is not None else Counter()
    for blob in repository.files(commit, options.max_members):
        if not blob.file:
            others["links and submodules"] += 1
        elif any(part.startswith(".") and part != ".." for part in blob.path.split("/")):
            others["hidden files"] += 1
        elif not included(blob.path, options.include, suffixes):
            others["files of other kinds"] += 1
        else:
            chosen.append(blob)
    return chosen


def _text(blob: Blob, data: bytes | int, options: ReadOptions) -> bytes | str:
    """The document's bytes (b"": no document), or as a string why it is none."""
    if isinstance(data, int):
        return f"text of {data} bytes, expected at most {options.max_document_bytes}"
    if ".." in blob.path.split("/") or blob.path.startswith("/"):
        return "a name that leaves the repository"
    if data.startswith(_LFS):
        return "a Git LFS pointer, its text lies elsewhere"
    if not data and _is_source(blob.path):
        return data  # such as an __init__.py
    text = text_of(blob.path, data)
    if isinstance(text, Problem):
        return text.reason + ("" if text.line is None else f", line {text.line}")
    if _code(options) == "comments" and _is_source(blob.path):
        return comments(blob.path, text.decode()).encode()
    return text


def _is_source(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in SOURCES


class _Waiting:
    """Documents waiting to become one table."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path, self._options = path, options
        self._blobs: list[Blob] = []
        self._texts: list[bytes] = []
        self._dates: list[int] = []
        self._held = 0

    def add(self, blob: Blob, text: bytes, when: int) -> Iterator[pa.Table | Rejected]:
        self._blobs.append(blob)
        self._texts.append(text)
        self._dates.append(when)
        self._held += len(text)
        if self._held >= _BATCH_BYTES or len(self._blobs) >= _BATCH_ROWS:
            yield from self.flush()

    def flush(self) -> Iterator[pa.Table | Rejected]:
        blobs = self._blobs
        if not blobs:
            return
        found = {
            "text": pa.array(self._texts, pa.large_binary()).cast(pa.large_string()),
            "path": pa.array([blob.path for blob in blobs], pa.string()),
            "record": pa.array([blob.oid for blob in blobs], pa.string()),
            "content_type": pa.array([_content_type(blob.path) for blob in blobs], pa.string()),
            "claimed_at": pa.array(self._dates, pa.timestamp("s")),
        }
        table, rejected = assemble(
            found,
            pa.array([blob.ordinal for blob in blobs], pa.int64()),
            Plan({}),
            self._options,
            lambda i: f"{self._path}!{blobs[i].path}",
        )
        self._blobs, self._texts, self._dates, self._held = [], [], [], 0
        yield from rejected
        if table.num_rows:
            yield table


def _content_type(path: str) -> str | None:
    if (extractor := extractor_for(path)) is not None:
        return extractor.content_type
    suffix = PurePosixPath(path).suffix.lower()
    return CONTENT_TYPES.get(suffix) or SOURCES.get(suffix, (None, None))[0]


READER = _Git()
