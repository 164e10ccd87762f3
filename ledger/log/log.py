"""The log, opened: reads entries and proves them; the only writer of entries.

append   entries → vault, committed first → one transaction: bundles, tail, tiles, batch,
         projections → a second one: signed checkpoint → pin
A batch is in or out as a whole. Exactly one checkpoint follows each batch; a crash in between
leaves an unsigned tail that the next writer signs before it adds anything.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from ledger.databases import Connection, Database, database_for
from ledger.errors import (
    BrokenChainError,
    ForkError,
    InputError,
    LogMovedError,
    SchemaOutdatedError,
)
from ledger.log.canonical import MAX_ENTRY_BYTES, Entry, parse_digest, parse_entry
from ledger.log.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from ledger.log.decode import Decoded, decode
from ledger.log.keys import KeyRing
from ledger.log.merkle import Subtree, prove_inclusion
from ledger.log.notes import Signer, parse_note, sign_note
from ledger.log.pins import Pin, Pins
from ledger.log.projection import EntryProjection, Projection, Reader
from ledger.log.proofs import InclusionProof
from ledger.log.runs import Digests, Indices, RunIndex
from ledger.log.schema import check_version
from ledger.log.store import State, Store, plan_batch
from ledger.log.tiles import subtree_from_tiles
from ledger.log.vault import Disclosure, Vault

__all__ = ["Appended", "Log"]

MAX_BATCH = 10_240  # entries a transaction: what others wait for
_WORTH_A_THREAD = 2_048
_HAND_OVER = 0.0005  # seconds until the hashing lets the inserting thread begin its next


@dataclass(frozen=True)
class Appended:
    """Entries first … size-1 were added; `size` and `root` are the new head."""

    first: int
    size: int
    root: bytes


class Log:
    """One ledger's log. Use as a context manager; a writer holds the lock only while it appends."""

    def __init__(
        self,
        location: str,
        *,
        write: bool = False,
        projections: Sequence[Projection] = (),
        keys: KeyRing | None = None,
        clock: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        """Open. Raises InputError, SchemaOutdatedError, SchemaTooNewError or StorageError."""
        self.location = location
        self.write = write
        self.database: Database = database_for(location)
        self.keys = keys or KeyRing()
        self.pins = Pins(self.keys.folder)
        self.clock = clock
        self.connection: Connection = self.database.connect(location, write=write)
        try:
            check_version(self.database, self.connection, location)
            self.vault: Vault | None = None
            if write or Vault.exists(self.database, location):
                self.vault = Vault.open(self.database, location, write=write)
        except BaseException:
            self.connection.close()
            raise
        self.runs = RunIndex()
        self.store = Store(self.connection)
        self.projections: tuple[Projection, ...] = (EntryProjection(self.runs), *projections)
        self._state: State | None = None
        self._proving: tuple[State, Subtree] | None = None
        self._signer: Signer | None = None
        self._pinned = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self.vault is not None:
            self.vault.close()
        self.connection.close()

    # --- reading

    @property
    def size(self) -> int:
        return self.store.last_batch().size

    @property
    def log_name(self) -> str:
        """The name in entry 0, which `init` wrote: the key that signs this log."""
        return str(self.entry(0).body.get("name"))

    def log_vkeys(self, use: str = "log") -> list[str]:
        """Public keys that the log itself names for a use, in order of their entries."""
        rows = self.connection.execute(
            "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'key' "
            "AND idx >= 0 AND idx < ? ORDER BY idx",
            (self.size,),
        ).fetchall()
        bodies = [self.entry(row[0]).body for row in rows]
        return [str(body["vkey"]) for body in bodies if body.get("use") == use]

    def entry(self, index: int) -> Entry:
        """The entry at `index`. Raises InputError if there is none."""
        return parse_entry(self.entry_bytes(index), f"entry {index}")

    def entry_bytes(self, index: int) -> bytes:
        size = self.size
        if not 0 <= index < size:
            raise InputError(f"entry {index}: the log has {size} entries")
        return self.store.entry(index)

    def find(self, subject: str) -> list[int]:
        """Indices of the entries about a subject, ascending."""
        import numpy as np

        digest = np.frombuffer(parse_digest(subject), np.uint8).reshape(1, 32)
        found: list[int] = self.find_all(digest)[1].tolist()
        return found

    def find_all(self, digests: Digests) -> tuple[Indices, Indices]:
        """(which query, entry index) for every entry whose subject is among `digests`."""
        return self.runs.find(self.connection, self.size, digests)

    def checkpoint(self) -> tuple[Checkpoint, str]:
        """The newest signed checkpoint and its note. Raises BrokenChainError if there is none."""
        found = self.store.last_checkpoint()
        if found is None:
            raise BrokenChainError(f"{self.location}: no checkpoint was ever signed")
        return parse_checkpoint(parse_note(found[1]).text), found[1]

    def prove(self, index: int) -> InclusionProof:
        """Inclusion of an entry in the newest checkpoint. Raises InputError if it is not in it."""
        checkpoint, note = self.checkpoint()
        if not 0 <= index < checkpoint.size:
            raise InputError(f"entry {index}: the newest checkpoint has {checkpoint.size} entries")
        proof = prove_inclusion(index, checkpoint.size, self._tree())
        return InclusionProof(index, tuple(proof), note)

    def _tree(self) -> Subtree:
        """The tree as it stands; tiles that were read for one proof serve the next."""
        state = self._current()
        if self._proving is None or self._proving[0] is not state:
            read = partial(self.store.read_tile, state)
            self._proving = (state, subtree_from_tiles(read))
        return self._proving[1]

    # --- writing

    def append(
        self,
        entries: Sequence[bytes],
        disclosures: Sequence[Disclosure | None] = (),
        attachments: Sequence[bytes] = (),
        check: Callable[[], None] | None = None,
    ) -> Appended:
        """Record entries as one batch, signed and pinned on return.

        `disclosures` stand beside `entries`, one each or none at all. `check` reads the log once
        more, when nobody else can write any longer, and raises if the entries no longer fit.
        Raises BusyError, LogMovedError, ForkError, StorageError or KeyPermissionError; then
        nothing was recorded.
        """
        if not entries:
            raise ValueError("a batch has at least one entry")
        largest = max(map(len, entries))
        if largest > MAX_ENTRY_BYTES:
            raise InputError(f"an entry of {largest} bytes is over {MAX_ENTRY_BYTES}")
        self._require_signer()
        with self._transaction():
            state = self._current()
            self._check_pin(state)
            self._sign_last(state)
            self._require_projections(state.size)
            if check is not None:
                check()
            if self.vault is not None:
                self.vault.store(state.size, disclosures, attachments)
            after = self._write(state, entries)
        self._state = after
        with self._transaction():
            self._sign_last(after)
        self._pin(after)
        return Appended(after.size - len(entries), after.size, after.batch.root)

    def _write(self, state: State, entries: Sequence[bytes]) -> State:
        """The batch and its projections. Bulk inserts run beside the hashing of a large batch:
        SQLite leaves the interpreter lock while it works.
        """
        batch, reader = self._apply(state.size, entries)
        if len(entries) < _WORTH_A_THREAD:
            reader.flush()
            plan = plan_batch(state, entries)
        else:
            interval = sys.getswitchinterval()
            sys.setswitchinterval(_HAND_OVER)
            try:
                with ThreadPoolExecutor(1) as pool:
                    flushing = pool.submit(reader.flush)
                    plan = plan_batch(state, entries)
                flushing.result()
            finally:
                sys.setswitchinterval(interval)
        after = self.store.write(plan)
        self._settle(batch, after.size)
        return after

    def sign_head(self) -> None:
        """Sign what a crash left unsigned, if it did. Raises as `append` does."""
        with self._transaction():
            state = self._current()
            self._check_pin(state)
            self._sign_last(state)
        self._pin(state)

    def _apply(self, first: int, entries: Sequence[bytes]) -> tuple[Decoded, Reader]:
        batch = decode(range(first, first + len(entries)), entries)
        reader = Reader(self.database, self.connection, self.store, self.runs, first, entries)
        for projection in self.projections:
            projection.apply(self.connection, batch, reader)
        return batch, reader

    def _settle(self, batch: Decoded, size: int) -> None:
        for projection in self.projections:
            projection.settle(self.connection, batch)
        self.connection.execute("UPDATE projection SET size = ?", (size,))

    def _current(self) -> State:
        """The state after the last batch, reloaded if another writer moved it."""
        last = self.store.last_batch()
        if self._state is None or self._state.batch != last:
            self._state = self.store.load()
        return self._state

    def _require_signer(self) -> Signer:
        if self._signer is None:
            name = self.log_name if self.size else ""
            self._signer = self.keys.signer("log", name, self.log_vkeys())
        return self._signer

    def use_signer(self, signer: Signer) -> None:
        """Sign with this key: for `init`, before the log can name one."""
        self._signer = signer

    def _sign_last(self, state: State) -> None:
        """Sign the head unless somebody has. Runs inside a transaction."""
        if state.size == 0 or self.store.checkpoint(state.size) is not None:
            return
        signer = self._require_signer()
        text = format_checkpoint(Checkpoint(signer.name, state.size, state.batch.root))
        self.store.add_checkpoint(state.size, sign_note(text, signer))

    def _check_pin(self, state: State) -> None:
        """Refuse to continue a log that went back, once per opening."""
        signer = self._require_signer()
        if self._pinned:
            return
        pin = self.pins.get(signer.name, signer.verifier.vkey)
        if pin is not None:
            if pin.size > state.size:
                raise LogMovedError(
                    f"{self.location}: the log has {state.size} entries, you have seen {pin.size}",
                    hint="an old copy was restored; restore the newest one, or start a new ledger",
                )
            if self.store.root_at(state, pin.size) != pin.root:
                raise ForkError(
                    f"{self.location}: the first {pin.size} entries are not those you have seen"
                )
        self._pinned = True

    def _pin(self, state: State) -> None:
        signer = self._require_signer()
        self.pins.advance(signer.name, signer.verifier.vkey, Pin(state.size, state.batch.root))

    def _require_projections(self, size: int) -> None:
        rows = self.connection.execute(
            "SELECT name, schema_digest, size FROM projection"
        ).fetchall()
        stored = {name: (digest, applied) for name, digest, applied in rows}
        wanted = {p.name: (p.schema_digest, size) for p in self.projections}
        if stored != wanted:
            raise SchemaOutdatedError(
                f"{self.location}: the projection was made by another version",
                hint="headwater db rebuild",
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One write transaction; what goes wrong rolls it back and drops what was cached."""
        try:
            self.database.begin_write(self.connection)
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                self._state = None
                self.runs.forget()
                self.store.forget()
                self.database.rollback(self.connection)
                raise
        except Exception as error:
            translated = self.database.translate(error, self.location)
            if translated is error:
                raise
            raise translated from error

    # --- the projection as a whole

    def rebuild(self) -> int:
        """Drop every projection table and replay the log. Returns how many entries it has."""
        with self._transaction():
            for projection in self.projections:
                for table in projection.tables:
                    self.connection.execute(f'DROP TABLE IF EXISTS "{table}"')
            self.create_projections()
            self.runs = RunIndex()
            self.projections = (EntryProjection(self.runs), *self.projections[1:])
            size = self.size
            for first, entries in self.store.chunks(0, size, MAX_BATCH):
                batch, reader = self._apply(first, entries)
                reader.flush()
                self._settle(batch, first + len(entries))
        return size

    def create_projections(self) -> None:
        """Make the projection tables. Runs inside a transaction of a new or emptied database."""
        for projection in self.projections:
            for statement in projection.ddl():
                self.connection.execute(statement)
        self.connection.executemany(
            "INSERT INTO projection VALUES (?, ?, 0)",
            [(p.name, p.schema_digest) for p in self.projections],
        )
