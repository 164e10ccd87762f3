"""What a manifest's rows and a scan's results are, in SQL: not a line of ours, and no engine.

Strata and what is planned for them are taken from strata.json; documents from the inputs' lines.
"""

import json
import re
import sqlite3
import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

__all__ = ["rows_root", "scan_root"]

SEED = 7


def rows_root(datasets: Mapping[str, Path], axes: Sequence[str], strata: Sequence[Any]) -> bytes:
    """The content_root of a manifest whose unit is tokens, over folders of JSONL.

    `strata` are those of strata.json.
    """
    with closing(_documents(datasets)) as base:
        base.execute("CREATE TABLE stratum (number INT, axis_values TEXT, planned INT, held INT)")
        base.executemany(
            "INSERT INTO stratum VALUES (?, ?, ?, ?)",
            [
                (number, "|".join(row["values"]), row["planned"], row["available"])
                for number, row in enumerate(strata)
            ],
        )
        columns = " || '|' || ".join(axes)
        return _root(
            base.execute(
                f"""
                WITH placed AS (
                    SELECT digest, s.number, s.planned, s.held, words AS units,
                        keyhex(digest) AS drawn
                    FROM document JOIN stratum AS s ON s.axis_values = {columns}
                ), ranked AS (
                    SELECT *, sum(units) OVER (
                        PARTITION BY number ORDER BY drawn, digest
                        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                    ) - units AS before FROM placed
                ), taken AS (
                    SELECT *, planned / held + (before < planned % held) AS copies FROM ranked
                )
                SELECT rowhash(digest, number, copies, units) FROM taken WHERE copies > 0
                ORDER BY 1
                """
            )
        )


def scan_root(datasets: Mapping[str, Path]) -> bytes:
    """The content_root of a scan that counts words."""
    with closing(_documents(datasets)) as base:
        return _root(
            base.execute("SELECT DISTINCT resulthash(digest, words) FROM document ORDER BY 1")
        )


def _documents(datasets: Mapping[str, Path]) -> sqlite3.Connection:
    base = sqlite3.connect(":memory:")
    prefix = b"headwater key 1" + SEED.to_bytes(8, "big")
    base.create_function("keyhex", 1, lambda digest: sha256(prefix + digest).hexdigest()[:16])
    base.create_function(
        "rowhash", 4,
        lambda digest, stratum, copies, units: sha256(
            struct.pack(">32sHII", digest, stratum, copies << 16, units)
        ).digest(),
    )  # fmt: skip
    base.create_function(
        "resulthash", 2,
        lambda digest, words: sha256(struct.pack("<cQ32scQq", b"+", 32, digest, b"+", 8, words))
        .digest(),
    )  # fmt: skip
    base.execute(
        "CREATE TABLE document (digest BLOB PRIMARY KEY, words INT, dataset TEXT, topic TEXT, "
        "language TEXT)"
    )
    for name, folder in datasets.items():
        for path in folder.glob("*.jsonl"):
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            base.executemany(
                "INSERT INTO document VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        sha256(row["text"].encode()).digest(),
                        len(re.findall(r"\w+", row["text"])),
                        name,
                        row["topic"],
                        row["lang"],
                    )
                    for row in rows
                ],
            )
    return base


def _root(found: Iterable[tuple[bytes]]) -> bytes:
    """RFC 6962, section 2.1, as it stands there."""
    return _tree([digest for (digest,) in found])


def _tree(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) <= 1:
        return sha256(b"\0" + leaves[0]).digest() if leaves else sha256(b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + _tree(leaves[:half]) + _tree(leaves[half:])).digest()
