"""Two organisations: who exports marks, and who trusts its keys."""

from pathlib import Path

import pytest

from ledger.log.keys import KeyRing
from tests.log.making import Ledger
from tests.watermarks.interchange.federating import acme_files, trust
from tests.watermarks.registry.making import ledger_of


@pytest.fixture
def acme(tmp_path: Path) -> Ledger:
    for name, data in acme_files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o600)
    return Ledger(tmp_path / "acme" / "ledger.db", KeyRing(tmp_path / "acme" / "config"))


@pytest.fixture
def other(tmp_path: Path, acme: Ledger) -> Ledger:
    """Another organisation, which trusts the first one's keys."""
    ledger = ledger_of(tmp_path / "other", provider=None)
    for use in ("statement", "log", "provider"):
        trust(ledger, acme, use)
    return ledger
