"""Both SynthID forms, beside slow transcriptions of research §2.5 in whole numbers."""

from hashlib import sha256
from itertools import pairwise, product
from random import Random
from typing import Any

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks.schemes import _synthid, open_mark
from ledger.watermarks.schemes._synthid import DEMO_KEYS, Layout, weights
from ledger.watermarks.schemes.synthid_reference import FAMILY as REFERENCE
from ledger.watermarks.schemes.synthid_reference import SynthIDReference
from ledger.watermarks.schemes.synthid_table import FAMILY as TABLE
from ledger.watermarks.schemes.synthid_table import SynthIDTable
from ledger.watermarks.tokens import Tokens

V = 50_257
M, WORD = 6364136223846793005, 2**64
MARKS = ("synthid-table/mean@1", "synthid-reference/mean@1")


def _step(h: int, x: int) -> int:
    return ((h + x) * M + 1) % WORD


def _signed(h: int) -> int:
    return h - WORD if h >= 2**63 else h


def _table_bits(keys: list[int], ngram: list[int], size: int, seed: int) -> list[int]:
    words = np.frombuffer(np.random.RandomState(seed % 2**32).bytes(4 * size), "<u4")
    h = 1
    for token in ngram:
        h = _step(h, token)
    return [int(words[_signed(_step(h, key)) % size]) & 1 for key in keys]


def _reference_bits(keys: list[int], ngram: list[int]) -> list[int]:
    packed = b"".join((key % WORD).to_bytes(8, "little") for key in keys)
    h = int.from_bytes(sha256(packed).digest(), "big") % (2**63 - 1)
    for token in ngram:
        h = _step(h, token)
    bits = []
    for key in keys:
        g = _step(h, key)
        for _ in range(12):
            g = (_signed(_step(g, 1)) >> 5) % WORD
        bits.append(g >> 30 & 1)
    return bits


def _marked(ids: list[int], width: int, history: int, skip: bool) -> list[tuple[int, list[int]]]:
    """(position, n-gram) of every token with a context that the last calls did not have."""
    padded, calls, found = [0] * width + ids, [], []
    for position in range(width if skip else 0, len(ids)):
        context = padded[position : position + width]
        if context not in (calls[-history:] if history else []):
            found.append((position, padded[position : position + width + 1]))
        calls.append(context)
    return found


def _text(rng: Random, length: int, vocab_size: int = V) -> list[int]:
    text: list[int] = []
    while len(text) < length:
        if len(text) > 20 and rng.random() < 0.1:
            start = rng.randrange(len(text) - 12)
            text += text[start : start + 12]
        text.append(rng.randrange(vocab_size))
    return text[:length]


@pytest.mark.parametrize(
    ("ngram", "depth", "size", "history", "skip"),
    [
        (5, 30, 2**16, 1024, False),
        (5, 30, 2**16, 1024, True),
        (4, 20, 2**16, 20, False),
        (2, 1, 2**8, 0, False),
        (3, 64, 2**18, 5, True),
        (5, 30, 65_537, 1024, False),
        (3, 7, 1_000, 3, False),
    ],
)
def test_a_token_is_looked_up_in_the_wrong_place(
    ngram: int, depth: int, size: int, history: int, skip: bool
) -> None:
    rng = Random(size + depth)
    keys = [rng.randrange(-(2**63), 2**63) for _ in range(depth)]
    given = {"ngram_len": ngram, "sampling_table_size": size, "sampling_table_seed": -3,
             "context_history_size": history, "skip_first_ngram_calls": skip}  # fmt: skip
    documents = [_text(rng, length) for length in (300, 0, 3, 80)]
    tokens = Tokens.of(documents)
    mark = open_mark("synthid-table/mean@1", given, {"keys": keys}, V)
    assert isinstance(mark, SynthIDTable)
    scores = mark.score(tokens, prepared := mark.prepare(tokens))
    layers = mark.layers(prepared.states)
    for number, ids in enumerate(documents):
        units, seen = [], set()
        for position, gram in _marked(ids, ngram - 1, history, skip):
            h = sum(t * M ** (ngram - j) for j, t in enumerate(gram)) % WORD
            code = h % size if size & (size - 1) == 0 else _signed(h * M % WORD) % size
            if code not in seen:
                seen.add(code)
                units.append((position, _table_bits(keys, gram, size, -3)))
        part = slice(scores.offsets[number], scores.offsets[number + 1])
        assert scores.positions[part].tolist() == [position for position, _ in units]
        assert layers[part].tolist() == [bits for _, bits in units]
        sums = [int(np.dot(bits, weights(depth))) for _, bits in units]
        assert scores.values[part].tolist() == sums


