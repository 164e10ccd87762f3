"""Marks for tests: a description in TOML, a ledger with a provider's key, another organisation."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger.log.keys import KeyRing
from ledger.log.notes import Signer
from ledger.watermarks.registry.entry import format_entry_file
from ledger.watermarks.registry.register import Registered, register
from ledger.watermarks.registry.states import MarkState, find_mark
from tests.log.making import AT, Ledger, new_ledger

__all__ = [
    "AT",
    "DAY",
    "PROVIDER",
    "SECRET",
    "do",
    "ledger_of",
    "made",
    "provider_of",
    "state_of",
    "write_description",
]

DAY = 86_400
PROVIDER = "acme.example/marks"
SECRET = 7_777_123_456_789  # a unigram key that is nowhere else in what a test writes
TOKENIZER = {"definition": "sha256:" + "1" * 64, "behaviour": "sha256:" + "2" * 64}

DESCRIPTION: dict[str, Any] = {
    "name": "acme-writer",
    "version": "1",
    "provider": PROVIDER,
    "algorithm": "unigram/shuffle@1",
    "vocab_size": 1000,
    "key_class": "committed",
    "tokenizer": TOKENIZER,
    "parameters": {"fraction": 0.5},
    "key": {"watermark_key": SECRET},
}


def toml_of(value: Any) -> str:
    """One value as TOML spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f'"{k}" = {toml_of(v)}' for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def write_description(folder: Path, file: str = "mark.toml", **changes: Any) -> Path:
    """A description file, readable by its owner alone. None takes a line away."""
    fields = {k: v for k, v in {**DESCRIPTION, **changes}.items() if v is not None}
    path = folder / file
    path.write_text("".join(f"{name} = {toml_of(value)}\n" for name, value in fields.items()))
    path.chmod(0o600)
    return path


def ledger_of(folder: Path, *, provider: str | None = PROVIDER) -> Ledger:
    """A ledger of one organisation, with its own config folder and a provider's key.

    Those of one folder's name are copies: making a database takes longer than most tests. Those of
    different names share no key.
    """
    for name, data in _made(folder.name, provider).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o600)
    return Ledger(folder / "ledger.db", KeyRing(folder / "config"))


@cache
def _made(organisation: str, provider: str | None) -> Mapping[str, bytes]:
    with TemporaryDirectory() as place:
        ledger = new_ledger(Path(place))
        if provider is not None:
            ledger.ring.generate(provider, "provider")
        files = (path for path in Path(place).rglob("*") if path.is_file())
        return {str(path.relative_to(place)): path.read_bytes() for path in files}


def provider_of(ring: KeyRing, name: str = PROVIDER) -> Signer:
    return ring.signer("provider", name)


def state_of(ledger: Ledger, name: str = "acme-writer", at: int | None = None) -> MarkState:
    with ledger.open() as log:
        return find_mark(log, name, at=at)


def do(ledger: Ledger, path: Path, key: Path | None = None) -> Registered:
    """Register a file."""
    with ledger.open(write=True) as log:
        return register(log, path, key=key)


def made(acme: Ledger, tmp_path: Path, **changes: Any) -> Path:
    """The entry file of a mark that its provider registered."""
    done = do(acme, write_description(tmp_path, **changes))
    path = tmp_path / "mark.json"
    path.write_bytes(format_entry_file(done.file))
    return path
