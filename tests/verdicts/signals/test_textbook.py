"""Every measure equals its slow transcription."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.verdicts.signals import Batch, signal
from ledger.verdicts.signals.sentences import find_sentences
from ledger.verdicts.signals.words import find_words
from tests.verdicts.signals import textbook
from tests.verdicts.signals.given import anything, prose, sample, table

EXACT = {"distinct_2", "distinct_4", "mattr_50", "raw_ttr", "ttr_fixed"}


@pytest.mark.parametrize("name", textbook.MEASURES)
@settings(max_examples=20, deadline=None)
@given(texts=st.lists(prose(), max_size=4))
def test_any_batch_gives_what_each_text_gives_by_the_book(name: str, texts: list[str]) -> None:
    found = signal(name).measure(Batch(table(*texts))).tolist()
    expected = [textbook.MEASURES[name](text) for text in texts]
    if name in EXACT:
        assert [repr(value) for value in found] == [repr(value) for value in expected]
    else:
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", textbook.MEASURES)
@pytest.mark.parametrize("count", [99, 100, 250, 1000])
def test_longer_texts_too(name: str, count: int) -> None:
    text = sample(count, count)
    found = signal(name).measure(Batch(table("", text, "one")))[1]
    expected = textbook.MEASURES[name](text)
    assert math.isnan(found) == math.isnan(expected)
    assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)


@settings(max_examples=80, deadline=None)
@given(texts=st.lists(st.one_of(anything(), prose(30)), max_size=4))
def test_words_of_any_text(texts: list[str]) -> None:
    found = find_words(table(*texts))
    spelled = found.vocabulary.take(found.tokens.ids).to_pylist()
    ends = found.tokens.offsets.tolist()
    assert [spelled[a:b] for a, b in pairwise(ends)] == [textbook.words(text) for text in texts]
    assert len(set(found.vocabulary.to_pylist())) == len(found.vocabulary)


@settings(max_examples=80, deadline=None)
@given(texts=st.lists(st.one_of(prose(60), anything()), max_size=4))
def test_sentences_of_any_text(texts: list[str]) -> None:
    found = find_sentences(table(*texts))
    ends, lengths = found.offsets.tolist(), found.lengths.tolist()
    assert [lengths[a:b] for a, b in pairwise(ends)] == [textbook.lengths(text) for text in texts]
    assert found.lengths.sum() == len(find_words(table(*texts)).tokens.ids)
