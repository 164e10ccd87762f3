"""What one would write first: a SQLModel row per entry with the hash of the one before it.

It has the same durability (WAL, synchronous=FULL, a commit per row), gets ready entry bytes and
keeps the previous hash in memory instead of reading it again.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlmodel import Field, Session, SQLModel, create_engine

from tests.bench.bench import Bench
from tests.bench.rows import Row, measured, paired, size_words
from tests.bench.systems import Ledger, feed_ledger
from tests.bench.timing import fsync_probe, interleave, seconds_of

SHIPPED, PEER = "as shipped", "SQLModel hash chain, a commit per row"


class Link(SQLModel, table=True):
    __tablename__ = "naive_link"
    id: int | None = Field(default=None, primary_key=True)
    entry: bytes
    previous: bytes
    hash: bytes


def run(bench: Bench) -> Iterator[Row]:
    sizes = bench.sizes
    fed = bench.parts(sizes.small)
    entries = [entry for part in bench.parts(sizes.links) for entry in part.entries]
    probes: list[float] = []

    def shipped() -> float:
        probes.append(fsync_probe(bench.scratch))
        ledger = Ledger(bench.folder())
        rate = feed_ledger(ledger, fed).rate
        bench.drop(ledger.folder)
        return rate

    def chain() -> float:
        folder = bench.folder()
        folder.mkdir()
        rate = feed_chain(folder / "chain.db", entries)
        bench.drop(folder)
        return rate

    rates = interleave({SHIPPED: shipped, PEER: chain}, sizes.rounds, 180.0)
    yield paired(
        f"append as shipped, {size_words(sizes.small)}, against a naive chain",
        rates,
        SHIPPED,
        PEER,
        notes=f"{sizes.links:,} rows of the chain a pair",
        at_least=100,
    )
    yield measured("fsync probe beside the naive chain", probes, "ms", "write and sync of 4 KiB")


def feed_chain(path: Path, entries: Sequence[bytes]) -> float:
    """Rows per second of a new chain."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _durable)
    SQLModel.metadata.create_all(engine, tables=[SQLModel.metadata.tables["naive_link"]])

    def append() -> None:
        previous = bytes(32)
        with Session(engine) as session:
            for entry in entries:
                digest = sha256(previous + entry).digest()
                session.add(Link(entry=entry, previous=previous, hash=digest))
                session.commit()
                previous = digest

    seconds = seconds_of(append)
    engine.dispose()
    return len(entries) / seconds


def _durable(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
