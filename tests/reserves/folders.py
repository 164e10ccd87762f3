"""Small sealed reserves for tests: signed, recorded in a ledger of their own, every file in place.

The keys lie in the test's own config folder, so commands trust them. What the evidence says is made
up; sizes, digests, roots and signatures are real.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.claims import Reserve
from ledger.log.canonical import encode
from ledger.log.content_root import content_root
from ledger.log.keys import KeyRing
from ledger.log.record import Claim, record
from ledger.provenance.opening import create_ledger, open_ledger, statement_key_name
from ledger.reserves import layout
from ledger.reserves.layout import (
    BLOCK,
    CONTAMINATION,
    CONTENT,
    DOCUMENTS,
    EVIDENCE,
    PROOFS,
    RULE,
    SUMS,
    TEXT,
    TREE,
    format_sums,
    shard_name,
)
from ledger.reserves.opening.members import DOCUMENTS_SCHEMA
from ledger.reserves.receipts.write import seal_key, write_receipts
from ledger.reserves.statement import (
    FORMAT,
    Head,
    Statement,
    format_statement,
    limits,
    reserve_body,
    reserve_subject,
)

LOG_NAME = "example.org/corpus"
CLOCK = 1_790_000_000
OLD = 1_600_000_000  # 2020-09-13
PROOF = b'{"upload_time":"2020-09-13"}\n'


@dataclass(frozen=True)
class Made:
    """A sealed folder and the ledger that recorded it."""

    folder: Path
    location: str

    @property
    def content(self) -> Path:
        return self.folder / CONTENT


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def make_reserve(
    folder: Path,
    texts: Sequence[str],
    *,
    location: str = "headwater.db",
    name: str = "old",
    version: int = 1,
) -> Made:
    """Seal `texts` in `folder`; a ledger that is already at `location` is used."""
    ring = KeyRing()
    if not Path(location).exists():
        create_ledger(location, log_name=LOG_NAME, keys=ring)
    found = {digest(text): text for text in texts}
    members = sorted(found)
    rule = {
        "against": [],
        "allow_asserted": False,
        "before": "2022-11-30",
        "datasets": ["notes@2020"],
        "format": FORMAT,
        "min_level": 3,
        "name": name,
        "stage": "any",
    }
    contamination: dict[str, Any] = {"excluded": [], "guards": [], "repeated": 0}
    _content(folder / CONTENT, found, rule, contamination)
    sums = (folder / CONTENT / SUMS).read_bytes()
    counts = {"bytes": sum(len(found[d].encode()) for d in members), "documents": len(members)}
    totals = {
        **counts,
        "bindings": [{**counts, "binding": "container_member"}],
        "evidence": [{**counts, "standing": "checked", "type": "registry_release"}],
        "levels": [{**counts, "level": 3, "standing": "checked"}],
    }
    with open_ledger(location, write=True, keys=ring, clock=lambda: CLOCK) as log:
        seal = seal_key(log)
        log.sign_head()
        checkpoint, note = log.checkpoint()
        signer = ring.signer("statement", statement_key_name(LOG_NAME))
        statement = Statement(
            name=name,
            version=version,
            stage="any",
            content_root=content_root(members),
            sums=sha256(sums).digest(),
            members=sha256(b"".join(members)).digest(),
            parent=None,
            rule=rule,
            totals=totals,
            contamination=contamination,
            head=Head(LOG_NAME, checkpoint.size, checkpoint.root, note),
            sealed_at=CLOCK,
            issuer="Example",
            limits=limits("Example", rule, totals),
            log_vkeys=tuple(log.log_vkeys("log")),
            statement_vkeys=(signer.verifier.vkey,),
            seal_vkeys=(seal.signer.verifier.vkey,),
        )
        payload = format_statement(statement)
        body = reserve_body(statement, f"sha256:{sha256(payload).hexdigest()}")
        claim = Claim("reserve", reserve_subject(statement), Reserve.model_validate(body))
        (recorded,) = record(log, [claim], attachments=[payload, b"".join(members)])
        write_receipts(
            folder,
            payload,
            statement_signer=signer,
            seal_signer=seal.signer,
            entry=log.entry_bytes(recorded.index),
            proof=log.prove(recorded.index),
        )
    return Made(folder, location)


def _shards(found: dict[bytes, str], members: list[bytes]) -> Iterator[list[bytes]]:
    """Cut before the document that would take a shard over `layout.SHARD_BYTES` of text."""
    shard: list[bytes] = []
    size = 0
    for member in members:
        length = len(found[member].encode())
        if shard and size + length > layout.SHARD_BYTES:
            yield shard
            shard, size = [], 0
        shard.append(member)
        size += length
    yield shard


def _content(
    folder: Path,
    found: dict[bytes, str],
    rule: dict[str, Any],
    contamination: dict[str, Any],
) -> None:
    members = sorted(found)
    (folder / TEXT).mkdir(parents=True)
    (folder / PROOFS).mkdir()
    rows = [
        {
            "sha256": member,
            "bytes": len(found[member].encode()),
            "existed_by": OLD,
            "level": 3,
            "standing": "checked",
            "binding": "container_member",
            "evidence": "registry_release",
            "language": "en",
            "license": "BSD-3-Clause",
            "datasets": ["notes@2020"],
        }
        for member in members
    ]
    table = pa.Table.from_pylist(rows, schema=DOCUMENTS_SCHEMA)
    pq.write_table(table, folder / DOCUMENTS, row_group_size=BLOCK, compression="zstd")
    for number, shard in enumerate(_shards(found, members)):
        texts = pa.table(
            {
                "sha256": pa.array(shard, pa.binary(32)),
                "text": pa.array([found[member] for member in shard], pa.large_string()),
            }
        )
        pq.write_table(texts, folder / shard_name(number), compression="zstd", use_dictionary=False)
    blocks = (members[at : at + BLOCK] for at in range(0, len(members), BLOCK))
    (folder / TREE).write_bytes(b"".join(map(content_root, blocks)))
    evidence = {
        "about": f"sha256:{sha256(b'notes.tar.gz').hexdigest()}",
        "about_kind": "file",
        "binding": "container_member",
        "checker": "registry_release/1",
        "documents": len(members),
        "existed_by": OLD,
        "issuer": "https://example.org",
        "level": 3,
        "outcome": "checked",
        "proof": f"sha256:{sha256(PROOF).hexdigest()}",
        "type": "registry_release",
    }
    (folder / EVIDENCE).write_bytes(encode(evidence) + b"\n")
    (folder / PROOFS / sha256(PROOF).hexdigest()).write_bytes(PROOF)
    (folder / RULE).write_bytes(encode(rule) + b"\n")
    (folder / CONTAMINATION).write_bytes(encode(contamination) + b"\n")
    paths = [path for path in folder.rglob("*") if path.is_file()]
    sums = {str(path.relative_to(folder)): sha256(path.read_bytes()).digest() for path in paths}
    (folder / SUMS).write_bytes(format_sums(sums))
