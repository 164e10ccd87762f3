from importlib.metadata import version

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.corpus.language import detect, detector

TEXTS = {
    "en": "The heap is turned every other week, and if it smells, something dry is added to it.",
    "de": "Der grüne Tee zieht zwei Minuten bei siebzig Grad, länger macht ihn bitter und grau.",
    "fr": "La soupe commence par les oignons, doucement, jusqu'à ce que la cuisine ne sente rien.",
    "ru": "Хлеб состоит из муки, воды, соли и одной ночи ожидания на тёплой кухне.",
}


def _codes(texts):
    return detect(pa.array(texts, pa.large_string())).language.to_pylist()


def test_languages():
    assert _codes(TEXTS.values()) == list(TEXTS)


def test_unknown_stays_unknown():
    odd = [None, "", "7 7 7", "\x00\x01\x02", "\ufdd0\ufffe", "x" * 10_000, "\U0010ffff" * 50]
    found = detect(pa.array(odd, pa.large_string()))
    assert found.language.to_pylist() == found.ppm.to_pylist() == [None] * len(odd)


def test_only_the_beginning_counts():
    assert _codes([TEXTS["de"] * 30 + TEXTS["ru"] * 500]) == ["de"]


def test_a_mixed_text_scores_like_a_pure_one():
    """The score is the share of the text in that language."""
    pure, mixed = detect(pa.array([TEXTS["en"] * 9, TEXTS["en"] * 9 + TEXTS["ru"] * 4])).ppm
    assert pure.as_py() >= 980_000
    assert 400_000 < mixed.as_py() < 800_000


def test_nobody_can_say_which_detector_it_was():
    name, options = detector().split(" ")
    assert name == f"pycld2/{version('pycld2')}"
    assert options == "characters=2000"


@settings(max_examples=200)
@given(st.lists(st.none() | st.text()))
def test_no_text_breaks_it(texts):
    found = detect(pa.array(texts, pa.large_string()))
    assert (len(found.language), found.language.type) == (len(texts), pa.string())
    assert found.ppm.type == pa.int64() and found.ppm.is_null().equals(found.language.is_null())
    assert all(0 <= score <= 1_000_000 for score in found.ppm.drop_null().to_pylist())
