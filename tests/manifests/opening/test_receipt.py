"""A manifest's folder shows by itself that it was recorded; and describes itself to other tools."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import (
    BadSignatureError,
    ForkError,
    LedgerError,
    RootMismatchError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.canonical import encode
from ledger.log.keys import KeyRing
from ledger.log.proofs import format_proof
from ledger.manifests.building.build import Built
from ledger.manifests.names import CROISSANT, ENTRY, MANIFEST, PROOF, SHARDS, STRATA
from ledger.manifests.statement import format_statement, parse_statement
from ledger.manifests.verifying import Report, verify_directory
from ledger.provenance.dsse import parse_envelope, sign_envelope
from ledger.provenance.opening import statement_key_name
from ledger.provenance.takedown import take_down
from tests.manifests.building.corpus import DIARY, Corpus, make_corpus
from tests.manifests.building.test_build import MIX

NOWHERE = "/nonexistent/headwater.db"
SOME = sha256(DIARY[0]["text"].encode()).digest()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, Built]:
    place = tmp_path_factory.mktemp("built")
    corpus = make_corpus(place / "corpus")
    return corpus, corpus.build(MIX, place / "run")


@pytest.fixture
def place(
    built: tuple[Corpus, Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Corpus, Path]:
    """A ledger and its manifest, free to be spoilt; this user's keys are the ledger's."""
    shutil.copytree(built[0].place.parent, tmp_path / "place")
    for path in (tmp_path / "place" / "run").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    folder = tmp_path / "place" / "corpus"
    monkeypatch.setenv("HEADWATER_CONFIG", str(folder / "config"))
    return Corpus(folder, str(folder / "ledger.db"), KeyRing(folder / "config")), (
        tmp_path / "place" / "run"
    )


def resign(corpus: Corpus, run: Path, payload: bytes) -> None:
    signer = corpus.ring.signer("statement", statement_key_name("example.org/mixes"))
    (run / MANIFEST).write_bytes(sign_envelope(payload, signer))


def payload_of(run: Path) -> bytes:
    return parse_envelope((run / MANIFEST).read_bytes(), "x")[0]


def test_level_2_holds_without_the_ledger(place: tuple[Corpus, Path]) -> None:
    corpus, run = place
    report = verify_directory(run, NOWHERE)
    assert report.levels == (1, 2, 4)
    assert report.data()["index"] == report.receipt.index  # type: ignore[union-attr]
    assert report.notes == ()
    assert "by the proof beside it" in report.text()
    assert "whether another took its place, not checked" in report.text()
    whole = verify_directory(run, corpus.location)
    assert whole.levels == (1, 2, 3, 4)
    assert whole.data()["index"] == report.data()["index"]


def test_without_the_receipt_it_is_not_claimed(place: tuple[Corpus, Path]) -> None:
    corpus, run = place
    for name in (ENTRY, PROOF):
        (run / name).unlink()
    report = verify_directory(run, NOWHERE)
    assert report.levels == (1, 4)
    assert "that it was recorded, what was taken down" in report.text()
    assert verify_directory(run, corpus.location).levels == (1, 2, 3, 4)


@pytest.mark.parametrize("name", [ENTRY, PROOF])
def test_half_a_receipt(place: tuple[Corpus, Path], name: str) -> None:
    (place[1] / name).unlink()
    with pytest.raises(VerificationError, match=rf"{name}.*expected a file of a manifest"):
        verify_directory(place[1], NOWHERE)


def changed(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("name", "change", "error"),
    [
        (ENTRY, changed(b'"rows":50', b'"rows":51'), VerificationError),
        (ENTRY, changed(b'"stage":"pretrain"', b'"stage":"mid"'), VerificationError),
        (ENTRY, changed(b'"kind":"manifest"', b'"kind":"pull"'), VerificationError),
        (ENTRY, changed(b'"at":1', b'"at":2'), RootMismatchError),
        (ENTRY, changed(b"{", b" {"), LedgerError),
        (PROOF, changed(b"index 1", b"index 2"), VerificationError),
        (PROOF, changed(b"c2sp", b"c3sp"), VerificationError),
        (PROOF, changed(b"tlog-proof@v1\n", b"tlog-proof@v1\nextra AAAA\n"), VerificationError),
        (PROOF, lambda data: data[:-9] + b"AAAAAAA=\n", BadSignatureError),
        (PROOF, lambda data: data + b"x", LedgerError),
        (PROOF, lambda data: b"\xff" + data, VerificationError),
        (PROOF, lambda data: b"", VerificationError),
        (PROOF, lambda data: data + b" " * (2 << 20), VerificationError),
    ],
)
def test_a_changed_receipt(
    place: tuple[Corpus, Path],
    name: str,
    change: Callable[[bytes], bytes],
    error: type[LedgerError],
) -> None:
    path = place[1] / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(error) as caught:
        verify_directory(place[1], NOWHERE)
    assert name in str(caught.value) or PROOF in str(caught.value)
    assert caught.value.exit_code == 1


def test_the_receipt_of_another_manifest(place: tuple[Corpus, Path], tmp_path: Path) -> None:
    corpus, run = place
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{SOME.hex()}", "privacy")
    other = corpus.build(MIX, tmp_path / "other")
    for name in (ENTRY, PROOF):
        shutil.copy(other.folder / name, run / name)
    with pytest.raises(VerificationError, match=r"entry\.json: .* is .*, the statement has"):
        verify_directory(run, NOWHERE)


def test_an_entry_that_the_manifest_is_not(place: tuple[Corpus, Path]) -> None:
    """The proof is sound, of another entry of the same log."""
    corpus, run = place
    with corpus.open(write=True) as log:
        (run / ENTRY).write_bytes(log.entry_bytes(5))
        (run / PROOF).write_text(format_proof(log.prove(5)))
    with pytest.raises(VerificationError, match=r"an? .* claim, expected a manifest"):
        verify_directory(run, NOWHERE)


def test_a_log_key_that_nobody_trusts(
    place: tuple[Corpus, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, run = place
    other = KeyRing(tmp_path / "other")
    for key in corpus.ring.own():
        if key.use == "statement":
            other.trust(key.verifier.vkey, "statement")
    monkeypatch.setenv("HEADWATER_CONFIG", str(tmp_path / "other"))
    with pytest.raises(UntrustedSignerError, match=r"manifest\.tlog-proof: consistent") as caught:
        verify_directory(run, NOWHERE)
    assert "key trust --use log" in (caught.value.hint or "")
    path = run / "texts" / "part-00000.arrow"
    data = bytearray(path.read_bytes())
    data[data.index(b"page")] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(VerificationError, match=r"part-00000\.arrow"):
        verify_directory(run, NOWHERE)


def test_the_ledger_has_another_entry_there(place: tuple[Corpus, Path], tmp_path: Path) -> None:
    """A ledger of the same name and keys that went another way after the manifest was chosen."""
    corpus, run = place
    shutil.copytree(corpus.place, tmp_path / "fork")
    other = Corpus(
        tmp_path / "fork",
        str(tmp_path / "fork" / "ledger.db"),
        KeyRing(tmp_path / "fork" / "config"),
    )
    said = parse_statement(payload_of(run), "x")
    assert verify_directory(run, NOWHERE).receipt is not None
    before = corpus.build(MIX.replace("50", "49").replace("\nbudget", OTHER, 1), tmp_path / "b")
    after = other.build(MIX.replace("50", "48").replace("\nbudget", OTHER, 1), tmp_path / "a")
    assert before.index == after.index
    assert said.head.log_name == before.statement.head.log_name
    assert verify_directory(before.folder, corpus.location).levels == (1, 2, 3, 4)
    with pytest.raises(ForkError, match=r"is not the one in entry\.json"):
        verify_directory(before.folder, other.location)
    shutil.copytree(tmp_path / "place" / "corpus", tmp_path / "old")
    third = corpus.build(MIX.replace("50", "47").replace("\nbudget", THIRD, 1), tmp_path / "c")
    with pytest.raises(VerificationError, match="entries, the manifest is") as caught:
        verify_directory(third.folder, str(tmp_path / "old" / "ledger.db"))
    assert "older copy" in (caught.value.hint or "")


OTHER = '\nname = "other"\nversion = 1\nstage = "pretrain"\nseed = 7\nbudget'
THIRD = OTHER.replace("other", "third")


# --- croissant.json


def verified(run: Path) -> Report:
    return verify_directory(run, NOWHERE)


def test_every_file_is_described_with_its_digest(place: tuple[Corpus, Path]) -> None:
    run = place[1]
    said = json.loads((run / CROISSANT).read_text())
    listed = {
        item["contentUrl"]: item["sha256"]
        for item in said["distribution"]
        if item["@type"] == "cr:FileObject"
    }
    there = {
        path.relative_to(run).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in run.rglob("*")
        if path.is_file()
    }
    mine = {CROISSANT, MANIFEST, ENTRY, PROOF}
    assert listed == {name: digest for name, digest in there.items() if name not in mine}
    assert [item["name"] for item in said["prov:wasDerivedFrom"]] == [
        "diary@1",
        "wiki@1",
        "model@1",
    ]
    assert any("Gate contamination: not evaluated" in line for line in said["rai:dataLimitations"])
    assert said["license"] == "NOASSERTION"


def test_a_changed_description(place: tuple[Corpus, Path]) -> None:
    path = place[1] / CROISSANT
    path.write_bytes(path.read_bytes().replace(b"pretrain", b"mid"))
    with pytest.raises(VerificationError, match=r"croissant\.json: digest"):
        verified(place[1])


def test_a_description_that_was_signed_and_says_otherwise(place: tuple[Corpus, Path]) -> None:
    corpus, run = place
    for name in (ENTRY, PROOF):
        (run / name).unlink()
    path = run / CROISSANT
    data = path.read_bytes().replace(b"not evaluated", b"passed")
    path.write_bytes(data)
    said = parse_statement(payload_of(run), "x")
    lying = replace(said, croissant=sha256(data).digest())
    resign(corpus, run, format_statement(lying))
    with pytest.raises(VerificationError, match=r"does not say what manifest\.json says"):
        verified(run)
    resign(corpus, run, format_statement(replace(lying, tool={"name": "x", "version": "9"})))
    (note,) = verified(run).notes
    assert note == "croissant.json was signed, but not compared with manifest.json: it is of x 9"


def test_a_description_is_missing(place: tuple[Corpus, Path]) -> None:
    (place[1] / CROISSANT).unlink()
    assert verified(place[1]).notes == (
        "croissant.json is not there; manifest.json is what is signed",
    )


# --- what else lies there


@pytest.mark.parametrize(
    "name",
    ["rows/part-00001.parquet", "texts/.part", "texts/x/y", "export.dsse.json", "certificate.json"],
)
def test_a_file_that_another_tool_takes_for_one_of_it(
    place: tuple[Corpus, Path], name: str
) -> None:
    path = place[1] / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("one more")
    with pytest.raises(VerificationError, match="no file of the manifest"):
        verified(place[1])


def test_a_file_beside_it_is_named(place: tuple[Corpus, Path]) -> None:
    for number in range(12):
        (place[1] / f"shard.{number:05d}.mds").write_text("one more")
    notes = verified(place[1]).notes
    assert notes[0] == "shard.00000.mds lies in the folder and is no part of the manifest"
    assert (len(notes), notes[-1]) == (11, "and 2 more")


@pytest.mark.parametrize("name", [MANIFEST, STRATA, SHARDS, CROISSANT, ENTRY, PROOF])
def test_nobody_waits_for_a_pipe(place: tuple[Corpus, Path], name: str) -> None:
    (place[1] / name).unlink()
    os.mkfifo(place[1] / name)
    with pytest.raises(VerificationError, match=f"{name}: no plain file"):
        verified(place[1])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("achieved_ppm", r"strata\[0\]\.achieved_ppm is"),
        ("selected", r"strata\[0\]\.selected is \d+, the rows come to"),
        ("given", r"strata\[0\]\.given is"),
        ("units", r"strata\[0\]\.units is"),
        ("documents", "selected"),
    ],
)
def test_signed_shares_that_the_rows_do_not_have(
    place: tuple[Corpus, Path], name: str, words: str
) -> None:
    """The ledger is not at hand: the rows are."""
    corpus, run = place
    for file in (ENTRY, PROOF, CROISSANT):
        (run / file).unlink()
    strata = json.loads((run / STRATA).read_bytes())
    assert strata["strata"][0]["selected"] > 1
    strata["strata"][0][name] = 1
    data = encode(strata)
    (run / STRATA).write_bytes(data)
    said = parse_statement(payload_of(run), "x")
    resign(corpus, run, format_statement(replace(said, strata=sha256(data).digest())))
    with pytest.raises(VerificationError, match=rf"strata\.json: .*{words}"):
        verified(run)


def test_the_same_build_writes_the_same_folder(place: tuple[Corpus, Path], tmp_path: Path) -> None:
    corpus, run = place
    again = corpus.build(MIX, tmp_path / "again")
    assert not again.new
    for name in (CROISSANT, ENTRY, MANIFEST):
        assert (again.folder / name).read_bytes() == (run / name).read_bytes()
    assert {path.stat().st_mode & 0o777 for path in again.folder.iterdir() if path.is_file()} == {
        0o444
    }
    assert verify_directory(again.folder, corpus.location).levels == (1, 2, 3, 4)
    corpus.verify()


def test_level_2_loads_no_sql(place: tuple[Corpus, Path]) -> None:
    import subprocess
    import sys

    script = (
        "import sys\n"
        "import ledger.manifests.opening.receipt\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'pyarrow', 'numpy', 'pydantic'} & {*sys.modules}\n"
        "print(sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env=os.environ)  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr
