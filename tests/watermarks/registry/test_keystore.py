"""An envelope opens for its recipients, for its mark and for the key that was committed to."""

import json
import pickle
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import InputError, VerificationError
from ledger.log.canonical import encode
from ledger.log.keys import KeyRing
from ledger.watermarks.registry.keystore import (
    MAX_ENVELOPE_BYTES,
    Envelope,
    commitment_of,
    make_material,
    material_in,
    open_envelope,
    parse_envelope,
    seal_envelope,
    stored_material,
)
from ledger.watermarks.registry.recipients import my_recipient

SUBJECT = "sha256:" + "a" * 64
KEY = {"hashing_key": "9182736455463728190"}


@pytest.fixture
def rings(tmp_path: Path) -> tuple[KeyRing, KeyRing, KeyRing]:
    """The provider's, a recipient's and a stranger's."""
    made = tuple(KeyRing(tmp_path / name) for name in ("acme", "regulator", "eve"))
    for ring in made:
        my_recipient(ring)
    return made  # type: ignore[return-value]


def test_recipients_open_it_and_nobody_else(rings: tuple[KeyRing, ...]) -> None:
    acme, regulator, eve = rings
    material = make_material(KEY)
    named = {"regulator": my_recipient(regulator).recipient}
    envelope = parse_envelope(seal_envelope(SUBJECT, material, named, acme).data, "file")
    assert [name for name, _, _ in envelope.recipients] == ["self", "regulator"]
    for ring in (acme, regulator):
        opened = open_envelope(envelope, ring)
        assert opened is not None
        assert (opened.key, opened.blinding) == (KEY, material.blinding)
    assert open_envelope(envelope, eve) is None
    assert open_envelope(envelope, KeyRing(eve.folder / "new")) is None


def test_the_commitment_hides_a_guessable_key(rings: tuple[KeyRing, ...]) -> None:
    first, second = make_material(KEY), make_material(KEY)
    assert commitment_of(first) != commitment_of(second)
    plain = b"headwater/mark-key/v1\n" + first.blinding + encode(KEY)
    assert commitment_of(first) == "sha256:" + sha256(plain).hexdigest()


def test_key_material_is_never_shown_or_pickled(rings: tuple[KeyRing, ...]) -> None:
    material = make_material(KEY)
    envelope = seal_envelope(SUBJECT, material, {}, rings[0])
    for shown in (repr(material), str(material), f"{material}", repr(envelope), str([material])):
        assert "91827" not in shown and material.blinding.hex() not in shown
    assert b"91827" not in envelope.data
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(material)


def changed(envelope: Envelope, **changes: object) -> bytes:
    return encode(json.loads(envelope.data) | changes)


def test_an_envelope_cannot_be_moved_renamed_or_mixed(rings: tuple[KeyRing, ...]) -> None:
    acme, regulator, _ = rings
    material = make_material(KEY)
    named = {"regulator": my_recipient(regulator).recipient}
    envelope = seal_envelope(SUBJECT, material, named, acme)
    other = seal_envelope(SUBJECT, make_material(KEY), named, acme)
    document, foreign = json.loads(envelope.data), json.loads(other.data)
    renamed = [dict(item, name=item["name"] + "s") for item in document["recipients"]]
    swapped = [
        dict(item, wrapped=theirs["wrapped"])
        for item, theirs in zip(document["recipients"], foreign["recipients"], strict=True)
    ]
    cases = {
        "moved": changed(envelope, subject="sha256:" + "b" * 64),
        "renamed": changed(envelope, recipients=renamed),
        "dropped": changed(envelope, recipients=document["recipients"][:1]),
        "swapped": changed(envelope, recipients=swapped),
        "other text": changed(envelope, ciphertext=foreign["ciphertext"]),
        "other nonce": changed(envelope, nonce=foreign["nonce"]),
    }
    for name, data in cases.items():
        with pytest.raises(VerificationError, match="does not open"):
            open_envelope(parse_envelope(data, name), acme)


def test_any_changed_byte_is_found(rings: tuple[KeyRing, ...]) -> None:
    acme = rings[0]
    envelope = seal_envelope(SUBJECT, make_material(KEY), {}, acme)
    for place in range(0, len(envelope.data), 3):
        data = bytearray(envelope.data)
        data[place] ^= 1
        try:
            assert open_envelope(parse_envelope(bytes(data), "file"), acme) is None
        except VerificationError:
            pass
        else:  # only a recipient that is not us may read as somebody else's
            assert b'"recipient":"hwr1' in data


def test_another_marks_key_or_another_key_is_refused(rings: tuple[KeyRing, ...]) -> None:
    acme = rings[0]
    material = make_material(KEY)
    envelope = seal_envelope(SUBJECT, material, {}, acme)
    good = commitment_of(material)
    assert material_in(envelope, SUBJECT, good, acme) is not None
    with pytest.raises(VerificationError, match="another mark"):
        material_in(envelope, "sha256:" + "b" * 64, good, acme)
    with pytest.raises(VerificationError, match="another key"):
        material_in(envelope, SUBJECT, commitment_of(make_material(KEY)), acme)
    stored = seal_envelope(SUBJECT, make_material({"hashing_key": "1"}), {}, acme)
    found = stored_material([stored, envelope], SUBJECT, good, acme)
    assert found is not None and found.key == KEY
    assert stored_material([stored], SUBJECT, good, acme) is None


HOSTILE = {
    "nothing": b"",
    "text": b"hello",
    "array": b"[]",
    "number": b"1",
    "nan": b'{"cipher":NaN}',
    "deep": b"[" * 100_000,
    "huge": b'{"cipher":"' + b"x" * (10 << 20) + b'"}',
    "surrogate": b'{"cipher":"\\ud800"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_envelope_is_refused(name: str) -> None:
    with pytest.raises(VerificationError):
        parse_envelope(HOSTILE[name], name)
    assert MAX_ENVELOPE_BYTES < 10 << 20


def test_one_spelling_only(rings: tuple[KeyRing, ...]) -> None:
    envelope = seal_envelope(SUBJECT, make_material(KEY), {}, rings[0])
    twice = envelope.data[:-1] + b',"subject":"' + SUBJECT.encode() + b'"}'
    for data in (envelope.data + b"\n", b" " + envelope.data, twice):
        with pytest.raises(VerificationError):
            parse_envelope(data, "file")
    document = json.loads(envelope.data)
    for wrong in (
        {"more": 1},
        {"recipients": []},
        {"recipients": document["recipients"] * 65},
        {"recipients": [{"name": 1}]},
        {"nonce": "AAAA"},
        {"nonce": 1},
        {"cipher": "rot13"},
        {"format": "headwater watermark envelope v2"},
        {"subject": "sha256:zz"},
    ):
        with pytest.raises(VerificationError):
            parse_envelope(encode(document | wrong), "file")


def test_a_recipient_or_name_that_is_none_is_refused(rings: tuple[KeyRing, ...]) -> None:
    good = my_recipient(rings[1]).recipient
    for named in (
        {"self": good},
        {"": good},
        {"x" * 101: good},
        {"a\nb": good},
        {"regulator": "hwr1"},
        {str(n): good for n in range(64)},
    ):
        with pytest.raises(InputError):
            seal_envelope(SUBJECT, make_material(KEY), named, rings[0])
