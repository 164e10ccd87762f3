"""A signature attests where the log named its key, for claims, before the claim was recorded."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.log.canonical import Entry
from ledger.provenance.facts import FLAGS
from ledger.provenance.gather import named_keys
from ledger.provenance.signing import attested, pae, sign_claim
from tests.log.making import (
    Ledger,
    assert_whole,
    authorship,
    digest,
    dump,
    key,
    new_ledger,
    signer,
    withdrawal,
)

ADA, EVE = signer("ada.example/claims"), signer("eve.example/claims")
DOCUMENT = digest("d")
SIGNED = authorship(DOCUMENT, "A0", by=[ADA])
KEYS = named_keys([(3, key(ADA))])


def test_pae_is_dsse() -> None:
    # The example of the DSSE protocol specification.
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"") == "DSSEv1 2 é 0 ".encode()


def test_a_key_attests_what_comes_after_it() -> None:
    assert attested(4, SIGNED, KEYS)
    assert not attested(3, SIGNED, KEYS)
    assert not attested(2, SIGNED, KEYS)


def test_only_keys_for_claims_attest() -> None:
    for use in ("log", "statement", "provider", "seal"):
        assert not attested(4, SIGNED, named_keys([(3, key(ADA, use))]))
    assert not attested(4, SIGNED, named_keys([(3, key(EVE))]))
    assert not attested(4, SIGNED, {})


def sig(**changes: str) -> Entry:
    return replace(SIGNED, sigs=({**SIGNED.sigs[0], **changes},))


FLIPPED = bytearray(base64.b64decode(SIGNED.sigs[0]["sig"]))
FLIPPED[5] ^= 1
NOT_ATTESTING = {
    "unsigned": authorship(DOCUMENT, "A0"),
    "another_body": replace(SIGNED, body={"assistance": "A1"}),
    "another_document": replace(SIGNED, subject=digest("e")),
    "another_kind": replace(SIGNED, kind="review"),
    "another_type": sig(type="ecdsa-p256"),
    "no_type": replace(SIGNED, sigs=({k: v for k, v in SIGNED.sigs[0].items() if k != "type"},)),
    "another_keyid": sig(keyid=EVE.verifier.label),
    "vkey_for_keyid": sig(keyid=ADA.verifier.vkey),
    "flipped_bit": sig(sig=base64.b64encode(bytes(FLIPPED)).decode()),
    "not_base64": sig(sig="!"),
    "unpadded": sig(sig=SIGNED.sigs[0]["sig"].rstrip("=")),
    "short": sig(sig="AAAA"),
    "empty": sig(sig=""),
    "non_ascii": sig(sig="é"),
    "signed_by_another_in_its_name": replace(
        SIGNED,
        sigs=(
            {**sign_claim(EVE, "authorship", DOCUMENT, SIGNED.body), "keyid": ADA.verifier.label},
        ),
    ),
}


@pytest.mark.parametrize("name", NOT_ATTESTING)
def test_what_does_not_attest(name: str) -> None:
    assert not attested(4, NOT_ATTESTING[name], KEYS)


def test_one_good_signature_is_enough_and_actor_and_time_are_not_signed() -> None:
    both = replace(SIGNED, sigs=(sig(sig="AAAA").sigs[0], SIGNED.sigs[0]))
    assert attested(4, both, KEYS)
    assert attested(4, replace(SIGNED, actor="key:other+00000000", at=1), KEYS)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return new_ledger(tmp_path)


def flags(ledger: Ledger) -> int:
    (row,) = dump(ledger, ["profile"])["profile"]
    return int(row[2])


def test_naming_a_key_later_does_not_attest_earlier_claims(ledger: Ledger) -> None:
    ledger.append([SIGNED])
    assert flags(ledger) == FLAGS["declared_human"]
    ledger.append([key(ADA)])
    assert flags(ledger) == FLAGS["declared_human"]
    ledger.append([withdrawal(SIGNED), SIGNED])
    assert flags(ledger) == FLAGS["attested"]
    assert_whole(ledger)


def test_key_and_claim_in_one_batch(ledger: Ledger) -> None:
    ledger.append([key(ADA), SIGNED, authorship(DOCUMENT, "A3")])
    assert flags(ledger) == FLAGS["attested"] | FLAGS["declared_ai"] | FLAGS["conflict"]
    assert_whole(ledger)


def test_a_signed_claim_travels_between_ledgers(ledger: Ledger, tmp_path: Path) -> None:
    other = new_ledger(tmp_path / "other")
    for place in (ledger, other):
        place.append([key(ADA)])
        place.append([SIGNED])
        assert flags(place) == FLAGS["attested"]
        assert_whole(place)
