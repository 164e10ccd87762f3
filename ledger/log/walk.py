"""The authority tables, recomputed from stored bytes in one pass and bounded memory.

Every bundle is one frame of entries; their leaf hashes make the tiles, the tiles the roots, the
roots the links of the chain, and each link has a checkpoint that the log's key signed. The first
place that does not hold is named by table and key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.databases import Connection
from ledger.errors import (
    BadSignatureError,
    BrokenChainError,
    RootMismatchError,
    VerificationError,
)
from ledger.log.chain import FIRST_LINK, link_batch
from ledger.log.checkpoint import parse_checkpoint
from ledger.log.frontier import Frontier
from ledger.log.notes import Verifier, open_note, parse_note
from ledger.log.store import open_bundle
from ledger.log.tiles import HASH_BYTES, WIDTH, unpack_bundle, widths

__all__ = ["Head", "walk"]


@dataclass
class Head:
    """What a finished walk proved. `signed` is the size of the newest checkpoint."""

    size: int = 0
    root: bytes = b""
    batches: int = 0
    signed: int = 0
    pinned_root: bytes | None = None


def walk(
    connection: Connection,
    log_name: str,
    verifiers: Sequence[Verifier] | None,
    head: Head,
    pin_size: int = 0,
) -> Iterator[tuple[int, list[bytes]]]:
    """Check everything; yield (index of the first, entries) per bundle. Fills `head` as it goes.

    Without `verifiers` the checkpoints stay unread: for a log that cannot say whose they are.
    Raises BrokenChainError, RootMismatchError, BadSignatureError or UntrustedSignerError.
    """
    frontier = Frontier()
    boundaries = _Boundaries(connection, log_name, verifiers, head, pin_size)
    tiles = 0
    expected = 0
    for number, data in connection.execute("SELECT idx, data FROM bundle ORDER BY idx"):
        where = f"bundle {number}"
        if number != expected:
            raise BrokenChainError(f"{where}: found where bundle {expected} was expected")
        entries = unpack_bundle(open_bundle(data, where), where)
        if len(entries) != WIDTH:
            raise BrokenChainError(f"{where}: {len(entries)} entries, {WIDTH} expected")
        leaves = [sha256(b"\x00" + entry).digest() for entry in entries]
        _check_tile(connection, 0, number, leaves)  # first: it says which entry is wrong
        boundaries.pass_through(frontier, number * WIDTH, leaves)
        for level, index, hashes in frontier.extend(leaves):
            if level:
                _check_tile(connection, level, index, hashes)
            tiles += 1
        boundaries.reach(frontier, (number + 1) * WIDTH)
        yield number * WIDTH, entries
        expected += 1
    start = expected * WIDTH
    tail = _tail(connection, start)
    boundaries.tail_start = start
    leaves = [sha256(b"\x00" + entry).digest() for entry in tail]
    boundaries.pass_through(frontier, start, leaves)
    list(frontier.extend(leaves))
    boundaries.reach(frontier, start + len(tail))
    boundaries.finish(start + len(tail))
    stored = connection.execute("SELECT count(*) FROM tile").fetchone()[0]
    if stored != tiles:
        raise _stray_tile(connection, start)
    if tail:
        yield start, tail


def _check_tile(connection: Connection, level: int, index: int, hashes: list[bytes]) -> None:
    row = connection.execute(
        "SELECT data FROM tile WHERE level = ? AND idx = ?", (level, index)
    ).fetchone()
    place = f"tile {level}/{index}"
    if row is None:
        below = f"tile {level - 1}/{index * WIDTH + WIDTH - 1}" if level else f"bundle {index}"
        raise BrokenChainError(f"{place}: missing, though {below} is stored")
    if row[0] != b"".join(hashes):
        for offset, good in enumerate(hashes):
            if row[0][offset * HASH_BYTES : (offset + 1) * HASH_BYTES] != good:
                under = index * WIDTH + offset
                of = f"tile {level - 1}/{under}" if level else f"entry {under} in bundle {index}"
                raise RootMismatchError(f"{place}: stored hash {offset} is not that of {of}")
        raise BrokenChainError(f"{place}: {len(row[0])} bytes, {WIDTH * HASH_BYTES} expected")


def _stray_tile(connection: Connection, size: int) -> BrokenChainError:
    """The error for a tile too many, in a log whose full tiles cover `size` entries."""
    full = [count for count, _ in widths(size)]
    for level, index in connection.execute("SELECT level, idx FROM tile ORDER BY level, idx"):
        if not 0 <= level < len(full) or not 0 <= index < full[level]:
            return BrokenChainError(f"tile {level}/{index}: stored, but the log has no such tile")
    return BrokenChainError("tile: the engine counts more rows than it lists")


def _tail(connection: Connection, start: int) -> list[bytes]:
    tail: list[bytes] = []
    for index, entry in connection.execute("SELECT idx, entry FROM tail ORDER BY idx"):
        if index != start + len(tail) or len(tail) == WIDTH - 1:
            number = start // WIDTH
            more = f"; bundle {number} is missing" if index // WIDTH > number and not tail else ""
            expected = start + len(tail)
            raise BrokenChainError(f"tail {index}: found where {expected} was expected{more}")
        tail.append(entry)
    return tail


class _Boundaries:
    """Where batches end: the chain's links, their roots and checkpoints, in order."""

    def __init__(
        self,
        connection: Connection,
        log_name: str,
        verifiers: Sequence[Verifier] | None,
        head: Head,
        pin_size: int,
    ) -> None:
        self._connection = connection
        self._rows = connection.execute(
            "SELECT number, batch.size, root, link, note FROM batch "
            "LEFT JOIN checkpoint ON checkpoint.size = batch.size ORDER BY number"
        )
        self._log_name = log_name
        self._verifiers = verifiers or ()
        self._reads_notes = verifiers is not None
        self._head = head
        self._pin_size = pin_size
        self._link = FIRST_LINK
        self._unsigned: int | None = None
        self._next = self._rows.fetchone()
        self.tail_start: int | None = None

    def pass_through(self, frontier: Frontier, start: int, leaves: list[bytes]) -> None:
        """Check the batches that end inside the leaves that come after `start`."""
        end = start + len(leaves)
        if start < self._pin_size < end:
            self._head.pinned_root = frontier.root(leaves[: self._pin_size - start])
        while self._next is not None and self._next[1] < end:
            if self._next[1] <= start:
                raise BrokenChainError(
                    f"batch {self._next[0]}: size {self._next[1]} does not grow past {start}"
                )
            self._check(frontier.root(leaves[: self._next[1] - start]))

    def reach(self, frontier: Frontier, size: int) -> None:
        """Check the batch that ends exactly at `size`, if one does."""
        if size == self._pin_size:
            self._head.pinned_root = frontier.root()
        if self._next is not None and self._next[1] == size:
            self._check(frontier.root())

    def _check(self, root: bytes) -> None:
        number, size, stored_root, link, note = self._next
        place = f"batch {number}"
        if number != self._head.batches:
            raise BrokenChainError(f"{place}: found where {self._head.batches} was expected")
        if size <= self._head.size:
            raise BrokenChainError(f"{place}: size {size} does not grow past {self._head.size}")
        if stored_root != root:
            raise self._root_mismatch(number, size, stored_root, root, note)
        self._link = link_batch(self._link, number, size, root)
        if link != self._link:
            raise BrokenChainError(
                f"{place}: link {_hex(link)} does not continue batch {number - 1}, "
                f"{_hex(self._link)} expected"
            )
        if self._unsigned is not None:
            raise BrokenChainError(
                f"checkpoint {self._unsigned}: missing, though batch {number} follows it"
            )
        if note is None:
            self._unsigned = size
        else:
            if self._reads_notes:
                self._check_note(size, root, note)
            self._head.signed = size
        self._head.size, self._head.root = size, root
        self._head.batches += 1
        self._next = self._rows.fetchone()

    def _root_mismatch(
        self, number: int, size: int, stored: bytes, root: bytes, note: str | None
    ) -> RootMismatchError:
        """Blames the entries where the log's key signed the stored root, else the batch."""
        first = self._head.size
        if self.tail_start is not None:
            entries = f"tail {max(first, self.tail_start)}–{size - 1}"
        else:
            entries = f"bundles {first // WIDTH}–{(size - 1) // WIDTH}"
        roots = f"root {_hex(stored)} stored, {_hex(root)} recomputed at size {size}"
        try:
            signed = parse_checkpoint(open_note(note or "", self._verifiers)[0]).root
        except VerificationError:
            return RootMismatchError(f"batch {number}: {roots} from {entries}")
        if signed == root:
            return RootMismatchError(f"batch {number}: {roots}")
        return RootMismatchError(f"{entries}: not what was signed; batch {number}: {roots}")

    def _check_note(self, size: int, root: bytes, note: str) -> None:
        place = f"checkpoint {size}"
        try:
            text, signers = open_note(note, self._verifiers)
            if len(signers) != len(parse_note(note).signatures):
                raise BadSignatureError("a signature line is not the log's")
            checkpoint = parse_checkpoint(text)
        except VerificationError as error:
            raise type(error)(f"{place}: {error}", hint=error.hint) from error
        if checkpoint.log_name != self._log_name:
            raise BrokenChainError(
                f"{place}: log name {checkpoint.log_name!r}, {self._log_name!r} expected"
            )
        if (checkpoint.size, checkpoint.root) != (size, root):
            raise RootMismatchError(
                f"{place}: signs size {checkpoint.size} and root {_hex(checkpoint.root)}, "
                f"{size} and {_hex(root)} recomputed"
            )

    def finish(self, size: int) -> None:
        """Nothing may be left over: no batch past the entries, no entry past the batches."""
        if self._next is not None:
            raise BrokenChainError(
                f"batch {self._next[0]}: size {self._next[1]}, but entry {size} is neither in "
                f"bundle {size // WIDTH} nor in tail"
            )
        if self._head.size != size:
            first = self._head.size
            bundled = size - size % WIDTH
            place = f"bundle {first // WIDTH}" if first < bundled else f"tail {first}"
            raise BrokenChainError(
                f"{place}: stored, but batch {self._head.batches}, which would cover it, is missing"
            )
        signed = self._head.batches - (self._unsigned is not None)
        stored = self._connection.execute("SELECT count(*) FROM checkpoint").fetchone()[0]
        if stored != signed:
            row = self._connection.execute(
                "SELECT size FROM checkpoint WHERE size NOT IN (SELECT size FROM batch) LIMIT 1"
            ).fetchone()
            raise BrokenChainError(f"checkpoint {row[0] if row else '?'}: no batch ends there")


def _hex(data: object) -> str:
    return data.hex()[:16] + "…" if isinstance(data, bytes) else repr(data)
