"""C2PA manifests in text: found where they are, read as far as they can be, never believed."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.provenance.conventions import Disclosure
from ledger.provenance.conventions._cbor import MalformedCbor, decode
from ledger.provenance.conventions.c2pa_text import CONVENTION
from tests.provenance.conventions.samples import (
    armoured,
    cbor,
    created,
    disclosed,
    scripted,
    selectors,
    store,
    wrapped,
)

AI = store(c2pa__actions__v2=created("trainedAlgorithmicMedia"))


def _one(content: bytes) -> Disclosure:
    (one,) = CONVENTION.read(content, "x")
    return one


@pytest.mark.parametrize(
    ("assertions", "assistance", "reviewed"),
    [
        ({"c2pa__actions__v2": created("digitalCreation")}, "A0", None),
        ({"c2pa__actions": created("trainedAlgorithmicMedia")}, "A3", None),
        ({"c2pa__actions__v2": created("compositeSynthetic", "c2pa.edited"),
          "c2pa__ai_disclosure": disclosed("human_validated")}, "A2", True),
        ({"c2pa__actions__v2": created("compositeSynthetic", "c2pa.edited"),
          "c2pa__ai_disclosure": disclosed("prompt_guided")}, "A2", False),
        ({"c2pa__actions__v2": created("trainedAlgorithmicMedia"),
          "c2pa__ai_disclosure": disclosed("fully_autonomous")}, "A4", False),
        ({"c2pa__actions__v2": created("digitalCreation"),
          "c2pa__ai_disclosure": disclosed("prompt_guided")}, "A3", False),
        ({"c2pa__ai_disclosure": disclosed("human_validated")}, "A2", True),
        ({"c2pa__ai_disclosure": {"modelType": "x"}}, "A2", None),
        ({"c2pa__actions__v2": created("trainedAlgorithmicMedia", "c2pa.opened")}, "AX", None),
        ({"c2pa__actions__v2": created("print")}, "AX", None),
        ({"c2pa__hash__data": {"alg": "sha256"}}, "AX", None),
        ({"c2pa__actions__v2": ["c2pa.created"]}, "AX", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", [wrapped, armoured, scripted])
def test_a_manifest_declares_something_else(
    assertions: dict[str, Any], assistance: str, reviewed: bool | None, form: Any
) -> None:
    one = _one(b"text\n" + form(store(**assertions)))
    assert (one.assistance, one.reviewed) == (assistance, reviewed)
    assert one.note is not None and one.note.startswith("a manifest that nobody checked")


def test_a_wrapper_is_lost() -> None:
    """In the middle of a text, and after NFC, which changes the text and no selector."""
    text = ("Cafe\u0301 \u2764\ufe0f " + wrapped(AI).decode() + " and more").encode()
    assert _one(text).assistance == "A3"
    normal = unicodedata.normalize("NFC", text.decode()).encode()
    assert normal != text
    assert _one(normal).assistance == "A3"


def test_a_broken_wrapper_is_read() -> None:
    whole = wrapped(AI).decode()
    assert _one(whole[:10].encode()).note == "a manifest cut off inside its header"
    cut = _one(whole[:-5].encode())
    assert cut.note == f"a manifest of {len(AI)} bytes, {len(AI) - 5} are there"
    assert _one(whole[1:].encode()).note == "a manifest without U+FEFF before it"
    assert _one(wrapped(AI, version=2)).note == "a manifest of version 2, expected 1"
    assert _one(wrapped(b"")).assistance == "AX"
    assert _one(b"-----BEGIN C2PA MANIFEST-----").note == "a manifest without its end"
    link = b'<link rel="stylesheet C2PA-manifest" href="https://example.org/m.c2pa">'
    assert _one(link).note == "a manifest that lies elsewhere"
    elsewhere = b"-----BEGIN C2PA MANIFEST----- https://example.org -----END C2PA MANIFEST-----"
    assert _one(elsewhere).note == "a manifest that lies elsewhere"


def test_one_of_two_is_read() -> None:
    two = _one(wrapped(AI) + b"x" + wrapped(AI))
    assert (two.assistance, two.note) == ("AX", "2 manifests, expected one: none is read")
    joined = ("\ufeff" + selectors((b"C2PATXT\0\1" + len(AI).to_bytes(4, "big") + AI) * 2)).encode()
    assert _one(joined).assistance == "AX"


@pytest.mark.parametrize(
    "text",
    [
        "\u2764\ufe0f " * 20,
        "\u2764\ufe0f\ufe0e\ufe0f" * 9,
        "\ufe0f" * 40,
        "\ufeffplain",
        "\ufeff" + selectors(b"something else"),
        "\u845b\U000e0101",
        "C2PATXT",
    ],
)
def test_a_selector_alarms(text: str) -> None:
    assert CONVENTION.read(text.encode(), "x") == []


_VALUES = st.recursive(
    st.text(max_size=30),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(_VALUES)
def test_cbor_comes_back_otherwise(value: Any) -> None:
    assert decode(cbor(value)) == value


@given(st.binary(max_size=60))
def test_cbor_of_anything_stops(data: bytes) -> None:
    try:
        decode(data)
    except MalformedCbor as error:
        assert str(error)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0), ("1903e8", 1000), ("1b000000e8d4a51000", 10**12), ("3863", -100),
        ("f4", False), ("f5", True), ("f6", None), ("fb3ff199999999999a", None),
        ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"),
        ("5f42010243030405ff", b"\1\2\3\4\5"), ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)  # fmt: skip
def test_an_example_of_the_standard_is_read_otherwise(data: str, value: Any) -> None:
    """RFC 8949, appendix A; floats and null are None here."""
    assert decode(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data", ["", "18", "62e2", "9a7fffffff", "bb7fffffffffffffff", "81" * 40, "1c", "ff", "61ff"]
)
def test_a_bomb_is_unpacked(data: str) -> None:
    with pytest.raises(MalformedCbor):
        decode(bytes.fromhex(data))
