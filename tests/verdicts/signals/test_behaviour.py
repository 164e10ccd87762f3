"""What the measures are for: what raises them, what lowers them, what must leave them alone."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.verdicts.signals import Batch, signal
from ledger.verdicts.signals.ai_words import AI_WORDS
from ledger.verdicts.signals.words import find_words
from tests.verdicts.signals import textbook
from tests.verdicts.signals.given import prose, sample, table

DIVERSITY = ("mattr_50", "hdd_42", "mtld", "ttr_fixed", "raw_ttr", "entropy_unigram")
BAG = ("raw_ttr", "hdd_42", "entropy_unigram", "ai_words")


def _of(name: str, *texts: str) -> list[float]:
    values: list[float] = signal(name).measure(Batch(table(*texts))).tolist()
    return values


@pytest.mark.parametrize("name", DIVERSITY)
def test_more_types_of_equal_length_are_more_diverse(name: str) -> None:
    texts = [sample(5, 600, types=types) for types in (10, 40, 160, 640)]
    values = _of(name, *texts)
    assert values == sorted(values) and values[0] < values[-1]


@pytest.mark.parametrize("name", ["mattr_50", "hdd_42", "ttr_fixed"])
def test_length_matters_little_to_the_windowed_ones_and_much_to_raw_ttr(name: str) -> None:
    short, long = sample(8, 1_000), sample(8, 20_000)
    windowed = _of(name, short, long)
    raw = _of("raw_ttr", short, long)
    assert abs(windowed[0] - windowed[1]) < 0.05 < raw[0] - raw[1]


@pytest.mark.parametrize("name", BAG)
@settings(max_examples=15, deadline=None)
@given(run=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=120), seed=st.integers())
def test_order_of_words_is_nothing_to_a_bag(name: str, run: list[str], seed: int) -> None:
    shuffled = run.copy()
    Random(seed).shuffle(shuffled)
    assert _of(name, " ".join(run)) == pytest.approx(
        _of(name, " ".join(shuffled)), rel=1e-12, nan_ok=True
    )


@settings(max_examples=15, deadline=None)
@given(text=prose(120))
def test_case_width_of_blanks_and_kinds_of_apostrophes_make_no_other_word(text: str) -> None:
    other = text.upper().replace("'", "’").replace(" ", " \u00ad\t ")
    assert textbook.words(other) == textbook.words(text)
    for name in ("mattr_50", "mtld", "entropy_conditional", "distinct_2"):
        assert _of(name, other) == pytest.approx(_of(name, text), nan_ok=True)


@pytest.mark.parametrize("name", ["distinct_2", "distinct_4", "entropy_conditional", "zlib_ratio",
                                  "lzma_ratio", "mattr_50", "mtld"])  # fmt: skip
def test_one_sentence_five_hundred_times_is_seen_by_all_but_the_articles_entropy(name: str) -> None:
    flood = "The quick brown fox jumps over one very lazy dog. " * 500
    prose_ = sample(4, 5_000)
    (low, high), (bits,) = _of(name, flood, prose_), _of("entropy_unigram", flood)
    assert low < 0.8 * high
    assert 3.2 < bits == pytest.approx(math.log2(10))


def test_equal_sentences_do_not_burst_and_unequal_ones_do() -> None:
    even, uneven = "One two three four. " * 9, "One. Two three four five six seven eight nine. " * 5
    single = "no end to this"
    low, high, alone = _of("burstiness_cv", even, uneven, single)
    assert low == 0 and high > 0.7 and math.isnan(alone)
    cv = _of("burstiness_cv", even, uneven)
    b = [(value - 1) / (value + 1) for value in cv]
    assert _of("burstiness_parameter", even, uneven) == pytest.approx(b)


def test_listed_words_are_counted_per_word_in_any_case() -> None:
    assert _of("ai_words", "We DELVE into the intricate tapestry.", "we dig in") == [3 / 6, 0]
    assert all(word == word.lower() and word.isalpha() for word in AI_WORDS)
    spelled = find_words(table(" ".join(sorted(AI_WORDS))))
    assert spelled.vocabulary.to_pylist() == sorted(AI_WORDS)


def test_thresholds_of_length_are_where_the_definitions_put_them() -> None:
    run = [f"w{number % 37}" for number in range(150)]
    words = {"mattr_50": 50, "mtld": 50, "hdd_42": 42, "ttr_fixed": 100}
    for name, least in {**words, "distinct_2": 2, "distinct_4": 4}.items():
        below, there = _of(name, " ".join(run[: least - 1]), " ".join(run[:least]))
        assert math.isnan(below)
        assert not math.isnan(there) or name == "mtld"  # mtld: no word came twice yet
    assert math.isnan(_of("mtld", " ".join(f"w{n}" for n in range(80)))[0])
    for name in ("zlib_ratio", "lzma_ratio"):
        below, there = _of(name, "x" * 199, "x" * 200)
        assert math.isnan(below) and 0 < there < 0.2


def test_stable_ids_mean_the_same_in_every_batch() -> None:
    one, two = find_words(table("a b c b")), find_words(table("c", "b’b B"))
    assert one.stable_ids()[[2, 1]].tolist() == [two.stable_ids()[0], two.stable_ids()[2]]
    assert one.stable_ids().dtype == np.uint32
    assert one.stable_ids()[0] == 0x1E964E1F  # XXH3-64 of "a" is e6c632b61e964e1f anywhere


HOSTILE = {
    "dots": ("." * 300_000, 0, 0),
    "quotes": ("." + '"' * 300_000, 0, 0),
    "lines": ("\n " * 150_000, 0, 0),
    "blanks": ("\n" + " " * 300_000 + "x", 1, 1),
    "one word": ("x" * 300_000, 1, 1),
    "apostrophes": ("'" * 300_000, 0, 0),
    "marks": ("a" + "\u0301" * 150_000, 1, 1),
    "format": ("\u200b" * 100_000, 0, 0),
    "dotted": ("a.b." * 75_000, 150_000, 2),
    "digits": ("7 " * 150_000, 150_000, 1),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_are_read_in_a_moment(kind: str) -> None:
    """Each is quadratic for some careless pattern: hours there."""
    text, words, types = HOSTILE[kind]
    batch = Batch(table(text))
    assert batch.tokens.sizes.tolist() == [words]
    assert batch.tokens.tally.types.tolist() == [types]
    assert batch.sentences.counts.tolist() == [min(words, 1)]
    assert _of("mtld", text) == pytest.approx([types + 1] if words > 1 else [math.nan], nan_ok=True)
    for name in ("mattr_50", "hdd_42", "distinct_4", "entropy_conditional"):
        (value,) = signal(name).measure(batch)
        assert math.isnan(value) == (words < 2)
