"""Parameters and keys of every variant: one spelling each, hostile ones refused, keys unseen."""

import json
import math
import pickle
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ledger.errors import InputError
from ledger.watermarks.schemes import (
    format_algorithm,
    open_mark,
    parse_algorithm,
    recognise,
)
from ledger.watermarks.tokens import Tokens
from tests.vectors import watermarks as vectors
from tests.watermarks.conformance.examples import EXAMPLES, VOCABULARY, Example, Known

pytestmark = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)

NEVER: tuple[Any, ...] = (
    math.nan,
    math.inf,
    -math.inf,
    None,
    [],
    {},
    b"1",
    "x",
    "",
    "\uff11\uff12",
    "1e+999",
    1j,
)
SELDOM: tuple[Any, ...] = (
    -1,
    0,
    2**64,
    -(2**200),
    10**400,
    "9" * 5_000,
    0.5,
    "0x10",
    " 7",
    "007",
    [1] * 100_000,
)


def _digits(key: Mapping[str, str]) -> set[str]:
    """Runs in a key long enough not to stand in a message by chance."""
    return {run for text in key.values() for run in re.findall(r"[0-9a-fA-F]{6,}", str(text))}


def _hex(runs: set[str]) -> set[str]:
    return runs | {f"{int(run):x}" for run in runs if run.isdigit() and len(run) < 40}


def test_equal_marks_are_spelled_in_two_ways(example: Example) -> None:
    known = example.known()
    family, variant = known.family, known.variant
    for said in (known.parameters, known.key):
        assert list(said) == sorted(said)
        for name, value in said.items():
            assert re.fullmatch(r"[a-z0-9_]+", name)
            assert type(value) is str and value.isascii() and value.isprintable()
    again = family.parameters(variant, known.parameters, VOCABULARY)
    assert again == known.parameters
    assert family.key(variant, again, known.key, VOCABULARY) == known.key
    assert parse_algorithm(known.algorithm) == (family, variant)
    assert known.algorithm == format_algorithm(family, variant)


def test_one_effective_key_is_two_marks(example: Example) -> None:
    params = example.spelled()
    known, mark = example.known(), example.mark()
    tokens = Tokens.of(list(vectors.DOCUMENTS.values()))
    told = mark.score(tokens, mark.prepare(tokens))
    for change in example.equal:
        assert change(params) != params
        other = example.read(change(params))
        assert (other.parameters, other.key) == (known.parameters, known.key)
        again = recognise(example.scheme, change(params), VOCABULARY)
        assert again is not None
        scores = again.score(tokens, again.prepare(tokens))
        assert scores.positions.tolist() == told.positions.tolist()
        assert scores.values.tolist() == told.values.tolist()
    assert example.known(1).key != known.key


def test_a_decision_changed_without_a_new_version(example: Example) -> None:
    stored = json.loads(vectors.FILE.read_text())
    tokens = Tokens.of(list(vectors.DOCUMENTS.values()))
    held = stored["marks"][example.name]
    mark = open_mark(held["algorithm"], held["parameters"], held["key"], stored["vocab_size"])
    scores = mark.score(tokens, mark.prepare(tokens))
    for number, name in enumerate(vectors.DOCUMENTS):
        assert held["decisions"][name] == {
            "digest": vectors.digest_of(scores, number),
            "units": int(scores.counts[number]),
        }, name
    assert scores.trials == held["trials"]


def test_a_hostile_parameter_opens_a_mark(example: Example) -> None:
    known = example.known()
    for name in known.parameters:
        for value in _hostile(known.parameters[name]):
            with pytest.raises(InputError) as caught:
                _open(known, {**known.parameters, name: value}, known.key)
            _check_words(caught.value, known)
            assert name.split("_")[0] in str(caught.value), (name, str(caught.value))
        for value in SELDOM:  # some are meant: then they are as canonical as any
            try:
                canonical = known.family.parameters(
                    known.variant, {**known.parameters, name: value}, VOCABULARY
                )
            except InputError as error:
                _check_words(error, known)
            else:
                assert canonical == known.family.parameters(known.variant, canonical, VOCABULARY)
    with pytest.raises(InputError) as caught:
        _open(known, {**known.parameters, "colour\u202e": "green"}, known.key)
    _check_words(caught.value, known)


def test_a_hostile_key_opens_a_mark_or_is_repeated_in_the_refusal(example: Example) -> None:
    known = example.known()
    for name in known.key:
        for value in _hostile(known.key[name]):
            with pytest.raises(InputError) as caught:
                _open(known, known.parameters, {**known.key, name: value})
            _check_words(caught.value, known)
        secret = "8675309424242424242"
        for value in (*SELDOM, f"{secret}x", f"-{secret * 9}", [secret, "x"], int(secret * 9)):
            try:
                canonical = known.family.key(
                    known.variant, known.parameters, {**known.key, name: value}, VOCABULARY
                )
            except InputError as error:
                _check_words(error, known)
                assert secret not in f"{error} {error.hint} {error!r}"
            else:
                assert canonical == known.family.key(
                    known.variant, known.parameters, canonical, VOCABULARY
                )
        less = {one: value for one, value in known.key.items() if one != name}
        try:  # a part of the key may have a published default, and it must be said
            canonical = known.family.key(known.variant, known.parameters, less, VOCABULARY)
        except InputError as error:
            _check_words(error, known)
        else:
            assert set(canonical) == set(known.key)
    with pytest.raises(InputError):
        _open(known, known.parameters, {})
    with pytest.raises(InputError) as caught:
        _open(known, known.parameters, {**known.key, "colour": "8675309424242424242"})
    _check_words(caught.value, known)
    assert "8675309" not in f"{caught.value} {caught.value.hint}"


def _hostile(canonical: str) -> Iterator[Any]:
    yield from NEVER
    if canonical not in ("true", "false"):
        yield from (True, False)


def _open(known: Known, parameters: Mapping[str, Any], key: Mapping[str, Any]) -> object:
    return open_mark(known.algorithm, parameters, key, VOCABULARY)


def _check_words(error: InputError, known: Known) -> None:
    said = f"{error} {error.hint} {error!r}"
    assert str(error).isprintable() and len(said) < 2_000
    for run in _hex(_digits(known.key)):
        assert run not in said, "an error shows the key"


def test_a_key_is_shown(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    known = example.known()
    hidden = _hex(_digits(known.key))
    hidden |= {str(value) for value in known.key.values() if len(str(value)) >= 6}
    mark = example.mark()
    recognised = known.family.recognise(example.scheme, example.spelled(), VOCABULARY)
    shown = [repr(mark), str(mark), f"{mark}", repr([mark]), repr(known.family), repr(recognised)]
    try:
        pickle.dumps(mark)
    except Exception as error:
        shown += [str(error), repr(error)]
    try:
        mark.vocab_size = 7  # type: ignore[misc]
    except AttributeError as error:  # a mark is immutable
        shown.append(str(error))
    else:
        pytest.fail("a mark can be changed")
    print(mark)
    shown.append(capsys.readouterr().out)
    for run in hidden:
        assert not any(run in text for text in shown)


def test_a_wrong_vocabulary_size_opens_a_mark(example: Example) -> None:
    known = example.known()
    for size in (-1, 0, 1, 2**31, 2**80, 1.5, "50257", None, True, math.nan):
        with pytest.raises(InputError):
            open_mark(known.algorithm, known.parameters, known.key, size)  # type: ignore[arg-type]


def test_a_demo_key_cannot_be_asked_after(example: Example) -> None:
    known = example.known()
    assert known.family.demo_key(known.variant, known.parameters, known.key) is False
