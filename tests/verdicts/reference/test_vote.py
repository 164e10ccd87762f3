"""The articles' vote and floor: exactly what they say, and the error that stands beside them."""

import numpy as np
import pytest

from ledger.verdicts.reference import vote
from ledger.verdicts.reference.vote import MEASURED, SIGNALS, floor_3_2, seed_vote
from ledger.verdicts.signals import Batch, signal
from tests.verdicts.signals.given import table

NAN = np.nan


def test_two_of_three_strictly_below_their_thresholds() -> None:
    rows = [
        # perplexity, burstiness, ttr, expected
        (29.9, 0.39, 0.51, True),
        (29.9, 0.39, 0.52, True),
        (29.9, 0.40, 0.51, True),
        (30.0, 0.39, 0.51, True),
        (29.9, 0.40, 0.52, False),
        (30.0, 0.39, 0.52, False),
        (30.0, 0.40, 0.51, False),
        (30.0, 0.40, 0.52, False),
        (29.9, NAN, 0.51, True),
        (29.9, NAN, 0.60, False),
        (NAN, NAN, NAN, False),
    ]
    perplexity, burstiness, ttr, expected = (np.array(column) for column in zip(*rows, strict=True))
    found = seed_vote(perplexity, burstiness, ttr)
    assert found.synthetic.tolist() == expected.tolist()
    assert found.fired.shape == (3, len(rows)) and found.identity is None
    assert found.fired[:, 4].tolist() == [True, False, False]


def test_no_document_is_no_vote() -> None:
    none = np.zeros(0)
    assert seed_vote(none, none, none).synthetic.shape == (0,)


def test_its_signals_are_ours_but_for_the_one_that_needs_a_model() -> None:
    assert SIGNALS[0] == "perplexity"
    assert [signal(name).name for name in SIGNALS[1:]] == list(SIGNALS[1:])


def test_what_it_is_worth_is_said_beside_it() -> None:
    for measured in MEASURED:
        assert measured.precision < vote.CLAIMED.precision and measured.recall < vote.CLAIMED.recall
        assert measured.fpr is not None and measured.fpr > 0.1
        # of as many texts by people as by models, precision follows from the other two
        implied = measured.recall / (measured.recall + measured.fpr)
        assert measured.precision == pytest.approx(implied, abs=0.005)


def test_the_words_for_its_error_are_those_numbers() -> None:
    for part, of in (("precision", [m.precision for m in MEASURED]),
                     ("recall", [m.recall for m in MEASURED])):  # fmt: skip
        assert f"{part} {min(of):.2f} to {max(of):.2f}" in vote.VOTE_ERROR
    wrong = [100 * (measured.fpr or 0) for measured in MEASURED]
    assert f"{min(wrong):.0f} to {max(wrong):.0f} % of people" in vote.VOTE_ERROR


def test_the_floor_passes_one_sentence_said_five_hundred_times() -> None:
    flood = "The quick brown fox jumps over one very lazy dog. " * 500
    bits = signal("entropy_unigram").measure(Batch(table(flood, "again " * 90)))
    assert floor_3_2(bits).tolist() == [False, True]
    assert f"{bits[0]:.2f}" in vote.FLOOR_3_2_ERROR
    assert floor_3_2(np.array([3.2, 3.1999, NAN])).tolist() == [False, True, False]
