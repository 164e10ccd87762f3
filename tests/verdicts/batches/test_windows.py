"""Windows of a fixed number of tokens: all of a text, whatever the pieces it comes in."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError, MalformedError
from ledger.verdicts.batches.tokens import WordTokenizer, load_tokenizer
from ledger.verdicts.batches.windows import (
    LEAST_WINDOW,
    TAIL,
    Windows,
    ladder,
    off_scale,
    on_scale,
)
from ledger.verdicts.signals.pooled import POOLED, measures_of
from tests.verdicts.batches.prose import zipf

WORDS = zipf(5_000, 3).split()
TOKENIZER = WordTokenizer()


@given(st.lists(st.integers(0, 5_000), max_size=6))
@settings(max_examples=12, deadline=None)
def test_the_pieces_that_text_comes_in_decide(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WORDS)]
    pieces = Windows(TOKENIZER, 1_500)
    for low, high in pairwise(edges):
        pieces.add(TOKENIZER.encode([" ".join(WORDS[low:high])]))
    pieces.finish()
    whole = Windows(TOKENIZER, 1_500)
    whole.add(TOKENIZER.encode([" ".join(WORDS)]))
    whole.finish()
    assert len(pieces) == len(whole) == 4  # three, and one that ends where the text ends
    for name, values in whole.values().items():
        assert np.array_equal(values, pieces.values()[name]), name


def test_a_window_is_not_what_signals_measure() -> None:
    windows = Windows(TOKENIZER, 2_500, {"us": np.unique(TOKENIZER.encode(["w1 w2 zz"]).ids)})
    windows.add(TOKENIZER.encode(WORDS))
    last = TOKENIZER.encode([" ".join(WORDS[2_500:])])
    expected = measures_of(last.ids, " ".join(WORDS[2_500:]).encode())
    assert {name: values[1] for name, values in windows.values().items()} == expected
    assert windows.tails()["us"][1] == pytest.approx(2 / 3)
    windows.finish()
    assert len(windows) == 2  # nothing was left over


def test_the_end_of_a_text_is_not_looked_at() -> None:
    flood = WORDS[:2_000] + ["spam"] * 500
    windows = Windows(TOKENIZER, 1_000)
    windows.add(TOKENIZER.encode(flood))
    assert len(windows) == 2
    windows.finish()
    assert windows.values()["distinct_2"][2] < 0.6 < windows.values()["distinct_2"][:2].min()


def test_a_long_text_is_measured_without_end() -> None:
    windows = Windows(TOKENIZER, LEAST_WINDOW, most=4)
    starts = []
    for number in range(23):
        windows.add(TOKENIZER.encode([" ".join([f"x{number}"] * LEAST_WINDOW)]))
        starts.append(len(windows))
    assert all(2 <= count < 4 for count in starts[3:])
    assert starts[-1] >= 2


def test_the_ladder_has_a_rung_too_many() -> None:
    assert ladder() == (8_192, 4_096, 2_048, 1_024)
    assert ladder(3_000) == (3_000, 1_500)
    with pytest.raises(InputError, match="1,023 tokens, expected at least 1,024"):
        ladder(1_023)


@given(st.sampled_from(POOLED), st.floats(0.01, 0.99))
def test_a_scale_does_not_lead_back(name: str, value: float) -> None:
    there = float(on_scale(name, np.array([value]))[0])
    assert off_scale(name, there) == pytest.approx(value, rel=1e-9)


def test_repetition_none_and_all_are_no_numbers() -> None:
    ends = on_scale("distinct_4", np.array([0.0, 1.0]))
    assert np.isfinite(ends).all() and ends[0] > ends[1]
    assert on_scale(TAIL, np.array([0.5]))[0] == 0.5


def test_a_file_that_is_no_tokenizer_makes_tokens(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(InputError, match=r"expected a tokenizer\.json"):
        load_tokenizer(path)
    path.write_text("{}")
    with pytest.raises(MalformedError, match="no tokenizer"):
        load_tokenizer(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(MalformedError, match="no tokenizer"):
        load_tokenizer(path)


def test_a_tokenizer_of_a_file_adds_or_loses_tokens(tmp_path: Path) -> None:
    import tokenizers
    from tokenizers import models, pre_tokenizers

    words = {"[UNK]": 0, "house": 1, "river": 2}
    made = tokenizers.Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.enable_truncation(2)
    path = tmp_path / "tokenizer.json"
    path.write_text(made.to_str())
    loaded = load_tokenizer(path)
    piece = loaded.encode(["house river house", "river"])
    assert piece.ids.tolist() == [1, 2, 1, 2]
    assert loaded.identity.startswith("sha256:")
    assert loaded.spell(piece) == b"house river house river"
    assert load_tokenizer(None).identity == "words@1"


def test_texts_encoded_together_run_into_each_other() -> None:
    texts = ["a house", "", "the river's end"]
    pieces = TOKENIZER.encode_each(texts)
    assert [TOKENIZER.spell(piece).decode() for piece in pieces] == texts
    whole = TOKENIZER.encode(texts)
    assert np.array_equal(np.concatenate([piece.ids for piece in pieces]), whole.ids)
    assert TOKENIZER.encode_each([]) == []
