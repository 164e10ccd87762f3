"""The whole ledger, verified: the log from its stored bytes, the projections against the log, the
vault against the leaves, the database against itself, the head against the pin.

Loads no plug-in. What is not checked here: whether the claims are true.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ledger.databases import Connection
from ledger.errors import (
    BrokenChainError,
    ForkError,
    InputError,
    LogMovedError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.diagnose import diagnose
from ledger.log.feeder import Feeder
from ledger.log.log import Log
from ledger.log.notes import Verifier, parse_vkey
from ledger.log.pins import Pin
from ledger.log.shape import schema_differences
from ledger.log.vaultcheck import VaultReport, check_vault
from ledger.log.walk import Head, walk

__all__ = ["LogReport", "verify_log"]

_CHUNK = 64 * 256
_AUTHORITY = ("batch", "bundle", "checkpoint", "cosignature", "tail", "tile")
_ATTEMPTS = 3
Progress = Callable[[int, int], None]


@dataclass
class LogReport:
    """What verifying established. `warnings` are things to mend that change no statement."""

    log_name: str
    signer: str
    trusted: bool
    size: int
    root: bytes
    batches: int
    signed: int
    pinned: int | None
    vault: VaultReport
    warnings: list[str] = field(default_factory=list)


def verify_log(
    log: Log,
    *,
    projections: bool = True,
    vault: bool = True,
    progress: Progress | None = None,
) -> LogReport:
    """Verify everything. Raises VerificationError (or a kind of it) at the first bad place.

    An unknown signer is not raised but reported: the rest is consistent all the same.
    `projections=False` and `vault=False` leave out what is derived from the log, or beside it.
    """
    with ThreadPoolExecutor(1) as pool:
        problems = pool.submit(_own_opinion, log, () if projections else _AUTHORITY)
        for attempt in range(_ATTEMPTS):
            try:
                return _verify(log, projections, vault, progress, problems)
            except Exception as error:
                if isinstance(error, LogMovedError) and attempt < _ATTEMPTS - 1:
                    continue  # somebody wrote between two connections' first looks
                found = problems.result()
                if found:
                    raise BrokenChainError(f"{log.location}: {found[0]}") from error
                place = log.database.translate(diagnose(log, _who, error), log.location)
                if place is error:
                    raise
                raise place from error
    raise AssertionError("the last attempt returns or raises")


def _own_opinion(log: Log, tables: Sequence[str]) -> list[str]:
    """The database engine's integrity check, of these tables or all, on its own connection."""
    connection = log.database.connect(log.location, write=False)
    try:
        return log.database.problems(connection, tables)
    finally:
        connection.close()


def _verify(
    log: Log,
    projections: bool,
    vault: bool,
    progress: Progress | None,
    problems: "Future[list[str]]",
) -> LogReport:
    connection = log.connection
    log_name, verifiers, trusted = _who(log)
    pin = _pin(log, log_name, verifiers)  # before the snapshot: a writer may move it on meanwhile
    log.database.begin_read(connection)
    try:
        size = log.size
        head = Head()
        checks = []
        if projections:
            rows = connection.execute("SELECT name, schema_digest, size FROM projection").fetchall()
            expected = sorted((p.name, p.schema_digest, size) for p in log.projections)
            if sorted(rows) != expected:
                raise VerificationError(
                    f"projection: {sorted(rows)} stored, {expected} expected",
                    hint="headwater db rebuild",
                )
            checks = [p.check(connection, log.store, size) for p in log.projections]
        with Feeder(log, checks, size) as feeder:
            for start, entries in walk(
                connection, log_name, verifiers, head, pin.size if pin else 0
            ):
                feeder.take(entries)
                if progress is not None:
                    progress(start + len(entries), size)
            feeder.finish()
        for check in checks:
            check.finish(size)
        _check_pin(log, pin, head)
        opened = check_vault(log, size) if vault else VaultReport(False)
        warnings = schema_differences(log.database, connection)
        _check_cosignatures(connection)
    finally:
        log.database.rollback(connection)
    found = problems.result()
    if found:
        raise BrokenChainError(f"{log.location}: {found[0]}")
    if trusted and head.signed == head.size:  # what is not signed yet was never promised
        for verifier in verifiers:
            log.pins.advance(log_name, verifier.vkey, Pin(head.size, head.root))
    return LogReport(
        log_name,
        verifiers[0].vkey,
        trusted,
        head.size,
        head.root,
        head.batches,
        head.signed,
        pin.size if pin else None,
        opened,
        warnings,
    )


def _who(log: Log) -> tuple[str, list[Verifier], bool]:
    """(log name, the keys to check checkpoints with, whether they are trusted here)."""
    if log.size <= 0:
        raise BrokenChainError(f"{log.location}: the log is empty; `init` writes its first entry")
    own = log.entry(0)
    if own.kind != "key":
        raise BrokenChainError(f"entry 0: a {own.kind} claim, the log's key expected")
    name = str(own.body.get("name"))
    named = {*log.log_vkeys()}
    trusted = [v for v in log.keys.verifiers("log") if v.name == name and v.vkey in named]
    if trusted:
        return name, trusted, True
    try:
        return (
            name,
            [parse_vkey(vkey) for vkey in sorted(named | {str(own.body.get("vkey"))})],
            False,
        )
    except InputError as error:
        raise BrokenChainError(f"entry 0: a log's key: {error}") from error


def _pin(log: Log, log_name: str, verifiers: list[Verifier]) -> Pin | None:
    pins = [log.pins.get(log_name, verifier.vkey) for verifier in verifiers]
    return max((pin for pin in pins if pin), key=lambda pin: pin.size, default=None)


def _check_pin(log: Log, pin: Pin | None, head: Head) -> None:
    if pin is None:
        return
    if pin.size > head.size:
        raise ForkError(
            f"{log.location}: {head.size} entries, you have seen {pin.size} of this log",
            hint="entries were cut off or an old copy was restored",
        )
    if head.pinned_root != pin.root:
        raise ForkError(
            f"{log.location}: the first {pin.size} entries are not those you have seen",
            hint="two logs carry this name and key; keep both, they prove it",
        )
    if pin.size > head.signed:
        raise BrokenChainError(
            f"checkpoint {pin.size}: missing, but you have seen it signed",
        )


def _check_cosignatures(connection: Connection) -> None:
    row = connection.execute("SELECT size, name FROM cosignature LIMIT 1").fetchone()
    if row is not None:
        raise VerificationError(
            f"cosignature {row[0]}/{row[1]}: of a witness nobody here trusts, none expected"
        )


def raise_if_untrusted(report: LogReport) -> None:
    """Raises UntrustedSignerError for a report of a log whose key nobody here trusts."""
    if not report.trusted:
        raise UntrustedSignerError(
            f"consistent, signer not trusted: {report.signer}",
            hint="if you know this key from elsewhere: "
            f"headwater key trust --use log '{report.signer}'",
        )
