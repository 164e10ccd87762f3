"""The Model Signing bundle: what another program accepts, and what it must not accept."""

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import BadSignatureError, VerificationError
from ledger.log import p256
from ledger.log.notes import Signer
from ledger.reserves import layout
from ledger.reserves.receipts.model_signing import check_model, sign_model
from tests.reserves.sealing import copy, make_corpus

KEY = Signer("example.org/log/seal", p256.generate())
FILES = {
    "SHA256SUMS": b"0  a\n",
    "documents.parquet": b"PAR1",
    "proofs/00ff": b"a token",
    "text/00000.parquet": b"text",
    "text/00001.parquet": b"",
    "tree": bytes(32),
}
DIGESTS = {name: sha256(data).digest() for name, data in FILES.items()}
BUNDLE = sign_model("r@1", DIGESTS, KEY)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def check(data: bytes, digests: dict[str, bytes] = DIGESTS, key: Signer = KEY) -> None:
    check_model(data, "r@1", digests, key.verifier, "model.sig")


def test_what_we_sign_we_accept() -> None:
    check(BUNDLE)
    assert sign_model("r@1", dict(reversed(DIGESTS.items())), KEY)[:200] == BUNDLE[:200]


@pytest.mark.parametrize("name", FILES)
def test_another_set_of_files_is_refused_by_name(name: str) -> None:
    changed = {**DIGESTS, name: sha256(b"other").digest()}
    removed = {other: DIGESTS[other] for other in DIGESTS if other != name}
    added = {**DIGESTS, name + ".more": DIGESTS[name]}
    renamed = {**removed, name + ".more": DIGESTS[name]}
    for digests in (changed, removed, added, renamed):
        with pytest.raises(VerificationError, match=name):
            check(BUNDLE, digests)


def test_another_key_is_refused() -> None:
    with pytest.raises(VerificationError, match=r"signed by example\.org/other"):
        check(BUNDLE, key=Signer("example.org/other", p256.generate()))


def test_a_signature_from_elsewhere_is_refused() -> None:
    bundle = orjson.loads(BUNDLE)
    other = orjson.loads(sign_model("r@2", DIGESTS, KEY))
    bundle["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"]
    with pytest.raises(BadSignatureError, match="is not over these files"):
        check(orjson.dumps(bundle, option=orjson.OPT_SORT_KEYS))


def test_the_twin_of_its_signature_is_refused() -> None:
    bundle = orjson.loads(BUNDLE)
    signature = bundle["dsseEnvelope"]["signatures"][0]
    r, s = decode_dss_signature(base64.b64decode(signature["sig"]))
    signature["sig"] = base64.b64encode(encode_dss_signature(r, ORDER - s)).decode()
    with pytest.raises(BadSignatureError):
        check(orjson.dumps(bundle, option=orjson.OPT_SORT_KEYS))


@pytest.mark.parametrize(
    "change",
    [
        lambda b: json.dumps(json.loads(b)).encode(),
        lambda b: b + b"\n",
        lambda b: b.replace(b'"keyid":""', b'"keyid":"me"'),
        lambda b: b.replace(b'"tlogEntries":[]', b'"tlogEntries":[{}]'),
        lambda b: b.replace(b"bundle.v0.3", b"bundle.v0.2"),
        lambda b: b.replace(b'{"dsseEnvelope"', b'{"a":1,"dsseEnvelope"'),
        lambda b: b"[]",
        lambda b: b"",
        lambda b: b"{" * 100_000,
        lambda b: b'{"dsseEnvelope":{"payload":"","signatures":[]}}',
        lambda b: b'{"dsseEnvelope":{"payload":"e30=","signatures":[{"sig":""}]}}',
        lambda b: b'{"dsseEnvelope":{"payload":7,"signatures":[{"sig":""}]}}',
    ],
)
def test_what_is_no_bundle_or_spelled_otherwise(change: Callable[[bytes], bytes]) -> None:
    assert change(BUNDLE) != BUNDLE
    with pytest.raises(VerificationError, match=r"model\.sig: "):
        check(change(BUNDLE))


@settings(max_examples=300)
@given(st.integers(0, len(BUNDLE) - 1), st.integers(1, 255))
def test_no_changed_byte_is_accepted(at: int, change: int) -> None:
    data = bytearray(BUNDLE)
    data[at] ^= change
    with pytest.raises(VerificationError):
        check(bytes(data))


# --- the oracle: OpenSSF's own program, in a process of its own


_ABSENT = find_spec("model_signing") is None or find_spec("OpenSSL") is None


def oracle(test: Callable[..., None]) -> Callable[..., None]:
    """A test that runs in `make oracle`, and elsewhere if model_signing happens to be there."""
    absent = "model-signing and pyopenssl are not installed: pip install 'headwater[oracle]'"
    return pytest.mark.oracle(pytest.mark.skipif(_ABSENT, reason=absent)(test))


def model_signing(content: Path, bundle: Path, key: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "model_signing", "verify", "key", str(content),
         "--signature", str(bundle), "--public_key", str(key)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, Path, Path]:
    content, bundle, key = tmp_path / "content", tmp_path / "model.sig", tmp_path / "seal.pem"
    for name, data in FILES.items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_bytes(data)
    bundle.write_bytes(BUNDLE)
    key.write_bytes(KEY.verifier.pem)
    return content, bundle, key


@oracle
def test_model_signing_accepts_it_and_no_other_folder(sealed: tuple[Path, Path, Path]) -> None:
    content = sealed[0]
    ran = model_signing(*sealed)
    assert ran.returncode == 0, ran.stderr
    flipped = content / "tree"
    flipped.write_bytes(b"\1" + flipped.read_bytes()[1:])
    refused(sealed, "Hash mismatch")
    flipped.write_bytes(FILES["tree"])
    (content / "added").write_bytes(b"")
    refused(sealed, "added")
    (content / "added").unlink()
    (content / "tree").rename(content / "eert")
    refused(sealed, "tree")
    (content / "eert").unlink()
    refused(sealed, "tree")
    (content / "tree").write_bytes(FILES["tree"])
    assert model_signing(*sealed).returncode == 0
    shutil.copyfile(sealed[1], content / "model.sig")
    refused(sealed, "model.sig")


def refused(sealed: tuple[Path, Path, Path], why: str) -> None:
    ran = model_signing(*sealed)
    assert ran.returncode == 1
    assert why in ran.stdout + ran.stderr


@oracle
def test_model_signing_refuses_another_key(sealed: tuple[Path, Path, Path]) -> None:
    sealed[2].write_bytes(Signer("other", p256.generate()).verifier.pem)
    refused(sealed, "Key mismatch")


@oracle
def test_model_signing_verifies_a_seal_and_what_was_done_to_it(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "corpus")
    folder = copy(corpus.seal(tmp_path / "out", allow_asserted=True).folder, tmp_path / "reserve")
    content = folder / layout.CONTENT
    place = content, folder / layout.MODEL_SIGNATURE, folder / layout.SEAL_PEM
    assert model_signing(*place).returncode == 0
    shard = content / layout.shard_name(0)
    data = shard.read_bytes()
    shard.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    refused(place, "Hash mismatch")
    shard.write_bytes(data)
    (content / "text/00001.parquet").write_bytes(data)
    refused(place, "Extra files")
    (content / "text/00001.parquet").unlink()
    shard.rename(content / "text/00001.parquet")
    refused(place, "Missing files")
    (content / "text/00001.parquet").unlink()
    refused(place, "Missing files")
    shard.write_bytes(data)
    assert model_signing(*place).returncode == 0
