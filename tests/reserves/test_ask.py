"""`reserve check`, and verifying what it wrote: every answer that would be a wrong one."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InputError, UntrustedSignerError, VerificationError
from ledger.log.keys import KeyRing
from ledger.reserves.membership.ask import open_reserve, read_asked
from ledger.reserves.membership.proofs import MAX_PROOF_BYTES, format_proof, parse_proof
from ledger.reserves.membership.verify_proof import check_proof, verify_proof_file
from ledger.reserves.opening.recorded import TrustedKeys
from tests.reserves.folders import LOG_NAME, Made, digest, make_reserve

TEXTS = [f"letter {n}" for n in range(40)]
LEDGER = "headwater.db"

Command = Callable[..., Any]


@pytest.fixture
def made(own_place: Path) -> Made:
    return make_reserve(own_place / "sealed", TEXTS)


@pytest.fixture
def proof(made: Made, headwater: Command, own_place: Path) -> Path:
    """A proof that a text is not in, written by the command."""
    (own_place / "essay.txt").write_text("letter 40")
    ran = headwater(
        "reserve", "check", "essay.txt", "--reserve", "sealed", "--no-near", "-o", "p.json"
    )
    assert ran.code == 0, ran.stderr
    return own_place / "p.json"


def trusted() -> TrustedKeys:
    ring = KeyRing()
    return TrustedKeys(log=ring.verifiers("log"), statement=ring.verifiers("statement"))


def ask(where: str, *documents: bytes) -> list[Any]:
    with open_reserve(where, LEDGER) as sealed:
        return [sealed.ask(document) for document in documents]


def test_the_folder_and_the_ledger_answer_differently(made: Made) -> None:
    documents = [*map(digest, TEXTS[:5]), *(digest(f"other {n}") for n in range(5))]
    by_folder = ask("sealed", *documents)
    assert [proof.membership.present for proof in by_folder] == [True] * 5 + [False] * 5
    assert ask("old", *documents) == by_folder
    assert ask("old@1", *documents) == by_folder
    for answer in by_folder:
        report = check_proof(parse_proof(format_proof(answer), "p"), trusted(), "p")
        assert not report.recorded.strangers


def test_a_proof_needs_the_reserve(
    proof: Path, own_place: Path, headwater: Command, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.json"
    shutil.move(proof, alone)
    for path in own_place.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    report = verify_proof_file(alone, LEDGER)
    assert not report.shown.present and report.newer is None
    text = report.text()
    assert "No document with exactly these bytes. One changed character gives" in text
    assert "existed before 2022-11-30" in text
    assert "whether a newer version of old replaces it is not known" in text


def test_verifying_a_proof_loads_arrow_or_sql(proof: Path, root: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from ledger.reserves.membership.proofs import parse_proof\n"
        "from ledger.reserves.opening.recorded import TrustedKeys\n"
        "from ledger.reserves.membership.verify_proof import check_proof\n"
        f"proof = parse_proof(Path({str(proof)!r}).read_bytes(), 'p')\n"
        "print(check_proof(proof, TrustedKeys(), 'p').data()['answer'])\n"
        "heavy = {'numpy', 'pyarrow', 'sqlalchemy', 'sqlite3', 'sqlmodel', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "not_in\n[]\n"


def test_an_answer_is_believed_whoever_signed(
    made: Made, headwater: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("essay.txt").write_text(TEXTS[3])
    own = KeyRing()
    keys = [(key.verifier.vkey, key.use) for key in own.own()]
    monkeypatch.setenv("HEADWATER_CONFIG", str(tmp_path / "elsewhere"))
    ask_it = ("reserve", "check", "essay.txt", "--reserve", "sealed", "--no-near", "-o", "p.json")
    ran = headwater(*ask_it)
    assert ran.code == 1
    assert "in old version 1" in ran.stdout  # an answer, and then whose word it is
    assert "existed before 2022-11-30. That a text is old does not say who wrote it." in ran.stdout
    assert f"signer not trusted: {LOG_NAME}/statement+" in ran.stderr
    assert "headwater key trust --use statement" in ran.stderr
    with pytest.raises(UntrustedSignerError):
        verify_proof_file(Path("p.json"))
    for vkey, use in keys:
        assert headwater("key", "trust", vkey, "--use", use).code == 0
    assert headwater(*ask_it).code == 0
    assert verify_proof_file(Path("p.json")).shown.present


def test_a_newer_version_is_not_mentioned(proof: Path, own_place: Path) -> None:
    assert verify_proof_file(proof, LEDGER).newer == ()
    make_reserve(own_place / "second", TEXTS[1:], version=2)
    make_reserve(own_place / "another", TEXTS[1:], name="others", version=7)
    report = verify_proof_file(proof, LEDGER)
    assert report.newer == (2,)
    assert "superseded by old version 2" in report.text()
    assert report.data()["superseded_by"] == [2]
    gone = [ask(where, digest(TEXTS[0]))[0].membership.present for where in ("old@1", "old")]
    assert gone == [True, False]


def test_parts_of_two_reserves_make_a_proof(made: Made, own_place: Path) -> None:
    make_reserve(own_place / "second", TEXTS[1:], version=2)
    document = digest(TEXTS[0])
    (first,), (second,) = ask("sealed", document), ask("second", document)
    assert (first.membership.present, second.membership.present) == (True, False)
    for name in ("membership", "statement", "entry", "tlog_proof"):
        mixed = type(first)(**{**vars(first), name: getattr(second, name)})
        assert mixed != first
        with pytest.raises(VerificationError, match=r"^p"):
            check_proof(mixed, trusted(), "p")


def test_a_changed_member_of_a_proof_file_passes(proof: Path) -> None:
    """Whatever is changed, canonically or not, is refused: nothing in the file is decoration."""
    good = json.loads(proof.read_bytes())
    assert verify_proof_file(proof)
    changes: list[Callable[[dict[str, Any]], Any]] = [
        lambda d: d.update(document="sha256:" + "0" * 64),
        lambda d: d.update(document="sha256:" + digest(TEXTS[0]).hex()),
        lambda d: d.update(answer="in"),
        lambda d: d.update(size=39),
        lambda d: d.update(size=41),
        lambda d: d.update(leaves=[]),
        lambda d: d["leaves"].reverse(),
        lambda d: d["leaves"].pop(),
        lambda d: d["leaves"][0].update(index=d["leaves"][0]["index"] - 1),
        lambda d: d["leaves"][0].update(digest="sha256:" + "0" * 64),
        lambda d: d["leaves"][0]["path"].reverse(),
        lambda d: d["leaves"][0]["path"].append("0" * 64),
        lambda d: d.update(statement=d["statement"].replace("payload", "Payload", 1)),
        lambda d: d.update(statement=d["statement"] + "\n"),
        lambda d: d.update(statement=""),
        lambda d: d.update(entry=d["entry"].replace('"documents":40', '"documents":41')),
        lambda d: d.update(entry=d["entry"] + " "),
        lambda d: d.update(tlog_proof=d["tlog_proof"].replace("index 3", "index 2")),
        lambda d: d.update(tlog_proof=d["tlog_proof"] + "\n"),
        lambda d: d.update(note="mine"),
    ]
    for number, change in enumerate(changes):
        document = json.loads(json.dumps(good))
        change(document)
        assert document != good, number
        spelled = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        proof.write_text(spelled + "\n")
        with pytest.raises(VerificationError):
            verify_proof_file(proof)


def test_a_file_that_is_no_proof_gives_a_traceback(own_place: Path) -> None:
    path = own_place / "p.json"
    for data in (b"", b"{}", b"\x00" * 100, b"[" * 10_000, b'"' + b"\xff" * 9, b"1e999"):
        path.write_bytes(data)
        with pytest.raises(VerificationError, match=r"p\.json: not a proof about a reserve"):
            verify_proof_file(path)
    with path.open("wb") as file:
        file.truncate(MAX_PROOF_BYTES + 1)  # sparse
    with pytest.raises(VerificationError, match="expected at most"):
        verify_proof_file(path)
    with pytest.raises(VerificationError, match="no such file"):
        verify_proof_file(own_place / "none.json")
    with pytest.raises(VerificationError, match="no plain file"):
        verify_proof_file(Path("/dev/zero"))


def test_a_folder_that_is_no_reserve_is_asked(made: Made, own_place: Path) -> None:
    (own_place / "empty").mkdir()
    with pytest.raises(VerificationError, match=r"statement\.dsse\.json: no such file"):
        ask("empty", digest("x"))
    with pytest.raises(InputError, match="unknown reserve"):
        ask("older", digest("x"))
    with pytest.raises(InputError, match="unknown reserve"):
        ask("old@2", digest("x"))
    for named in ("old@0", "old@x", "a@b@1", "essay/../old@1@", LEDGER):
        with pytest.raises(InputError, match="not a folder, and not NAME"):
            ask(named, digest("x"))


@pytest.mark.parametrize(
    "name", ["content/tree", "content/documents.parquet", "receipts/entry.json"]
)
def test_a_spoilt_reserve_still_answers(made: Made, headwater: Command, name: str) -> None:
    Path("essay.txt").write_text(TEXTS[3])
    path = made.folder / name
    data = bytearray(path.read_bytes())
    data[min(200, len(data) // 2)] ^= 0x10  # of a table: in its first column, the digests
    path.write_bytes(bytes(data))
    ran = headwater("reserve", "check", "essay.txt", "--reserve", "sealed", "-o", "p.json")
    assert (ran.code, ran.stdout) == (1, "")
    assert not Path("p.json").exists()


def test_a_vault_that_withholds_the_members_answers(made: Made, headwater: Command) -> None:
    Path("headwater.vault.db").rename("elsewhere")
    ran = headwater("reserve", "check", f"sha256:{'0' * 64}", "--reserve", "old")
    assert ran.code == 4
    assert "withheld" in ran.stderr


def test_what_is_asked_about_is_taken_for_something_else(own_place: Path) -> None:
    (own_place / "essay.txt").write_bytes(b"caf\xe9\r\n")
    known = sha256(b"caf\xe9\r\n").digest()
    assert read_asked("essay.txt").document == known  # bytes as they are, whatever they spell
    assert read_asked(f"sha256:{known.hex()}").document == known
    assert read_asked(known.hex()).document == known
    (own_place / known.hex()).write_bytes(b"")
    assert read_asked(known.hex()).document == sha256(b"").digest()  # a file comes first
    (own_place / "folder").mkdir()
    for given in ("none.txt", "folder", "", "sha256:12", "hmac-sha256:" + "0" * 64, "a\0b"):
        with pytest.raises(InputError, match="expected a file or a digest"):
            read_asked(given)


def test_a_name_acts_on_the_terminal(made: Made, headwater: Command) -> None:
    name = "essay\x1b[2J\u202etxt"
    Path(name).write_text("x")
    ran = headwater("reserve", "check", name, "--reserve", "sealed", "--no-near")
    assert ran.code == 0
    assert "\x1b" not in ran.stdout and "\u202e" not in ran.stdout


def test_several_documents_share_one_proof_file(made: Made, headwater: Command) -> None:
    zero, one = (f"sha256:{digit * 64}" for digit in "01")
    ran = headwater("reserve", "check", zero, one, "--reserve", "sealed", "-o", "p.json")
    assert ran.code == 2
    assert not Path("p.json").exists()
    ran = headwater("--json", "reserve", "check", zero, one, "--reserve", "sealed")
    answers = json.loads(ran.stdout)
    assert [answer["document"] for answer in answers] == [zero, one]
    assert {answer["answer"] for answer in answers} == {"not_in"}


def test_verify_takes_a_proof_for_a_certificate(proof: Path, headwater: Command) -> None:
    ran = headwater("verify", "p.json")
    assert (ran.code, ran.stderr) == (0, "")
    assert "not in old version 1, which has 40 documents" in ran.stdout
    (data,) = json.loads(headwater("--json", "verify", "p.json").stdout)
    assert (data["answer"], data["level"], data["documents"]) == ("not_in", 2, 40)
