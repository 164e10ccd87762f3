"""Text members of a tar archive (.tar, .tar.gz, .tgz). Nothing is ever written to disk.

Of .docx and .pdf members the text is taken out.
Row = ordinal among all members, links and devices too, so that `include` does not renumber.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath

import pyarrow as pa

from ledger.corpus.document import Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._globs import included
from ledger.corpus.readers._tar import members
from ledger.corpus.readers._texts import SUFFIXES, Problem, Texts, identities, text_of
from ledger.errors import InputError, printable

__all__ = ["READER"]


@lru_cache(64)
def _endings(
    path: Path, _state: tuple[int, ...], include: tuple[str, ...], bounds: tuple[int, int, int]
) -> tuple[str, ...]:
    """The suffixes of the members that count. `_state` is what changes when the file does."""
    most, total, ratio = bounds
    options = ReadOptions(include=include, max_members=most, max_total_bytes=total, max_ratio=ratio)
    names = (member.name.removeprefix("./") for member in members(path, options))
    return tuple({PurePosixPath(n).suffix.lower() for n in names if included(n, include, SUFFIXES)})


class _Archive:
    name = "archive"
    version = 2
    suffixes = (".tar.gz", ".tgz", ".tar")
    folders = False

    def derivation(self, path: Path, options: ReadOptions) -> tuple[str, ...]:
        """The extractors of the members' suffixes: the whole archive is looked through for them."""
        try:
            file = path.stat()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"{printable(path)}: {reason}") from error
        state = (file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns)
        bounds = (options.max_members, options.max_total_bytes, options.max_ratio)
        return identities(_endings(path, state, options.include, bounds))

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected]:
        """See Reader.read. A member whose name climbs out of the archive is rejected."""
        texts = Texts(options, lambda name: f"{path}!{name}")
        for member in members(path, options):
            name = member.name.removeprefix("./")
            if not included(name, options.include, SUFFIXES):
                continue
            place = f"{path}!{member.name}"
            if name.startswith("/") or ".." in name.split("/"):
                yield Rejected(place, "a name that leaves the archive")
            elif member.size > options.max_document_bytes:
                most = options.max_document_bytes
                yield Rejected(place, f"text of {member.size} bytes, expected at most {most}")
            else:
                text = text_of(name, member.read())
                if isinstance(text, Problem):
                    line = "" if text.line is None else f", line {text.line}"
                    yield Rejected(place, text.reason + line)
                else:
                    yield from texts.add(member.ordinal, name, text, None)
        yield from texts.flush()


READER = _Archive()
