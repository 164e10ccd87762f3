"""The decision, on batches made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.verdicts.batches.bands_file import SourceBands
from ledger.verdicts.batches.batch import Batch
from ledger.verdicts.batches.compare import (
    FLOOR,
    HOLD,
    LEAST_DOCUMENTS,
    PROCEED,
    Audited,
    KnownText,
    Rules,
    judge,
)
from ledger.verdicts.statistics.bands import Band
from ledger.verdicts.statistics.cusum import threshold
from ledger.verdicts.statistics.tails import Reals, normal_quantile


def even(count: int) -> Reals:
    """Scores of a normal law without luck: its quantiles."""
    levels = (np.arange(count) + 0.5) / count
    return np.array([normal_quantile(level) for level in levels.tolist()])


HUMAN = even(250)
BANDS = SourceBands(np.zeros(0, np.uint32), {2_048: {"entropy": Band(8.3, 0.1, 40)}})
NONE: tuple[KnownText, ...] = ()


def batch(
    number: int, share: float = 0.0, *, count: int = 120, entropy: float = 8.3, size: int = 2_048
) -> Batch:
    rng = np.random.default_rng([2, number])
    scores = even(count) + 2.5 * (rng.random(count) < share)
    windows = {"entropy": np.array([8.3, entropy])} if size else {}
    return Batch(
        f"b{number}", count, np.zeros((count, 32), np.uint8), scores, {}, 5_000, entropy, size,
        windows, {},
    )  # fmt: skip


def known(name: str = "blog", at: float = 0.0, bands: SourceBands | None = BANDS) -> KnownText:
    return KnownText(name, HUMAN + at, bands)


def decide(*batches: Batch, beside: tuple[KnownText, ...] = (known(),), **rules: object) -> Audited:
    return judge(batches, beside, Rules(**rules))  # type: ignore[arg-type]


def test_a_batch_of_human_text_is_held() -> None:
    found = decide(*(batch(number) for number in range(5)))
    assert [one.action for one in found.judged] == [PROCEED] * 5
    assert found.reasons == {} and not found.held and found.known == ("blog",)
    assert all(one.test is not None and one.tested == "blog" for one in found.judged)


def test_a_batch_of_much_ai_text_proceeds() -> None:
    found = decide(batch(1), batch(2, 0.5), batch(3))
    assert [one.action for one in found.judged] == [PROCEED, HOLD, PROCEED]
    assert found.judged[1].codes[0] == "scores_higher"
    assert found.reasons["scores_higher"] == 1


@pytest.mark.parametrize("entropy", [3.3, 9.3])
def test_one_window_far_from_what_is_usual_proceeds(entropy: float) -> None:
    (one,) = decide(batch(1, entropy=entropy)).judged
    assert one.codes == ("outside_entropy",) and one.action == HOLD and one.banded == "blog"
    (outside,) = one.outside
    assert outside.value == entropy and outside.low < 8.3 < outside.high
    assert one.limits["entropy"] == (outside.low, outside.high)


def test_a_small_shift_that_lasts_is_not_found() -> None:
    stream = [batch(number) for number in range(20)]
    stream += [batch(number, 0.08) for number in range(20, 50)]
    found = decide(*stream)
    assert found.drift is not None and found.drift.first is not None
    assert 20 <= found.drift.first < 45
    assert "drift" in found.judged[found.drift.first].codes
    assert found.judged[0].total == found.drift.sums[0] <= threshold()


def test_the_strictest_source_decides() -> None:
    """A batch like one source is no alarm, whatever it is beside another."""
    low, high = known("low", -5), known("high", 0)
    (one,) = decide(batch(1), beside=(low, high)).judged
    assert one.action == PROCEED and one.tested == "high" and one.total == 0
    (alone,) = decide(batch(1), beside=(low,)).judged
    assert alone.codes == ("scores_higher",)
    narrow = SourceBands(BANDS.rare, {2_048: {"entropy": Band(5.0, 0.1, 40)}})
    (banded,) = decide(batch(1), beside=(known("a", bands=narrow), known("b"))).judged
    assert banded.banded == "b" and not banded.outside
    (still,) = decide(batch(1), beside=(known("a", bands=narrow), known("b", bands=None))).judged
    assert still.codes == ("outside_entropy",) and still.banded == "a"


def test_nothing_known_holds_a_batch() -> None:
    found = decide(batch(1, 1.0, entropy=0.1), beside=NONE)
    (one,) = found.judged
    assert one.action == PROCEED and one.test is None and one.total is None
    assert found.drift is None and found.overall is None and found.known == ()


def test_a_batch_too_small_is_tested() -> None:
    few = batch(1, 1.0, count=LEAST_DOCUMENTS - 1, size=0)
    (one,) = decide(few).judged
    assert one.action == PROCEED and one.test is None and one.total == 0 and not one.limits
    (enough,) = decide(batch(1, 1.0, count=LEAST_DOCUMENTS)).judged
    assert enough.test is not None


def test_bands_of_another_size_are_compared() -> None:
    (one,) = decide(batch(1, entropy=1.0, size=4_096)).judged
    assert one.action == PROCEED and one.banded is None


def test_the_articles_floor_holds_what_calibration_would() -> None:
    found = decide(batch(1, 1.0, entropy=3.33), batch(2, entropy=3.19), rule=FLOOR)
    assert [one.codes for one in found.judged] == [(), ("below_floor",)]
    unknown = decide(batch(2, entropy=3.19), beside=NONE, rule=FLOOR)
    assert unknown.judged[0].action == HOLD
    empty = decide(replace(batch(1), entropy=float("nan"), tokens=0), rule=FLOOR)
    assert empty.judged[0].action == PROCEED


def test_all_batches_together_show_less_than_one() -> None:
    stream = [batch(number, 0.1) for number in range(30, 60)]
    found = decide(*stream, beside=(KnownText("blog", even(2_000), None),))
    assert found.overall is not None and found.overall.n == 30 * 120
    assert found.overall.p < 1e-6


def test_a_measure_off_its_scale_is_said() -> None:
    """Limits are in the measure's own unit: shares from 0 to 1, the lower one first."""
    bands = SourceBands(BANDS.rare, {2_048: {"distinct_4": Band(-4.0, 0.5, 40),
                                             "compression": Band(-1.0, 0.03, 40)}})  # fmt: skip
    one = replace(
        batch(1),
        windows={"distinct_4": np.array([0.9999]), "compression": np.array([0.001])},
    )
    (judged,) = decide(one, beside=(known(bands=bands),)).judged
    for low, high in judged.limits.values():
        assert 0 <= low < high <= 1
    assert judged.codes == ("outside_distinct_4", "outside_compression")


def test_rules_that_cannot_be() -> None:
    with pytest.raises(InputError, match="rule luck"):
        Rules("luck")
    for alpha in (0.0, 0.6, float("nan")):
        with pytest.raises(InputError, match="alpha"):
            Rules(alpha=alpha)
