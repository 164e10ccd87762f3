"""Sidecars: a signed tag beside its text."""

import base64
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import (
    BadSignatureError,
    DocumentMismatchError,
    InputError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.notes import Signer
from ledger.provenance.conventions.reading import read_file
from ledger.provenance.conventions.sidecar import (
    CONVENTION,
    format_sidecar,
    open_sidecar,
    parse_sidecar,
)
from ledger.provenance.dsse import parse_envelope, sign_envelope
from ledger.provenance.tags.make import make_tag
from tests.provenance.conventions.samples import TEXT, sidecar, tag_of

ALICE = Signer("example.org/alice", Ed25519PrivateKey.from_private_bytes(b"a" * 32))
BOB = Signer("example.org/bob", Ed25519PrivateKey.from_private_bytes(b"b" * 32))


def test_a_sidecar_comes_back_otherwise() -> None:
    tag = make_tag(TEXT, "A2", model="M", ranges=[(0, 4), (8, 14)], reviewed=True, issued_at=5)
    data = format_sidecar("a.md", tag, ALICE)
    opened, keys = open_sidecar(data, TEXT, [BOB.verifier, ALICE.verifier], "x")
    assert (opened.tag, opened.name, keys) == (tag, "a.md", [ALICE.verifier])
    assert format_sidecar("a.md", tag, ALICE) == data
    assert open_sidecar(data + b"\n", TEXT, [ALICE.verifier], "x")[0] == opened
    (one,) = CONVENTION.read(data, "x")
    assert (one.assistance, one.model, one.reviewed, one.at) == ("A2", "M", True, 5)
    assert one.ranges == ((0, 4), (8, 14))
    assert one.digest == tag.subject
    assert one.note == f"signed by {ALICE.verifier.label}, not checked"


def test_another_text_has_it() -> None:
    data = sidecar(ALICE)
    with pytest.raises(DocumentMismatchError, match="it speaks of sha256:"):
        open_sidecar(data, TEXT + b"\n", [ALICE.verifier], "x")
    with pytest.raises(UntrustedSignerError):
        open_sidecar(data, TEXT, [BOB.verifier], "x")
    forged = sidecar(BOB).replace(BOB.verifier.label.encode(), ALICE.verifier.label.encode())
    with pytest.raises(BadSignatureError):
        open_sidecar(forged, TEXT, [ALICE.verifier], "x")


def test_a_changed_sidecar_is_opened() -> None:
    data = sidecar(ALICE)
    for at in range(0, len(data), 5):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(VerificationError):
            open_sidecar(changed, TEXT, [ALICE.verifier], "x")


def test_an_unsigned_tag_is_written() -> None:
    with pytest.raises(InputError, match="expected one signed"):
        format_sidecar("a.md", tag_of())


def _altered(path: str, value: object) -> bytes:
    payload, _ = parse_envelope(sidecar(ALICE), "x")
    document = orjson.loads(payload)
    place = document
    *parents, last = path.split(".")
    for name in parents:
        place = place[int(name) if name.isdigit() else name]
    place[last] = value
    return sign_envelope(orjson.dumps(document, option=orjson.OPT_SORT_KEYS), ALICE)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("predicateType", "https://example.org/other"),
        ("_type", "https://in-toto.io/Statement/v2"),
        ("more", 1),
        ("subject", []),
        ("subject.0.digest", {"sha256": "00" * 32}),
        ("subject.0.name", 7),
        ("predicate.claim.kind", "origin"),
        ("predicate.claim.body.assistance", "A9"),
        ("predicate.claim.body.spans", "sha256:" + "00" * 32),
        ("predicate.claim.subject", "hmac-sha256:" + "00" * 32),
        ("predicate.attachments", [base64.b64encode(b"{}").decode()]),
        ("predicate.sigs", [{"keyid": "a"}]),
        ("predicate.sigs", 3),
        ("predicate", []),
    ],
)
def test_a_signed_untruth_is_read(path: str, value: object) -> None:
    data = _altered(path, value)
    with pytest.raises(VerificationError, match="x: no sidecar: "):
        parse_sidecar(data, "x")
    (one,) = CONVENTION.read(data, "x")
    assert one.assistance == "AX"


def test_a_file_without_a_trusted_key_beside_it_is_believed(tmp_path: Path) -> None:
    text = tmp_path / "a.md"
    text.write_bytes(TEXT)
    assert read_file(text) == []
    beside = tmp_path / "a.md.prov.json"
    beside.write_bytes(sidecar(ALICE))
    (one,) = read_file(text, [ALICE.verifier])
    assert (one.assistance, one.note) == ("A3", f"signed by {ALICE.verifier.label}")
    for trusted in ((), [BOB.verifier]):
        (one,) = read_file(text, trusted)
        assert one.note == f"signed by {ALICE.verifier.label}, which nobody here trusts"
    text.write_bytes(TEXT + b"more\n")
    for keys in ((), [ALICE.verifier]):
        (one,) = read_file(text, keys)
        assert one.assistance == "AX"
        assert one.note is not None and ("changed since" in one.note or "it speaks" in one.note)
    beside.write_bytes(b"{}")
    (one,) = read_file(text)
    assert (one.assistance, one.convention) == ("AX", "sidecar")
    with pytest.raises(InputError, match="no such file or directory"):
        read_file(tmp_path / "b.md")
