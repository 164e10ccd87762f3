"""What a worker process brings along, and what it can still take."""

import pytest

from ledger.engines import work
from tests.engines.lean import Modules


def test_every_worker_pays_for_pandas() -> None:
    pytest.importorskip("pandas")
    assert work([Modules(), Modules()], workers=2) == [(False, (1, 1))] * 2
