"""The vault: what no leaf may hold. Secrets, disclosed values, attachments; a database of its own.

A leaf holds commitment = SHA-256(tag ‖ salt ‖ value), tag = "headwater/commitment/v1\\n", with
salt = HMAC-SHA-256(scope key, field ‖ 0 ‖ subject ‖ 0 ‖ file ‖ row ‖ part): subject and file are
32-byte digests, row and part u64 big-endian. Destroying one scope key makes every commitment of
that scope unopenable. The scope is the author where known, else the input file.

Values lie in blocks of up to 256 entries, keyed by the first entry's index (n: up to the last
entry that has one): a B-tree on random
commitments would halve the append rate. Content-addressed attachments are few and have a table
of their own. Missing is *withheld*; a value that does not open its commitment is a failed check.
"""

import hmac
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
import pyarrow as pa

from ledger.databases import Connection, Database
from ledger.errors import BrokenChainError, SchemaTooNewError, VerificationError

__all__ = ["COMMITMENT_TAG", "Disclosure", "Vault", "commit", "salt_of", "vault_location"]

COMMITMENT_TAG = b"headwater/commitment/v1\n"
BLOCK = 256
VERSION = 1
_MAX_BLOCK_BYTES = 64 << 20
_CODEC = pa.Codec("zstd", compression_level=1)

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS secret (scope BLOB PRIMARY KEY, key BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS attachment (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS disclosure (first INTEGER PRIMARY KEY, n INTEGER NOT NULL, "
    "bytes INTEGER NOT NULL, data BLOB NOT NULL) STRICT",
)

Place = tuple[bytes, int, int]  # file digest, row, part


@dataclass(frozen=True)
class Disclosure:
    """The values behind an entry's commitments: field -> text, under one scope."""

    scope: bytes
    values: Mapping[str, str]


def vault_location(location: str) -> str:
    """The vault beside a ledger: `corpus.db` has `corpus.vault.db`."""
    stem, dot, suffix = location.rpartition(".")
    return f"{stem}.vault.{suffix}" if dot and "/" not in suffix else f"{location}.vault.db"


def scope_of(kind: str, value: str | bytes) -> bytes:
    """The 32-byte name of a scope: `file` and a digest, or `author` and a name."""
    raw = value.encode() if isinstance(value, str) else value
    return sha256(b"headwater/scope/v1\n" + kind.encode() + b"\0" + raw).digest()


def salt_of(key: bytes, field: str, subject: bytes, place: Place) -> bytes:
    """HMAC-SHA-256 under the scope's key, over the field's name and the place of its value."""
    file, row, part = place
    message = (
        field.encode() + b"\0" + subject + b"\0" + file + row.to_bytes(8, "big")
        + part.to_bytes(8, "big")
    )  # fmt: skip
    return hmac.digest(key, message, "sha256")


def commit(key: bytes, field: str, subject: bytes, place: Place, value: str) -> bytes:
    """SHA-256(tag ‖ salt ‖ value): reveals nothing of `value` without the scope's key."""
    return sha256(COMMITMENT_TAG + salt_of(key, field, subject, place) + value.encode()).digest()


class Vault:
    """One vault file. Writers hold the log's write lock, and commit here before the log does."""

    def __init__(self, database: Database, connection: Connection, location: str) -> None:
        self.location = location
        self._database = database
        self._connection = connection
        self._keys: dict[bytes, bytes] = {}

    @classmethod
    def open(cls, database: Database, location: str, *, write: bool) -> "Vault":
        """Open, creating it when writing. Raises SchemaTooNewError or StorageError."""
        place = vault_location(location)
        connection = database.connect(place, write=write, create=write)
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise SchemaTooNewError(
                    f"{place}: vault schema {version}, this program knows {VERSION}",
                    hint="upgrade headwater",
                )
            if write and version < VERSION:
                connection.execute("PRAGMA secure_delete=ON")
                for statement in _SCHEMA:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={VERSION}")
        except Exception as error:
            connection.close()
            raise database.translate(error, place) from error
        return cls(database, connection, place)

    @staticmethod
    def exists(database: Database, location: str) -> bool:
        return database.exists(vault_location(location))

    def close(self) -> None:
        self._connection.close()

    def scope_key(self, scope: bytes) -> bytes | None:
        """The key of a scope, or None: never made, or erased."""
        key = self._keys.get(scope)
        if key is None:
            row = self._connection.execute(
                "SELECT key FROM secret WHERE scope = ?", (scope,)
            ).fetchone()
            if row is None:
                return None
            key = self._keys[scope] = row[0]
        return key

    def ensure_keys(self, scopes: Sequence[bytes]) -> dict[bytes, bytes]:
        """Keys for all `scopes`, making those that are missing; durable on return.

        Raises BusyError or StorageError.
        """
        wanted = {scope: self.scope_key(scope) for scope in dict.fromkeys(scopes)}
        missing = [scope for scope, key in wanted.items() if key is None]
        if missing:
            with self._transaction():
                self._connection.executemany(
                    "INSERT OR IGNORE INTO secret VALUES (?, ?)",
                    ((scope, secrets.token_bytes(32)) for scope in missing),
                )
        return {scope: key or self._stored_key(scope) for scope, key in wanted.items()}

    def _stored_key(self, scope: bytes) -> bytes:
        key = self.scope_key(scope)
        assert key is not None  # ensure_keys has just committed it
        return key

    def store(
        self,
        first: int,
        disclosures: Sequence[Disclosure | None],
        attachments: Sequence[bytes] = (),
    ) -> None:
        """Commit the values of entries first … and attachments. Orphans of a crash are dropped."""
        run = self._connection.execute
        orphans = run("SELECT 1 FROM disclosure WHERE first >= ? LIMIT 1", (first,)).fetchone()
        if not any(disclosures) and not attachments and orphans is None:
            return
        with self._transaction():
            run("DELETE FROM disclosure WHERE first >= ?", (first,))
            self._connection.executemany(
                "INSERT INTO disclosure VALUES (?, ?, ?, ?)", _blocks(first, disclosures)
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO attachment VALUES (?, ?)",
                ((sha256(data).digest(), data) for data in attachments),
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._database.begin_write(self._connection)
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._database.rollback(self._connection)
                raise
        except Exception as error:
            translated = self._database.translate(error, self.location)
            if translated is error:
                raise
            raise translated from error

    def attachment(self, digest: bytes) -> bytes | None:
        """The bytes of an attachment, or None if withheld. Raises VerificationError on mismatch."""
        row = self._connection.execute(
            "SELECT bytes FROM attachment WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            return None
        data: bytes = row[0]
        if sha256(data).digest() != digest:
            raise VerificationError(
                f"{self.location}: attachment sha256:{digest.hex()} holds other bytes"
            )
        return data

    def keep(self, attachments: Sequence[bytes]) -> None:
        """Commit attachments that belong to entries recorded before. Raises as `store`."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR IGNORE INTO attachment VALUES (?, ?)",
                ((sha256(data).digest(), data) for data in attachments),
            )

    def erase(self, scope: bytes) -> int:
        """Destroy a scope's key and every value under it; how many entries lose one. Idempotent.

        Overwritten in the file, and the write-ahead log emptied. What was copied before is beyond
        reach: destroy backups of the vault, too. Raises BusyError or StorageError.
        """
        self._keys.pop(scope, None)
        run, lost = self._connection.execute, 0
        run("PRAGMA secure_delete=ON")
        with self._transaction():
            for (first,) in run("SELECT first FROM disclosure").fetchall():
                row = run(
                    "SELECT first, n, bytes, data FROM disclosure WHERE first = ?", (first,)
                ).fetchone()
                items = self._parse(row)
                kept = [(index, shown) for index, shown in items if shown.scope != scope]
                if len(kept) == len(items):
                    continue
                lost += len(items) - len(kept)
                run("DELETE FROM disclosure WHERE first = ?", (first,))
                by_place = dict(kept)
                left = [by_place.get(n) for n in range(first, max(by_place, default=-1) + 1)]
                self._connection.executemany(
                    "INSERT INTO disclosure VALUES (?, ?, ?, ?)", _blocks(first, left)
                )
            run("DELETE FROM secret WHERE scope = ?", (scope,))
        run("PRAGMA wal_checkpoint(TRUNCATE)")
        return lost

    def beginning_with(self, prefix: bytes, longest: int) -> Iterator[bytes]:
        """The attachments of at most `longest` bytes that begin so, in the order of digests."""
        rows = self._connection.execute(
            "SELECT bytes FROM attachment WHERE length(bytes) <= ? AND substr(bytes, 1, ?) = ? "
            "ORDER BY digest",
            (longest, len(prefix), prefix),
        )
        for (data,) in rows:
            yield data

    def attachments(self) -> Iterator[tuple[bytes, bytes]]:
        yield from self._connection.execute("SELECT digest, bytes FROM attachment ORDER BY digest")

    def disclosure(self, index: int) -> Disclosure | None:
        """What the entry at `index` keeps here, or None if nothing or withheld."""
        row = self._connection.execute(
            "SELECT first, n, bytes, data FROM disclosure WHERE first <= ? "
            "ORDER BY first DESC LIMIT 1",
            (index,),
        ).fetchone()
        if row is None or index >= row[0] + row[1]:
            return None
        return dict(self._parse(row)).get(index)

    def disclosures(self) -> Iterator[tuple[int, Disclosure]]:
        """Every (entry index, disclosure), in order."""
        for row in self._connection.execute(
            "SELECT first, n, bytes, data FROM disclosure ORDER BY first"
        ):
            yield from self._parse(row)

    def problems(self) -> list[str]:
        """What is wrong with the file itself, before any value is opened."""
        found = self._database.problems(self._connection)
        rows = self._connection.execute(
            "SELECT hex(scope), length(scope), length(key) FROM secret "
            "WHERE length(scope) <> 32 OR length(key) <> 32 LIMIT 1"
        )  # a shorter or zero-padded key would give the same HMACs
        for scope, name, key in rows:
            found.append(
                f"secret {scope.lower()}: scope of {name} and key of {key} bytes, 32 expected"
            )
        return found

    def _parse(self, row: tuple[int, int, int, bytes]) -> list[tuple[int, Disclosure]]:
        first, n, size, data = row
        where = f"{self.location}: disclosure {first}"
        if first < 0 or not 1 <= n <= BLOCK or not 0 <= size <= _MAX_BLOCK_BYTES:
            raise BrokenChainError(f"{where} declares {n} entries and {size} bytes")
        try:
            items: list[Any] = orjson.loads(_CODEC.decompress(data, size, asbytes=True))
            found = [
                (first + offset, Disclosure(bytes.fromhex(scope), values))
                for offset, scope, values in items
            ]
        except (OSError, ValueError, TypeError, pa.ArrowException) as error:
            raise BrokenChainError(f"{where} cannot be read: {error}") from error
        indices = [index for index, _ in found]
        if not found or indices[0] < first or indices != sorted(set(indices)):
            raise BrokenChainError(f"{where} does not list its entries in order")
        if indices[-1] != first + n - 1:
            raise BrokenChainError(f"{where} declares {n} entries and ends at {indices[-1]}")
        if not all(_named_texts(shown.values) for _, shown in found):
            raise BrokenChainError(f"{where} holds something else than named texts")
        return found


def _named_texts(values: object) -> bool:
    return isinstance(values, dict) and all(isinstance(value, str) for value in values.values())


def _blocks(
    first: int, disclosures: Sequence[Disclosure | None]
) -> Iterator[tuple[int, int, int, bytes]]:
    for start in range(0, len(disclosures), BLOCK):
        part = disclosures[start : start + BLOCK]
        spelled = {scope: scope.hex() for scope in {item.scope for item in part if item}}
        items = [
            (offset, spelled[item.scope], item.values) for offset, item in enumerate(part) if item
        ]
        if items:
            raw = orjson.dumps(items)
            n = items[-1][0] + 1
            yield first + start, n, len(raw), _CODEC.compress(raw, asbytes=True)
