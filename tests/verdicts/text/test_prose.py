"""Which texts can be measured, and the reason why others cannot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.verdicts.outcomes import MIN_WORDS
from ledger.verdicts.text.prose import Why, measure

PROSE = (
    "We walked along the river until it was nearly dark, and nobody had much to say about what had "
    "happened. On the other side there were three houses with their lights on. She asked if I "
    "would go back with her in the morning, but it was not something that I could promise then. "
)
_GERMAN = "Wir gingen am Fluss entlang, bis es fast dunkel war, und niemand sagte ein Wort dazu. "
_FRENCH = "Nous avons marché le long de la rivière jusqu’à la nuit, et personne n’a rien dit. "
_CODE = """
def merge(left, right):
    if not left or not right:
        return left or right
    head, rest = (left[0], left[1:]) if left[0] <= right[0] else (right[0], right[1:])
    table[head] = [x ** 2 for x in rest if x > 0 and x not in seen]
    return [head] + merge(rest, right)
"""


def _why(text: str, least: int = MIN_WORDS) -> Why:
    return Why(int(measure([text], least).why[0]))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PROSE * 3, Why.OK),
        ((PROSE * 3).upper(), Why.NOT_PROSE),  # which the detector never saw, and does not see
        ("# Notes\n\n* " + PROSE.replace(". ", ".\n* ") * 3, Why.OK),
        (PROSE.replace("'", "’").replace(", ", " — “") * 3, Why.OK),
        (PROSE * 3_000, Why.OK),
        (PROSE, Why.TOO_SHORT),
        ("", Why.TOO_SHORT),
        ("word", Why.TOO_SHORT),
        ("word" * 1_000_000, Why.TOO_SHORT),
        ("\x00\x01" * 1_000, Why.TOO_SHORT),
        ("12 345 6.7 " * 100, Why.NOT_PROSE),
        ("Total 12 345 6.7 | " * 200, Why.NOT_PROSE),
        (_CODE * 10, Why.NOT_PROSE),
        ("<div class='a'><p>{{x}}</p></div>;" * 200, Why.NOT_PROSE),
        ("qwv zxk plm trw bnd " * 100, Why.NOT_PROSE),
        ("Ã©tÃ© Ã  la plage â€œavecâ€\x9d des caractÃ¨res brisÃ©s " * 60, Why.NOT_PROSE),
        (_GERMAN * 20, Why.NOT_ENGLISH),
        (_FRENCH * 20, Why.NOT_ENGLISH),
        ("Мы шли вдоль реки, пока почти не стемнело, и никто ничего не сказал. " * 20,
         Why.NOT_ENGLISH),
        ("我们沿着河走，直到天快黑了，没有人说什么。" * 40, Why.NOT_ENGLISH),
    ],
)  # fmt: skip
def test_an_odd_text_has_another_reason(text: str, why: Why) -> None:
    assert _why(text) is why


def test_words_are_those_of_prose() -> None:
    found = measure(pa.array(["One two three.", None, "1 2 3", "It's a well-known *fact*!"]), 1)
    assert found.words.tolist() == [3, 0, 0, 5]
    assert found.why.dtype == np.int8
    assert measure([], 1).words.tolist() == []


def test_the_least_number_of_words_is_enough() -> None:
    words = (PROSE * 3).split()
    for more, why in ((0, Why.OK), (-1, Why.TOO_SHORT)):
        assert _why(" ".join(words[: MIN_WORDS + more])) is why


def test_a_long_text_has_all_its_words() -> None:
    """Longer than what is split at once, and with no blank at its end."""
    text = PROSE * 12_000
    assert int(measure([text]).words[0]) == 12_000 * len(PROSE.replace("-", " ").split())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=400), st.just(PROSE)), max_size=6), st.integers(0, 200))
def test_a_batch_is_not_its_texts_one_by_one(texts: list[str], least: int) -> None:
    whole = measure(texts, least)
    for text, words, why in zip(texts, whole.words, whole.why, strict=True):
        alone = measure([text], least)
        assert (words, why) == (alone.words[0], alone.why[0])
        assert Why(int(why)) is not Why.OK or words >= least


def test_our_own_program_is_prose(root: Path) -> None:
    files = sorted((root / "ledger" / "log").glob("*.py"))
    bodies = [
        "\n".join(line for line in file.read_text().splitlines() if "=" in line or "(" in line)
        for file in files
    ]
    long = [body for body in bodies if len(body) > 4_000]
    assert long
    assert set(measure(long).why.tolist()) == {int(Why.NOT_PROSE)}


PLAIN = (
    "The river rose in the night and we moved the boats to the upper field before anybody asked. "
) * 10


@pytest.mark.parametrize(
    "dress",
    [str.upper, lambda text: text.replace("e", "\u0435"), lambda text: text.replace("o", "\u03bf")],
    ids=["capitals", "cyrillic", "greek"],
)
def test_a_text_in_disguise_is_measured_as_if_it_were_plain(dress: Callable[[str], str]) -> None:
    assert measure([PLAIN]).why.tolist() == [Why.OK]
    assert measure([dress(PLAIN)]).why.tolist() == [Why.NOT_PROSE]


def test_a_few_capitals_and_a_greek_letter_are_no_disguise() -> None:
    text = PLAIN + "NASA AND ESA MET IN PARIS. The \u03b2-rays of 5 \u03bcm were measured. " * 2
    assert measure([text]).why.tolist() == [Why.OK]
