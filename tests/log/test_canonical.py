"""The bytes that are hashed: one spelling for each value, and no value but those of the domain."""

import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError, VerificationError
from ledger.log.canonical import (
    MAX_ENTRY_BYTES,
    Entry,
    claim_id,
    encode,
    format_entry,
    parse_digest,
    parse_entry,
    subject_of,
)
from tests.log.making import authorship, digest, origin, signer

INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
TEXT = st.text()
KEYS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1)
VALUES = st.recursive(
    st.one_of(TEXT, INTEGERS, st.booleans()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(KEYS, inner)),
    max_leaves=12,
)


@settings(max_examples=300)
@given(VALUES)
def test_encode_is_rfc_8785(value: Any) -> None:
    data = encode(value)
    assert data == rfc8785.dumps(value)
    assert json.loads(data) == value


SPELLINGS = {
    "controls": ("\0\x01\b\t\n\f\r\x1f", rb'"\u0000\u0001\b\t\n\f\r\u001f"'),
    "quotes": ('"\\/', rb'"\"\\/"'),
    "delete_and_separators": ("\x7f\u2028\u2029", '"\x7f\u2028\u2029"'.encode()),
    "astral": ("\U0001f600\uffff\ufdd0", '"\U0001f600\uffff\ufdd0"'.encode()),
    "order": ({"b": 1, "a": 2, "_": 3, "0": 4, "aa": 5}, b'{"0":4,"_":3,"a":2,"aa":5,"b":1}'),
    "no_normalisation": ("e\u0301\u00e9", '"e\u0301\u00e9"'.encode()),
    "bounds": ([2**53 - 1, -(2**53) + 1, 0], b"[9007199254740991,-9007199254740991,0]"),
    "empty": ([{}, [], ""], b'[{},[],""]'),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spelling(name: str) -> None:
    value, spelled = SPELLINGS[name]
    assert encode(value) == spelled == rfc8785.dumps(value)


OUTSIDE: dict[str, tuple[Any, str]] = {
    "float": ({"a": 1.0}, r"\$\.a: float"),
    "nan": ([math.nan], r"\$\[0\]: float"),
    "null": ({"a": [None]}, r"\$\.a\[0\]: NoneType"),
    "too_large": ({"a": 2**53}, r"\$\.a: integer 9007199254740992 is not below"),
    "too_small": (-(2**53), "not below"),
    "far_too_large": (2**200, "not below"),
    "lone_high_surrogate": ({"a": {"b": "\ud800"}}, r"\$\.a\.b: lone surrogate"),
    "lone_low_surrogate": ("x\udfff", "lone surrogate"),
    "surrogate_pair_as_two": ("\ud83d\ude00", "lone surrogate"),
    "upper_case_key": ({"A": 1}, "key 'A'"),
    "empty_key": ({"": 1}, "key ''"),
    "key_with_newline": ({"a\n": 1}, "key"),
    "non_ascii_key": ({"é": 1}, "key"),
    "number_key": ({1: 2}, "key 1"),
    "bytes": (b"x", "bytes"),
    "set": ({1}, "set"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_the_domain(name: str) -> None:
    value, match = OUTSIDE[name]
    with pytest.raises(InputError, match=match):
        encode(value)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_depth_of_nesting() -> None:
    assert encode(nested(32)) == b"[" * 32 + b"1" + b"]" * 32
    for depth in (33, 500, 5_000):
        with pytest.raises(InputError, match="nested deeper than 32"):
            encode(nested(depth))


@pytest.mark.parametrize("depth", [40, 900, 1_020, 7_000])
def test_hostile_nesting_does_not_exhaust_the_stack(depth: int) -> None:
    data = GOOD.replace(b'"bytes":100', b'"bytes":' + b"[" * depth + b"]" * depth)
    with pytest.raises(VerificationError, match="entry 7"):
        parse_entry(data, "entry 7")


@given(
    kind=st.text(min_size=1),
    body=st.dictionaries(KEYS, VALUES, max_size=3),
    actor=TEXT,
    at=INTEGERS,
    name=TEXT,
    sigs=st.lists(st.dictionaries(KEYS, TEXT, max_size=3), max_size=2),
)
def test_parse_is_the_inverse_of_format(
    kind: str, body: dict[str, Any], actor: str, at: int, name: str, sigs: list[dict[str, str]]
) -> None:
    entry = Entry(kind, digest(name), body, actor, at, tuple(sigs))
    data = format_entry(entry)
    assert parse_entry(data, "entry 5") == entry
    assert format_entry(parse_entry(data, "entry 5")) == data
    assert parse_entry(data, "e").claim_id == claim_id(kind, digest(name), body)


GOOD = format_entry(origin(digest("d")))
NOT_ENTRIES = {
    "empty": b"",
    "cut": GOOD[:-1],
    "byte_order_mark": b"\xef\xbb\xbf" + GOOD,
    "trailing_newline": GOOD + b"\n",
    "leading_space": b" " + GOOD,
    "inner_space": GOOD.replace(b'"v":1', b'"v": 1'),
    "key_order": b'{"v":1,' + GOOD[1:].replace(b',"v":1', b""),
    "repeated_key": GOOD.replace(b'"v":1', b'"v":1,"v":1'),
    "escaped_letter": GOOD.replace(b"operator", b"oper\\u0061tor"),
    "solidus_escaped": GOOD.replace(b"r@1", b"r\\/1"),
    "upper_case_escape": GOOD.replace(b"r@1", b"r\\u001F1"),
    "exponent": GOOD.replace(b'"bytes":100', b'"bytes":1e2'),
    "decimal_point": GOOD.replace(b'"bytes":100', b'"bytes":100.0'),
    "minus_zero": GOOD.replace(b'"row":0', b'"row":-0'),
    "leading_zero": GOOD.replace(b'"bytes":100', b'"bytes":0100'),
    "null": GOOD.replace(b'"row":0', b'"row":null'),
    "not_utf_8": GOOD.replace(b"operator", b"oper\xffator"),
    "surrogate_escape": GOOD.replace(b"operator", b"\\ud800"),
    "too_large_integer": GOOD.replace(b'"at":1790000000', b'"at":9007199254740992'),
    "an_array": b"[" + GOOD + b"]",
    "a_string": b'"x"',
    "another_version": GOOD.replace(b'"v":1', b'"v":2'),
    "version_true": GOOD.replace(b'"v":1', b'"v":true'),
    "no_actor": GOOD.replace(b'"actor":"operator",', b""),
    "another_field": GOOD.replace(b'"v":1', b'"v":1,"w":1'),
    "actor_a_number": GOOD.replace(b'"operator"', b"7"),
    "time_a_string": GOOD.replace(b'"at":1790000000', b'"at":"1790000000"'),
    "time_true": GOOD.replace(b'"at":1790000000', b'"at":true'),
    "body_a_list": GOOD[: GOOD.index(b'"body"')] + b'"body":[]' + GOOD[GOOD.index(b',"kind"') :],
    "subject_in_upper_case": GOOD.replace(
        b"sha256:" + digest("d")[7:].encode(), b"sha256:" + b"A" * 64
    ),
    "subject_short": GOOD.replace(digest("d").encode(), b"sha256:00"),
    "sigs_an_object": GOOD.replace(b'"subject"', b'"sigs":{},"subject"'),
    "sig_a_string": GOOD.replace(b'"subject"', b'"sigs":["x"],"subject"'),
    "sigs_empty": GOOD.replace(b'"subject"', b'"sigs":[],"subject"'),
    "sig_of_numbers": GOOD.replace(b'"subject"', b'"sigs":[{"sig":1}],"subject"'),
}


@pytest.mark.parametrize("name", NOT_ENTRIES)
def test_bytes_that_are_no_entry(name: str) -> None:
    with pytest.raises(VerificationError, match="entry 7"):
        parse_entry(NOT_ENTRIES[name], "entry 7")


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=60), st.builds(
    lambda place, bit, cut: bytes(
        b ^ bit if i == place else b for i, b in enumerate(GOOD[: len(GOOD) - cut])
    ),
    st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, 3),
)))  # fmt: skip
def test_any_bytes_are_an_entry_or_refused(data: bytes) -> None:
    try:
        entry = parse_entry(data, "entry 1")
    except VerificationError:
        return
    assert format_entry(entry) == data


