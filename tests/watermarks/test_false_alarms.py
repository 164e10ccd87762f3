"""Human text is called marked no more often than promised: a small run of false_alarms.py."""

import numpy as np
import pytest

from tests.watermarks.conformance.examples import EXAMPLES
from tests.watermarks.false_alarms import LEVELS, SCHEMES, Rate, main, measure, rate, table
from tests.watermarks.human import ABSENT, human_tokens

QUICK = ("lefthash", "unigram", "synthid table 30 5", "philox", "murmur")


@pytest.mark.skipif(ABSENT, reason="the human texts or GPT-2's files are not at hand")
@pytest.mark.parametrize("scheme", QUICK)
def test_human_text_is_called_marked(scheme: str) -> None:
    found = measure(scheme, human_tokens(400, 128), 50)
    assert (found.keys, found.pairs) == (50, 20_000)
    assert found.hits == 0
    for level, share, deviation in zip(found.levels, found.shares, found.deviations, strict=True):
        assert share <= 1.15 * level + 3 * deviation
        assert share > 0.2 * level, "a test that never fires proves nothing"
    assert found.shares[0] <= 1.5 * LEVELS[0]


def test_a_broken_promise_is_called_kept() -> None:
    def made(*shares: float, hits: int = 0) -> Rate:
        return Rate("s", 50, 20_000, shares, (1e-3, 1e-4), hits)

    assert made(0.0144, 0.00144).kept
    assert not Rate("s", 50, 20_000, (0.0151, 0.001), (1.0, 1.0), 0).kept  # above 1.5 a
    assert not made(0.0146, 0.001).kept  # above 1.15 a + 3 sd
    assert not made(0.01, 0.001, hits=1).kept
    assert not Rate("s", 100, 100_000, (0.01, 0.001), (1e-3, 1e-4), 1).kept  # however many pairs


def test_pairs_of_one_key_count_as_independent() -> None:
    """Ten keys, of which one flags everything: the deviation is that of ten values."""
    values = [np.full(100, -9.0 if key == 0 else 0.0) for key in range(10)]
    found = rate("s", values)
    assert found.shares == (0.1, 0.1)
    assert found.deviations[0] == pytest.approx(0.1)
    assert found.hits == 0 and not found.kept
    assert "BROKEN" in list(table([found]))[1]


def test_a_scheme_is_measured_that_has_no_example() -> None:
    assert set(SCHEMES) <= {example.name for example in EXAMPLES}
    with pytest.raises(SystemExit):
        main(["--only", "no such scheme"])
