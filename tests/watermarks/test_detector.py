import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from ledger.watermarks import detector
from ledger.watermarks.detector import Detections, detect, judge, slices, statistics_of
from ledger.watermarks.schemes import Mark, open_mark
from ledger.watermarks.statistics import Binomial, Gamma, Null
from ledger.watermarks.tokens import Scores, Tokens

SIZE = 50_257


def unigram(key: int = 7) -> Mark:
    return open_mark("unigram/shuffle@1", {"fraction": 0.25}, {"watermark_key": key}, SIZE)


def texts(count: int, length: int, seed: int = 1) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    documents: list[list[int]] = rng.integers(0, SIZE, (count, length)).tolist()
    return documents


def marked(length: int, seed: int = 2) -> list[int]:
    """Distinct green tokens of the mark with key 7."""
    mask = unigram().mask  # type: ignore[attr-defined]
    chosen = np.random.default_rng(seed).choice(np.flatnonzero(mask), length, replace=False)
    return [int(token) for token in chosen]


def rows(found: Detections) -> list[tuple[object, ...]]:
    return [
        (
            found.counted[d],
            found.statistic[d],
            found.log_p[d],
            found.log_p_whole[d],
            found.log_p_part[d],
            found.spans.of(d),
        )
        for d in range(found.documents)
    ]


@dataclass(frozen=True)
class Given:
    """A mark that scores what it was given."""

    scores: Scores
    null: Null
    vocab_size: int = 10
    scheme: str = "given/given@1"
    shared: str = ""

    def prepare(self, tokens: Tokens) -> None:
        return None

    def score(self, tokens: Tokens, prepared: object) -> Scores:
        return self.scores


def scores(values: npt.NDArray[np.uint8] | npt.NDArray[np.float64], trials: int = 1) -> Scores:
    positions = np.arange(len(values), dtype=np.int64) * 3  # two of three tokens are not counted
    return Scores(np.array([0, len(values)], np.int64), positions, values, trials)


def test_a_document_s_result_depends_on_its_neighbours() -> None:
    documents = [[], *texts(3, 60), marked(80), [5], texts(1, 300, 3)[0], marked(200)]
    together = rows(detect(Tokens.of(documents), unigram()))
    assert together == [
        row for document in documents for row in rows(detect(Tokens.of([document]), unigram()))
    ]


def test_a_document_s_result_depends_on_the_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens.of([[], *texts(9, 70), marked(90), [], texts(1, 900)[0] + marked(150), []])
    whole = detect(tokens, unigram())
    monkeypatch.setattr(detector, "SLICE", 100)
    assert [batch.documents for batch in slices(tokens, 100)] == [2, *[1] * 8, 2, 1, 1]
    assert rows(detect(tokens, unigram())) == rows(whole)
    assert rows(detect(tokens, unigram(), unigram().prepare(tokens))) == rows(whole)


def test_a_document_without_units_is_a_hit_or_a_crash() -> None:
    for tokens in ([], [[]], [[], []], [[SIZE]], [[2**32 - 1] * 50]):
        found = detect(Tokens.of(tokens), unigram())
        assert found.documents == len(tokens)
        assert not found.log_p.any() and not found.counted.any()
        assert not len(found.spans.document)


def test_ten_million_of_one_token_are_ten_million_units() -> None:
    found = detect(Tokens(np.full(10_000_000, 11, np.uint32), np.array([0, 10_000_000])), unigram())
    assert found.counted.tolist() == [1]
    assert found.log_p[0] > np.log(0.2)


def test_a_partly_marked_document_is_missed_or_its_place_is_wrong() -> None:
    before, after = texts(2, 1_500)
    span = marked(200)
    found = detect(Tokens.of([before + span + after, before + after]), unigram())
    ((start, end, log_p),) = found.spans.of(0)
    assert min(end, 1_700) - max(start, 1_500) >= 0.8 * 200 and end - start <= 220
    assert log_p < np.log(1e-20) and found.log_p[0] < np.log(1e-20)
    assert found.spans.of(1) == [] and found.log_p[1] > np.log(1e-3)


def test_spans_are_numbers_of_units_and_not_of_tokens() -> None:
    values = np.zeros(300, np.uint8)
    values[100:160] = 1
    ((start, end, _),) = judge(scores(values), Given(scores(values), Binomial(1, 4))).spans.of(0)
    assert (start, end) == (300, 159 * 3 + 1)


def test_without_the_search_for_parts_the_whole_test_pays_for_it() -> None:
    tokens = Tokens.of([marked(40), *texts(1, 300)])
    both, whole = detect(tokens, unigram()), detect(tokens, unigram(), parts=False)
    assert np.array_equal(both.log_p_whole, whole.log_p_whole)
    assert np.array_equal(whole.log_p, whole.log_p_whole)
    assert both.log_p[0] == pytest.approx(whole.log_p[0] - np.log(0.9))
    assert not len(whole.spans.document)


@pytest.mark.parametrize("parts", [True, False])
def test_the_alignments_that_were_tried_are_forgotten(parts: bool) -> None:
    values = np.full(60, 3.0)
    one, many = (
        judge(scores(values, trials), Given(scores(values), Gamma()), parts=parts)
        for trials in (1, 64)
    )
    assert many.log_p[0] == pytest.approx(one.log_p[0] + np.log(64))
    assert [span[:2] for span in many.spans.of(0)] == [span[:2] for span in one.spans.of(0)]
    weak = judge(scores(np.full(5, 0.9), 64), Given(scores(values), Gamma()), parts=parts)
    assert weak.log_p[0] == 0.0


def test_large_counts_are_rounded() -> None:
    values = np.full(2_000_001, 255, np.uint8)
    assert statistics_of(scores(values))[0] == 255 * 2_000_001
    assert statistics_of(scores(values.astype(np.uint16) * 257))[0] == 65_535 * 2_000_001


def test_null_documents_are_found_too_often() -> None:
    rng = np.random.default_rng(5)
    found = detect(Tokens.of(texts(4_000, 150, 8)), unigram(int(rng.integers(1 << 40))))
    assert (found.log_p <= np.log(0.05)).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4_000)
    assert (found.log_p <= np.log(0.05)).mean() >= 0.015  # or the test says nothing


def test_spans_of_a_document_overlap() -> None:
    base = texts(4, 400, 9)
    document = [*base[0], *marked(120, 3), *base[1], *marked(150, 4), *base[2], *marked(90, 5)]
    ends = [(start, end) for start, end, _ in detect(Tokens.of([document]), unigram()).spans.of(0)]
    assert len(ends) == 3
    assert all(low[1] <= high[0] for low, high in itertools.pairwise(ends))


def test_a_prepared_batch_of_a_mark_that_shares_gives_another_result() -> None:
    tokens = Tokens.of([*texts(3, 100), marked(100)])
    prepared = unigram(99).prepare(tokens)
    assert rows(detect(tokens, unigram(7), prepared)) == rows(detect(tokens, unigram(7)))