def test_a_token_takes_another_round() -> None:
    rng = Random(5)
    keys = [rng.randrange(-(2**63), 2**63) for _ in range(9)]
    ids = _text(rng, 200)
    mark = open_mark("synthid-reference/mean@1", {"ngram_len": 4}, {"keys": keys}, V)
    assert isinstance(mark, SynthIDReference)
    prepared = mark.prepare(Tokens.of([ids]))
    units = [(position, gram) for position, gram in _marked(ids, 3, 1024, False)]
    assert prepared.positions.tolist() == [position for position, _ in units]
    layers = np.stack([mark.layer(prepared.states, layer) for layer in range(9)], 1)
    assert layers.tolist() == [_reference_bits(keys, gram) for _, gram in units]
    scores = mark.score(Tokens.of([ids]), prepared)
    assert scores.values.tolist() == (layers @ weights(9)).tolist()


@pytest.mark.parametrize("size", [16, 2**10, 2**16])
def test_the_null_is_not_the_tables_own(size: int) -> None:
    mark = open_mark(
        "synthid-table/mean@1",
        {"ngram_len": 5, "sampling_table_size": size},
        {"keys": [5, 77, 1_000, 12]},
        V,
    )
    assert isinstance(mark, SynthIDTable)
    every = mark.layers(np.arange(size, dtype=np.uint64)) @ weights(4)
    counts = np.bincount(every, minlength=len(mark.null.pmf))
    np.testing.assert_allclose(mark.null.pmf, counts / size, atol=1e-15)


@pytest.mark.parametrize("size", [5, 1_000, 65_537])
def test_the_null_forgets_where_a_sum_wraps(size: int) -> None:
    rng = np.random.default_rng(size)
    keys = [int(key) for key in rng.integers(-(2**63), 2**63 - 1, 6)]
    mark = open_mark(
        "synthid-table/mean@1",
        {"ngram_len": 3, "sampling_table_size": size},
        {"keys": keys},
        V,
    )
    assert isinstance(mark, SynthIDTable)
    trials = 400_000
    states = rng.integers(0, 2**64 - 1, trials, np.uint64, endpoint=True)
    met = np.bincount(mark.layers(states) @ weights(6), minlength=len(mark.null.pmf))
    expected = mark.null.pmf * trials
    assert (met[expected == 0] == 0).all()
    some = expected > 0
    chi = ((met[some] - expected[some]) ** 2 / expected[some]).sum()
    assert chi < some.sum() + 6 * np.sqrt(2 * some.sum())


@pytest.mark.parametrize(
    "keys", [list(DEMO_KEYS), [5] * 20, [7, 7, 9, 1, 7, 9], [2**63, 3], [12], list(range(64))]
)
def test_layers_that_hang_together_are_taken_for_independent(keys: list[int]) -> None:
    """The null's spread is at least that of the values of hashes it has not seen."""
    mark = open_mark("synthid-reference/mean@1", {"ngram_len": 5}, {"keys": keys}, V)
    assert isinstance(mark, SynthIDReference)
    pmf, top = mark.null.pmf, int(weights(len(keys)).sum())
    assert len(pmf) == top + 1 and mark.null.mean == pytest.approx(top / 2)
    np.testing.assert_allclose(pmf, pmf[::-1], atol=1e-12)
    states = np.random.default_rng(1).integers(0, 2**64 - 1, 100_000, np.uint64)
    met = sum(mark.layer(states, layer) * weight for layer, weight in enumerate(weights(len(keys))))
    assert abs(met.mean() - top / 2) < 5 * met.std() / 300
    ratio = met.var() / mark.null.deviation**2
    assert 0.85 < ratio < 1.015
    if len(set(keys)) == 1:
        assert pmf[0] == pytest.approx(0.5) and pmf[-1] == pytest.approx(0.5)


