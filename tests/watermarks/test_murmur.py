"""SGLang's Gumbel marks, beside a slow transcription of research §2.7 in whole numbers."""

import math
from random import Random
from typing import Any

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks.schemes import gumbel_murmur, open_mark
from ledger.watermarks.schemes._murmur import first_word, key_state
from ledger.watermarks.schemes.gumbel_murmur import FAMILY, GumbelMurmur
from ledger.watermarks.tokens import Tokens

V = 50_257
WORD = 2**32 - 1


def _turn(word: int, by: int) -> int:
    return (word << by | word >> 32 - by) & WORD


def _murmur(words: list[int]) -> int:
    h = 0
    for word in words:
        h ^= _turn(word * 0xCC9E2D51 & WORD, 15) * 0x1B873593 & WORD
        h = _turn(h, 13) * 5 + 0xE6546B64 & WORD
    h ^= 4 * len(words)
    h = (h ^ h >> 16) * 0x85EBCA6B & WORD
    h = (h ^ h >> 13) * 0xC2B2AE35 & WORD
    return h ^ h >> 16


def _score(key: int, context: int, token: int) -> float:
    h = _murmur([key & WORD, key >> 32, context, token])
    return -math.log1p(-(h + 0.5) / 2**32)


def _units(ids: list[int], width: int) -> list[tuple[int, int]]:
    """(position, hash of the context) of what is counted."""
    seen, found = set(), []
    for position in range(width, len(ids)):
        context = _murmur(ids[position - width : position])
        if context not in seen:
            seen.add(context)
            found.append((position, context))
    return found


def _text(rng: Random, length: int) -> list[int]:
    return [rng.choice([13, 262, rng.randrange(V)]) for _ in range(length)]


def test_it_is_another_hash() -> None:
    """Known answers of MurmurHash3_x86_32 with seed 0 for four bytes and eight."""
    assert _murmur([0]) == 0x2362F9DE
    assert _murmur([int.from_bytes(b"test", "little")]) == 0xBA6BD213


@pytest.mark.parametrize("width", [1, 2, 4, 7, 64])
def test_a_token_gets_another_number(width: int) -> None:
    rng = Random(width)
    documents = [_text(rng, length) for length in (150, 0, 4, 5, 70)]
    key = rng.getrandbits(64)
    tokens = Tokens.of(documents)
    mark = open_mark("gumbel-murmur/single@1", {"context_window": width}, {"key": key}, V)
    scores = mark.score(tokens, mark.prepare(tokens))
    expected = [[(position, _score(key, context, ids[position]))
                 for position, context in _units(ids, width)] for ids in documents]  # fmt: skip
    assert np.diff(scores.offsets).tolist() == [len(units) for units in expected]
    flat = [unit for units in expected for unit in units]
    assert scores.positions.tolist() == [position for position, _ in flat]
    np.testing.assert_allclose(scores.values, [value for _, value in flat], rtol=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.1, 0.999])
def test_the_coin_falls_on_its_other_side(share: float) -> None:
    rng = Random(str(share))
    a, b = rng.getrandbits(64), rng.getrandbits(64)
    ids = _text(rng, 200)
    given = {"mixing_probability": share}
    mark = open_mark("gumbel-murmur/dual@1", given, {"key": a, "key_b": f"{b:x}"}, V)
    scores = mark.score(Tokens.of([ids]), mark.prepare(Tokens.of([ids])))
    expected = []
    for position, context in _units(ids, 4):
        coin = _murmur([a & WORD, a >> 32, b & WORD, b >> 32, context])
        key = a if coin < int(share * 2**32) else b
        expected.append(_score(key, context, ids[position]))
    np.testing.assert_allclose(scores.values, expected, rtol=1e-12)


