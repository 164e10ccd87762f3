"""What is refused when a manifest is opened, and by what name."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import (
    BadSignatureError,
    DocumentMismatchError,
    InputError,
    RefusedError,
    RootMismatchError,
    UnknownNameError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.keys import KeyRing
from ledger.manifests.layout import MANIFEST, SHARDS, STRATA, rows_name, texts_name
from ledger.manifests.opening.open import open_manifest
from tests.log.making import signer
from tests.manifests.making import KEY, Made, make_manifest

TEXTS = [f"{n} é {'word ' * (n % 11)}" for n in range(60)] + ["", "last\0"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_manifest(
        tmp_path_factory.mktemp("manifest") / "m",
        TEXTS,
        files=3,
        stratum=[n % 4 for n in range(62)],
    )


@pytest.fixture
def made(whole: Made, tmp_path: Path) -> Made:
    """A copy to damage."""
    return replace(whole, folder=Path(shutil.copytree(whole.folder, tmp_path / "m")))


def flip(path: Path, at: int, by: int = 1) -> None:
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= by
    path.write_bytes(data)


def test_a_manifest_does_not_say_what_was_signed(whole: Made) -> None:
    opened = whole.open()
    assert (opened.statement, len(opened), len(opened.strata)) == (whole.statement, 62, 4)
    assert opened.signers == (whole.signer.verifier.vkey,)
    opened.verify()


def test_keys_are_not_found_where_they_are(made: Made, tmp_path: Path) -> None:
    vkey = made.signer.verifier.vkey
    kept = tmp_path / "keys.txt"
    kept.write_text(f"{signer('somebody').verifier.vkey}\n{vkey}\n")
    ring = KeyRing(tmp_path / "config")
    ring.trust(vkey, "statement")
    for keys in (vkey, [vkey], made.signer.verifier, kept, str(kept), ring.folder):
        assert len(made.open(trusted_keys=keys)) == 62


def test_the_keys_of_the_user_are_not_asked(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    config = made.folder.parent / "config"
    monkeypatch.setenv("HEADWATER_CONFIG", str(config))
    with pytest.raises(UntrustedSignerError):
        open_manifest(made.folder)
    KeyRing(config).trust(made.signer.verifier.vkey, "statement")
    assert len(open_manifest(made.folder)) == 62


def test_a_key_for_checkpoints_signs_manifests(made: Made, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "config")
    ring.trust(made.signer.verifier.vkey, "log")
    with pytest.raises(UntrustedSignerError):
        made.open(trusted_keys=ring.folder)


def test_a_stranger_is_believed(made: Made) -> None:
    with pytest.raises(UntrustedSignerError, match=r"signer not trusted: .*statement") as caught:
        made.open(trusted_keys=signer("other").verifier)
    assert made.signer.verifier.vkey in str(caught.value.hint)


def test_a_key_under_a_trusted_name_is_believed(made: Made) -> None:
    forged = signer("forger")
    object.__setattr__(forged, "name", KEY)
    made.sign(made.statement, forged)
    with pytest.raises(VerificationError):
        made.open()


def test_a_changed_statement_keeps_its_signature(made: Made) -> None:
    data = (made.folder / MANIFEST).read_bytes()
    made.sign(replace(made.statement, seed=8))
    changed = (made.folder / MANIFEST).read_bytes()
    (made.folder / MANIFEST).write_bytes(changed.split(b'"signatures"')[0] + b'"signatures"'
                                         + data.split(b'"signatures"')[1])  # fmt: skip
    with pytest.raises(BadSignatureError, match=r"manifest\.json"):
        made.open()


@pytest.mark.parametrize("wrong", ["anneal", ["anneal", "calibration"]])
def test_a_manifest_serves_another_stage(made: Made, wrong: str | list[str]) -> None:
    with pytest.raises(RefusedError, match="for stage pretrain, expected anneal"):
        made.open(require_stage=wrong)
    made.open(require_stage="pretrain")
    made.open(require_stage={"pretrain", "mid"})
    with pytest.raises(UnknownNameError, match="stage"):
        made.open(require_stage="pretraining")


def test_a_document_that_was_taken_down_is_read(made: Made) -> None:
    gone = f"sha256:{made.digests[9].hex()}"
    with pytest.raises(RefusedError, match=f"{gone} was taken down, expected") as caught:
        made.open(taken_down=[gone, b"\1" * 32])
    assert caught.value.hint
    with pytest.raises(RefusedError, match=r"and 1 more"):
        made.open(taken_down=made.digests[9:11])
    assert len(made.open(taken_down=[b"\1" * 32])) == 62
    with pytest.raises(InputError):
        made.open(taken_down=["a text"])
    with pytest.raises(InputError, match="5 bytes"):
        made.open(taken_down=[b"short"])


@pytest.mark.parametrize("name", [MANIFEST, STRATA, SHARDS, rows_name(0)])
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1 << 20), st.integers(1, 255))
def test_a_byte_changes_unseen(
    tmp_path_factory: pytest.TempPathFactory, whole: Made, name: str, at: int, by: int
) -> None:
    folder = tmp_path_factory.mktemp("flip") / "m"
    shutil.copytree(whole.folder, folder)
    flip(folder / name, at, by)
    with pytest.raises(VerificationError) as caught:
        replace(whole, folder=folder).open()
    assert name.split("/")[-1] in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2), st.integers(0, 1 << 20), st.integers(1, 255))
def test_a_changed_text_is_given_out(
    tmp_path_factory: pytest.TempPathFactory, whole: Made, file: int, at: int, by: int
) -> None:
    """Any byte of a texts file: verify tells, and no text is read that was not signed."""
    folder = tmp_path_factory.mktemp("flip") / "m"
    shutil.copytree(whole.folder, folder)
    flip(folder / texts_name(file), at, by)
    opened = replace(whole, folder=folder).open()
    with pytest.raises(VerificationError, match=f"part-0000{file}.arrow"):
        opened.verify()
    try:
        texts = [document.text for document in opened]
    except VerificationError as error:
        assert f"part-0000{file}.arrow" in str(error)
    else:
        assert sorted(texts) == sorted(TEXTS)


def test_a_changed_text_is_not_named(made: Made) -> None:
    path = made.folder / texts_name(1)
    flip(path, path.read_bytes().index("25 é".encode()))
    opened = made.open()
    row = 25 - 21
    with pytest.raises(
        DocumentMismatchError, match=rf"{path}: row {row}: text has digest .*, expected "
    ) as caught:
        list(opened)
    assert made.digests[25].hex() in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("name", [STRATA, SHARDS, rows_name(0), texts_name(0), texts_name(2)])
def test_a_file_that_is_gone_is_not_named(made: Made, name: str) -> None:
    (made.folder / name).rename(made.folder.parent / "elsewhere")
    with pytest.raises(VerificationError, match=name.split("/")[-1]):
        made.open()


def test_moved_folders_are_not_found(made: Made, tmp_path: Path) -> None:
    for kind in ("rows", "texts"):
        (made.folder / kind).rename(tmp_path / kind)
    with pytest.raises(VerificationError) as caught:
        made.open()
    assert 'roots={"texts"' in str(caught.value.hint)
    opened = made.open(roots={"rows": tmp_path / "rows", "texts": str(tmp_path / "texts")})
    opened.verify()
    with pytest.raises(UnknownNameError, match="root"):
        made.open(roots={"text": tmp_path})


def test_what_is_no_manifest_is_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder, expected a manifest"):
        open_manifest(tmp_path / "nothing", trusted_keys=[])
    with pytest.raises(VerificationError, match=r"manifest\.json: no such file"):
        open_manifest(tmp_path, trusted_keys=[])
    with pytest.raises(InputError):
        open_manifest(tmp_path, trusted_keys="no key")


def test_a_text_file_of_another_size_is_mapped(made: Made) -> None:
    path = made.folder / texts_name(2)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(VerificationError, match=r"part-00002\.arrow: \d+ bytes, expected \d+"):
        made.open()


@pytest.mark.parametrize("size", [0, 100, 1000])
def test_a_file_cut_off_while_it_is_read_ends_the_process(made: Made, size: int) -> None:
    opened = made.open()
    opened.__getitems__(range(62))
    os.truncate(made.folder / texts_name(1), size)
    with pytest.raises(VerificationError, match=r"part-00001\.arrow: \d+ bytes, expected"):
        opened.__getitems__(range(62))


def test_compressed_texts_are_unpacked(tmp_path: Path) -> None:
    made = make_manifest(tmp_path / "m", ["word " * 1000] * 1, compression="zstd")
    with pytest.raises(VerificationError, match="compressed"):
        made.open().verify()


def test_rows_do_not_fit_the_statement(tmp_path: Path) -> None:
    made = make_manifest(tmp_path / "m", TEXTS, files=2)
    for change, words in (
        ({"rows": 61, "documents": 61}, "62 rows and 62 texts, expected 61"),
        ({"documents": 63}, "62 documents in an epoch, expected 63"),
        ({"strata_count": 2}, "1 strata, expected 2"),
    ):
        made.sign(replace(made.statement, **change))  # type: ignore[arg-type]
        with pytest.raises(VerificationError, match=words):
            made.open()
    made.sign(replace(made.statement, content_root=bytes(32)))
    with pytest.raises(RootMismatchError, match="content root"):
        made.open().verify()
    made.sign(replace(made.statement, members=bytes(32)))
    with pytest.raises(RootMismatchError, match="members"):
        made.open().verify()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("row", 3, "row 2 lies at row 3 of texts 0, expected row 2 of texts 0"),
        ("shard", 1, "row 2 lies at row 2 of texts 1"),
        ("stratum", 1, "strata 0 to 1, expected 0 to 0"),
        ("stratum", -1, "strata -1 to 0"),
        ("repeat_q16", 65535, "row 2: repeat 65535, expected 65536"),
    ],
)
def test_a_signed_row_that_cannot_be(tmp_path: Path, column: str, value: int, words: str) -> None:
    """Signed, and wrong all the same."""
    made = make_manifest(tmp_path / "m", TEXTS, files=2)
    path = made.folder / rows_name(0)
    table = pq.read_table(path)
    values = table.column(column).to_pylist()
    values[2] = value
    field = table.schema.field(column)
    table = table.set_column(table.schema.names.index(column), field, pa.array(values, field.type))
    made.write_rows(table)
    with pytest.raises(VerificationError, match=words):
        made.open()