def test_the_null_of_fair_bits_is_not_enumerated() -> None:
    """Never narrower than fair bits, and equal to them where the layers are that or less."""
    given = weights(4)
    sums = [int(np.dot(bits, given)) for bits in product((0, 1), repeat=4)]
    fair = np.bincount(sums, minlength=int(given.sum()) + 1) / 16
    narrow = 0
    for seed in range(8):
        rng = Random(seed)
        keys = [rng.getrandbits(40) for _ in range(4)]
        mark = open_mark("synthid-reference/mean@1", {"ngram_len": 5}, {"keys": keys}, V)
        assert isinstance(mark, SynthIDReference)
        assert mark.null.deviation >= np.sqrt((given.astype(float) ** 2).sum()) / 2 - 1e-12
        narrow += np.allclose(mark.null.pmf, fair, atol=1e-15)
    assert 0 < narrow < 8


def test_a_layer_counts_nothing_or_more_than_one_before_it() -> None:
    for depth in range(1, 65):
        given = weights(depth).tolist()
        assert given[-1] == 1 and given[0] == (4 if depth > 1 else 1)
        assert all(first >= second >= 1 for first, second in pairwise(given))


def test_marks_that_look_different_are_equal() -> None:
    parameters = TABLE.parameters("mean", {"ngram_len": 5}, V)
    near = TABLE.key("mean", parameters, {"keys": [3, 65_535, 0]}, V)
    assert TABLE.key("mean", parameters, {"keys": [3 - 65_536, -1, 2**63]}, V) == near
    assert TABLE.key("mean", parameters, near, V) == near
    assert TABLE.key("mean", parameters, {"keys": [65_535, 3, 0]}, V) != near
    odd = TABLE.parameters("mean", {"ngram_len": 5, "sampling_table_size": 1_000}, V)
    assert TABLE.key("mean", odd, {"keys": [3]}, V) != TABLE.key("mean", odd, {"keys": [1_003]}, V)
    assert TABLE.parameters("mean", {"ngram_len": 5, "sampling_table_seed": 2**32}, V) == parameters
    assert TABLE.parameters("mean", parameters, V) == parameters
    plain = REFERENCE.parameters("mean", {"ngram_len": 5}, V)
    assert REFERENCE.key("mean", plain, {"keys": [-1]}, V) == {"keys": str(2**64 - 1)}


def test_everybodys_key_counts_as_somebodys() -> None:
    for family in (TABLE, REFERENCE):
        parameters = family.parameters("mean", {"ngram_len": 5}, V)
        for some in (DEMO_KEYS, DEMO_KEYS[:9], DEMO_KEYS[:1]):
            key = family.key("mean", parameters, {"keys": list(some)}, V)
            assert family.demo_key("mean", parameters, key)
        other = family.key("mean", parameters, {"keys": [*DEMO_KEYS[:8], 58]}, V)
        assert not family.demo_key("mean", parameters, other)


@pytest.mark.parametrize("scheme", MARKS)
def test_ten_megabytes_of_one_token_are_evidence(scheme: str) -> None:
    mark = open_mark(scheme, {"ngram_len": 5}, {"keys": [1, 2, 3]}, V)
    tokens = Tokens(np.full(2_500_000, 262, np.uint32), np.array([0, 2_500_000]))
    assert len(mark.score(tokens, mark.prepare(tokens)).values) <= 5


