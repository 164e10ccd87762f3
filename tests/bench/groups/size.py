"""Bytes on disk per entry: our authority tables beside pymerkle's file, both freshly packed.

The copy holds the authority tables and their indexes alone. What the projection and the vault add
has rows of its own.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ledger.log.tables import AUTHORITY
from ledger.log.vault import vault_location
from tests.bench.bench import Bench
from tests.bench.rows import Row, size_words

PEER = "pymerkle 7 file"


def run(bench: Bench) -> Iterator[Row]:
    size = bench.sizes.large
    ledger, tree = bench.ledger(size), bench.tree(size)
    with ledger.open() as log:
        held = log.size
    folder = bench.folder()
    folder.mkdir()
    ours = _packed(Path(ledger.location), folder / "ours.db", set(AUTHORITY.tables)) / held
    peer = _packed(tree, folder / "tree.db") / size
    bench.drop(folder)
    ratio = ours / peer
    words = size_words(size)
    yield Row(
        f"bytes per entry in the authority tables, {words}",
        ratio,
        ratio,
        ratio,
        PEER,
        "×",
        f"ours {ours:.1f} B, peer {peer:.1f} B; deterministic, measured once",
        at_most=0.35,
    )
    for name, path in (
        ("ledger file", ledger.location),
        ("vault file", vault_location(ledger.location)),
    ):
        each = Path(path).stat().st_size / held
        notes = "as it lies there, projection included" if name == "ledger file" else "URLs"
        yield Row(f"bytes per entry, {name}, {words}", each, each, each, "", "B", notes)


def _packed(source: Path, copy: Path, tables: set[str] | None = None) -> int:
    """Bytes of a packed copy that holds `tables` only (all, if None)."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    if tables is not None:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' "
                "AND substr(name, 1, 7) <> 'sqlite_'"
            ).fetchall()
            for (name,) in names:
                if name not in tables:
                    connection.execute(f'DROP TABLE "{name}"')
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("VACUUM")
            left = {name for (name,) in names} & tables
            if left != tables:
                raise RuntimeError(f"{source}: tables {sorted(left)}, expected {sorted(tables)}")
    return copy.stat().st_size
