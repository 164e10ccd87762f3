"""The authority tables: bundle, tail, tile, batch, checkpoint. Reads them, and adds one batch.

Holds no policy: who may write, when to sign and what a projection is belong to log.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ledger.databases import Connection
from ledger.errors import BrokenChainError
from ledger.log.chain import FIRST_LINK, link_batch
from ledger.log.frontier import Frontier, tile_root
from ledger.log.merkle import EMPTY_ROOT, leaf_hashes, tree_root
from ledger.log.tiles import (
    HASH_BYTES,
    WIDTH,
    frame_bytes,
    pack_bundle,
    subtree_from_tiles,
    unpack_bundle,
)

__all__ = [
    "MAX_BUNDLE_BYTES",
    "Batch",
    "Plan",
    "State",
    "Store",
    "open_bundle",
    "plan_batch",
    "seal_bundle",
]

MAX_BUNDLE_BYTES = WIDTH * (2 + 65_535)
_CODEC = pa.Codec("zstd", compression_level=1)


@dataclass(frozen=True)
class Batch:
    """A row of the hash chain: after batch `number` the log had `size` entries and `root`."""

    number: int
    size: int
    root: bytes
    link: bytes


NO_BATCH = Batch(-1, 0, EMPTY_ROOT, FIRST_LINK)


@dataclass
class State:
    """The right edge: what the next batch continues. Owned by the writer, under the write lock."""

    batch: Batch
    frontier: Frontier
    tail: list[bytes]

    @property
    def size(self) -> int:
        return self.batch.size


@dataclass(frozen=True)
class Plan:
    """The rows of one batch, and the state after it. Tail rows are those that are new."""

    after: State
    tiles: list[tuple[int, int, bytes]]
    bundles: list[tuple[int, bytes]]
    tail: list[tuple[int, bytes]]


def plan_batch(state: State, entries: Sequence[bytes]) -> Plan:
    """Hash and compress a batch. Pure; full bundles never pass through `tail`."""
    frontier = state.frontier.copy()
    tiles = [
        (level, index, b"".join(hashes))
        for level, index, hashes in frontier.extend(leaf_hashes(entries))
    ]
    pool = [*state.tail, *entries]
    start = state.size - len(state.tail)
    full = len(pool) - len(pool) % WIDTH
    bundles = [
        ((start + i) // WIDTH, seal_bundle(pool[i : i + WIDTH])) for i in range(0, full, WIDTH)
    ]
    fresh = full if full else len(state.tail)
    size, root, number = start + len(pool), frontier.root(), state.batch.number + 1
    batch = Batch(number, size, root, link_batch(state.batch.link, number, size, root))
    tail = [(start + i, pool[i]) for i in range(fresh, len(pool))]
    return Plan(State(batch, frontier, pool[full:]), tiles, bundles, tail)


def seal_bundle(entries: Sequence[bytes]) -> bytes:
    """256 entries as exactly one zstd frame."""
    return _CODEC.compress(pack_bundle(entries), asbytes=True)  # type: ignore[no-any-return]


def open_bundle(data: bytes, where: str) -> bytes:
    """The bundle in a frame. Raises BrokenChainError for anything but one frame of sane size."""
    length, content = frame_bytes(data, where)
    if length != len(data):
        raise BrokenChainError(f"{where}: {len(data)} bytes stored, one frame has {length}")
    if content > MAX_BUNDLE_BYTES:
        raise BrokenChainError(
            f"{where}: frame declares {content} bytes, at most {MAX_BUNDLE_BYTES}"
        )
    try:
        return _CODEC.decompress(data, content, asbytes=True)  # type: ignore[no-any-return]
    except (OSError, pa.ArrowException) as error:
        raise BrokenChainError(f"{where}: frame cannot be decompressed: {error}") from error


class Store:
    """The authority tables over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bundle: tuple[int, list[bytes]] = (-1, [])  # the bundle last read by entry()

    def last_batch(self) -> Batch:
        row = self._connection.execute(
            "SELECT number, size, root, link FROM batch ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return Batch(*row) if row else NO_BATCH

    def load(self) -> State:
        """The state after the last batch. Raises BrokenChainError if it does not reach its root."""
        batch = self.last_batch()
        tail = self._tail(batch.size)
        levels: list[list[bytes]] = [leaf_hashes(tail)]
        tiles = [batch.size // WIDTH]
        while tiles[-1]:
            level, full = len(tiles), tiles[-1] // WIDTH
            rows = self._connection.execute(
                "SELECT data FROM tile WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx",
                (level - 1, full * WIDTH, tiles[-1]),
            ).fetchall()
            levels.append([_tile_root(row[0]) for row in rows])
            tiles.append(full)
        frontier = Frontier(levels, tiles)
        if len(tail) != batch.size % WIDTH or frontier.root() != batch.root:
            raise BrokenChainError(
                f"the stored edge does not reach the root of batch {batch.number}",
                hint="headwater verify names the first bad row",
            )
        return State(batch, frontier, tail)

    def _tail(self, size: int) -> list[bytes]:
        rows = self._connection.execute(
            "SELECT entry FROM tail WHERE idx >= ? AND idx < ? ORDER BY idx",
            (size - size % WIDTH, size),
        ).fetchall()
        return [row[0] for row in rows]

    def add(self, state: State, entries: Sequence[bytes]) -> State:
        """Write one batch inside the caller's transaction; returns the state after it."""
        return self.write(plan_batch(state, entries))

    def write(self, plan: Plan) -> State:
        """Write a planned batch inside the caller's transaction."""
        connection, after = self._connection, plan.after
        connection.executemany("INSERT INTO tile VALUES (?, ?, ?)", plan.tiles)
        connection.executemany("INSERT INTO bundle VALUES (?, ?)", plan.bundles)
        if plan.bundles:
            end = (plan.bundles[-1][0] + 1) * WIDTH
            connection.execute("DELETE FROM tail WHERE idx < ?", (end,))
        connection.executemany("INSERT INTO tail VALUES (?, ?)", plan.tail)
        batch = after.batch
        connection.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?)",
            (batch.number, batch.size, batch.root, batch.link),
        )
        return after

    def forget(self) -> None:
        """Drop what was read: the transaction it was read in was rolled back."""
        self._bundle = (-1, [])

    def checkpoint(self, size: int) -> str | None:
        """The signed note of a size, or None."""
        row = self._connection.execute(
            "SELECT note FROM checkpoint WHERE size = ?", (size,)
        ).fetchone()
        return row[0] if row else None

    def last_checkpoint(self) -> tuple[int, str] | None:
        row = self._connection.execute(
            "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"
        ).fetchone()
        return (row[0], row[1]) if row else None

    def add_checkpoint(self, size: int, note: str) -> None:
        self._connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note))

    def entry(self, index: int) -> bytes:
        """One entry's bytes; keeps the last bundle, so neighbours are cheap."""
        number, offset = divmod(index, WIDTH)
        if self._bundle[0] != number:
            row = self._connection.execute(
                "SELECT data FROM bundle WHERE idx = ?", (number,)
            ).fetchone()
            if row is None:
                found = self._connection.execute(
                    "SELECT entry FROM tail WHERE idx = ?", (index,)
                ).fetchone()
                if found is None:
                    raise BrokenChainError(f"entry {index} is not stored")
                return bytes(found[0])
            where = f"bundle {number}"
            self._bundle = (number, unpack_bundle(open_bundle(row[0], where), where))
        entries = self._bundle[1]
        if offset >= len(entries):
            raise BrokenChainError(f"bundle {number} has no entry {offset}")
        return entries[offset]

    def chunks(
        self, start: int, end: int, width: int = 16 * WIDTH
    ) -> Iterator[tuple[int, list[bytes]]]:
        """(index of the first, entries) for start … end, at most about `width` at a time."""
        pending: list[bytes] = []
        first = start
        bundles = self._connection.execute(
            "SELECT idx, data FROM bundle WHERE idx >= ? AND idx * 256 < ? ORDER BY idx",
            (start // WIDTH, end),
        )
        for number, data in bundles:
            where = f"bundle {number}"
            entries = unpack_bundle(open_bundle(data, where), where)
            low, high = max(start - number * WIDTH, 0), min(end - number * WIDTH, WIDTH)
            pending.extend(entries[low:high])
            if len(pending) >= width:
                yield first, pending
                first, pending = first + len(pending), []
        rows = self._connection.execute(
            "SELECT entry FROM tail WHERE idx >= ? AND idx < ? ORDER BY idx",
            (first + len(pending), end),
        ).fetchall()
        pending.extend(row[0] for row in rows)
        if pending:
            yield first, pending

    def read_tile(self, state: State, level: int, index: int) -> bytes:
        """The hashes of a tile, full from the table or partial from the frontier."""
        frontier = state.frontier
        if level < len(frontier.tiles) and index == frontier.tiles[level]:
            return b"".join(frontier.levels[level])
        row = self._connection.execute(
            "SELECT data FROM tile WHERE level = ? AND idx = ?", (level, index)
        ).fetchone()
        if row is None or len(row[0]) != WIDTH * HASH_BYTES:
            raise BrokenChainError(f"tile {level}/{index} is not stored whole")
        return bytes(row[0])

    def root_at(self, state: State, size: int) -> bytes:
        """Root of the first `size` entries."""
        if size == state.size:
            return state.batch.root
        subtree = subtree_from_tiles(lambda level, index: self.read_tile(state, level, index))
        return tree_root(size, subtree)


def _tile_root(data: bytes) -> bytes:
    return tile_root([data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)])
