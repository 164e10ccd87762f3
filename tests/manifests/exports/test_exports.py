"""An export that is signed: every file of it as it was written, and no other file beside them."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import (
    BadSignatureError,
    RefusedError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.keys import KeyRing
from ledger.manifests.exporting import signed_export
from ledger.manifests.exports.sign import export_signer
from ledger.manifests.exports.statement import EXPORT, Export, format_export, parse_export
from ledger.manifests.exports.verify import is_export, verify_export
from ledger.manifests.formats import Written, find_format
from ledger.provenance.dsse import parse_envelope, sign_envelope
from tests.conftest import Ran
from tests.log.making import signer
from tests.manifests.making import KEY, Made, make_manifest

TEXTS = [f"text {n} " * (n % 9 + 1) for n in range(40)]
FORMATS = ["hf", "mds", "mds-zstd", "webdataset"]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_manifest(tmp_path / "run", TEXTS, repeat=[1 + n % 2 for n in range(40)])


def exported(made: Made, out: Path, form: str = "mds") -> list[Written]:
    return signed_export(made.open(), find_format(form), out, made.signer, epoch=1,
                         shard_bytes=4096, clock=lambda: 1_790_000_000.5)  # fmt: skip


def check(made: Made, out: Path) -> Export:
    return verify_export(out, [made.signer.verifier]).export


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_written_verifies(made: Made, tmp_path: Path, form: str) -> None:
    written = exported(made, tmp_path / "out", form)
    assert is_export(tmp_path / "out")
    found = check(made, tmp_path / "out")
    assert set(found.files) == set(written)
    assert found.manifest == "mix@1"
    assert found.content_root == made.statement.content_root
    assert f"sha256:{found.statement.hex()}" == made.open().digest
    assert (found.epoch, found.format, found.documents) == (1, form, 60)
    assert sum(item.rows for item in found.files) == 60
    said = verify_export(tmp_path / "out", [made.signer.verifier]).text()
    assert "export of mix@1: levels 1 and 4: the signature holds" in said
    assert "ledger.open_manifest, and not of this format" in said


@pytest.mark.parametrize("form", FORMATS)
def test_a_byte_of_any_file_changes(made: Made, tmp_path: Path, form: str) -> None:
    out = tmp_path / "out"
    for item in exported(made, out, form):
        path = out / item.path
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(VerificationError, match=rf"{path.name}: \d+ bytes with digest"):
            check(made, out)
        path.write_bytes(data + b"\n")
        with pytest.raises(VerificationError, match=path.name):
            check(made, out)
        path.unlink()
        with pytest.raises(VerificationError, match=rf"{path.name}: no plain file"):
            check(made, out)
        path.write_bytes(data)
    check(made, out)


@pytest.mark.parametrize(
    "name", ["shard.00009.mds", "data/train-00009.parquet", ".hidden", "x/y/z"]
)
def test_a_file_that_nobody_signed(made: Made, tmp_path: Path, name: str) -> None:
    exported(made, tmp_path / "out")
    (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "out" / name).write_text("one more")
    with pytest.raises(VerificationError, match="no file of the export"):
        check(made, tmp_path / "out")


def test_a_link_in_the_place_of_a_file(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exported(made, out, "hf")
    path = out / "data" / "train-00000.parquet"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VerificationError, match="no plain file"):
        check(made, out)
    (out / "data").rename(tmp_path / "data")
    (out / "data").symlink_to(tmp_path / "data")
    with pytest.raises(VerificationError, match="no file of the export"):
        check(made, out)


def test_a_folder_that_cannot_be_looked_into(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    exported(made, out)
    (out / "hidden").mkdir()
    looked = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == "hidden":
            raise PermissionError(13, "Permission denied", path)
        return looked(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(VerificationError, match="hidden: permission denied"):
        check(made, out)


def test_who_signed(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exported(made, out)
    stranger = signer("example.org/other/statement")
    with pytest.raises(UntrustedSignerError, match="consistent, signer not trusted") as caught:
        verify_export(out, [stranger.verifier])
    assert "key trust --use statement" in (caught.value.hint or "")
    payload = parse_envelope((out / EXPORT).read_bytes(), "x")[0]
    (out / EXPORT).write_bytes(sign_envelope(payload, stranger))
    with pytest.raises(UntrustedSignerError):
        check(made, out)
    data = sign_envelope(payload, made.signer)
    (out / EXPORT).write_bytes(data.replace(b'"sig":"', b'"sig":"AAAA')[: len(data)])
    with pytest.raises(VerificationError):
        check(made, out)
    other = sign_envelope(payload.replace(b'"epoch":1', b'"epoch":2'), stranger)
    forged = json.loads(other) | {"signatures": json.loads(data)["signatures"]}
    (out / EXPORT).write_bytes(json.dumps(forged, separators=(",", ":"), sort_keys=True).encode())
    with pytest.raises(BadSignatureError):
        check(made, out)


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/b/c", "", "a//b", "a/../b", ".x", "a\nb", EXPORT, "..", "é"]
)
def test_a_path_that_leads_elsewhere(made: Made, tmp_path: Path, path: str) -> None:
    out = tmp_path / "out"
    exported(made, out)
    found = check(made, out)
    lying = replace(found, files=(replace(found.files[0], path=path), *found.files[1:]))
    (out / EXPORT).write_bytes(sign_envelope(format_export(lying), made.signer))
    with pytest.raises(VerificationError, match="not an export's statement"):
        check(made, out)


SAID = Export(
    manifest="mix@1",
    stage="mid",
    statement=b"s" * 32,
    content_root=b"c" * 32,
    epoch=0,
    format="mds",
    unit="documents",
    documents=3,
    files=(Written("a", 1, b"a" * 32, 3), Written("b/c", 2, b"b" * 32, 0)),
    issued_at=1,
    tool={"name": "headwater", "version": "0"},
    statement_vkeys=("k",),
)


def test_parse_undoes_format() -> None:
    assert parse_export(format_export(SAID), "here") == SAID


@given(at=st.integers(0, len(format_export(SAID)) - 1), byte=st.integers(0, 255))
def test_a_changed_payload_is_another_export_or_none(at: int, byte: int) -> None:
    data = bytearray(format_export(SAID))
    if data[at] == byte:
        return
    data[at] = byte
    try:
        found = parse_export(bytes(data), "here")
    except VerificationError:
        return
    assert found != SAID
    assert format_export(found) == bytes(data)


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (b'"documents":3', b'"documents":-3'),
        (b'"name":"a"', b'"name":"b/c"'),
        (b"manifest-export/v1", b"training-manifest/v1"),
        (b'"stage":"mid"', b'"stage":"mid","more":1'),
        (b'"sizes":[{"bytes":1,"documents":3},', b'"sizes":['),
    ],
)
def test_a_statement_of_another_shape(found: bytes, put: bytes) -> None:
    data = format_export(SAID)
    assert found in data
    with pytest.raises(VerificationError, match=r"^here: payload is not an export's statement"):
        parse_export(data.replace(found, put, 1), "here")


def test_the_key_of_the_manifest_or_the_one_asked_for(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "config")
    mine = ring.generate(KEY, "statement")
    ring.generate("example.org/other/statement", "statement")
    made = make_manifest(tmp_path / "run", TEXTS)
    assert export_signer(ring, made.open()) is None  # another key of the same name signed it
    made.sign(replace(made.statement, statement_vkeys=(mine.verifier.vkey,)),
              ring.signer("statement", KEY))  # fmt: skip
    found = export_signer(ring, made.open(trusted_keys=mine.verifier.vkey))
    assert found is not None
    assert found.verifier == mine.verifier
    asked = export_signer(ring, made.open(trusted_keys=mine.verifier.vkey),
                          "example.org/other/statement")  # fmt: skip
    assert asked is not None
    assert asked.verifier.name == "example.org/other/statement"
    with pytest.raises(RefusedError, match="no statement key named nobody"):
        export_signer(ring, made.open(trusted_keys=mine.verifier.vkey), "nobody")


def test_from_the_command_line(
    own_place: Path, headwater: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_place / "a.jsonl").write_text("".join(f'{{"text": "page {n}"}}\n' for n in range(9)))
    (own_place / "mix.toml").write_text(
        'name = "mine"\nversion = 1\nstage = "mid"\nseed = 1\nbudget = 4\n'
        'datasets = ["a@1"]\nstrata = ["dataset"]\n'
    )
    for line in ("init", "ingest a.jsonl --dataset a@1", "manifest build mix.toml -o run"):
        assert headwater(*line.split()).code == 0
    ran = headwater("manifest", "export", "run", "--to", "webdataset", "-o", "out")
    assert ran.code == 0, ran.stderr
    assert "signed by" in ran.stdout
    verified = headwater("verify", "out")
    assert verified.code == 0, verified.stderr
    assert "export of mine@1: levels 1, 2 and 4" in verified.stdout
    (said,) = json.loads(headwater("--json", "verify", "out").stdout)
    assert (said["levels"], said["documents"], said["format"]) == ([1, 2, 4], 4, "webdataset")
    elsewhere = headwater("--ledger", "none.db", "verify", "out")
    assert "levels 1 and 4" in elsewhere.stdout
    path = own_place / "out" / "train-00000.tar"
    data = bytearray(path.read_bytes())
    data[520] ^= 1
    path.write_bytes(bytes(data))
    assert headwater("verify", "out").code == 1
    vkeys = json.loads((own_place / "run" / "manifest.json").read_bytes())
    assert vkeys["signatures"]
    ring = KeyRing()
    trusted = [key.verifier.vkey for key in ring.own() if key.use == "statement"]
    other = KeyRing(own_place / "other-config")
    for vkey in trusted:
        other.trust(vkey, "statement")
    monkeypatch.setenv("HEADWATER_CONFIG", str(own_place / "other-config"))
    ran = headwater("manifest", "export", "run", "--to", "webdataset", "-o", "unsigned")
    assert ran.code == 0, ran.stderr
    assert "not signed, found no private key of" in ran.stderr
    assert not (own_place / "unsigned" / EXPORT).exists()
    assert headwater("verify", "unsigned").code != 0
