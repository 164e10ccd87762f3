"""What the project promises of its detector, on the labelled rows beside this checkout."""

from pathlib import Path

import pytest

from ledger.errors import InputError
from ledger.verdicts.core.model import shipped
from ledger.verdicts.evaluation.evaluate import evaluate

DEV = Path(__file__).parents[4] / "shared" / "data" / "verdicts" / "dev.parquet"

pytestmark = pytest.mark.skipif(not DEV.exists(), reason=f"{DEV.name} is not beside the checkout")


def test_the_shipped_weights_are_tested_on_what_trained_them() -> None:
    with pytest.raises(InputError, match=r"3,330 of 3,330 texts trained these weights"):
        evaluate(DEV, shipped())


def test_a_promise_is_not_kept() -> None:
    pytest.importorskip("sklearn", reason="folds need the extra [train]")
    found = evaluate(DEV, shipped(), folds=5, redraws=300)
    drawn = found.redrawn
    assert drawn is not None
    assert found.quality.auc >= 0.89
    assert 0.03 <= drawn.verdicts.fpr <= 0.07
    assert all(share.covered >= 0.9 * share.redraws for share in drawn.shares)
    assert all(share.half_width <= 0.07 for share in drawn.shares)
    assert drawn.batches.fpr <= 0.02
    assert drawn.batches.power >= 0.8
    people = next(group for group in found.groups if group.name == "human")
    assert people.flagged_1pct <= 0.025
