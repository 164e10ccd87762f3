"""Ledgers for tests: claims as entries, a ledger with its own keys, all of it verified."""

import shutil
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.claims import BODIES
from ledger.log.canonical import Entry, format_entry, subject_of
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.notes import Signer
from ledger.log.verify import LogReport, verify_log
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.provenance.signing import sign_claim

AT = 1_790_000_000
LOG_NAME = "example.org/test-log"
PROJECTIONS = (
    "attributes", "dataset", "entry", "fact", "file", "member", "profile", "projection", "run",
)  # fmt: skip
AUTHORITY = ("batch", "bundle", "checkpoint", "cosignature", "tail", "tile")


def digest(name: object) -> str:
    """A document's or file's digest, made from any name."""
    return "sha256:" + sha256(str(name).encode()).hexdigest()


def signer(name: str) -> Signer:
    """The same key for the same name, every time."""
    seed = sha256(b"test key " + name.encode()).digest()
    return Signer(name, Ed25519PrivateKey.from_private_bytes(seed))


def entry(
    kind: str,
    subject: str,
    body: Mapping[str, Any],
    *,
    actor: str = "operator",
    by: Sequence[Signer] = (),
) -> Entry:
    """An entry whose body its kind accepts."""
    plain = BODIES[kind].model_validate(body).plain()
    return Entry(
        kind, subject, plain, actor, AT, tuple(sign_claim(s, kind, subject, plain) for s in by)
    )


def origin(
    document: str, *, dataset: str = "r@1", file: str = "f", row: int = 0, part: int = 0,
    by: Sequence[Signer] = (), actor: str = "operator", **rest: Any,
) -> Entry:  # fmt: skip
    body = {
        "bytes": 100,
        "channel": "public_dataset",
        "dataset": dataset,
        "locator": {"file": digest(file), "row": row, "part": part},
        **rest,
    }
    return entry("origin", document, body, by=by, actor=actor)


def evidence(
    subject: str, existed_by: int | None, *, type: str = "registry_release",
    outcome: str = "checked", actor: str = "operator",
) -> Entry:  # fmt: skip
    body = {"type": type, "binding": "container_member", "outcome": outcome, "checker": "test@1"}
    if existed_by is not None:
        body |= {"existed_by": existed_by}  # type: ignore[dict-item]
    return entry("evidence", subject, body, actor=actor)


def authorship(
    document: str, assistance: str, *, by: Sequence[Signer] = (), actor: str = "operator",
    **rest: Any,
) -> Entry:  # fmt: skip
    return entry("authorship", document, {"assistance": assistance, **rest}, by=by, actor=actor)


def dataset(name: str, version: str, **rest: Any) -> Entry:
    body = {"name": name, "version": version, "channel": "public_dataset", **rest}
    return entry("dataset", subject_of("dataset", name, version), body)


def key(of: Signer, use: str = "claim") -> Entry:
    vkey = of.verifier.vkey
    return entry(
        "key", subject_of("key", of.name, vkey), {"name": of.name, "use": use, "vkey": vkey}
    )


def withdrawal(of: Entry, *, actor: str | None = None) -> Entry:
    return entry("withdrawal", of.subject, {"claim": of.claim_id}, actor=actor or of.actor)


@dataclass(frozen=True)
class Ledger:
    """A ledger file and the config folder of the one who writes and trusts it."""

    path: Path
    ring: KeyRing

    @property
    def location(self) -> str:
        return str(self.path)

    @property
    def vault(self) -> Path:
        return self.path.with_name("ledger.vault.db")

    def open(self, *, write: bool = False) -> Log:
        return open_ledger(self.location, write=write, keys=self.ring, clock=lambda: AT)

    def append(self, entries: Iterable[Entry], batch: int = 10_240) -> None:
        """Record entries, `batch` at a time."""
        data = [format_entry(item) for item in entries]
        with self.open(write=True) as log:
            for start in range(0, len(data), batch):
                log.append(data[start : start + batch])

    def verify(self) -> LogReport:
        with self.open() as log:
            return verify_log(log)

    def copy(self, folder: Path) -> "Ledger":
        """The same ledger elsewhere; keys and pins stay where they are."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in self.path.parent.glob("ledger.*"):
            shutil.copyfile(path, folder / path.name)
        return Ledger(folder / self.path.name, self.ring)


def new_ledger(folder: Path, config: Path | None = None) -> Ledger:
    """An empty ledger: entries 0 and 1 name its two keys."""
    folder.mkdir(parents=True, exist_ok=True)
    ring = KeyRing(config or folder / "config")
    create_ledger(str(folder / "ledger.db"), log_name=LOG_NAME, keys=ring)
    return Ledger(folder / "ledger.db", ring)


def assert_whole(ledger: Ledger) -> LogReport:
    """The whole ledger verifies, by a key we trust, with nothing to mend and nothing unsigned."""
    report = ledger.verify()
    assert report.trusted
    assert report.warnings == []
    assert report.signed == report.size
    assert report.pinned is None or report.pinned <= report.size
    return report


def dump(ledger: Ledger, tables: Sequence[str] = PROJECTIONS) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in order of all columns."""
    connection = sqlite3.connect(f"file:{ledger.path}?mode=ro", uri=True)
    try:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in tables
        }
    finally:
        connection.close()
