"""A dataset's texts, found again where they were read: for everything that must see text.

The ledger holds digests and locators. An input is found through the path that the vault keeps (or
below the roots a person names), read by the reader and with the options that its operation and
dataset claims record, and hashed again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from ledger.corpus.document import DOCUMENT
from ledger.corpus.hashing import hash_texts
from ledger.corpus.inputs import Input, input_digest, input_files
from ledger.corpus.readers import ReadOptions, derivation, parse_settings, readers
from ledger.corpus.staging import map_digest
from ledger.errors import (
    DocumentMismatchError,
    InputError,
    LedgerError,
    RefusedError,
    UnknownNameError,
    VerificationError,
    printable,
)
from ledger.log.canonical import Entry, parse_digest, subject_of
from ledger.log.log import Log
from ledger.log.record import live
from ledger.log.vaultcheck import check_disclosure

__all__ = ["TEXTS", "TextSource", "text_sources"]

TEXTS: pa.Schema = pa.schema(
    [
        *DOCUMENT,
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
    ]
)
"""DOCUMENT, with the digest and the UTF-8 length of each text as it was just read."""


@dataclass(frozen=True)
class TextSource:
    """One input of a dataset, to be read again. Holds nothing open, so it crosses processes.

    `rows` is how many documents were read when it was recorded; `extractors` made text of bytes
    that are none, so their texts are derived.
    """

    dataset: str
    path: Path
    digest: bytes
    size: int
    reader: str
    reader_version: int
    options: ReadOptions
    rows: int
    extractors: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Hex of what determines the rows: the input's bytes, and how they are read."""
        parts = {
            "input": self.digest.hex(),
            "reader": self.reader,
            "version": self.reader_version,
            "extractors": list(self.extractors),
            "options": self.options.plain(),
            "suffix": self.path.suffix.lower(),
        }
        return sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def check(self) -> None:
        """Whether the input still holds the bytes that were recorded, and would be read the same.

        Raises DocumentMismatchError if not, InputError if it cannot be read, RefusedError if this
        release reads such inputs in another way.
        """
        known = readers()
        if self.reader not in known:
            raise UnknownNameError("format", self.reader, known)
        reader = known[self.reader]
        shown = printable(self.path)
        if reader.version != self.reader_version:
            raise RefusedError(
                f"{shown} was read by {self.reader} version {self.reader_version}, "
                f"this is version {reader.version}",
                hint="ingest it again, as a dataset of its own version",
            )
        using = derivation(reader, self.path, self.options)
        if using != self.extractors:
            raise RefusedError(
                f"{shown} was made text by {', '.join(self.extractors) or 'nothing'}, "
                f"here it would be by {', '.join(using) or 'nothing'}",
                hint="install the releases that were used, or ingest it again",
            )
        try:
            found = input_digest(self._input(), self.options)
        except OSError as error:
            raise InputError(f"{shown}: {(error.strerror or str(error)).lower()}") from error
        if found != self.digest:
            raise DocumentMismatchError(
                f"{shown}: SHA-256 is {found.hex()}, recorded was {self.digest.hex()}",
                hint="its bytes changed since they were recorded",
            )

    def tables(self) -> Iterator[pa.Table]:
        """The documents as TEXTS tables, in file order; rows rejected at ingest stay out."""
        for found in readers()[self.reader].read(self.path, self.options):
            if isinstance(found, pa.Table):
                digests, lengths = hash_texts(found.column("text"))
                yield pa.Table.from_arrays([*found.columns, digests, lengths], schema=TEXTS)

    def _input(self) -> Input:
        reader = readers()[self.reader]
        size = sum(file.stat().st_size for _, file in input_files(
            Input(self.path, reader, 0), self.options
        ))  # fmt: skip
        return Input(self.path, reader, size)


