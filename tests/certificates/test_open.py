"""Verifying: every level, every file that can lie, and who is believed."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.certificates.issue import certify
from ledger.certificates.open import is_certificate, verify_certificate, verify_directory
from ledger.certificates.page import render_page
from ledger.certificates.recompute import first_difference
from ledger.certificates.report import Report
from ledger.certificates.sections import built_in_sections
from ledger.certificates.statement import (
    Page,
    Statement,
    certificate_body,
    format_statement,
    parse_statement,
)
from ledger.claims import Certificate, Withdrawal
from ledger.errors import (
    BadSignatureError,
    ForkError,
    RootMismatchError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.canonical import subject_of
from ledger.log.keys import KeyRing
from ledger.log.proofs import format_proof
from ledger.log.record import Claim, record
from ledger.provenance.dsse import parse_envelope, sign_envelope
from ledger.provenance.opening import statement_key_name
from ledger.provenance.policy import load_policy
from tests.certificates.ledgers import NAME, Ledger, corpus, evidence, make, origin


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Path]:
    folder = tmp_path_factory.mktemp("issued")
    ledger = make(folder / "ledger", corpus())
    issue(ledger, folder / "out")
    return ledger, folder


@pytest.fixture
def place(issued: tuple[Ledger, Path], tmp_path: Path) -> tuple[Ledger, Path]:
    """A ledger and its certificate, free to be spoilt."""
    shutil.copytree(issued[1], tmp_path / "issued")
    folder = tmp_path / "issued" / "ledger"
    ledger = Ledger(str(folder / "ledger.db"), KeyRing(folder / "config"))
    return ledger, tmp_path / "issued" / "out"


def issue(ledger: Ledger, out: Path, policy: str = "clean-strict") -> None:
    with ledger.open(write=True) as log:
        certify(log, "r@1", out, policy=load_policy(policy))


def check(ledger: Ledger, out: Path, *, level: int = 2) -> Report:
    log_keys, statement_keys = ledger.keys.verifiers("log"), ledger.keys.verifiers("statement")
    if level < 3:
        return verify_certificate(out, log_keys, statement_keys)
    with ledger.open() as log:
        return verify_certificate(out, log_keys, statement_keys, log)


def statement_of(out: Path) -> Statement:
    return parse_statement(parse_envelope((out / "certificate.json").read_bytes(), "x")[0], "x")


def reissue(
    ledger: Ledger,
    out: Path,
    change: Callable[[Statement], Statement],
    page: bytes | None = None,
    name: str = NAME,
) -> None:
    """What a lying issuer can do: sign, record and write a statement of its own making."""
    statement = change(statement_of(out))
    if page is None:
        page = render_page(statement, built_in_sections(), "x")
    statement = replace(statement, page=Page(sha256(page).digest(), statement.page.version))
    payload = format_statement(statement)
    digest = sha256(payload).hexdigest()
    body = Certificate.model_validate(certificate_body(statement, f"sha256:{digest}"))
    with ledger.open(write=True) as log:
        claim = Claim("certificate", subject_of("certificate", statement.subject, digest), body)
        (recorded,) = record(log, [claim])
        signer = ledger.keys.signer("statement", statement_key_name(name))
        (out / "certificate.json").write_bytes(sign_envelope(payload, signer))
        (out / "certificate.html").write_bytes(page)
        (out / "entry.json").write_bytes(log.entry_bytes(recorded.index))
        (out / "certificate.tlog-proof").write_text(format_proof(log.prove(recorded.index)))


def test_without_a_ledger_level_2_is_reached(place: tuple[Ledger, Path]) -> None:
    report = check(*place)
    assert (report.level, report.superseded_by) == (2, None)
    said = report.text()
    assert "Whether the claims are true is not checked." in said
    assert "not known without the ledger" in said
    assert "superseded_by" not in report.data()


def test_with_the_ledger_the_numbers_are_computed_again(place: tuple[Ledger, Path]) -> None:
    report = check(*place, level=3)
    assert (report.level, report.superseded_by) == (3, ())
    assert report.data()["superseded_by"] == []


@pytest.mark.parametrize("batch", [1, 1000])
def test_a_log_that_moved_on_is_read_as_it_was(place: tuple[Ledger, Path], batch: int) -> None:
    ledger, out = place
    later = [
        origin("later", file="f1", row=50),
        origin("text 5", file="f1", row=51, language="de"),
        evidence("f3", 1_000_000_000),
    ]
    for start in range(0, len(later), batch):
        ledger.record(*later[start : start + batch])
    report = check(ledger, out, level=3)
    assert (report.level, report.superseded_by) == (3, ())


def test_a_newer_certificate_is_named_until_it_is_withdrawn(
    place: tuple[Ledger, Path], tmp_path: Path
) -> None:
    ledger, out = place
    issue(ledger, tmp_path / "newer", "clean-dated")
    report = check(ledger, out, level=3)
    assert report.superseded_by is not None
    (index,) = report.superseded_by
    assert f"entry {index}" in report.text()
    assert check(ledger, tmp_path / "newer", level=3).superseded_by == ()
    with ledger.open() as log:
        entry = log.entry(index)
    ledger.record(Claim("withdrawal", entry.subject, Withdrawal(claim=entry.claim_id)))
    assert check(ledger, out, level=3).superseded_by == ()


def test_another_ledger_is_noted_and_not_read(place: tuple[Ledger, Path], tmp_path: Path) -> None:
    ledger, out = place
    other = make(tmp_path / "other", name="example.org/other")
    with other.open() as log:
        report = verify_certificate(
            out, ledger.keys.verifiers("log"), ledger.keys.verifiers("statement"), log
        )
    assert report.level == 2
    assert "is another log and was not read" in report.notes[-1]


# --- trust


@pytest.mark.parametrize("trusted", [(), ("log",), ("statement",)])
def test_an_unknown_signer_is_named_after_everything_else_held(
    place: tuple[Ledger, Path], trusted: tuple[str, ...]
) -> None:
    ledger, out = place
    keys = {use: ledger.keys.verifiers(use) for use in ("log", "statement")}
    with pytest.raises(UntrustedSignerError, match="consistent, signer not trusted") as caught:
        believed = {use: keys[use] if use in trusted else [] for use in keys}
        verify_certificate(out, believed["log"], believed["statement"])
    for use, (key,) in keys.items():
        line = f"headwater key trust --use {use} {key.vkey}"
        assert (line in str(caught.value.hint)) is (use not in trusted)
        assert (key.label in str(caught.value)) is (use not in trusted)


def test_an_unknown_signer_of_something_broken_is_not_called_consistent(
    place: tuple[Ledger, Path],
) -> None:
    _, out = place
    (out / "entry.json").write_bytes((out / "entry.json").read_bytes().replace(b"r@1", b"r@2"))
    with pytest.raises(VerificationError, match=r"entry\.json: dataset is r@2"):
        verify_certificate(out, [], [])


def test_a_log_key_is_not_believed_about_statements(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    with pytest.raises(UntrustedSignerError):
        verify_certificate(out, ledger.keys.verifiers("log"), ledger.keys.verifiers("log"))


# --- files that lie


@pytest.mark.parametrize(
    "name", ["certificate.json", "entry.json", "certificate.tlog-proof", "certificate.html"]
)
def test_any_changed_byte_is_found_and_its_file_named(
    place: tuple[Ledger, Path], name: str
) -> None:
    _, out = place
    good = (out / name).read_bytes()
    for at in range(0, len(good), max(len(good) // 60, 1)):
        (out / name).write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(VerificationError) as caught:
            check(*place)
        assert name in str(caught.value) or "certificate.json" in str(caught.value)
    (out / name).write_bytes(good[:-1])
    with pytest.raises(VerificationError, match=name.replace(".", r"\.")):
        check(*place)


@pytest.mark.parametrize("name", ["certificate.json", "entry.json", "certificate.tlog-proof"])
def test_a_missing_file_is_named(place: tuple[Ledger, Path], name: str) -> None:
    (place[1] / name).unlink()
    with pytest.raises(VerificationError, match=f"{name}: no such file"):
        check(*place)


@pytest.mark.parametrize(
    "name", ["certificate.json", "certificate.html", "entry.json", "certificate.tlog-proof"]
)
def test_nobody_waits_for_a_pipe(place: tuple[Ledger, Path], name: str) -> None:
    (place[1] / name).unlink()
    os.mkfifo(place[1] / name)
    with pytest.raises(VerificationError, match=f"{name}: no plain file"):
        check(*place)


def test_a_missing_page_is_noted(place: tuple[Ledger, Path]) -> None:
    (place[1] / "certificate.html").unlink()
    assert check(*place).notes[0].startswith("certificate.html is not there")


def test_the_receipt_of_another_certificate(place: tuple[Ledger, Path], tmp_path: Path) -> None:
    ledger, out = place
    issue(ledger, tmp_path / "newer", "clean-dated")
    for name in ("entry.json", "certificate.tlog-proof"):
        shutil.copy(tmp_path / "newer" / name, out / name)
    with pytest.raises(VerificationError, match=r"entry\.json: policy is sha256:"):
        check(ledger, out)


def test_a_checkpoint_signed_by_the_right_name_with_another_key(
    place: tuple[Ledger, Path], tmp_path: Path
) -> None:
    ledger, out = place
    impostor = make(tmp_path / "impostor")  # the same log name, other keys
    assert impostor.keys.verifiers("log")[0].name == NAME
    with pytest.raises(UntrustedSignerError):
        verify_certificate(out, impostor.keys.verifiers("log"), ledger.keys.verifiers("statement"))


def test_a_signature_that_does_not_hold_is_not_called_untrusted(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    payload, signatures = parse_envelope((out / "certificate.json").read_bytes(), "x")
    signer = ledger.keys.signer("statement", statement_key_name(NAME))
    other = sign_envelope(payload.replace(b'"documents":7', b'"documents":8'), signer)
    spoilt = other.replace(
        other.partition(b'"sig":"')[2],
        (out / "certificate.json").read_bytes().partition(b'"sig":"')[2],
    )
    assert signatures
    (out / "certificate.json").write_bytes(spoilt)
    for keys in (ledger.keys.verifiers("statement"), []):
        with pytest.raises(BadSignatureError, match=r"certificate\.json: the signature of"):
            verify_certificate(out, ledger.keys.verifiers("log"), keys)


# --- issuers that lie


def test_numbers_the_ledger_does_not_give_are_found_at_level_3(place: tuple[Ledger, Path]) -> None:
    ledger, out = place

    def improve(statement: Statement) -> Statement:
        payload = format_statement(statement)
        changed = payload.replace(b'"basis":"none","bytes":24', b'"basis":"none","bytes":23')
        assert changed != payload
        return parse_statement(changed, "x")

    reissue(ledger, out, improve)
    assert check(ledger, out).level == 2
    with pytest.raises(VerificationError) as caught:
        check(ledger, out, level=3)
    assert "composition.labels.rows[2].bytes is 23, the ledger's first" in str(caught.value)
    assert str(caught.value).endswith("entries give 24")


def test_a_content_root_of_another_set_is_found_at_level_3(place: tuple[Ledger, Path]) -> None:
    reissue(*place, lambda statement: replace(statement, content_root=bytes(32)))
    with pytest.raises(RootMismatchError, match=r"certificate\.json: content root 00"):
        check(*place, level=3)


def test_rules_the_policy_does_not_hold_are_found_at_level_3(place: tuple[Ledger, Path]) -> None:
    def soften(statement: Statement) -> Statement:
        rules = [dict(rule) for rule in statement.policy["rules"]]
        rules[-1]["shown"] = "human"
        return replace(statement, policy={**statement.policy, "rules": rules})

    reissue(*place, soften)
    with pytest.raises(VerificationError, match=r"policy\.rules\[8\]\.shown is 'human'"):
        check(*place, level=3)


def test_a_dated_policy_without_its_warning_is_found_at_level_3(
    place: tuple[Ledger, Path],
) -> None:
    ledger, out = place
    issue(ledger, out, "clean-dated")
    assert check(ledger, out, level=3).level == 3
    reissue(ledger, out, lambda statement: replace(statement, limits=statement.limits[:3]))
    with pytest.raises(VerificationError, match="limits lack the sentence"):
        check(ledger, out, level=3)


def test_a_signed_page_that_says_other_numbers(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    page = (out / "certificate.html").read_bytes().replace(b"<dd>7</dd>", b"<dd>70,000</dd>")
    reissue(ledger, out, lambda statement: statement, page)
    with pytest.raises(VerificationError, match=r"certificate\.html: does not say what"):
        check(ledger, out)


def test_a_page_or_section_from_elsewhere_is_noted_not_believed(
    place: tuple[Ledger, Path],
) -> None:
    ledger, out = place
    page = (out / "certificate.html").read_bytes() + b"<p>more</p>"
    reissue(
        ledger,
        out,
        lambda statement: replace(
            statement, composition={**statement.composition, "astrology": {"sign": 3}}
        ),
        page,
    )
    report = check(ledger, out, level=3)
    assert "section astrology is not known here" in report.notes[0]
    assert "section astrology is not ours and was not computed again" in report.notes[1]


def test_entries_the_ledger_does_not_hold(place: tuple[Ledger, Path], tmp_path: Path) -> None:
    ledger, out = place
    twin = make(tmp_path / "twin")  # the same log name over other entries
    with twin.open() as log, pytest.raises(VerificationError, match="entries, the certificate is"):
        verify_certificate(
            out, ledger.keys.verifiers("log"), ledger.keys.verifiers("statement"), log
        )
    twin.record(*(origin(f"twin {n}", row=n) for n in range(40)))
    with twin.open() as log, pytest.raises(ForkError, match="are not those it was issued over"):
        verify_certificate(
            out, ledger.keys.verifiers("log"), ledger.keys.verifiers("statement"), log
        )


def test_a_projection_that_was_made_to_agree_is_not_believed(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    with sqlite3.connect(ledger.location) as connection:
        connection.execute("UPDATE member SET bytes = bytes + 1")
    connection.close()
    with pytest.raises(VerificationError, match=r"^member"):
        check(ledger, out, level=3)


def test_a_folder_is_verified_with_the_keys_and_the_ledger_at_hand(
    place: tuple[Ledger, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ledger, out = place
    monkeypatch.setenv("HEADWATER_CONFIG", str(ledger.keys.folder))
    assert verify_directory(out, ledger.location).level == 3
    report = verify_directory(out, str(tmp_path / "none.db"))
    assert report.level == 2
    assert not (tmp_path / "none.db").exists()
    monkeypatch.setenv("HEADWATER_CONFIG", str(tmp_path / "stranger"))
    with pytest.raises(UntrustedSignerError):
        verify_directory(out, ledger.location)


def test_a_withheld_policy_stops_at_level_2_and_says_so(
    place: tuple[Ledger, Path], tmp_path: Path
) -> None:
    ledger, out = place
    own = tmp_path / "own.toml"
    source = load_policy("clean-strict").source.decode()
    own.write_text(source.replace('name = "clean-strict"', 'name = "own"'))
    with ledger.open(write=True) as log:
        certify(log, "r@1", out, policy=load_policy(str(own)))
    assert check(ledger, out, level=3).level == 3  # from the vault
    for path in Path(ledger.location).parent.glob("ledger.vault.db*"):
        path.unlink()
    report = check(ledger, out, level=3)
    assert report.level == 2
    assert any("text is withheld" in note for note in report.notes)


def test_first_difference_names_the_place() -> None:
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, "x") is None
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "x") == ("x.a[1].b", 2, 3)
    assert first_difference({"a": True}, {"a": 1}, "x") == ("x.a", True, 1)
    for one, other in (({"a": 1}, {}), ([1], [1, 2]), ([], {}), (1, "1")):
        assert first_difference(one, other, "x") is not None


def test_levels_1_and_2_load_no_sql_no_arrow_and_no_section(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    (out / "certificate.html").unlink()
    loaded = loaded_by_level_2(ledger, out)
    assert "cryptography" in loaded
    assert not loaded & HEAVY
    assert "ledger.certificates.sections" not in loaded


HEAVY = {"sqlite3", "sqlalchemy", "sqlmodel", "pydantic", "pyarrow", "numpy", "transformers"}


def loaded_by_level_2(ledger: Ledger, out: Path) -> set[str]:
    """Every module that a program has loaded once it verified a folder without a ledger."""
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from ledger.certificates.open import verify_certificate\n"
        "from ledger.log.notes import parse_vkey\n"
        "keys = [[parse_vkey(vkey)] for vkey in sys.argv[2:]]\n"
        "assert verify_certificate(Path(sys.argv[1]), *keys).level == 2\n"
        "print(*sorted(sys.modules))\n"
    )
    vkeys = [ledger.keys.verifiers(use)[0].vkey for use in ("log", "statement")]
    run = subprocess.run(
        [sys.executable, "-c", program, out, *vkeys],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def test_is_certificate(place: tuple[Ledger, Path], tmp_path: Path) -> None:
    assert is_certificate(place[1])
    assert not is_certificate(tmp_path)