def test_the_cap_on_an_entry() -> None:
    room = MAX_ENTRY_BYTES - len(format_entry(Entry("k", digest(1), {"a": ""}, "operator", 1)))
    assert (
        len(format_entry(Entry("k", digest(1), {"a": "x" * room}, "operator", 1)))
        == MAX_ENTRY_BYTES
    )
    with pytest.raises(InputError, match="is over 16384") as error:
        format_entry(Entry("k", digest(1), {"a": "x" * (room + 1)}, "operator", 1))
    assert error.value.hint == "put what is long into an attachment"


def test_identity_is_what_is_said_not_who_says_it() -> None:
    said = authorship(digest("d"), "A3")
    again = authorship(digest("d"), "A3", actor="key:a+00000000", by=[signer("a.example/k")])
    assert said.claim_id == again.claim_id
    assert said.claim_id != authorship(digest("d"), "A4").claim_id
    assert said.claim_id != authorship(digest("e"), "A3").claim_id
    assert subject_of("dataset", "a", "b@c") != subject_of("dataset", "a@b", "c")


@pytest.mark.parametrize(
    "text",
    ["", "sha256:", "sha256:" + "0" * 63, "sha256:" + "0" * 65, "SHA256:" + "0" * 64, "0" * 64,
     "sha256:" + "G" * 64, "sha256:" + "A" * 64, "sha512:" + "0" * 64, "sha256:" + "0" * 64 + "\n",
     "sha256:" + "\u0660" * 64],
)  # fmt: skip
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(InputError, match="is not a digest"):
        parse_digest(text)


def test_both_kinds_of_digest() -> None:
    assert (
        parse_digest("sha256:" + "0a" * 32)
        == parse_digest("hmac-sha256:" + "0a" * 32)
        == b"\n" * 32
    )