@pytest.mark.parametrize("share", [None, 0.5, 1 - 2**-33, 2**-33])
def test_the_kernel_disagrees(share: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways give every bit, also over the edges of their blocks."""
    rng = np.random.default_rng(4)
    tokens = Tokens(rng.integers(0, V, 70_000).astype(np.uint32), np.array([0, 69_001, 70_000]))
    keys = {"key": 2**64 - 3, "key_b": 11}
    mark = (
        open_mark("gumbel-murmur/single@1", {}, {"key": 2**64 - 3}, V)
        if share is None
        else open_mark("gumbel-murmur/dual@1", {"mixing_probability": share}, keys, V)
    )
    prepared = mark.prepare(tokens)
    slow = mark.score(tokens, prepared).values
    monkeypatch.setattr(gumbel_murmur, "MANY", 0)
    assert slow.tobytes() == mark.score(tokens, prepared).values.tobytes()


def test_two_spellings_of_one_mark_are_two() -> None:
    """64 bits of key leave 32 bits of state, and the smallest key of a state stands for all."""
    rng = Random(8)
    for _ in range(200):
        key = rng.getrandbits(64)
        smallest = first_word(key_state(key))
        assert smallest < 2**32 and key_state(smallest) == key_state(key)
    parameters = FAMILY.parameters("single", {}, V)
    # Two keys that differ and meet: any high word, and the low word that leads to the same state.
    key, state = 0x123456789ABCDEF, key_state(0x123456789ABCDEF)
    other = first_word(state)
    assert other != key
    canonical = FAMILY.key("single", parameters, {"key": key}, V)
    assert canonical == FAMILY.key("single", parameters, {"key": other}, V)
    assert canonical == FAMILY.key("single", parameters, canonical, V)
    assert canonical == FAMILY.key("single", parameters, {"key": "0X0123456789ABCdef"}, V)
    assert canonical == FAMILY.key("single", parameters, {"key": "123456789abcdef"}, V)
    assert FAMILY.demo_key("single", parameters, canonical)
    plain = FAMILY.key("single", parameters, {"key": 77}, V)
    assert not FAMILY.demo_key("single", parameters, plain)
    ids = Tokens.of([_text(rng, 50)])
    first, second = (open_mark("gumbel-murmur/single@1", {}, {"key": k}, V) for k in (key, other))
    values = first.score(ids, first.prepare(ids)).values
    assert values.tobytes() == second.score(ids, first.prepare(ids)).values.tobytes()


def test_the_second_key_of_two_is_cut_to_its_state() -> None:
    """The coin sees all of key b: two keys b of one state are two marks, two keys a are one."""
    given = {"key": 0xFEDCBA9876543210, "key_b": 0x123456789ABCDEF}
    parameters = FAMILY.parameters("dual", {}, V)
    canonical = FAMILY.key("dual", parameters, given, V)
    same_b = {**given, "key_b": first_word(key_state(given["key_b"]))}
    assert FAMILY.key("dual", parameters, same_b, V) != canonical
    same_a = {**given, "key": first_word(key_state(given["key"]))}
    assert FAMILY.key("dual", parameters, same_a, V) == canonical
    ids = Tokens.of([_text(Random(2), 300)])
    marks = [open_mark("gumbel-murmur/dual@1", {}, key, V) for key in (given, same_a, same_b)]
    one, two, three = (mark.score(ids, mark.prepare(ids)).values.tobytes() for mark in marks)
    assert one == two != three


def test_a_detector_stops_after_4096_contexts() -> None:
    rng = np.random.default_rng(3)
    tokens = Tokens(rng.integers(0, V, 9_000).astype(np.uint32), np.array([0, 9_000]))
    mark = open_mark("gumbel-murmur/single@1", {}, {"key": 5}, V)
    assert len(mark.score(tokens, mark.prepare(tokens)).values) == 8_996


def test_a_value_exceeds_the_largest_one() -> None:
    mark = open_mark("gumbel-murmur/single@1", {}, {"key": 5}, V)
    assert isinstance(mark, GumbelMurmur)
    assert mark.null.limit == pytest.approx(-math.log(0.5 / 2**32), rel=1e-15)
    rng = np.random.default_rng(3)
    tokens = Tokens(rng.integers(0, V, 200_000).astype(np.uint32), np.array([0, 200_000]))
    values = mark.score(tokens, mark.prepare(tokens)).values
    assert 8 < values.max() <= mark.null.limit and values.min() > 0
    assert abs(values.mean() - 1) < 5 / math.sqrt(len(values))


@pytest.mark.parametrize("key", [None, -71828, 2**64, True, 1.5, "x71828", "0x", "71828" * 4, "٣"])
@pytest.mark.parametrize("name", ["key", "key_b"])
def test_a_bad_key_is_shown(name: str, key: object) -> None:
    given = {"key": "1", "key_b": "2", name: key}
    with pytest.raises(InputError) as error:
        FAMILY.key("dual", FAMILY.parameters("dual", {}, V), given, V)
    shown = f"{error.value} {error.value.hint}"
    assert shown.startswith(f"{name}: ") and "71828" not in shown and str(2**64) not in shown


def test_a_mark_shows_its_keys() -> None:
    given = {"key": 271828, "key_b": 314159265}
    mark = open_mark("gumbel-murmur/dual@1", {}, given, V)
    assert isinstance(mark, GumbelMurmur)
    for key in (*given.values(), *mark.keys):
        assert str(key) not in f"{mark!r}" and f"{key:x}" not in f"{mark!r}"


@pytest.mark.parametrize(
    ("variant", "given", "found"),
    [
        ("single", {"context_window": 0}, "context_window: found 0,"),
        ("single", {"mixing_probability": 0.5}, "unknown parameter of gumbel-murmur/single"),
        ("single", {"hash": "md5"}, "hash: found md5, expected murmur3_x86_32"),
        ("dual", {"mixing_probability": 1}, "mixing_probability: found 1,"),
        ("dual", {"mixing_probability": "nan"}, "mixing_probability: found nan,"),
    ],
)
def test_a_parameter_is_taken_for_another(variant: str, given: dict[str, Any], found: str) -> None:
    with pytest.raises(InputError) as error:
        FAMILY.parameters(variant, given, V)
    assert found in str(error.value)


def test_a_document_answers_for_its_neighbour() -> None:
    rng = Random(1)
    documents = [_text(rng, rng.choice([0, 1, 5, 60])) for _ in range(30)]
    documents[3] = [V, 1, 2, 3, 4, 5, 6, 2**32 - 1]
    tokens = Tokens.of(documents * 2)
    mark = open_mark("gumbel-murmur/single@1", {"context_window": 2}, {"key": 7}, V)
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
    mark = open_mark("gumbel-murmur/single@1", {}, {"key": 7}, V)
    tokens = Tokens(np.full(2_500_000, 262, np.uint32), np.array([0, 2_500_000]))
    assert len(mark.score(tokens, mark.prepare(tokens)).values) == 1
