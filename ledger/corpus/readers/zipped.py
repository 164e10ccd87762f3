"""Text members of a zip archive (.zip), such as the export of a wiki. Nothing is written to disk.

Of .docx and .pdf members the text is taken out. Row = ordinal among all entries, folders too, so
that `include` does not renumber. Archives and tables inside are not opened: they are passed over
and counted, as is all that is hidden (names that begin with a dot, `__MACOSX`).
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pyarrow as pa

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._globs import included
from ledger.corpus.readers._texts import SUFFIXES, Problem, Texts, identities, text_of
from ledger.corpus.readers._zip import BadMember, zip_members
from ledger.errors import InputError, printable

__all__ = ["READER"]

_DRIVE = 2  # characters of C:


class _Zip:
    name = "zip"
    version = 1
    suffixes = (".zip",)
    folders = False

    def derivation(self, path: Path, options: ReadOptions) -> tuple[str, ...]:
        """The extractors of the members' suffixes. Raises InputError where there is no file."""
        try:
            names = [member.name.removeprefix("./") for member in zip_members(path, options)]
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"{printable(path)}: {printable(reason)}") from error
        return identities(name for name in names if _counts(name, options))

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected | Passed]:
        """See Reader.read. Members of other kinds are passed over and counted by their endings."""
        passed: Counter[str] = Counter()
        texts = Texts(options, lambda name: f"{path}!{name}")
        for member in zip_members(path, options):
            name = member.name.removeprefix("./")
            if not _counts(name, options):
                passed[_kind(name)] += 1
                continue
            place = f"{path}!{member.name}"
            if problem := _name_problem(name):
                yield Rejected(place, problem)
            elif member.link:
                yield Rejected(place, "a link, expected a file")
            else:
                try:
                    data = member.read(options.max_document_bytes)
                except BadMember as bad:
                    yield Rejected(place, str(bad))
                    continue
                text = text_of(name, data)
                if isinstance(text, Problem):
                    line = "" if text.line is None else f", line {text.line}"
                    yield Rejected(place, text.reason + line)
                else:
                    yield from texts.add(member.ordinal, name, text, None)
            options.advance(member.info.compress_size)
        yield from texts.flush()
        for kind, count in sorted(passed.items()):
            yield Passed(kind, count)


def _counts(name: str, options: ReadOptions) -> bool:
    return included(name, options.include, SUFFIXES) and not _hidden(name)


def _hidden(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return parts[0] == "__MACOSX" or any(p[:1] == "." and p not in (".", "..") for p in parts)


def _kind(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    if _hidden(name):
        return "hidden members"
    return f"members ending in {printable(suffix, 20)}" if suffix else "members without an ending"


def _name_problem(name: str) -> str | None:
    """Why no file may be called so, or None. Backslashes part folders too: Windows made some."""
    parts = name.replace("\\", "/").split("/")
    if "\0" in name:
        return "a name with a zero byte"
    if not parts[0] or ".." in parts or (len(parts[0]) == _DRIVE and parts[0][1] == ":"):
        return "a name that leaves the archive"
    return None


READER = _Zip()
