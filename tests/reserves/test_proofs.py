"""Membership both ways: small sets against a slow oracle, and every proof that is nearly one."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import RootMismatchError, VerificationError
from ledger.log.content_root import content_root
from ledger.reserves.membership.proofs import (
    FORMAT,
    Leaf,
    Membership,
    ProofFile,
    check_membership,
    format_proof,
    parse_proof,
    prove_membership,
)
from tests.reserves.oracle import audit_path, between, digests, mth, oracle, outside

FILES = ('{"payload":"…"}', "entry", "proof\n")


def check(shown: Membership, leaves: list[bytes]) -> None:
    check_membership(shown, len(leaves), mth(leaves), "p.json")


def answered(document: bytes, leaves: list[bytes]) -> Membership:
    below = sum(leaf < document for leaf in leaves)
    return prove_membership(
        document, len(leaves), below, lambda at: Leaf(leaves[at], at, audit_path(at, leaves))
    )


@pytest.mark.parametrize("size", range(71))
def test_a_small_set_has_a_document_or_gap_without_a_proof(size: int) -> None:
    leaves = digests(size)
    assert mth(leaves) == content_root(leaves)
    for document in (*leaves, *outside(leaves)):
        made = answered(document, leaves)
        assert made == oracle(document, leaves)
        assert made.present == (document in leaves)
        check(made, leaves)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), size=st.integers(0, 40))
def test_a_proof_of_one_document_serves_for_another(data: st.DataObject, size: int) -> None:
    """Whatever else changes, the only accepted statement about a document is the true one."""
    leaves = digests(size)
    documents = [*leaves, *outside(leaves)]
    honest = oracle(data.draw(st.sampled_from(documents)), leaves)
    other = data.draw(st.sampled_from(documents))
    claimed = replace(honest, document=other, present=data.draw(st.booleans()))
    try:
        check(claimed, leaves)
    except VerificationError:
        return
    assert claimed.present == (other in leaves)


@settings(max_examples=400, deadline=None)
@given(data=st.data(), size=st.integers(1, 40))
def test_leaves_put_together_anew_show_what_is_not_so(data: st.DataObject, size: int) -> None:
    """An attacker has every true leaf with its path and may combine, renumber and cut them."""
    leaves = digests(size)
    document = data.draw(st.sampled_from([*leaves, *outside(leaves)]))
    index = st.integers(0, size)
    shown = []
    for at in data.draw(st.lists(st.integers(0, size - 1), max_size=3)):
        path = list(audit_path(at, leaves))
        change = data.draw(st.sampled_from(["none", "none", "index", "drop", "add", "flip"]))
        number = data.draw(index) if change == "index" else at
        if change == "drop" and path:
            path.pop(data.draw(st.integers(0, len(path) - 1)))
        elif change == "add":
            path.insert(data.draw(st.integers(0, len(path))), mth(leaves))
        elif change == "flip" and path:
            path[0] = bytes(32)
        shown.append(Leaf(leaves[at], number, tuple(path)))
    claimed = Membership(document, data.draw(st.booleans()), size, tuple(shown))
    try:
        check(claimed, leaves)
    except VerificationError:
        return
    assert claimed == oracle(document, leaves)


def test_a_size_of_the_forgers_choice_makes_neighbours() -> None:
    """The root does not commit to the size: only the signed number rules these out."""
    leaves = digests(8)
    document = leaves[5]
    honest = oracle(leaves[-1], leaves)
    cut = Membership(document, False, 4, (Leaf(leaves[3], 3, honest.leaves[0].path),))
    with pytest.raises(VerificationError, match="over 4 documents, the signed statement has 8"):
        check(cut, leaves)
    # the last leaf of a shorter right spine: 5 leaves, the fifth's path is the root of the first 4
    five = digests(5)
    spine = Membership(
        five[2], False, 2, (Leaf(five[4], 1, audit_path(4, five)),)
    )  # as "index 1 of 2", its path leads to the root of five
    with pytest.raises(VerificationError, match="over 2 documents"):
        check(spine, five)


def test_an_inner_node_passes_for_a_document() -> None:
    """Second preimage: 0x00 and 0x01 keep leaves and nodes apart."""
    leaves = digests(4)
    left, right = mth(leaves[:2]), mth(leaves[2:])
    node = Membership(left, True, 2, (Leaf(left, 0, (right,)),))
    with pytest.raises(RootMismatchError):
        check_membership(node, 2, mth(leaves), "p.json")
    pair = leaves[0] + leaves[1]
    with pytest.raises(VerificationError):
        check(Membership(pair, True, 4, (Leaf(pair, 0, (right,)),)), leaves)


def test_a_wrong_answer_about_neighbours_is_accepted() -> None:
    leaves = digests(20)
    gap = between(leaves[9], leaves[10])
    low, high = oracle(gap, leaves).leaves
    first, last = oracle(leaves[0], leaves).leaves[0], oracle(leaves[-1], leaves).leaves[0]
    ten = oracle(leaves[10], leaves).leaves[0]
    nine = oracle(leaves[9], leaves).leaves[0]
    for document, shown in {
        "the upper one alone": (gap, (high,)),
        "the lower one alone": (gap, (low,)),
        "in the wrong order": (gap, (high, low)),
        "one of them twice": (gap, (low, low)),
        "three": (gap, (low, high, high)),
        "none": (gap, ()),
        "ends of the set": (gap, (first, last)),
        "neighbours of another gap": (leaves[3], (low, high)),
        "the document is the lower one": (leaves[9], (nine, ten)),
        "the document is the upper one": (leaves[10], (nine, ten)),
    }.values():
        with pytest.raises(VerificationError):
            check(Membership(document, False, 20, shown), leaves)
    for shown in ((), (low, high), (ten, ten), (high,)):
        with pytest.raises(VerificationError):
            check(Membership(gap, True, 20, shown), leaves)


def test_an_empty_set_has_a_root_of_somebodys_choice() -> None:
    nothing = Membership(bytes(32), False, 0, ())
    check_membership(nothing, 0, content_root([]), "p.json")
    with pytest.raises(RootMismatchError):
        check_membership(nothing, 0, bytes(32), "p.json")


# --- the file


def made(size: int = 20, document: bytes | None = None) -> ProofFile:
    leaves = digests(size)
    gap = bytes(32) if document is None else document
    return ProofFile(oracle(gap, leaves), *FILES)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), size=st.integers(0, 40))
def test_a_proof_file_does_not_come_back(data: st.DataObject, size: int) -> None:
    leaves = digests(size)
    document = data.draw(st.sampled_from([*leaves, *outside(leaves)]))
    words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    file = ProofFile(oracle(document, leaves), *(data.draw(words) for _ in FILES))
    assert parse_proof(format_proof(file), "p.json") == file


EDITS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no answer": lambda d: d.pop("answer"),
    "another answer": lambda d: d.update(answer="maybe"),
    "answer is a list": lambda d: d.update(answer=["in"]),
    "a member more": lambda d: d.update(extra=1),
    "another format": lambda d: d.update(format=FORMAT[:-1] + "2"),
    "a keyed digest": lambda d: d.update(document="hmac-" + d["document"]),
    "a short digest": lambda d: d.update(document=d["document"][:-2]),
    "capital digits": lambda d: d.update(document="sha256:" + d["document"][7:].upper() + "A"),
    "document is null": lambda d: d.update(document=None),
    "leaves is a map": lambda d: d.update(leaves={}),
    "three leaves": lambda d: d.update(leaves=d["leaves"] * 3),
    "a leaf is text": lambda d: d.update(leaves=["leaf"]),
    "a leaf has more": lambda d: d["leaves"][0].update(note="x"),
    "a path is text": lambda d: d["leaves"][0].update(path="00" * 32),
    "a step is short": lambda d: d["leaves"][0].update(path=["00" * 31]),
    "a step has blanks": lambda d: d["leaves"][0].update(path=["0 " * 32]),
    "a step is a number": lambda d: d["leaves"][0].update(path=[1]),
    "54 steps": lambda d: d["leaves"][0].update(path=["00" * 32] * 54),
    "index below 0": lambda d: d["leaves"][0].update(index=-1),
    "index is true": lambda d: d["leaves"][0].update(index=True),
    "index is 0.0": lambda d: d["leaves"][0].update(index=0.0),
    "size is text": lambda d: d.update(size="20"),
    "size over 2^53": lambda d: d.update(size=2**53),
    "size over 2^64": lambda d: d.update(size=2**64),
    "statement is an object": lambda d: d.update(statement={}),
    "no entry": lambda d: d.pop("entry"),
    "entry is null": lambda d: d.update(entry=None),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_malformed_proof_is_read(edit: str) -> None:
    document = json.loads(format_proof(made()))
    EDITS[edit](document)
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    with pytest.raises(VerificationError, match=r"^p\.json: not a proof about a reserve: "):
        parse_proof(data + b"\n", "p.json")


def test_another_spelling_of_a_proof_is_read() -> None:
    data = format_proof(made())
    document = json.loads(data)
    size = b'"size":20'
    assert data.count(size) == 1
    spellings = [
        data[:-1],
        data + b"\n",
        b" " + data,
        data.replace(size, b'"size":020'),
        data.replace(size, b'"size":2e1'),
        data.replace(size, size + b"," + size),
        data.replace("…".encode(), rb"\u2026"),
        json.dumps(document, ensure_ascii=False).encode() + b"\n",
        orjson.dumps(dict(reversed(document.items()))) + b"\n",
        b"", b"\n", b"null\n", b"[]\n", b'"x"\n', b"{}\n", b"\xff\n",
        b"[" * 100_000,
    ]  # fmt: skip
    for spelling in spellings:
        with pytest.raises(VerificationError, match=r"^p\.json: not a proof about a reserve: "):
            parse_proof(spelling, "p.json")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_byte_of_a_proof_file_does_not_matter(data: st.DataObject) -> None:
    """Any flip is refused, or changes what is said and then fails; nothing reads past it."""
    leaves = digests(20)
    document = data.draw(st.sampled_from([leaves[7], *outside(leaves)[:3]]))
    file = made(20, document)
    before = bytearray(format_proof(file))
    at = data.draw(st.integers(0, len(before) - 1))
    before[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = parse_proof(bytes(before), "p.json")
        check(read.membership, leaves)
    except VerificationError:
        return
    assert read != file
    assert read.membership.present == (read.membership.document in leaves)


def test_the_published_proofs_say_something_else() -> None:
    vectors = json.loads((Path(__file__).parents[1] / "vectors/format.json").read_bytes())
    made = vectors["membership"]
    leaves = sorted(sha256(text.encode()).digest() for text in made["texts"])
    assert [f"sha256:{leaf.hex()}" for leaf in leaves] == made["documents"]
    assert mth(leaves).hex() == made["root"]
    shown = {}
    for name in ("in", "not_in", "before_the_first", "after_the_last"):
        read = parse_proof(made[name].encode(), name)
        check(read.membership, leaves)
        assert read.membership == oracle(read.membership.document, leaves)
        shown[name] = [leaf.index for leaf in read.membership.leaves]
    assert shown == {
        "in": [4], "not_in": [2, 3], "before_the_first": [0], "after_the_last": [4],
    }  # fmt: skip
