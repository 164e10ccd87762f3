import base64

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadSignatureError, UntrustedSignerError, VerificationError
from ledger.log.notes import Signer
from ledger.provenance.dsse import (
    PAYLOAD_TYPE,
    encode_members,
    open_envelope,
    parse_envelope,
    sign_envelope,
)
from ledger.provenance.signing import pae

ALICE = Signer("example.org/a", Ed25519PrivateKey.from_private_bytes(b"a" * 32))
BOB = Signer("example.org/b", Ed25519PrivateKey.from_private_bytes(b"b" * 32))
PAYLOAD = b'{"_type":"x"}'


def test_what_is_signed_is_the_pre_authentication_encoding_of_the_specification() -> None:
    # the worked example of the DSSE protocol document
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    document = orjson.loads(sign_envelope(PAYLOAD, ALICE))
    signature = base64.b64decode(document["signatures"][0]["sig"])
    message = b"DSSEv1 28 application/vnd.in-toto+json 13 " + PAYLOAD
    ALICE.private.public_key().verify(signature, message)  # raises if it is not


@given(st.binary(max_size=200))
def test_open_undoes_sign(payload: bytes) -> None:
    data = sign_envelope(payload, ALICE, BOB)
    assert open_envelope(data, [BOB.verifier, ALICE.verifier]) == (
        payload,
        [ALICE.verifier, BOB.verifier],
    )


def test_a_signature_by_an_unknown_key_is_read_past() -> None:
    assert open_envelope(sign_envelope(PAYLOAD, BOB, ALICE), [ALICE.verifier])[1] == [
        ALICE.verifier
    ]


def test_nobody_trusted_signed() -> None:
    with pytest.raises(UntrustedSignerError, match=r"here\.json: signed by example\.org/b\+"):
        open_envelope(sign_envelope(PAYLOAD, BOB), [ALICE.verifier], "here.json")


def test_a_trusted_keys_signature_over_another_payload() -> None:
    document = orjson.loads(sign_envelope(PAYLOAD, ALICE))
    document["payload"] = base64.b64encode(PAYLOAD + b" ").decode()
    with pytest.raises(BadSignatureError, match="not over this payload"):
        open_envelope(encode_members(document), [ALICE.verifier])


def test_a_key_of_another_name_with_the_same_bytes_is_another_key() -> None:
    renamed = Signer("example.org/c", ALICE.private)
    with pytest.raises(UntrustedSignerError):
        open_envelope(sign_envelope(PAYLOAD, renamed), [ALICE.verifier])


GOOD = sign_envelope(PAYLOAD, ALICE)


@pytest.mark.parametrize(
    "data",
    [
        GOOD.replace(b'{"payload":', b'{"payload":"AAAA","payload":'),
        GOOD.replace(b'"sig":', b'"sig":"AAAA","sig":'),
        GOOD.replace(b'{"payload":', b'{ "payload":'),
        GOOD.replace(b"in-toto+json", b"other+json"),
        GOOD.replace(b'{"payload":', b'{"extra":1,"payload":'),
        GOOD.replace(b'"keyid":"', b'"keyid":["').replace(b'","sig"', b'"],"sig"'),
        GOOD[:-1],
        GOOD + b"\n",
        b"[]",
        b"",
        b"\xff",
        b'{"payload":null,"payloadType":"application/vnd.in-toto+json","signatures":[]}',
        encode_members({"payload": "", "payloadType": PAYLOAD_TYPE, "signatures": []}),
    ],
)
def test_what_is_not_one_canonical_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationError, match=r"^here\.json: "):
        parse_envelope(data, "here.json")


def test_no_byte_can_change_unnoticed() -> None:
    for at in range(len(GOOD)):
        for flip in (0x01, 0x20, 0x80):
            data = GOOD[:at] + bytes([GOOD[at] ^ flip]) + GOOD[at + 1 :]
            with pytest.raises(VerificationError):
                open_envelope(data, [ALICE.verifier])
