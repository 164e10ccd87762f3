"""What every variant decides: alike in any batch, each unit once, and nothing unreadable."""

from itertools import pairwise

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks.detector import statistics_of
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokens import Scores, Tokens
from tests.vectors.watermarks import sequence
from tests.watermarks.conformance.examples import EXAMPLES, VOCABULARY, Example

pytestmark = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)

HASHING = ("gumbel-murmur", "gumbel-philox", "synthid-", "textseal")
_BEYOND = 2**32 - 1


def _score(mark: Mark, *documents: list[int]) -> Scores:
    tokens = Tokens.of(documents)
    return mark.score(tokens, mark.prepare(tokens))


def _units(scores: Scores, document: int = 0) -> list[tuple[int, float]]:
    units = slice(int(scores.offsets[document]), int(scores.offsets[document + 1]))
    return list(zip(scores.positions[units].tolist(), scores.values[units].tolist(), strict=True))


def test_a_neighbour_changes_what_a_document_scores(example: Example) -> None:
    mark = example.mark()
    documents = [sequence(f"neighbour {n}", 11 * n % 140) for n in range(14)]
    documents += [documents[7], documents[7][:50], [], documents[9] + documents[7]]
    together = _score(mark, *documents)
    alone = [_units(_score(mark, document)) for document in documents]
    assert sum(map(len, alone)) > 300
    order = np.random.default_rng(4).permutation(len(documents))
    shuffled = _score(mark, *(documents[place] for place in order))
    for number in range(len(documents)):
        assert _units(together, number) == alone[number]
        assert _units(shuffled, number) == alone[int(order[number])]


def test_scores_are_not_what_the_null_takes(example: Example) -> None:
    mark = example.mark()
    scores = _score(mark, sequence("form", 500), [], sequence("form 2", 40))
    assert scores.documents == 3
    assert scores.offsets[0] == 0 and scores.offsets[-1] == len(scores.values)
    assert len(scores.positions) == len(scores.values)
    assert scores.values.dtype in (np.float64, np.uint16, np.uint8)
    assert scores.counts[0] > 250 and scores.counts[1] == 0
    assert np.all(np.isfinite(scores.values)) and np.all(scores.values >= 0)
    for document in range(3):
        positions = [position for position, _ in _units(scores, document)]
        assert all(low < high for low, high in pairwise(positions))
    log_p = mark.null.log_sf(statistics_of(scores), scores.counts)
    assert log_p.shape == (3,) and log_p[1] == 0
    assert np.all(log_p > -10) and np.all(log_p <= 0)


def test_a_unit_is_counted_twice(example: Example) -> None:
    mark = example.mark()
    text = sequence("once", 192)
    once, twice = _units(_score(mark, text)), _units(_score(mark, text + text))
    assert twice[: len(once)] == once
    # At the seam stand contexts that were not there before, and what a scheme skips at the start.
    assert all(position <= len(text) + example.width for position, _ in twice[len(once) :])
    assert _units(_score(mark, text * 5)) == twice


def test_one_token_for_ever_is_evidence(example: Example) -> None:
    mark = example.mark()
    tokens = Tokens(np.full(2_500_000, 262, np.uint32), np.array([0, 2_500_000], np.int64))
    scores = mark.score(tokens, mark.prepare(tokens))
    assert len(scores.values) <= example.most


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_a_document_too_short_for_a_unit_scores(example: Example, length: int) -> None:
    mark = example.mark()
    scores = _score(mark, [11, 12, 13][:length])
    assert len(scores.values) <= length
    none = Tokens(np.zeros(0, np.uint32), np.zeros(1, np.int64))
    assert mark.score(none, mark.prepare(none)).documents == 0


def test_an_id_beyond_the_vocabulary_is_read(example: Example) -> None:
    """It is no token of the model: whatever it hashes to says nothing."""
    mark = example.mark()
    text = sequence("beyond", 300)
    places = {5, 6, 50, 90, 91, 92, 93, 94, 200}
    kept = {position for position, _ in _units(_score(mark, text))}
    told = []
    for beyond in (VOCABULARY, VOCABULARY + 1, 2**31, _BEYOND):
        spoilt = [beyond if place in places else token for place, token in enumerate(text)]
        told.append(_units(_score(mark, spoilt)))
    assert all(units == told[0] for units in told)
    for position, _ in told[0]:
        seen = set(range(position - example.width, position + 1))
        assert not seen & places
    assert len(told[0]) >= len(kept) - len(places) * (example.width + 1) - 20
    assert _units(_score(mark, [_BEYOND] * 9 + [VOCABULARY] * 9)) == []


def test_a_huge_vocabulary_is_worked_through(example: Example) -> None:
    """Who permutes the vocabulary, or draws up to a token's number, refuses 2^31 ids."""
    size = 2**31 - 1
    if not example.scheme.startswith(HASHING):
        with pytest.raises(InputError, match=rf"vocab_size|{size}"):
            example.mark(vocab_size=size)
        return
    mark = example.mark(vocab_size=size)
    text = [size - 1 - place * 17_000_023 for place in range(120)]
    assert len(_score(mark, text).values) > 100


def test_a_smaller_vocabulary_reads_its_own_last_token_or_one_more(example: Example) -> None:
    size = 300
    mark = example.mark(vocab_size=size)
    text = [place * 37 % size for place in range(250)]
    assert {0, size - 1} <= set(text)
    whole = _score(mark, text)
    assert len(whole.values) > 100
    beyond = [size if token == size - 1 else token for token in text]
    positions = [position for position, _ in _units(_score(mark, beyond))]
    assert all(beyond[position] < size for position in positions)


def test_marks_that_share_work_decide_otherwise_alone(example: Example) -> None:
    one, other = example.mark(0), example.mark(1)
    text = [sequence("shared", 400), sequence("shared 2", 100)]
    tokens = Tokens.of(text)
    prepared = one.prepare(tokens)
    if hash(one.shared) == hash(other.shared) and one.shared == other.shared:
        for number in range(2):
            assert _units(other.score(tokens, prepared), number) == _units(
                _score(other, *text), number
            )
    first = _units(one.score(tokens, prepared))
    other.score(tokens, other.prepare(tokens))
    assert _units(one.score(tokens, prepared)) == first  # a second use of one preparation
    assert [value for _, value in first] != [value for _, value in _units(_score(other, *text))]
