"""Texts for tests of measures: of a few words that come again, or of anything at all."""

import unicodedata
from functools import cache
from random import Random

import pyarrow as pa
from hypothesis import strategies as st

__all__ = ["anything", "prose", "sample", "table"]

_FEW = ("a", "the", "cat", "Cat", "sat", "don’t", "don't", "on", "mat", "é", "7", "x-y", "...")
_ENDS = (" ", " ", " ", ". ", "! ", "?” ", "\n", "\n\n", ".\u00a0", "\n\u2003\n", ", ", "’ ", " ' ")


@cache
def _old() -> str:
    """Characters assigned long ago: every library's tables of Unicode agree on them."""
    before, now = unicodedata.ucd_3_2_0.category, unicodedata.category
    all_ = map(chr, range(0x20000))
    return "".join(c for c in all_ if before(c) == now(c) and now(c) not in ("Cn", "Co", "Cs"))


def prose(most: int = 260) -> st.SearchStrategy[str]:
    """Up to `most` words of a small vocabulary, with ends of sentences among them."""
    pairs = st.tuples(st.sampled_from(_FEW), st.sampled_from(_ENDS))
    return st.lists(pairs, max_size=most).map(lambda run: "".join(a + b for a, b in run))


def anything() -> st.SearchStrategy[str]:
    """Unicode text, marks, apostrophes and format characters often."""
    often = st.sampled_from("aAéE\u0301'’ .!?\n\u00ad\u200dİΣß")
    return st.text(st.one_of(often, st.sampled_from(_old())), max_size=60)


def sample(seed: int, words: int, types: int = 400) -> str:
    """Text whose words are as unequally frequent as those of a language."""
    draw = Random(seed)
    vocabulary = [f"w{draw.randrange(10**6)}" for _ in range(types)]
    weights = [1 / (rank + 1) for rank in range(types)]
    run = draw.choices(vocabulary, weights, k=words)
    return "".join(word + (". " if draw.random() < 0.07 else " ") for word in run)


def table(*texts: str | None) -> pa.Array:
    """string[n]."""
    return pa.array(texts, pa.string())
