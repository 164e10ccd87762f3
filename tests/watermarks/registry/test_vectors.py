"""Vectors prove that a decoder has the key, and tell nothing about it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from ledger.errors import InputError, VerificationError
from ledger.log.canonical import encode
from ledger.watermarks.registry.vectors import (
    MAX_VECTORS_BYTES,
    Vectors,
    decisions_of,
    make_vectors,
    parse_vectors,
    reproduce,
    sequences,
)
from ledger.watermarks.schemes import Mark, open_mark
from ledger.watermarks.tokens import Scores, Tokens

BLINDING = bytes(range(32))


def unigram(key: int = 5, fraction: float = 0.5, vocab_size: int = 1000) -> Mark:
    parameters, material = {"fraction": fraction}, {"watermark_key": key}
    return open_mark("unigram/shuffle@1", parameters, material, vocab_size)


MARKS = {
    "green": unigram(),
    "real": open_mark("textseal/gumbel@1", {"ngram": 2}, {"secret_key": 7}, 1000),
}


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize("blinding", [b"", BLINDING])
def test_the_right_key_reproduces_them(name: str, blinding: bytes) -> None:
    vectors = make_vectors(MARKS[name], blinding)
    again = parse_vectors(vectors.data, "file")
    assert again == vectors
    done = reproduce(MARKS[name], again, blinding)
    assert all(done.agree) and len(done.agree) == len(vectors.vectors) >= 3
    assert min(done.counted) > 50
    assert make_vectors(MARKS[name], blinding).data == vectors.data


def test_a_wrong_key_parameter_vocabulary_or_blinding_does_not() -> None:
    vectors = make_vectors(unigram(), BLINDING)
    wrong = (unigram(6), unigram(fraction=0.25), unigram(vocab_size=1001))
    for mark in wrong:
        assert not any(reproduce(mark, vectors, BLINDING).agree)
    assert not any(reproduce(unigram(), vectors, bytes(32)).agree)
    assert not any(reproduce(unigram(), vectors, b"").agree)


def test_the_digests_of_a_secret_key_cannot_be_guessed_at() -> None:
    """Two blindings share no digest: without one, a 32-bit key could be tried offline."""
    one, other = make_vectors(unigram(), BLINDING), make_vectors(unigram(), bytes(32))
    assert not {v.decisions for v in one.vectors} & {v.decisions for v in other.vectors}
    assert [v.ids for v in one.vectors] == [v.ids for v in other.vectors]


def test_equal_marks_decide_alike_whatever_they_are_called() -> None:
    def decisions(mark: Mark) -> bytes:
        return reproduce(mark, make_vectors(mark, b""), b"").decisions

    assert decisions(unigram(5)) == decisions(unigram(5))
    assert decisions(unigram(5)) != decisions(unigram(6))
    foreign = make_vectors(unigram(5), BLINDING).vectors[1:]
    theirs = reproduce(unigram(5), Vectors(foreign, b""), BLINDING)
    assert theirs.decisions == decisions(unigram(5))
    assert "decisions=" not in repr(theirs)


def test_vectors_that_decide_nothing_prove_nothing() -> None:
    """Empty, tiny or unscored sequences would be reproduced with any key."""
    empty = "sha256:" + sha256(b"headwater/decisions/v1\n").hexdigest()
    beyond = [{"decisions": empty, "ids": [2000 + n] * 9} for n in range(3)]
    with pytest.raises(VerificationError, match="another key could give"):
        reproduce(unigram(), parse_vectors(spelled(beyond), "file"), b"")
    short = [[n, n + 1] for n in range(3)]
    made = [{"decisions": digest_of(unigram(), ids), "ids": ids} for ids in short]
    with pytest.raises(VerificationError, match="another key could give"):
        reproduce(unigram(), parse_vectors(spelled(made), "file"), b"")


def digest_of(mark: Mark, ids: list[int]) -> str:
    tokens = Tokens.of([ids])
    text = decisions_of(mark.score(tokens, mark.prepare(tokens)), 0)
    return "sha256:" + sha256(b"headwater/decisions/v1\n" + text).hexdigest()


def test_a_mark_that_decides_alike_everywhere_cannot_be_described() -> None:
    with pytest.raises(InputError, match="too few different decisions"):
        make_vectors(unigram(fraction=0.999, vocab_size=1000), b"")


def test_a_rare_decision_takes_more_sequences() -> None:
    assert len(make_vectors(unigram(fraction=0.02), b"").vectors) > 4


def test_the_bytes_of_a_decision_are_those_of_the_format() -> None:
    offsets, positions = np.array([0, 2, 3]), np.array([4, 9, 1])
    green = Scores(offsets, positions, np.array([1, 0, 1], np.uint8))
    assert (
        decisions_of(green, 0).hex()
        == "00" * 7 + "04" + "00" * 7 + "01" + "00" * 7 + "09" + "00" * 8
    )
    real = Scores(offsets, positions, np.array([0.5, 2.0, 1.0 + 2**-22]))
    assert decisions_of(real, 1).hex() == "00" * 7 + "01" + (1 << 20).to_bytes(8, "big").hex()


def test_our_sequences_are_frozen() -> None:
    """Collisions are found by them, so two releases must agree."""
    assert sequences(50257)[0][:8] == SEQUENCE
    for vocab_size in (2, 3, 1000, 2**31 - 1):
        assert all(0 <= i < vocab_size for ids in sequences(vocab_size) for i in ids)
    assert len({tuple(ids) for ids in sequences(1000, 8)}) == 8


SEQUENCE = [0, 40, 99, 160, 28, 100, 5, 5]


def spelled(vectors: Any, **more: Any) -> bytes:
    return encode({"format": "headwater watermark vectors v1", "vectors": vectors, **more})


GOOD: Mapping[str, Any] = {"decisions": "sha256:" + "0" * 64, "ids": [1, 2, 3]}


def items(**changes: Any) -> bytes:
    return spelled([{**GOOD, "ids": [n]} for n in range(3)] + [{**GOOD, **changes}])


HOSTILE = {
    "nothing": b"",
    "text": b"vectors",
    "list": b"[]",
    "nan": b'{"format":"headwater watermark vectors v1","vectors":NaN}',
    "spaces": spelled([GOOD] * 3).replace(b",", b", "),
    "ends in a line": items() + b"\n",
    "a key twice": items()[:-1] + b',"vectors":[]}',
    "more fields": spelled([{**GOOD, "ids": [n]} for n in range(3)], more=1),
    "two vectors": spelled([{**GOOD, "ids": [n]} for n in range(2)]),
    "65 vectors": spelled([{**GOOD, "ids": [n]} for n in range(65)]),
    "one three times": spelled([GOOD] * 3),
    "a negative id": items(ids=[-1]),
    "an id of 33 bits": items(ids=[2**32]),
    "a boolean id": items(ids=[True]),
    "an id as text": items(ids=["1"]),
    "ids as text": items(ids="123"),
    "no digest": items(decisions="sha256:" + "0" * 63),
    "digest of digits": items(decisions=5),
    "another field": items(mark=1),
    "a real id": items().replace(b"[0]", b"[0.5]"),
    "a huge id": items().replace(b"[0]", b"[" + b"9" * 400 + b"]"),
    "deep": b"[" * 100_000,
    "too many ids": spelled([{**GOOD, "ids": [n] * 50_000} for n in range(3)]),
    "10 MB": b'"' + b"x" * (10 << 20) + b'"',
    "another format": encode({"format": "v2", "vectors": [GOOD] * 3}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_are_no_vectors_are_refused(name: str) -> None:
    with pytest.raises(VerificationError) as refused:
        parse_vectors(HOSTILE[name], "file")
    assert str(refused.value).startswith("file") and len(str(refused.value)) < 300
    assert MAX_VECTORS_BYTES == 1 << 20


def test_the_file_names_its_format() -> None:
    document = json.loads(make_vectors(unigram(), b"").data)
    assert document["format"] == "headwater watermark vectors v1"
    assert sorted(document["vectors"][0]) == ["decisions", "ids"]