def text_sources(
    log: Log,
    dataset: str,
    roots: Sequence[Path] = (),
    absent: dict[bytes, LedgerError] | None = None,
) -> list[TextSource]:
    """The inputs of `name@version` that were read into the ledger, in the order of the log.

    An input that moved is looked for below `roots`, by ever shorter ends of its recorded path.
    Raises UnknownNameError for a dataset nothing was read into, InputError for an input that is
    not there, RefusedError where the vault withholds its path; with `absent`, these two go there
    by the input's digest instead.
    """
    maps = _ways_of_reading(log, dataset)
    found: dict[tuple[bytes, str, str], TextSource] = {}
    missing: dict[tuple[bytes, str, str], LedgerError] = {}
    for index, entry in _operations(log, dataset):
        body = entry.body
        identity = (parse_digest(entry.subject), str(body["reader"]), str(body["map"]))
        if identity in found:
            continue
        try:
            path = _path(log, index, entry)
        except RefusedError as error:
            missing[identity] = error
            continue
        here = _here(path, roots)
        if here is None:
            missing[identity] = InputError(
                f"{printable(path)}: no such file or folder, read at entry {index}",
                hint="--root DIR names the folder that its files lie below now",
            )
            continue
        if identity[2] not in maps:
            raise VerificationError(
                f"entry {index}: map {identity[2]} is of no dataset claim of {dataset}"
            )
        missing.pop(identity, None)
        found[identity] = TextSource(
            dataset=dataset,
            path=here,
            digest=identity[0],
            size=int(body["bytes"]),
            reader=identity[1],
            reader_version=int(body["reader_version"]),
            options=maps[identity[2]],
            rows=int(body["rows"]),
            extractors=tuple(body.get("extractors", ())),
        )
    for identity, reason in missing.items():
        if absent is None:
            raise reason
        absent[identity[0]] = reason
    return list(found.values())


def _operations(log: Log, dataset: str) -> list[tuple[int, Entry]]:
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'operation' ORDER BY idx"
    ).fetchall()
    entries = [(int(index), log.entry(index)) for (index,) in rows]
    known = sorted({str(entry.body["dataset"]) for _, entry in entries})
    about = [(index, entry) for index, entry in entries if entry.body["dataset"] == dataset]
    if not about:
        raise UnknownNameError("dataset with inputs", dataset, known)
    return _alive(log, about)


def _alive(log: Log, entries: Iterable[tuple[int, Entry]]) -> list[tuple[int, Entry]]:
    """The entries that nobody took back."""
    kept = []
    for index, entry in entries:
        about: list[tuple[int, Entry]] = [(i, log.entry(i)) for i in log.find(entry.subject)]
        if any(i == index for i, _ in live(about)):
            kept.append((index, entry))
    return kept


def _ways_of_reading(log: Log, dataset: str) -> Mapping[str, ReadOptions]:
    """Map digest → options, of every claim that ever described the dataset."""
    name, _, version = dataset.rpartition("@")
    ways = {}
    for index in log.find(subject_of("dataset", name, version)):
        entry = log.entry(index)
        if entry.kind == "dataset":
            options = _options(entry.body)
            ways[f"sha256:{map_digest(options).hex()}"] = options
    return ways


def _options(body: Mapping[str, Any]) -> ReadOptions:
    return ReadOptions(
        columns=body.get("columns", {}),
        include=tuple(body.get("include", ())),
        settings=parse_settings(body.get("options", ())),
    )


def _path(log: Log, index: int, entry: Entry) -> Path:
    found = log.vault.disclosure(index) if log.vault is not None else None
    if (
        log.vault is None
        or found is None
        or not check_disclosure(index, log.entry_bytes(index), found, log.vault)
        or "path" not in found.values
    ):
        raise RefusedError(
            f"entry {index}: the path of input {entry.subject} is withheld",
            hint="the vault beside the ledger names the inputs",
        )
    return Path(found.values["path"])


def _here(path: Path, roots: Sequence[Path]) -> Path | None:
    if path.exists():
        return path
    parts = path.parts[1:] if path.is_absolute() else path.parts
    for start in range(len(parts)):
        for root in roots:
            candidate = root.joinpath(*parts[start:])
            if candidate.exists():
                return candidate
    return None
