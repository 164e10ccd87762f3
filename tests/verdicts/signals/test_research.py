"""The articles' thresholds on labelled text, where it lies at hand: the rows are not ours to ship.

Orders, not digits: which side a signal fires on more is what was found, and what must stay.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest

from ledger.verdicts.signals import Batch, signal, signals

DEV = Path(__file__).parents[4] / "shared" / "data" / "verdicts" / "dev.parquet"
pytestmark = pytest.mark.skipif(not DEV.is_file(), reason="the labelled texts are not here")


@pytest.fixture(scope="module")
def batch() -> Batch:
    return Batch(pq.read_table(DEV, columns=["text"]).column("text"))


@pytest.fixture(scope="module")
def human() -> npt.NDArray[np.bool_]:
    labels = pq.read_table(DEV, columns=["label"]).column("label")
    people: npt.NDArray[np.bool_] = np.array(labels.to_pylist()) == "human"
    return people


def _auc(values: npt.NDArray[np.float64], human: npt.NDArray[np.bool_]) -> float:
    """Chance that a synthetic text's value is above a human one's, of texts that have one."""
    low, high = np.sort(values[human & ~np.isnan(values)]), values[~human & ~np.isnan(values)]
    below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
    return float(below.mean() / 2 / len(low))


def test_raw_ttr_fires_on_people_and_hardly_on_models(
    batch: Batch, human: npt.NDArray[np.bool_]
) -> None:
    fires = signal("raw_ttr").measure(batch) < 0.52
    people, models = fires[human].mean(), fires[~human].mean()
    print(f"raw_ttr < 0.52: people {people:.3f}, models {models:.3f}")
    assert people > 0.10 and models < 0.03


def test_burstiness_depends_on_which_one_is_meant(
    batch: Batch, human: npt.NDArray[np.bool_]
) -> None:
    cv = signal("burstiness_cv").measure(batch)
    parameter = signal("burstiness_parameter").measure(batch)
    people, models = (cv[human] < 0.4).mean(), (cv[~human] < 0.4).mean()
    print(f"burstiness_cv < 0.4: people {people:.3f}, models {models:.3f}")
    assert 0.3 < people < models < 0.8
    assert (parameter[~np.isnan(parameter)] < 0.4).all()


def test_models_are_lexically_richer_than_people(
    batch: Batch, human: npt.NDArray[np.bool_]
) -> None:
    names = sorted(set(signals()) - {"rare_token_mass", "tail_coverage"})  # these need a reference
    aucs = {name: _auc(signal(name).measure(batch), human) for name in names}
    print({name: round(auc, 3) for name, auc in aucs.items()})
    for name in ("raw_ttr", "ttr_fixed", "mattr_50", "hdd_42", "mtld"):
        assert aucs[name] > 0.55, name
    assert aucs["ai_words"] > 0.6 > 0.45 > aucs["burstiness_cv"]


def test_length_moves_raw_ttr_and_not_the_windowed_ones(batch: Batch) -> None:
    length = np.log(np.maximum(batch.tokens.sizes, 1))
    found = {}
    for name in ("raw_ttr", "mattr_50", "hdd_42", "mtld"):
        values = signal(name).measure(batch)
        some = ~np.isnan(values)
        found[name] = float(np.corrcoef(length[some], values[some])[0, 1])
    print({name: round(r, 2) for name, r in found.items()})
    assert found["raw_ttr"] < -0.6
    assert abs(found["mattr_50"]) < 0.15 and abs(found["hdd_42"]) < 0.15


def test_no_document_is_below_the_floor(batch: Batch) -> None:
    bits = signal("entropy_unigram").measure(batch)
    assert np.nanmin(bits) > 3.2
