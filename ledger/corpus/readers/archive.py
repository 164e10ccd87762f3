"""Text members of a tar archive (.tar, .tar.gz, .tgz). Nothing is ever written to disk.

Row = ordinal among all members, links and devices too, so that `include` does not renumber.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ledger.corpus.document import Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._globs import included
from ledger.corpus.readers._tar import members
from ledger.corpus.readers._texts import SUFFIXES, Texts, text_problem

__all__ = ["READER"]


class _Archive:
    name = "archive"
    version = 1
    suffixes = (".tar.gz", ".tgz", ".tar")
    folders = False

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
                data = member.read()
                if problem := text_problem(data):
                    yield Rejected(place, f"{problem[1]}, line {problem[0]}")
                else:
                    yield from texts.add(member.ordinal, name, data, None)
        yield from texts.flush()


READER = _Archive()
