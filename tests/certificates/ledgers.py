"""Small ledgers built from claims, for tests of certificates."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.claims import Authorship, Evidence, Locator, Origin
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.opening import create_ledger, open_ledger

NAME = "example.org/log"
CLOCK = 1_750_000_000
OLD = 1_600_000_000  # 2020-09-13
NEW = 1_740_000_000  # 2025-02-19


def digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def origin(
    text: str,
    dataset: str = "r@1",
    *,
    file: str = "f1",
    row: int = 0,
    language: str | None = "en",
    license: str | None = "MIT",
) -> Claim:
    body = Origin(
        bytes=len(text.encode()),
        channel="public_dataset",
        dataset=dataset,
        locator=Locator(file=digest(file), row=row, part=0),
        language=language,
        license=license,
    )
    return Claim("origin", digest(text), body)


def evidence(about: str, existed_by: int, outcome: str = "checked") -> Claim:
    body = Evidence(
        type="registry_release",
        binding="container_member",
        outcome=outcome,  # type: ignore[arg-type]
        checker="test",
        existed_by=existed_by,
    )
    return Claim("evidence", digest(about), body)


def authorship(text: str, assistance: str) -> Claim:
    return Claim("authorship", digest(text), Authorship(assistance=assistance))  # type: ignore[arg-type]


def corpus() -> list[Claim]:
    """r@1: seven documents, one twice, in two files; old@1 shares two of them and is older."""
    return [
        *(origin(f"text {n}", row=n) for n in range(4)),
        origin("text 0", row=9, license="BSD-3-Clause"),
        origin("text 4", file="f2", language=None, license=None),
        origin("text 5", file="f2", row=1, language="<b>\u202efr"),
        origin("text 6", file="f3"),
        evidence("f1", NEW),
        evidence("f2", NEW, "asserted"),
        origin("text 1", "old@1", file="g"),
        origin("text 4", "old@1", file="g", row=1),
        evidence("g", OLD),
        authorship("text 2", "A3"),
    ]


@dataclass(frozen=True)
class Ledger:
    location: str
    keys: KeyRing

    def open(self, *, write: bool = False) -> Log:
        return open_ledger(self.location, write=write, keys=self.keys, clock=lambda: CLOCK)

    def record(self, *claims: Claim) -> None:
        with self.open(write=True) as log:
            record(log, claims)


def make(
    folder: Path, claims: Sequence[Claim] = (), *, batch: int = 1000, name: str = NAME
) -> Ledger:
    """A ledger holding `claims`, recorded `batch` at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(str(folder / "ledger.db"), KeyRing(folder / "config"))
    create_ledger(ledger.location, log_name=name, keys=ledger.keys)
    for start in range(0, len(claims), batch):
        ledger.record(*claims[start : start + batch])
    return ledger
