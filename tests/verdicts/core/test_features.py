"""Buckets and values, beside a plain program that follows the documented rules."""

import math
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.verdicts.core.features import BUCKETS, WINDOW, WINDOWS, Counts, count, windows
from ledger.verdicts.text.normal import normal_text

_TWO_64 = 1 << 64
_PIECE = 0x9E3779B97F4A7C15
_BASE = 0xD1342543DE82EF95
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_LAST = 0xC2B2AE3D27D4EB4F


def _pieces(text: bytes) -> Counter[int]:
    inside = b" " + text + b" "
    padded = inside + bytes(4)
    return Counter(
        (int.from_bytes(padded[at : at + size], "little") * _PIECE % _TWO_64) >> 48
        for at in range(len(inside))
        for size in (3, 4, 5)
    )


def _hash(word: bytes) -> int:
    value = sum(byte * pow(_BASE, at, _TWO_64) for at, byte in enumerate(word)) % _TWO_64
    return (value ^ value >> 32) * _FIRST % _TWO_64


def _runs(text: bytes) -> Counter[int]:
    words = [_hash(word) for word in re.findall(rb"[.,;:!?()%$]|[^ .,;:!?()%$]+", text)]
    found: Counter[int] = Counter()
    for size in (1, 2, 3):
        for at in range(len(words) - size + 1):
            run = words[at]
            for word in words[at + 1 : at + size]:
                run = (run * _SECOND + word) % _TWO_64
            found[(run * _LAST % _TWO_64) >> 48] += 1
    return found


def _taken(counts: Counts, window: int) -> dict[int, int]:
    mine = counts.window == window
    return dict(zip(counts.bucket[mine].tolist(), counts.count[mine].tolist(), strict=True))


_WORDS = st.text(alphabet="abcé中 .,'()1", max_size=60).map(normal_text)


@given(st.lists(_WORDS, min_size=1, max_size=8))
def test_a_bucket_is_another_than_the_documented_one(forms: list[str]) -> None:
    texts = [form.encode() for form in forms]
    ((first, pieces, runs),) = count(texts)
    assert first == 0
    for window, text in enumerate(texts):
        for counts, expected in ((pieces, _pieces(text)), (runs, _runs(text))):
            assert _taken(counts, window) == expected
            assert counts.total[window] == expected.total()
    assert np.all(np.diff(pieces.window) >= 0)


def test_values_are_a_unit_vector() -> None:
    ((_, pieces, _),) = count([b"to be or not to be", b"x"])
    values = np.sqrt(pieces.count) / pieces.lengths[pieces.window]
    assert np.bincount(pieces.window, values**2) == pytest.approx([1, 1])


def test_batches_are_the_windows_one_by_one() -> None:
    rng = np.random.default_rng(5)
    sizes = rng.integers(0, 9_000, 120)
    texts = [rng.choice(np.frombuffer(b"abcdef ,.", np.uint8), size).tobytes() for size in sizes]
    seen = 0
    for first, pieces, runs in count(texts):
        assert first == seen
        for window in range(len(pieces.total)):
            ((_, alone, words),) = count([texts[first + window]])
            assert _taken(pieces, window) == _taken(alone, 0)
            assert _taken(runs, window) == _taken(words, 0)
        seen += len(pieces.total)
    assert seen == len(texts)
    assert not list(count([]))


@settings(max_examples=40)
@given(st.integers(0, 3 * WINDOW + 5))
def test_windows_are_equal_parts(words: int) -> None:
    form = " ".join(f"w{number}" for number in range(words))
    found = windows(form)
    assert b" ".join(found).decode() == form
    sizes = [len(part.split()) for part in found]
    assert len(found) == max(1, math.ceil(words / WINDOW))
    assert max(sizes) <= WINDOW and max(sizes) - min(sizes) <= 1


def test_of_a_long_text_windows_are_taken_evenly() -> None:
    words = 100 * WINDOW
    found = windows(" ".join(str(number) for number in range(words)))
    assert len(found) == WINDOWS
    starts = [int(part.split()[0]) for part in found]
    assert starts == [k * 100 // WINDOWS * WINDOW for k in range(WINDOWS)]


def test_what_has_no_blanks_is_cut() -> None:
    assert [len(part) for part in windows("x" * 3_000_000)] == [1 << 14]
    assert all(len(part) <= 1 << 14 for part in windows(" ".join(["y" * 999] * 700)))
    assert BUCKETS == 1 << 16
