"""Tags and their receipts: what they say, how they travel, and what tampering does."""

import base64
from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadSignatureError, InputError, MalformedError, VerificationError
from ledger.log.canonical import encode
from ledger.provenance.tags.make import Tag, make_tag, normal_digest
from ledger.provenance.tags.receipt import check_signatures, format_receipt, parse_receipt
from tests.log.making import AT, signer

ADA = signer("ada.example/claims")
TEXT = b"One line of a text that is long enough.\nAnd a second line of it.\n"
SIGNED = make_tag(TEXT, "A2", model="M 1", ranges=[(0, 40)], issued_at=AT, signer=ADA)


def test_a_tag_of_spans_says_their_share() -> None:
    body = SIGNED.body
    assert SIGNED.subject == f"sha256:{sha256(TEXT).hexdigest()}"
    assert body.covered_ppm == body.ai_ppm == 40 * 1_000_000 // len(TEXT)
    assert body.spans == f"sha256:{sha256(SIGNED.attachments[0]).hexdigest()}"
    assert make_tag(TEXT, "A1", ranges=[(0, 40)]).body.ai_ppm is None


def test_ranges_that_are_all_of_it_are_none() -> None:
    whole = make_tag(TEXT, "A3", ranges=[(40, len(TEXT)), (0, 40)])
    assert whole == make_tag(TEXT, "A3")
    assert whole.body.spans is None
    assert whole.body.covered_ppm is None
    assert whole.attachments == ()


BAD: dict[str, tuple[bytes, str, dict[str, Any], str]] = {
    "assistance": (TEXT, "A5", {}, "unknown assistance"),
    "not_utf8": (b"\xff", "A0", {}, "byte 0 is not utf-8"),
    "no_range": (TEXT, "A2", {"ranges": []}, "no range"),
    "range": (TEXT, "A2", {"ranges": [(0, 999)]}, "past the end"),
    "model_control": (TEXT, "A2", {"model": "a\nb"}, "model"),
    "model_long": (TEXT, "A2", {"model": "m" * 201}, "model"),
    "supersedes": (TEXT, "A2", {"supersedes": "nothing"}, "supersedes"),
    "evidence": (TEXT, "A2", {"evidence": "signed"}, "evidence"),
    "weight": (TEXT, "A2", {"weight": "strong"}, "weight"),
    "convention": (TEXT, "A2", {"convention": "A B"}, "convention"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_no_tag_can_say(name: str) -> None:
    content, assistance, said, reason = BAD[name]
    with pytest.raises(InputError, match=reason):
        make_tag(content, assistance, **said)


def test_the_normal_form_survives_rendering() -> None:
    crlf = TEXT.replace(b"\n", b"\r\n")
    marked = b"# " + TEXT.replace(b"second", b"**second**").upper()
    bom = b"\xef\xbb\xbf" + TEXT.replace(b" ", "\u2003".encode())
    assert normal_digest(TEXT) is not None
    assert {normal_digest(other) for other in (crlf, marked, bom)} == {normal_digest(TEXT)}
    assert normal_digest(TEXT + b"more") != normal_digest(TEXT)
    assert normal_digest(b"seven words are too few to tell") is None
    assert make_tag(b"", "AX").body.normal is None


@given(st.binary(max_size=40), st.sampled_from(["A0", "A1", "A2", "A3", "A4", "AX"]))
def test_a_receipt_gives_back_its_tag(more: bytes, assistance: str) -> None:
    content = b"text " + base64.b64encode(more)
    for ranges in (None, [(0, 4)]):
        for by in (None, ADA):
            tag = make_tag(content, assistance, ranges=ranges, signer=by)
            data = format_receipt(tag)
            again = parse_receipt(data, "r")
            assert again == tag
            assert format_receipt(again) == data


def altered(**changes: object) -> bytes:
    document = orjson.loads(format_receipt(SIGNED)) | changes
    parts = (b'"%s":%s' % (key.encode(), encode(document[key])) for key in sorted(document))
    return b"{" + b",".join(parts) + b"}\n"


def payload(**changes: object) -> bytes:
    claim = orjson.loads(base64.b64decode(orjson.loads(format_receipt(SIGNED))["payload"]))
    claim["body"] |= changes
    return altered(payload=base64.b64encode(encode(claim)).decode())


OTHER_LIST = make_tag(TEXT, "A2", ranges=[(0, 41)]).attachments[0]
FOREIGN = make_tag(TEXT + b"x", "A2", ranges=[(0, 40)])
RECEIPT = format_receipt(SIGNED)
MALFORMED = {
    "empty": b"",
    "no_object": b"[]\n",
    "cut": RECEIPT[:-20],
    "spaced": RECEIPT.replace(b",", b", ", 1),
    "repeated": RECEIPT.replace(b'{"attachments"', b'{"attachments":[],"attachments"'),
    "unknown_member": altered(note="x"),
    "payload_type": altered(payloadType="application/vnd.in-toto+json"),
    "payload_no_claim": altered(payload=base64.b64encode(b"[]").decode()),
    "unknown_field": payload(secret="x"),
    "no_assistance": payload(assistance="A9"),
    "null": payload(model=""),
    "attachment_no_base64": altered(attachments=["!"]),
    "signature_member": altered(signatures=[{"keyid": "x", "sig": "y"}]),
    "signature_long": altered(signatures=[{"keyid": "x", "sig": "y" * 2000, "type": "ed25519"}]),
    "signatures_many": altered(signatures=[{"keyid": "x", "sig": "y", "type": "z"}] * 9),
    "long": b" " * (13 << 20),
}
UNFIT = {
    "no_attachment": altered(attachments=[]),
    "another_attachment": altered(attachments=[base64.b64encode(OTHER_LIST).decode()]),
    "one_too_many": altered(
        attachments=[*orjson.loads(RECEIPT)["attachments"], base64.b64encode(b"x").decode()]
    ),
    "covered_more": payload(covered_ppm=1_000_000),
    "spans_of_another_text": format_receipt(Tag(SIGNED.subject, FOREIGN.body, FOREIGN.attachments)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_receipt(name: str) -> None:
    with pytest.raises(MalformedError, match=r"^r: "):
        parse_receipt(MALFORMED[name], "r")


@pytest.mark.parametrize("name", UNFIT)
def test_parts_that_do_not_belong_together(name: str) -> None:
    with pytest.raises(VerificationError, match=r"^r: "):
        parse_receipt(UNFIT[name], "r")


def test_a_known_key_did_not_sign_what_was_changed() -> None:
    known = {ADA.verifier.label: ADA.verifier}
    assert check_signatures(parse_receipt(RECEIPT, "r"), known, "r") == [ADA.verifier]
    assert check_signatures(parse_receipt(RECEIPT, "r"), {}, "r") == []
    for change in ({"model": "N 2"}, {"assistance": "A1"}, {"issued_at": AT + 1}):
        with pytest.raises(BadSignatureError, match="is not over this claim"):
            check_signatures(parse_receipt(payload(**change), "r"), known, "r")
