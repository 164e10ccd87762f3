"""A signed manifest of any texts, made without a ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.log.canonical import encode
from ledger.log.notes import Signer
from ledger.manifests.layout import (
    MANIFEST,
    ROWS_SCHEMA,
    SHARDS,
    STRATA,
    TEXTS_SCHEMA,
    row_bytes,
    rows_name,
    rows_root,
    texts_name,
)
from ledger.manifests.loading.manifest import Manifest
from ledger.manifests.opening.open import open_manifest
from ledger.manifests.shards import Part, Parts, format_shards, parse_shards
from ledger.manifests.statement import Head, Statement, format_statement
from ledger.provenance.dsse import sign_envelope
from tests.log.making import signer

ONCE = 1 << 16
KEY = "example.org/test-log/statement"


@dataclass(frozen=True)
class Made:
    """`digests` are of the rows, in order; `stratum` and `repeat` theirs."""

    folder: Path
    signer: Signer
    statement: Statement
    digests: tuple[bytes, ...]
    stratum: tuple[int, ...]
    repeat: tuple[int, ...]

    def open(self, **options: Any) -> Manifest:
        return open_manifest(self.folder, **{"trusted_keys": self.signer.verifier.vkey, **options})

    def epoch(self) -> list[bytes]:
        """Every document as often as an epoch holds it, sorted."""
        pairs = zip(self.digests, self.repeat, strict=True)
        return sorted(digest for digest, repeat in pairs for _ in range(repeat))

    def sign(self, statement: Statement, by: Signer | None = None) -> None:
        """Put another statement in the place of the manifest's."""
        payload = format_statement(statement)
        (self.folder / MANIFEST).write_bytes(sign_envelope(payload, by or self.signer))

    def write_rows(self, table: pa.Table) -> None:
        """Other rows, signed: shards.json and the statement name them."""
        pq.write_table(table, self.folder / rows_name(0))
        path = self.folder / SHARDS
        texts = parse_shards(path.read_bytes(), SHARDS).texts
        parts = Parts((_part(self.folder, rows_name(0), table.num_rows),), texts)
        path.write_bytes(format_shards(parts))
        self.sign(replace(self.statement, shards=sha256(path.read_bytes()).digest()))


def make_manifest(
    folder: Path,
    texts: Sequence[str | bytes],
    *,
    stratum: Sequence[int] | None = None,
    repeat: Sequence[int] | None = None,
    files: int = 1,
    batch: int = 7,
    stage: str = "pretrain",
    key: str = KEY,
    compression: str | None = None,
    **statement: Any,
) -> Made:
    """A manifest of distinct texts in so many files, record batches of `batch` texts.

    `repeat` counts whole times. `statement` replaces what it says otherwise.
    """
    raw = [text.encode() if isinstance(text, str) else text for text in texts]
    stratum, repeat = list(stratum or [0] * len(raw)), list(repeat or [1] * len(raw))
    digests = [sha256(text).digest() for text in raw]
    sizes = [len(part) for part in np.array_split(np.arange(len(raw)), files)]
    for name in ("rows", "texts"):
        (folder / name).mkdir(parents=True)
    parts, start = [], 0
    for number, size in enumerate(sizes):
        name = texts_name(number)
        some = slice(start, start + size)
        _write_texts(folder / name, raw[some], digests[some], batch, compression)
        parts.append(_part(folder, name, size))
        start += size
    columns = [
        pa.array(digests, pa.binary(32)),
        pa.array(stratum, pa.int16()),
        pa.array([ONCE * count for count in repeat], pa.uint32()),
        pa.array([1] * len(raw), pa.int32()),
        pa.array([n for n, size in enumerate(sizes) for _ in range(size)], pa.int32()),
        pa.array([row for size in sizes for row in range(size)], pa.int32()),
    ]
    pq.write_table(pa.Table.from_arrays(columns, schema=ROWS_SCHEMA), folder / rows_name(0))
    shards = format_shards(Parts((_part(folder, rows_name(0), len(raw)),), tuple(parts)))
    count = max(stratum) + 1
    listed = {"axes": ["topic"], "strata": _strata(stratum, repeat, count)}
    strata = encode(listed | {"unit": "documents"})
    (folder / SHARDS).write_bytes(shards)
    (folder / STRATA).write_bytes(strata)
    matrix = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    numbers = (np.array(column, np.int64) for column in (stratum, columns[2], [1] * len(raw)))
    said = Statement(
        **_WORDS,
        stage=stage,
        content_root=rows_root(row_bytes(matrix, *numbers)),
        strata=sha256(strata).digest(),
        shards=sha256(shards).digest(),
        members=sha256(b"".join(sorted(digests))).digest(),
        strata_count=count,
        rows=len(raw),
        documents=sum(repeat),
        units=sum(repeat),
        statement_vkeys=(signer(key).verifier.vkey,),
    )
    made = Made(folder, signer(key), replace(said, **statement), tuple(digests), tuple(stratum),
                tuple(repeat))  # fmt: skip
    made.sign(made.statement)
    return made


def _write_texts(
    path: Path, raw: list[bytes], digests: list[bytes], size: int, compression: str | None
) -> None:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(path, TEXTS_SCHEMA, options=options) as writer:
        for at in range(0, len(raw), size):
            text = pa.array(raw[at : at + size], pa.large_binary()).view(pa.large_string())
            digest = pa.array(digests[at : at + size], pa.binary(32))
            writer.write_batch(pa.record_batch([text, digest], schema=TEXTS_SCHEMA))


def _strata(stratum: list[int], repeat: list[int], count: int) -> list[dict[str, Any]]:
    rows = []
    for number in range(count):
        times = [often for at, often in zip(stratum, repeat, strict=True) if at == number]
        given = sum(times)
        rows.append({"achieved_ppm": given * 1_000_000 // sum(repeat), "documents": len(times),
                     "given": given, "selected": len(times), "units": given,
                     "values": [f"t{number}"]})  # fmt: skip
    return rows


def _part(folder: Path, name: str, rows: int) -> Part:
    data = (folder / name).read_bytes()
    return Part(name, len(data), sha256(data).digest(), rows)


_WORDS: dict[str, Any] = {
    "name": "mix",
    "version": 1,
    "unit": "documents",
    "budget": None,
    "repeat": Fraction(1),
    "seed": 7,
    "tokenizer": None,
    "parent": None,
    "croissant": bytes(32),
    "mix": 'name = "mix"\n',
    "policy": {
        "cutoff": "2022-11-30",
        "digest": "sha256:" + "0" * 64,
        "name": "clean-strict",
        "version": 1,
    },
    "datasets": (),
    "head": Head("example.org/test-log", 2, bytes(32), "note"),
    "axes": ("topic",),
    "bounds": (),
    "gates": (),
    "exclusions": {
        "reasons": [],
        "taken_down": {"documents": 0, "root": "sha256:" + "0" * 64},
    },
    "issued_at": 1_790_000_000,
    "issuer": "example.org",
    "limits": ("a test",),
    "tool": {"name": "headwater", "version": "0"},
    "log_vkeys": (),
}