@pytest.mark.parametrize("scheme", MARKS)
def test_a_document_answers_for_its_neighbour(scheme: str) -> None:
    rng = Random(9)
    mark = open_mark(scheme, {"ngram_len": 3}, {"keys": [rng.getrandbits(30)] * 5}, V)
    documents = [_text(rng, rng.choice([0, 1, 9, 400]), V + 4) for _ in range(60)]
    documents += documents[:20]
    tokens = Tokens.of(documents)
    together = mark.score(tokens, mark.prepare(tokens))
    for number, ids in enumerate(documents):
        one = Tokens.of([ids])
        alone = mark.score(one, mark.prepare(one))
        part = slice(together.offsets[number], together.offsets[number + 1])
        assert alone.values.tolist() == together.values[part].tolist()
        assert alone.positions.tolist() == together.positions[part].tolist()
        foreign = {position + ahead for position, token in enumerate(ids) if token >= V
                   for ahead in range(3)}  # fmt: skip
        assert not foreign & set(alone.positions.tolist())
    nothing = Tokens.of([])
    assert len(mark.score(nothing, mark.prepare(nothing)).values) == 0


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, "ngram_len: found nothing"),
        ({"ngram_len": 1}, "ngram_len: found 1,"),
        ({"ngram_len": True}, "ngram_len: found True"),
        ({"ngram_len": 5.0}, "ngram_len: found 5.0"),
        ({"ngram_len": "٥"}, "ngram_len: found ٥"),
        ({"ngram_len": 10**5000}, "ngram_len: found a number of 16610 bits"),
        ({"ngram_len": [5]}, "ngram_len: found a list"),
        ({"ngram_len": 5, "sampling_table_size": 2**24 + 1}, "sampling_table_size: found 16777217"),
        ({"ngram_len": 5, "sampling_table_size": 0}, "sampling_table_size: found 0"),
        ({"ngram_len": 5, "context_history_size": -1}, "context_history_size: found -1"),
        ({"ngram_len": 5, "skip_first_ngram_calls": 1}, "skip_first_ngram_calls: found 1"),
        ({"ngram_len": 5, "rng": "cuda"}, "rng: found cuda, expected torch-cpu-mt19937"),
        ({"ngram_len": 5, "ngram_lenn": 5}, "unknown parameter of synthid-table: ngram_lenn"),
    ],
)
def test_a_parameter_is_taken_for_another(given: dict[str, Any], found: str) -> None:
    with pytest.raises(InputError) as error:
        TABLE.parameters("mean", given, V)
    assert found in str(error.value)


@pytest.mark.parametrize(
    "keys",
    [
        None, [], [1] * 65, [2**64], [-(2**63) - 1], [True], [1.5], ["x71828"], 71828, "71828,,",
        "71828," * 65, {"a": 1}, [10**5000], [None], "٧١٨٢٨",
    ],
)  # fmt: skip
@pytest.mark.parametrize("family", [TABLE, REFERENCE], ids=lambda family: family.name)
def test_a_bad_key_is_shown(family: Any, keys: object) -> None:
    parameters = family.parameters("mean", {"ngram_len": 5}, V)
    with pytest.raises(InputError) as error:
        family.key("mean", parameters, {"keys": keys}, V)
    shown = f"{error.value} {error.value.hint} {error.value.__cause__}"
    assert "71828" not in shown and "٧" not in shown and "65537" not in shown


def test_a_mark_shows_its_keys() -> None:
    for scheme in MARKS:
        mark = open_mark(scheme, {"ngram_len": 5}, {"keys": [31_337, 27_182]}, V)
        assert mark.null is not None
        assert "31337" not in repr(mark) and "27182" not in f"{mark} {mark!r}"


def test_marks_are_prepared_for_each_other() -> None:
    given = {"ngram_len": 5}
    first = open_mark(MARKS[0], {**given, "sampling_table_seed": 4}, {"keys": [1, 2]}, V)
    second = open_mark(MARKS[0], given, {"keys": [9]}, V)
    assert first.shared == second.shared
    for other in ({"ngram_len": 4}, {**given, "context_history_size": 7},
                  {**given, "skip_first_ngram_calls": True},
                  {**given, "sampling_table_size": 2**17}):  # fmt: skip
        assert open_mark(MARKS[0], other, {"keys": [9]}, V).shared != second.shared
    assert open_mark(MARKS[1], given, {"keys": [9]}, V).shared != second.shared


def test_a_context_that_hashes_to_nothing_is_new() -> None:
    """The history of the projects starts as zeros, and a context may hash to zero."""
    layout = Layout(2, 8, False)
    (run,) = layout.runs(Tokens.of([[3, 4]]))
    assert layout.marked(run).tolist() == [True, True]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_synthid, "constant", lambda start, size: -3 * M % WORD)
        assert layout.marked(run).tolist() == [True, False]
