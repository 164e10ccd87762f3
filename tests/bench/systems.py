"""The systems that are fed: ours as shipped, our authority tables alone, and pymerkle.

Making an empty store is not timed; closing it is, because it may still have pages to write.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ledger.corpus.origins import origin_entries, scopes_of
from ledger.databases import database_for
from ledger.log.checkpoint import Checkpoint, format_checkpoint
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.notes import sign_note
from ledger.log.pins import Pin, Pins
from ledger.log.record import Claim, record
from ledger.log.schema import upgrade
from ledger.log.store import Store
from ledger.provenance.opening import create_ledger, open_ledger
from tests.bench.corpus import Part

__all__ = ["Fed", "Ledger", "feed_ledger", "feed_log", "feed_tree", "open_tree"]


@dataclass(frozen=True)
class Fed:
    """Entries and root of a store that was fed, its seconds in all, and those of each part."""

    size: int
    root: bytes
    seconds: float
    each: tuple[float, ...]
    entries: tuple[int, ...]
    making: float = 0.0  # seconds before, making entry bytes out of staged rows

    @property
    def rate(self) -> float:
        """Entries per second, their bytes given."""
        return sum(self.entries) / self.seconds

    @property
    def rate_with_making(self) -> float:
        """Entries per second, staged rows given."""
        return sum(self.entries) / (self.seconds + self.making)

    @property
    def flatness(self) -> float:
        """Rate of the second half of the parts over that of the first."""
        half = len(self.each) // 2
        first = sum(self.entries[:half]) / sum(self.each[:half])
        return sum(self.entries[half:]) / sum(self.each[half:]) / first


@dataclass(frozen=True)
class Ledger:
    """A ledger of ours in a folder of its own, with its keys and pins beside it."""

    folder: Path

    @property
    def location(self) -> str:
        return str(self.folder / "ledger.db")

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def open(self, *, write: bool = False) -> Log:
        return open_ledger(self.location, write=write, keys=KeyRing(self.config))


def feed_ledger(ledger: Ledger, fed: Iterable[Part], before: Sequence[Claim] = ()) -> Fed:
    """Entries and their private values → log, as ingest does it: vault, projections, look-up,
    tiles, chain, signed checkpoint, pin. Making the entries out of staged rows, commitments
    included, is timed apart: they hold the ledger's own salts. Claims `before` are untimed.
    """
    ledger.folder.mkdir(parents=True)
    create_ledger(ledger.location, keys=KeyRing(ledger.config))
    each, counts, making = [], [], 0.0
    log = ledger.open(write=True)
    vault = log.vault
    if vault is None:
        raise RuntimeError(f"{ledger.location}: opened for writing without a vault")
    if before:
        record(log, before)
    for part in fed:
        start = time.perf_counter()
        keys = vault.ensure_keys(scopes_of(part.rows, part.context.file))
        entries, disclosures = origin_entries(part.rows, part.context, keys)
        made = time.perf_counter()
        added = log.append(entries, disclosures)
        each.append(time.perf_counter() - made)
        making += made - start
        counts.append(len(entries))
    start = time.perf_counter()
    log.close()
    seconds = sum(each) + time.perf_counter() - start
    return Fed(added.size, added.root, seconds, tuple(each), tuple(counts), making)


def feed_log(ledger: Ledger, fed: Iterable[Part]) -> Fed:
    """Ready entries → authority tables: each batch and its signed checkpoint in transactions of
    their own and the pin advanced, as Log.append does; no claims, vault or projection.
    """
    ledger.folder.mkdir(parents=True)
    name, ring = "bench.invalid/log", KeyRing(ledger.config)
    ring.generate(name, "log")
    signer, pins = ring.signer("log", name), Pins(ring.folder)
    database = database_for(ledger.location)
    upgrade(database, ledger.location)
    connection = database.connect(ledger.location, write=True)
    store = Store(connection)
    state = store.load()
    each, counts = [], []
    began = time.perf_counter()
    for part in fed:
        start = time.perf_counter()
        database.begin_write(connection)
        state = store.add(state, part.entries)
        connection.execute("COMMIT")
        database.begin_write(connection)
        text = format_checkpoint(Checkpoint(name, state.size, state.batch.root))
        store.add_checkpoint(state.size, sign_note(text, signer))
        connection.execute("COMMIT")
        pins.advance(name, signer.verifier.vkey, Pin(state.size, state.batch.root))
        each.append(time.perf_counter() - start)
        counts.append(len(part.entries))
    connection.close()
    seconds = time.perf_counter() - began
    return Fed(state.size, state.batch.root, seconds, tuple(each), tuple(counts))


def open_tree(path: Path) -> Any:
    """pymerkle's tree in SQLite, with its defaults: rollback journal, full sync."""
    return import_module("pymerkle").SqliteTree(str(path))


def feed_tree(path: Path, fed: Iterable[Part], *, root_each: bool = False) -> Fed:
    """Ready entries → pymerkle's bulk append, a commit a part; root at the end or each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tree = open_tree(path)
    each, counts = [], []
    began = time.perf_counter()
    for part in fed:
        start = time.perf_counter()
        size = tree.append_entries(part.entries)
        if root_each:
            tree.get_root()
        each.append(time.perf_counter() - start)
        counts.append(len(part.entries))
    root = tree.get_root()
    tree.close()
    seconds = time.perf_counter() - began
    return Fed(size, root, seconds, tuple(each), tuple(counts))
