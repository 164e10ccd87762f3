"""The scans' detector, which reads its score off the text, where batches look for it too."""

import pytest

from ledger.verdicts.batches import audit
from ledger.verdicts.batches.bands_file import make_bands
from ledger.verdicts.calibration import make
from ledger.verdicts.core.model import Model
from tests.verdicts.scanning.making import detector as detector


@pytest.fixture
def asked(detector: Model, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Installs the detector in this room as well, and has calibrations make bands."""
    monkeypatch.setattr(make, "make_bands", make_bands)
    monkeypatch.setattr(audit, "shipped", lambda: detector)
    return detector
