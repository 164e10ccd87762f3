"""A folder of text files, or one text file: each file is a document of its own digest, row 0.

Of .docx and .pdf files the text is taken out; the digest is still the file's.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from ledger.corpus.document import Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._texts import SUFFIXES, Problem, Texts, identities, text_of
from ledger.corpus.readers._walk import open_regular, shown_name, walk
from ledger.errors import InputError, printable

__all__ = ["READER"]


class _Folder:
    name = "folder"
    version = 2
    suffixes = SUFFIXES
    folders = True

    def derivation(self, path: Path, options: ReadOptions) -> tuple[str, ...]:
        """The extractors of the files' suffixes."""
        if not path.is_dir():
            return identities([path.name])
        return identities(relative for relative, _ in walk(path, options.include, SUFFIXES))

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected]:
        """See Reader.read. `include` globs match paths below the folder."""
        alone = not path.is_dir()
        if alone:
            files: Iterator[tuple[str, Path]] = iter([(shown_name(path.name), path)])
        else:
            files = walk(path, options.include, SUFFIXES)
        texts = Texts(options, lambda relative: str(path) if alone else f"{path}/{relative}")
        for relative, file in files:
            place = str(path) if alone else f"{path}/{relative}"
            data = _read(file, options, follow=alone)
            if isinstance(data, int):
                most = options.max_document_bytes
                yield Rejected(f"{place}:1", f"text of {data} bytes, expected at most {most}")
                continue
            text = text_of(relative, data)
            if isinstance(text, Problem):
                line = "" if text.line is None else f":{text.line}"
                yield Rejected(f"{place}{line}", text.reason)
                continue
            yield from texts.add(0, relative, text, sha256(data).digest())
        yield from texts.flush()


def _read(path: Path, options: ReadOptions, *, follow: bool) -> bytes | int:
    """The file's bytes, or its size where that is more than a document may have."""
    try:
        with open(open_regular(path, follow=follow), "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > options.max_document_bytes:
                options.advance(size)
                return size
            data = file.read(options.max_document_bytes + 1) or b""
            while len(data) <= options.max_document_bytes and (
                more := file.read(options.max_document_bytes + 1 - len(data))
            ):
                data += more
    except OSError as error:
        raise InputError(
            f"{printable(path)}: {error.strerror or error}, expected a file that can be read"
        ) from error
    options.advance(len(data))
    return len(data) if len(data) > options.max_document_bytes else data


READER = _Folder()
