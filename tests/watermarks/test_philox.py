"""vLLM's Gumbel marks, beside a slow transcription of research §2.6 in whole numbers."""

import math
from hashlib import sha256
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.watermarks.schemes import gumbel_philox, open_mark
from ledger.watermarks.schemes._philox import _rounds
from ledger.watermarks.schemes.gumbel_philox import FAMILY, GumbelPhilox
from ledger.watermarks.statistics import Gamma, TwoGamma
from ledger.watermarks.tokens import Tokens

V = 50_257
WORD = 2**32 - 1


def _philox(counter: list[int], low: int, high: int) -> list[int]:
    a, b, c, d = counter
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = q >> 32 ^ b ^ low, q & WORD, p >> 32 ^ d ^ high, p & WORD
        low, high = low + 0x9E3779B9 & WORD, high + 0xBB67AE85 & WORD
    return [a, b, c, d]


def _score(key: int, context: list[int], token: int) -> float:
    low, high = key & WORD, key >> 32
    state = [0x574D4358, len(context), 0, 0]
    for offset in range(0, len(context), 4):
        block = [context[offset + i] & WORD if offset + i < len(context) else WORD - i
                 for i in range(4)]  # fmt: skip
        mixed = [word ^ other for word, other in zip(state, block, strict=True)]
        state = _philox(mixed, low ^ offset, high)
    counter = [token >> 2, state[0], state[1], state[2]]
    word = _philox(counter, low ^ state[3], high ^ 0x574D544B)[token & 3]
    uniform = np.float32(((word >> 8) + 1) / (2**24 + 1))
    return -math.log(1.0 - float(uniform))


def _units(ids: list[int], width: int) -> list[tuple[int, list[int]]]:
    padded, seen, found = [-1] * width + ids, set(), []
    for position in range(len(ids)):
        context = padded[position : position + width]
        if tuple(context) not in seen:
            seen.add(tuple(context))
            found.append((position, context))
    return found


