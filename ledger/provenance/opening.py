"""Opens and creates ledgers: a log with the projections that the other rooms read."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ledger.claims import Key
from ledger.databases import database_for
from ledger.errors import InputError, RefusedError
from ledger.log.canonical import subject_of
from ledger.log.keys import KeyRing, PublicKey
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.log.schema import upgrade
from ledger.provenance.projection import ProvenanceProjection

__all__ = ["Created", "create_ledger", "key_claim", "open_ledger", "statement_key_name"]


@dataclass(frozen=True)
class Created:
    """What `create_ledger` made, and where its private keys lie."""

    location: str
    log_name: str
    keys: tuple[PublicKey, ...]
    key_files: tuple[Path, ...]


def open_ledger(
    location: str,
    *,
    write: bool = False,
    keys: KeyRing | None = None,
    clock: Callable[[], int] | None = None,
) -> Log:
    """Open a ledger. Raises InputError, SchemaOutdatedError, SchemaTooNewError or StorageError."""
    options = {} if clock is None else {"clock": clock}
    return Log(location, write=write, projections=(ProvenanceProjection(),), keys=keys, **options)


def statement_key_name(log_name: str) -> str:
    """The name of the key that signs a ledger's certificates."""
    return f"{log_name}/statement"


def key_claim(key: PublicKey) -> Claim:
    """The claim that names a public key and its one use."""
    vkey = key.verifier.vkey
    body = Key.model_validate({"name": key.verifier.name, "use": key.use, "vkey": vkey})
    return Claim("key", subject_of("key", key.verifier.name, vkey), body)


def create_ledger(
    location: str, *, log_name: str | None = None, keys: KeyRing | None = None
) -> Created:
    """A new ledger with two keys, signed from its first entry. Raises RefusedError if it exists."""
    database = database_for(location)
    if database.exists(location):
        raise RefusedError(f"{location}: a file is there already", hint="choose another --ledger")
    parent = Path(location.removeprefix("sqlite:///")).absolute().parent
    if "://" not in location.removeprefix("sqlite:///") and not parent.is_dir():
        raise InputError(f"{parent}: no such folder", hint=f"mkdir -p {parent}")
    ring = keys or KeyRing()
    name = log_name or f"local.invalid/{secrets.token_hex(8)}"
    made = (ring.generate(name, "log"), ring.generate(statement_key_name(name), "statement"))
    try:
        upgrade(database, location)
    except Exception as error:
        translated = database.translate(error, location)
        if translated is error:
            raise
        raise translated from error
    with open_ledger(location, write=True, keys=ring) as log:
        database.begin_write(log.connection)
        log.create_projections()
        log.connection.execute("COMMIT")
        log.use_signer(ring.signer("log", name))
        record(log, [key_claim(key) for key in made])
    return Created(location, name, made, tuple(ring.path(key) for key in made))
