"""The scans' detector, which reads its score off the text, where contamination looks for it too."""

import pytest

from ledger.verdicts.contamination import folder, strata
from ledger.verdicts.core.model import Model
from tests.verdicts.scanning.making import detector as detector


@pytest.fixture
def asked(detector: Model, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Installs the detector in this room as well."""
    for module in (folder, strata):
        monkeypatch.setattr(module, "shipped", lambda: detector)
    return detector