def _text(rng: Random, length: int) -> list[int]:
    return [rng.choice([13, 262, rng.randrange(V)]) for _ in range(length)]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # the authors' known answers
        ([0] * 4, (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([WORD] * 4, (WORD, WORD), [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            (0xA4093822, 0x299F31D0),
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_it_is_another_generator(
    counter: list[int], key: tuple[int, int], expected: list[int]
) -> None:
    c = np.array(counter, np.uint64)
    even, odd = _rounds(
        np.stack([c[:1], c[2:3]]), np.stack([c[1:2], c[3:]]), np.uint64(key[0]), np.uint64(key[1])
    )
    assert [int(x) for x in (even[0, 0], odd[0, 0], even[1, 0], odd[1, 0])] == expected
    assert _philox(counter, *key) == expected


@pytest.mark.parametrize("many", [False, True], ids=["numpy", "kernel"])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 9, 16])
def test_a_token_gets_another_word(width: int, many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gumbel_philox, "MANY", 0 if many else 10**9)
    rng = Random(width)
    documents = [_text(rng, length) for length in (90, 0, 1, 2, 40)]
    key = rng.getrandbits(64) | 1 << 63
    tokens = Tokens.of(documents)
    mark = open_mark("gumbel-philox/single@1", {"context_width": width}, {"key": key}, V)
    scores = mark.score(tokens, mark.prepare(tokens))
    expected = [[(position, _score(key, context, ids[position]))
                 for position, context in _units(ids, width)] for ids in documents]  # fmt: skip
    assert np.diff(scores.offsets).tolist() == [len(units) for units in expected]
    flat = [unit for units in expected for unit in units]
    assert scores.positions.tolist() == [position for position, _ in flat]
    np.testing.assert_allclose(scores.values, [value for _, value in flat], rtol=1e-14)


def test_the_kernel_disagrees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways give every bit, also over the edges of their blocks."""
    rng = np.random.default_rng(4)
    tokens = Tokens(rng.integers(0, V, 40_000).astype(np.uint32), np.array([0, 39_001, 40_000]))
    mark = open_mark("gumbel-philox/dual@1", {"alpha": 0.2}, {"key": 2**64 - 3}, V)
    prepared = mark.prepare(tokens)
    slow = mark.score(tokens, prepared).values
    monkeypatch.setattr(gumbel_philox, "MANY", 0)
    assert slow.tobytes() == mark.score(tokens, prepared).values.tobytes()


def test_the_second_key_weighs_as_the_first() -> None:
    rng = Random(3)
    ids = _text(rng, 60)
    mark = open_mark("gumbel-philox/dual@1", {"alpha": 0.3}, {"key": 123456789}, V)
    scores = mark.score(Tokens.of([ids]), mark.prepare(Tokens.of([ids])))
    packed = (123456789).to_bytes(8, "big")
    keys = [int.from_bytes(sha256(domain + packed).digest()[:8], "big")
            for domain in (b"key_a", b"key_b")]  # fmt: skip
    expected = [0.7 * _score(keys[0], context, ids[at]) + 0.3 * _score(keys[1], context, ids[at])
                for at, context in _units(ids, 4)]  # fmt: skip
    np.testing.assert_allclose(scores.values, expected, rtol=1e-13)


@given(
    documents=st.lists(st.lists(st.sampled_from([0, 1, 2, 9, 10, WORD]), max_size=24), max_size=8),
    width=st.sampled_from([1, 2, 3, 4, 7, 64]),
    before=st.integers(0, 3),
)
@settings(deadline=None)  # the first call compiles
@example(documents=[], width=1, before=0)
@example(documents=[[], [10], []], width=2, before=1)
def test_the_kernel_finds_other_contexts(
    documents: list[list[int]], width: int, before: int
) -> None:
    """Ids of 10 or more are none of the vocabulary; WORD is also what stands before a text."""
    every = Tokens.of([[7] * before, *documents])
    tokens = Tokens(every.ids, every.offsets[1:])  # which need not begin at the first id
    counts, positions = gumbel_philox._first(Tokens.of(documents), width, 10)
    found, places = gumbel_philox._first_by_kernel(tokens, width, 10)
    assert counts.tolist() == found.tolist()
    assert positions.tolist() == places.tolist()
    expected = [[at for at, context in _units(ids, width)
                 if max([ids[at], *ids[max(at - width, 0) : at]]) < 10]
                for ids in documents]  # fmt: skip
    if WORD not in every.ids:  # beside it, -1 is the same number
        assert positions.tolist() == [at for row in expected for at in row]


def test_long_documents_have_other_contexts_in_the_kernel() -> None:
    """So long that their tables are packed more closely, and a short one after them."""
    rng = np.random.default_rng(6)
    ids = rng.integers(0, 30, 70_000).astype(np.uint32)
    tokens = Tokens(ids, np.array([0, 9_000, 69_000, 69_000, 70_000]))
    counts, positions = gumbel_philox._first(tokens, 3, 29)
    found, places = gumbel_philox._first_by_kernel(tokens, 3, 29)
    assert counts.tolist() == found.tolist() and positions.tolist() == places.tolist()
    assert 0 < counts[1] < 29**3 and counts[2] == 0 and counts[3] > 0


def test_a_value_exceeds_the_largest_one() -> None:
    """What a mark says is the most a unit can give must be what the largest word gives."""
    words = np.array([0, 2**32 - 1, 2**32 - 256, 255], np.uint64)
    values = -np.log(gumbel_philox._complement(words))
    single = open_mark("gumbel-philox/single@1", {}, {"key": 1}, V)
    dual = open_mark("gumbel-philox/dual@1", {"alpha": 0.9}, {"key": 1}, V)
    assert isinstance(single.null, Gamma) and isinstance(dual.null, TwoGamma)
    assert values[1] == values[2] == single.null.limit == dual.null.limit
    assert 0 < values[0] == values[3] < 1e-6
    assert dual.null.weight == pytest.approx(0.1)


def test_marks_that_look_different_are_equal() -> None:
    parameters = FAMILY.parameters("dual", {"context_width": "4", "alpha": "0.1"}, V)
    assert (
        parameters == FAMILY.parameters("dual", {}, V) == FAMILY.parameters("dual", parameters, V)
    )
    key = FAMILY.key("dual", parameters, {"key": 2**64 - 1}, V)
    assert key == FAMILY.key("dual", parameters, key, V) == {"key": str(2**64 - 1)}
    assert FAMILY.demo_key("single", {}, {"key": "42"})
    assert not FAMILY.demo_key("single", {}, {"key": "43"})


def test_a_mark_shows_its_keys() -> None:
    for variant in FAMILY.variants:
        mark = open_mark(f"gumbel-philox/{variant}@1", {}, {"key": 271828182845}, V)
        assert isinstance(mark, GumbelPhilox)
        for key in (271828182845, *mark.keys):
            assert str(key) not in f"{mark} {mark!r} {mark.null!r}"


@pytest.mark.parametrize("key", [None, -1, 2**64, True, 1.5, "x71828", "0x71828", [71828]])
def test_a_bad_key_is_shown(key: object) -> None:
    with pytest.raises(InputError) as error:
        FAMILY.key("single", {"context_width": "4"}, {"key": key}, V)
    assert "71828" not in f"{error.value} {error.value.hint}"
    assert str(2**64) not in str(error.value)


@pytest.mark.parametrize(
    ("variant", "given", "found"),
    [
        ("single", {"context_width": 0}, "context_width: found 0,"),
        ("single", {"context_width": 65}, "context_width: found 65,"),
        ("single", {"alpha": 0.1}, "unknown parameter of gumbel-philox/single: alpha"),
        ("single", {"prf": "hmac"}, "prf: found hmac, expected philox4x32-10-v1"),
        ("dual", {"alpha": 0}, "alpha: found 0,"),
        ("dual", {"alpha": 1.0}, "alpha: found 1.0,"),
        ("dual", {"alpha": math.nan}, "alpha: found nan,"),
        ("dual", {"alpha": True}, "alpha: found True,"),
        ("dual", {"alpha": 10**400}, "alpha: found a number of 1329 bits,"),
        ("dual", {"alpha": "0.1\n\u202e"}, "alpha: found 0.1\\n\\u202e,"),
    ],
)
def test_a_parameter_is_taken_for_another(variant: str, given: dict[str, Any], found: str) -> None:
    with pytest.raises(InputError) as error:
        FAMILY.parameters(variant, given, V)
    assert found in str(error.value)


def test_an_unknown_algorithm_of_the_engine_is_taken_for_gumbel() -> None:
    with pytest.raises(InputError, match="algorithm: found synthid"):
        FAMILY.recognise("gumbel-philox-vllm", {"algorithm": "synthid", "key": 1}, V)
    assert FAMILY.recognise("gumbel-murmur3-sglang", {"key": "1"}, V) is None


def test_a_document_answers_for_its_neighbour() -> None:
    rng = Random(1)
    documents = [_text(rng, rng.choice([0, 1, 5, 60])) for _ in range(30)]
    documents[3] = [V, 1, 2, 3, 4, 5, 6, 2**32 - 1]
    tokens = Tokens.of(documents * 2)
    mark = open_mark("gumbel-philox/single@1", {"context_width": 2}, {"key": 7}, V)
    together = mark.score(tokens, mark.prepare(tokens))
    for number, ids in enumerate(documents * 2):
        one = Tokens.of([ids])
        alone = mark.score(one, mark.prepare(one))
        part = slice(together.offsets[number], together.offsets[number + 1])
        assert alone.values.tobytes() == together.values[part].tobytes()
        assert alone.positions.tolist() == together.positions[part].tolist()
    part = slice(together.offsets[3], together.offsets[4])
    assert together.positions[part].tolist() == [3, 4, 5, 6]


def test_ten_megabytes_of_one_token_are_evidence() -> None:
    mark = open_mark("gumbel-philox/single@1", {}, {"key": 7}, V)
    tokens = Tokens(np.full(2_500_000, 262, np.uint32), np.array([0, 2_500_000]))
    assert len(mark.score(tokens, mark.prepare(tokens)).values) == 5
