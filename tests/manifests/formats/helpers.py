"""Rows to write, and what they ought to be when read back."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from ledger.manifests.formats import Written, find_format

COLUMNS = ("text", "sha256", "stratum", "tokens", "language")
Rows = list[dict[str, str | int]]

NASTY = (
    "",
    "plain",
    'a "quoted" \\ back\\slash',
    "tabs\tlines\r\n\u2028\u2029 and \x00 nul \x1f\x7f",
    "é ü 漢字 \U0001f600 \u202e right to left",
    "../../etc/passwd\n{{template}} ---\nconfigs: []",
    "x" * 512,
    "y" * 1024,
    "\ufeffbyte order mark",
)


def table(
    texts: list[str],
    *,
    strata: list[str] | None = None,
    copies: list[int] | None = None,
    tokens: list[int] | None = None,
    **more: object,
) -> pa.Table:
    columns = {
        "text": pa.array(texts, pa.large_string()),
        "sha256": pa.array([sha256(text.encode()).digest() for text in texts], pa.binary(32)),
        "stratum": pa.array(strata or ["all"] * len(texts), pa.string()),
    }
    if copies is not None:
        columns["copies"] = pa.array(copies, pa.int32())
    if tokens is not None:
        columns["tokens"] = pa.array(tokens, pa.int64())
    return pa.table(columns | more)


def epoch(count: int = 90, batch: int = 11, hostile: bool = True) -> Iterator[pa.Table]:
    """Texts of many lengths and hostile strata, some of them twice or thrice."""
    texts = [
        NASTY[at % len(NASTY)] + (f" {at} " if at >= len(NASTY) else "") + "word " * (at * 7 % 200)
        for at in range(count)
    ]
    names = ["human/plain", '"; drop\n- ../x', "日本"] if hostile else ["a", "b", "c"]
    for start in range(0, count, batch):
        some = texts[start : start + batch]
        places = range(start, start + len(some))
        yield table(
            some,
            strata=[names[at % 3 if at % 4 else 0] for at in places],
            copies=[1 + (at % 5 == 0) + (at % 10 == 0) for at in places],
            tokens=[len(text) // 4 for text in some],
            language=pa.array(["en" if at % 2 else "\u202ed\x00" for at in places]),
        )


def expected(tables: Iterator[pa.Table], columns: tuple[str, ...] = COLUMNS) -> Rows:
    rows: Rows = []
    for part in tables:
        for row in part.to_pylist():
            kept = {name: row[name] for name in columns}
            if "sha256" in kept:
                kept["sha256"] = row["sha256"].hex()
            rows += [kept] * row.get("copies", 1)
    return rows


def write(
    name: str, folder: Path, rows: Iterator[pa.Table] | None = None, size: int = 8192
) -> list[Written]:
    columns = COLUMNS if rows is None else ("text", "sha256", "stratum")
    rows = epoch() if rows is None else rows
    return find_format(name).write(rows, folder, shard_bytes=size, columns=columns)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
