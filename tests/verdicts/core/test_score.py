"""Scores: formatting does not move them, and no text is too odd for one."""

import random
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.verdicts.core.features import WINDOW
from ledger.verdicts.core.model import shipped
from ledger.verdicts.core.score import score
from ledger.verdicts.text.normal import normal_text

ESSAY = (
    "The bridge was closed on Monday, and it's still not clear when it will open again. "
    "A crew from the county came twice; they looked at the bolts, took some photographs and left. "
    "“We don't know much more than you do,” said one of them - a tall man with a clipboard. "
    "Most people I spoke to didn't mind (or said so), but the baker's lost half of her custom. "
    "Is it the rust? The council's report from 2011 had warned of it: nobody read it, she thinks. "
    "Until then, the long way round takes forty minutes, well-known to those who work at the mill."
)


def _of(*texts: str) -> list[float]:
    return score(shipped(), texts).tolist()


def _markdown(text: str, rng: random.Random) -> str:
    def mark(found: re.Match[str]) -> str:
        word = found[0]
        kinds = (
            f"**{word}**",
            f"*{word}*",
            f"_{word}_",
            f"`{word}`",
            f"[{word}](https://e.org/x_y)",
        )
        return rng.choice(kinds) if rng.random() < 0.2 else word

    lines = re.sub(r"\b[a-z]{4,}\b(?!['’])", mark, text).split(". ")
    heads = ("", "# ", "## ", "> ", "- ", "* ", "+ ", "1. ", "2) ")
    return ".\n\n".join(rng.choice(heads) + line for line in lines)


def _quotes(text: str, rng: random.Random) -> str:
    pairs = [("“", "”"), ("„", "“"), ("«", "»"), ("‘", "’"), ('"', '"'), ("'", "'"), ("", "")]
    opening, closing = rng.choice(pairs)
    text = text.replace("“", opening).replace("”", closing)
    words = text.split(" ")
    at = rng.randrange(len(words) - 3)
    opening, closing = rng.choice(pairs)
    words[at], words[at + 2] = opening + words[at], words[at + 2] + closing
    return re.sub(r"(?<=\w)'(?=\w)", rng.choice("'’`"), " ".join(words))


def _breaks(text: str, rng: random.Random) -> str:
    return re.sub(" ", lambda _: rng.choice([" ", " ", "\n", "\n\n", "\r\n\r\n", "  ", "\t"]), text)


def _ending(text: str, rng: random.Random) -> str:
    return text.rstrip(".") + rng.choice(["", ".", "!", "...", "…", "?!", ".”", ". ", ".)", ":"])


def _hidden(text: str, rng: random.Random) -> str:
    unseen = "\u200b\u200e\u202e\u2066\u00ad\ufeff\x00\x07\x1b"
    return "".join(c + rng.choice(unseen) if rng.random() < 0.1 else c for c in text)


def _dashes(text: str, rng: random.Random) -> str:
    return re.sub("-", lambda _: rng.choice("-–—‐‒"), text)


@pytest.mark.parametrize("control", [_markdown, _quotes, _breaks, _ending, _hidden, _dashes])
@pytest.mark.parametrize("seed", range(8))
def test_formatting_moves_the_score(control: object, seed: int) -> None:
    assert callable(control)
    changed = control(ESSAY, random.Random(seed))
    assert _of(changed) == _of(ESSAY)


def test_wording_does_not_move_the_score() -> None:
    other = ESSAY.replace("it's still not clear", "it remains unclear")
    assert _of(other) != _of(ESSAY)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=300), max_size=5))
def test_a_batch_is_not_its_texts_one_by_one(texts: list[str]) -> None:
    whole = score(shipped(), texts)
    assert np.isfinite(whole).all()
    assert whole.tolist() == [score(shipped(), [text])[0] for text in texts]
    assert score(shipped(), pa.array(texts, pa.large_string())).tolist() == whole.tolist()


@pytest.mark.parametrize(
    "text",
    ["", "a", "7" * 500, "\x00" * 500, "中文" * 500, "Ã©tÃ©" * 500, "x" * 3_000_000,
     "if (x) { y[0] = 1; }\n" * 5_000, "a b " * 400_000, "\u0301" * 1_000_000],
)  # fmt: skip
def test_a_text_has_no_score(text: str) -> None:
    assert np.isfinite(score(shipped(), [text, ESSAY])).all()
    assert _of(text, ESSAY)[1] == _of(ESSAY)[0]


def test_a_long_text_scores_as_its_windows() -> None:
    words = normal_text(ESSAY).split()
    window = (words * 4)[:WINDOW]
    assert len(window) == WINDOW
    once = _of(" ".join(window))[0]
    assert _of(" ".join(window * 5))[0] == pytest.approx(once)
    assert _of(" ".join(window * 200))[0] == pytest.approx(once)


def test_nothing_gives_nothing() -> None:
    assert score(shipped(), []).tolist() == []
    assert score(shipped(), pa.chunked_array([], pa.string())).tolist() == []
    assert _of("", "...", "\u200b") == [_of("")[0]] * 3
