"""Fresh keys and texts in every run. Say HEADWATER_DIFFERENTIAL_SEED=N to see a run again."""

import os
import secrets
from random import Random

import pytest


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> Random:
    """Draws keys and texts; a failing test shows the seed."""
    seed = int(os.environ.get("HEADWATER_DIFFERENTIAL_SEED") or secrets.randbits(32))
    print(f"HEADWATER_DIFFERENTIAL_SEED={seed}")
    return Random(f"{seed} {request.node.name}")
