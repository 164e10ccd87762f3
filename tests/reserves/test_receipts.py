"""Receipts and the key that signs bundles: made once, recorded, found again."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import KeyPermissionError, RefusedError, VerificationError
from ledger.log.keys import KeyRing
from ledger.log.notes import parse_vkey
from ledger.provenance.dsse import parse_envelope
from ledger.provenance.opening import open_ledger
from ledger.reserves import layout
from ledger.reserves.opening.open import verify_reserve
from ledger.reserves.receipts.write import key_files, model_files, seal_key, write_receipts
from ledger.reserves.statement import parse_statement
from tests.log.making import Ledger, assert_whole
from tests.reserves.sealing import Corpus, copy, make_corpus, unlock


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return make_corpus(tmp_path / "corpus")


def test_the_seal_key_is_made_once_and_named_by_the_log(corpus: Corpus) -> None:
    with corpus.open(write=True) as log:
        first = seal_key(log)
        assert first.created
        assert first.path.is_file()
        again = seal_key(log)
        assert (again.created, again.path) == (False, first.path)
        assert log.log_vkeys("seal") == [first.signer.verifier.vkey]
    assert first.signer.name == "example.org/notes/seal"
    assert parse_vkey(first.signer.verifier.vkey) == first.signer.verifier
    assert_whole(Ledger(Path(corpus.location), corpus.ring))


def test_a_key_that_was_made_but_not_recorded_is_taken_up(corpus: Corpus) -> None:
    """A kill between the two must not leave a second key behind."""
    made = corpus.ring.generate("example.org/notes/seal", "seal")
    with corpus.open(write=True) as log:
        assert seal_key(log).signer.verifier == made.verifier
        assert log.log_vkeys("seal") == [made.verifier.vkey]
    assert [key.verifier for key in corpus.ring.own() if key.use == "seal"] == [made.verifier]


def test_a_key_that_others_can_read_is_not_recorded(corpus: Corpus) -> None:
    made = corpus.ring.generate("example.org/notes/seal", "seal")
    corpus.ring.path(made).chmod(0o644)
    with corpus.open(write=True) as log, pytest.raises(KeyPermissionError):
        seal_key(log)
    with corpus.open() as log:
        assert log.log_vkeys("seal") == []


def test_where_the_private_half_is_elsewhere_nothing_is_sealed(
    corpus: Corpus, tmp_path: Path
) -> None:
    with corpus.open(write=True) as log:
        path = seal_key(log).path
    for half in (path, path.with_suffix(".vkey")):
        half.rename(tmp_path / half.name)
    with corpus.open(write=True) as log, pytest.raises(RefusedError, match="no seal key named"):
        seal_key(log)


def test_the_receipts_can_be_written_again(corpus: Corpus, tmp_path: Path) -> None:
    """After a crash the same command writes the same receipts: nothing in them is drawn anew."""
    folder = copy(corpus.seal(tmp_path / "out").folder, tmp_path / "again")
    before = {path.name: path.read_bytes() for path in (folder / layout.RECEIPTS).iterdir()}
    payload = parse_envelope(before["statement.dsse.json"], "s")[0]
    index = verify_reserve(folder, corpus.keys).index
    shutil.rmtree(folder / layout.RECEIPTS)
    with corpus.open(write=True) as log:
        write_receipts(
            folder,
            payload,
            statement_signer=corpus.ring.signer("statement", "example.org/notes/statement"),
            seal_signer=seal_key(log).signer,
            entry=log.entry_bytes(index),
            proof=log.prove(index),
        )
    after = {path.name: path.read_bytes() for path in (folder / layout.RECEIPTS).iterdir()}
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} <= {"model.sig"}
    assert verify_reserve(folder, corpus.keys).levels == (1, 2, 4)


def test_what_is_bundled_is_every_file_of_the_content(corpus: Corpus, tmp_path: Path) -> None:
    content = corpus.seal(tmp_path / "out").folder / layout.CONTENT
    files = {
        str(path.relative_to(content)): sha256(path.read_bytes()).digest()
        for path in content.rglob("*")
        if path.is_file()
    }
    assert model_files((content / layout.SUMS).read_bytes()) == files


def test_the_pem_files_are_the_keys_that_the_statement_names(
    corpus: Corpus, tmp_path: Path
) -> None:
    folder = corpus.seal(tmp_path / "out").folder
    statement = parse_statement(
        parse_envelope((folder / layout.STATEMENT).read_bytes(), "s")[0], "s"
    )
    for name, pem in key_files(statement).items():
        assert (folder / name).read_bytes() == pem
        assert pem.count(b"-----BEGIN PUBLIC KEY-----") == 1
    unlock(folder)
    shutil.copyfile(folder / layout.LOG_PEM, folder / layout.STATEMENT_PEM)
    with pytest.raises(VerificationError, match=r"statement\.pem: not what"):
        verify_reserve(folder, corpus.keys)


def test_a_second_user_seals_with_a_copy_of_the_keys(corpus: Corpus, tmp_path: Path) -> None:
    with corpus.open(write=True) as log:
        seal_key(log)
    ring = KeyRing(tmp_path / "copied")
    shutil.copytree(corpus.ring.folder, ring.folder)
    with open_ledger(corpus.location, write=True, keys=ring) as log:
        assert not seal_key(log).created
