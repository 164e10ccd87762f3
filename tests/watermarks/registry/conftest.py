"""Two organisations: the provider of marks, and one that trusts it."""

from pathlib import Path

import pytest

from tests.log.making import Ledger
from tests.watermarks.registry.making import ledger_of, provider_of


@pytest.fixture
def acme(tmp_path: Path) -> Ledger:
    """The provider's ledger."""
    return ledger_of(tmp_path / "acme")


@pytest.fixture
def other(tmp_path: Path, acme: Ledger) -> Ledger:
    """Another organisation's, which trusts the provider."""
    other = ledger_of(tmp_path / "other", provider=None)
    other.ring.trust(provider_of(acme.ring).verifier.vkey, "provider")
    return other
