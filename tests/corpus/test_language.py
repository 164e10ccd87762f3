import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.corpus.language import detect

TEXTS = {
    "en": "The heap is turned every other week, and if it smells, something dry is added to it.",
    "de": "Der grüne Tee zieht zwei Minuten bei siebzig Grad, länger macht ihn bitter und grau.",
    "fr": "La soupe commence par les oignons, doucement, jusqu'à ce que la cuisine ne sente rien.",
    "ru": "Хлеб состоит из муки, воды, соли и одной ночи ожидания на тёплой кухне.",
}


def test_languages():
    assert detect(pa.array(TEXTS.values(), pa.large_string())).to_pylist() == list(TEXTS)


def test_unknown_stays_unknown():
    odd = [None, "", "7 7 7", "\x00\x01\x02", "\ufdd0\ufffe", "x" * 10_000, "\U0010ffff" * 50]
    assert detect(pa.array(odd, pa.large_string())).to_pylist() == [None] * len(odd)


def test_only_the_beginning_counts():
    text = TEXTS["de"] * 30 + TEXTS["ru"] * 500
    assert detect(pa.array([text])).to_pylist() == ["de"]


@settings(max_examples=200)
@given(st.lists(st.none() | st.text()))
def test_no_text_breaks_it(texts):
    found = detect(pa.array(texts, pa.large_string()))
    assert (len(found), found.type) == (len(texts), pa.string())
