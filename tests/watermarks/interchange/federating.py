"""Two organisations, and a bundle of marks that goes from one to the other."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger.provenance.dsse import parse_envelope, sign_envelope
from ledger.provenance.opening import statement_key_name
from ledger.watermarks.interchange.bundle import Bundle, parse_payload
from ledger.watermarks.interchange.federation import export_bundle, import_bundle
from ledger.watermarks.registry.changes import retire, revoke
from ledger.watermarks.registry.register import register
from tests.log.making import LOG_NAME, Ledger
from tests.watermarks.registry.making import AT, ledger_of, write_description

__all__ = [
    "PUBLIC", "acme_files", "bundle_in", "exported", "outcomes", "signed_again", "size_of", "trust",
]  # fmt: skip

PUBLIC = {"key_class": "public", "key": {"watermark_key": 3}}


@cache
def acme_files() -> Mapping[str, bytes]:
    """Two marks, the first with a history. Each test has its own copy."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        ledger = ledger_of(folder / "acme")
        with ledger.open(write=True) as log:
            register(log, write_description(folder))
            register(log, write_description(folder, name="acme-open", **PUBLIC))
            retire(log, "acme-writer", because="a new model")
            revoke(log, "acme-writer", forgeable_from=AT)
        files = [path for path in (folder / "acme").rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def trust(ledger: Ledger, of: Ledger, use: str) -> None:
    for verifier in of.ring.verifiers(use):
        ledger.ring.trust(verifier.vkey, use)


def exported(ledger: Ledger, path: Path, names: list[str] | None = None) -> Path:
    with ledger.open() as log:
        path.write_bytes(export_bundle(log, names).data)
    return path


def outcomes(ledger: Ledger, path: Path, **options: Any) -> list[tuple[str, str, str]]:
    with ledger.open(write=True) as log:
        done = import_bundle(log, path, **options)
    return [(state.mark, state.status, state.outcome) for state in done.states]


def bundle_in(path: Path) -> Bundle:
    return parse_payload(parse_envelope(path.read_bytes(), "b")[0], "b")


def signed_again(ledger: Ledger, payload: bytes, path: Path) -> Path:
    """As who runs the ledger could sign it: a bundle that no honest export writes."""
    signer = ledger.ring.signer("statement", statement_key_name(LOG_NAME))
    path.write_bytes(sign_envelope(payload, signer))
    return path


def size_of(ledger: Ledger) -> int:
    with ledger.open() as log:
        return log.size
