"""An entry file says one thing in one spelling, and says it for its provider alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import (
    BadSignatureError,
    InputError,
    LedgerError,
    UnknownNameError,
    VerificationError,
)
from ledger.log.canonical import encode
from ledger.log.keys import KeyRing
from ledger.provenance.signing import sign_claim
from ledger.watermarks.registry.describe import describe, load_description
from ledger.watermarks.registry.entry import (
    MAX_ENTRY_FILE_BYTES,
    EntryFile,
    format_entry_file,
    parse_entry_file,
)
from ledger.watermarks.registry.recipients import my_recipient
from tests.log.making import signer
from tests.watermarks.registry.making import AT, PROVIDER, provider_of, write_description


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    ring = KeyRing(tmp_path / "config")
    ring.generate(PROVIDER, "provider")
    return ring


def made(tmp_path: Path, ring: KeyRing, **changes: Any) -> EntryFile:
    path = write_description(tmp_path, **changes)
    return describe(load_description(path), ring, now=AT).file


@pytest.mark.parametrize("key_class", ["public", "committed", "sealed", "remote"])
def test_an_entry_of_every_class_reads_back(tmp_path: Path, ring: KeyRing, key_class: str) -> None:
    changes: dict[str, Any] = {"key_class": key_class}
    if key_class == "remote":
        changes |= {"endpoint": "https://acme.example/detect", "key": None, "tokenizer": None}
    if key_class == "sealed":
        other = my_recipient(KeyRing(tmp_path / "other"))
        changes |= {"recipients": {"regulator": other.recipient}}
    file = made(tmp_path, ring, **changes)
    data = format_entry_file(file)
    again = parse_entry_file(data, "file")
    assert again == file and format_entry_file(again) == data
    assert (again.envelope is not None) == (key_class == "sealed")
    assert (again.vectors is not None) == (key_class != "remote")
    assert (again.body.key is not None) == (key_class == "public")


def test_every_changed_byte_is_refused(tmp_path: Path, ring: KeyRing) -> None:
    data = format_entry_file(made(tmp_path, ring))
    for place in range(0, len(data), 11):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(LedgerError):
            parse_entry_file(bytes(changed), "file")


def test_a_body_signed_by_another_is_refused(tmp_path: Path, ring: KeyRing) -> None:
    file = made(tmp_path, ring)
    document = json.loads(format_entry_file(file))
    eve = signer("eve.example/marks")
    forged = {
        "other body": document | {"body": document["body"] | {"model": "x"}},
        "no signature": document | {"sigs": []},
        "two signatures": document | {"sigs": document["sigs"] * 2},
        "by eve": document | {"sigs": [sign_claim(eve, "scheme", file.subject, file.body.plain())]},
        "by eve in its name": document
        | {
            "sigs": [
                sign_claim(eve, "scheme", file.subject, file.body.plain())
                | {"keyid": document["sigs"][0]["keyid"]}
            ]
        },
        "eve for provider": document
        | {"body": document["body"] | {"provider_key": eve.verifier.vkey}},
        "another kind": document | {"kind": "policy"},
        "another type": document | {"sigs": [document["sigs"][0] | {"type": "sshsig"}]},
        "another subject": document | {"subject": "sha256:" + "0" * 64},
    }
    for name, changed in forged.items():
        with pytest.raises((InputError, BadSignatureError)):
            parse_entry_file(encode(changed), name)


def test_foreign_vectors_and_envelopes_are_refused(tmp_path: Path, ring: KeyRing) -> None:
    other = my_recipient(KeyRing(tmp_path / "other"))
    sealed = {"key_class": "sealed", "recipients": {"regulator": other.recipient}}
    file = json.loads(format_entry_file(made(tmp_path, ring, **sealed)))
    second = json.loads(format_entry_file(made(tmp_path, ring, version="2", **sealed)))
    for name in ("vectors", "envelope"):
        with pytest.raises(VerificationError):
            parse_entry_file(encode(file | {name: second[name]}), "file")
    committed = json.loads(format_entry_file(made(tmp_path, ring)))
    with pytest.raises(VerificationError):
        parse_entry_file(encode(committed | {"envelope": file["envelope"]}), "file")


def resigned(file: EntryFile, ring: KeyRing, **changes: Any) -> bytes:
    """Signed by the provider itself, whatever it says."""
    body = {k: v for k, v in (file.body.plain() | changes).items() if v is not None}
    document = json.loads(format_entry_file(file)) | {"body": body}
    document["sigs"] = [sign_claim(provider_of(ring), "scheme", file.subject, body)]
    return encode(document)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown scheme": ({"algorithm": "kgw/righthash@1"}, "unknown watermark scheme"),
    "an unknown family": ({"algorithm": "acme/secret@1"}, "unknown watermark scheme"),
    "no scheme": ({"algorithm": "../../etc/passwd"}, "unknown watermark scheme"),
    "a later version": ({"algorithm": "unigram/shuffle@2"}, "this release has version 1"),
    "a huge version": ({"algorithm": "unigram/shuffle@" + "9" * 150}, "unknown"),
    "one token": ({"vocab_size": 1}, "vocab_size"),
    "a negative vocabulary": ({"vocab_size": -5}, "vocab_size"),
    "a boolean vocabulary": ({"vocab_size": True}, "vocab_size"),
    "a vocabulary as text": ({"vocab_size": "1000"}, "vocab_size"),
    "a vocabulary too small for its list": ({"vocab_size": 400}, "green_tokens"),
    "parameters as written": ({"parameters": {"fraction": "0.5"}}, "canonical"),
    "unknown parameters": ({"parameters": {"green_tokens": "500", "x": "1"}}, "unigram"),
    "leading zeros": ({"parameters": {"green_tokens": "0500"}}, ""),
    "unicode digits": ({"parameters": {"green_tokens": "\u0665\u0660\u0660"}}, ""),
    "a real parameter": ({"parameters": {"green_tokens": 500}}, "parameters"),
    "a key in the clear": ({"key": {"seed": "4242424242"}}, "public key"),
    "no commitment": ({"key_commitment": None}, "key_commitment"),
    "two classes": ({"key_class": "public"}, "public key"),
    "an unknown class": ({"key_class": "open"}, "key_class"),
    "remote without endpoint": ({"key_class": "remote", "key_commitment": None}, "endpoint"),
    "an endpoint that is none": ({"endpoint": "file:///etc/passwd"}, "https://"),
    "no tokenizer": ({"tokenizer": None}, "both digests"),
    "half a tokenizer": ({"tokenizer_behaviour": None}, "both digests"),
    "an end before the start": ({"not_before": 5, "not_after": 4}, "not_before"),
    "active and forgeable": ({"forgeable_from": 5}, "forgeable_from"),
    "an unknown status": ({"status": "lost"}, "status"),
    "a provider's key that is none": ({"provider_key": "acme"}, "not a verifier key"),
    "an unknown field": ({"comment": "hello"}, "comment"),
    "a name with a space": ({"name": "acme writer"}, "name"),
    "a name with a newline": ({"name": "acme\nwriter"}, "name"),
    "another mark's subject": ({"version": "2"}, "subject"),
    "a time in the far future": ({"issued_at": 2**60}, ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_its_provider_cannot_say_just_anything(tmp_path: Path, ring: KeyRing, name: str) -> None:
    changes, words = WRONG[name]
    file = made(tmp_path, ring)
    with pytest.raises(InputError) as refused:
        parse_entry_file(resigned(file, ring, **changes), "file")
    assert words in str(refused.value) or isinstance(refused.value, UnknownNameError)
    assert "4242424242" not in str(refused.value) and len(str(refused.value)) < 400


PUBLIC: dict[str, dict[str, Any]] = {
    "a key as written": {"key": {"watermark_key": "7777123456789"}},
    "leading zeros": {"key": {"seed": "05"}},
    "another fingerprint": {"key_fingerprint": "sha256:" + "0" * 64},
    "no fingerprint": {"key_fingerprint": None},
    "no vectors": {"vectors": None},
    "a commitment too": {"key_commitment": "sha256:" + "0" * 64},
}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_key_has_one_spelling_and_its_fingerprint(
    tmp_path: Path, ring: KeyRing, name: str
) -> None:
    """Equal effective keys would not collide visibly if each could be spelled in two ways."""
    file = made(tmp_path, ring, key_class="public")
    parse_entry_file(resigned(file, ring), "file")
    with pytest.raises(InputError):
        parse_entry_file(resigned(file, ring, **PUBLIC[name]), "file")


def spelled_otherwise(data: bytes) -> dict[str, bytes]:
    document = json.loads(data)
    return {
        "empty": b"",
        "text": b"mark",
        "null": b"null",
        "array": b"[]",
        "ends in a line": data + b"\n",
        "twice": data + data,
        "spaces": json.dumps(document, sort_keys=True).encode(),
        "a key twice": data[:-1] + b',"kind":"scheme"}',
        "not sorted": b'{"subject":' + data[1:],
        "nan": data.replace(b'"issued_at":1790000000', b'"issued_at":NaN'),
        "infinity": data.replace(b'"issued_at":1790000000', b'"issued_at":1e999'),
        "real": data.replace(b'"issued_at":1790000000', b'"issued_at":1790000000.0'),
        "huge": data.replace(b'"issued_at":1790000000', b'"issued_at":' + b"9" * 5000),
        "null field": data.replace(b'"issued_at":1790000000', b'"issued_at":null'),
        "surrogate": data.replace(b'"status":"active"', b'"status":"\\ud800"'),
        "not UTF-8": data.replace(b'"active"', b'"\xff"'),
        "deep": b"[" * 10**6,
        "10 MB": b'{"body":"' + b"x" * (10 << 20) + b'"}',
        "more": encode(document | {"more": 1}),
        "another format": encode(document | {"format": "headwater watermark entry v2"}),
        "body of text": encode(document | {"body": "x"}),
        "body of nothing": encode(document | {"body": {}}),
        "sigs of text": encode(document | {"sigs": "x"}),
        "subject of digits": encode(document | {"subject": 5}),
        "vectors of text": encode(document | {"vectors": "x"}),
        "envelope of text": encode(document | {"envelope": "x"}),
    }


def test_what_is_no_entry_file_is_refused(tmp_path: Path, ring: KeyRing) -> None:
    data = format_entry_file(made(tmp_path, ring))
    for name, hostile in spelled_otherwise(data).items():
        assert hostile != data, name
        with pytest.raises(LedgerError) as refused:
            parse_entry_file(hostile, "file")
        assert str(refused.value).startswith("file"), name
        assert len(str(refused.value)) < 400
    assert len(data) < MAX_ENTRY_FILE_BYTES < 10 << 20


def test_a_text_too_long_for_a_claim_is_not_signed(tmp_path: Path, ring: KeyRing) -> None:
    with pytest.raises(InputError, match="model: string should have at most 200"):
        made(tmp_path, ring, model="x" * 201)
