"""Reserves on a certificate: which documents lie in them, what is withheld, whose receipts hold."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.certificates.issue import certify
from ledger.claims import Reserve, Withdrawal
from ledger.errors import UntrustedSignerError, VerificationError
from ledger.log.canonical import claim_id, parse_digest
from ledger.log.content_root import content_root
from ledger.log.keys import KeyRing
from ledger.log.record import Claim, record
from ledger.log.vault import vault_location
from ledger.provenance.opening import statement_key_name
from ledger.provenance.policy import load_policy
from ledger.reserves.statement import Head, Statement, format_statement, limits, reserve_subject
from ledger.reserves.statement import reserve_body as body_of
from tests.certificates.ledgers import NAME, Ledger, corpus, digest, make, origin
from tests.certificates.test_composition import composition
from tests.certificates.test_open import (
    HEAVY,
    check,
    issue,
    loaded_by_level_2,
    reissue,
    statement_of,
)

SHARES_OF = {"bytes", "bytes_ppm", "documents", "documents_ppm", "occurrences"}
RECEIPTS = {"reserve-1.dsse.json", "reserve-1.entry.json", "reserve-1.tlog-proof"}


def seal(
    ledger: Ledger,
    texts: Sequence[str],
    name: str = "old",
    version: int = 1,
    *,
    stage: str = "any",
    asserted: int = 0,
    vkeys: tuple[str, ...] | None = None,
    members: bytes | None = None,
) -> Claim:
    """Record a reserve of these texts as sealing does, without its folder."""
    digests = sorted(parse_digest(digest(text)) for text in texts)
    size = sum(len(text.encode()) for text in texts)
    row = {"bytes": size, "documents": len(texts)}
    levels = [row | {"level": 3, "standing": "checked"}]
    if asserted:
        levels.append({"bytes": 1, "documents": asserted, "level": 1, "standing": "asserted"})
    rule: dict[str, Any] = {
        "against": [],
        "allow_asserted": bool(asserted),
        "datasets": ["old@1"],
        "format": "headwater reserve v1",
        "min_level": 3,
        "name": name,
        "stage": stage,
    }
    if stage == "any":
        rule["before"] = "2022-11-30"
    totals = {**row, "bindings": [], "evidence": [], "levels": levels}
    with ledger.open(write=True) as log:
        log.sign_head()
        checkpoint, note = log.checkpoint()
        signer = ledger.keys.signer("statement", statement_key_name(NAME))
        statement = Statement(
            name=name,
            version=version,
            stage=stage,
            content_root=content_root(digests),
            sums=bytes(32),
            members=sha256(members or b"".join(digests)).digest(),
            parent=None,
            rule=rule,
            totals=totals,
            contamination={"excluded": [], "guards": [], "repeated": 0},
            head=Head(checkpoint.log_name, checkpoint.size, checkpoint.root, note),
            sealed_at=1_750_000_000,
            issuer=NAME,
            limits=limits(NAME, rule, totals),
            log_vkeys=tuple(log.log_vkeys("log")),
            statement_vkeys=(signer.verifier.vkey,) if vkeys is None else vkeys,
            seal_vkeys=(),
        )
        payload = format_statement(statement)
        body = body_of(statement, f"sha256:{sha256(payload).hexdigest()}")
        claim = Claim("reserve", reserve_subject(statement), Reserve.model_validate(body))
        record(log, [claim], attachments=[payload, members or b"".join(digests)])
    return claim


def withhold(ledger: Ledger, digest_of: str) -> None:
    """Take an attachment out of the vault."""
    import sqlite3

    with sqlite3.connect(vault_location(ledger.location)) as vault:
        vault.execute("DELETE FROM attachment WHERE digest = ?", (parse_digest(digest_of),))
    vault.close()


def reserves(ledger: Ledger, dataset: str = "r@1") -> dict[str, Any]:
    return composition(ledger, dataset)[0]["reserves"]


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("issued")
    ledger = make(folder / "ledger", corpus())
    seal(ledger, ["text 1", "text 4", "not here"])
    issue(ledger, folder / "out")
    return folder


@pytest.fixture
def place(issued: Path, tmp_path: Path) -> tuple[Ledger, Path]:
    """A ledger with a reserve and a certificate that names it, free to be spoilt."""
    shutil.copytree(issued, tmp_path / "issued")
    folder = tmp_path / "issued" / "ledger"
    return Ledger(str(folder / "ledger.db"), KeyRing(folder / "config")), tmp_path / "issued/out"


def test_a_share_counts_documents_of_another_dataset(tmp_path: Path) -> None:
    ledger = make(tmp_path, corpus())
    claim = seal(ledger, ["text 1", "text 4", "not here"], asserted=1)
    found = reserves(ledger)
    (row,) = found["rows"]
    assert (row["documents"], row["bytes"], row["documents_ppm"]) == (2, 12, 285_714)
    assert found["in_any"]["documents"] == 2
    told = {name: row[name] for name in ("name", "version", "statement", "content_root")}
    assert told == {name: claim.body.plain()[name] for name in told}
    assert (row["reserve_documents"], row["reserve_asserted"], row["before"]) == (
        3,
        1,
        "2022-11-30",
    )
    assert [row["documents"] for row in reserves(ledger, "old@1")["rows"]] == [2]


def test_a_superseded_version_is_shown_until_its_successor_is_taken_back(tmp_path: Path) -> None:
    ledger = make(tmp_path, corpus())
    seal(ledger, ["text 1", "text 4"])
    newer = seal(ledger, ["text 1"], version=2)
    seal(ledger, ["text 1", "text 2"], name="other", stage="final")
    rows = reserves(ledger)["rows"]
    assert [(row["name"], row["version"], row["documents"]) for row in rows] == [
        ("old", 2, 1),
        ("other", 1, 2),
    ]
    assert reserves(ledger)["in_any"]["documents"] == 2
    identity = claim_id(newer.kind, newer.subject, newer.body.plain())
    ledger.record(Claim("withdrawal", newer.subject, Withdrawal(claim=identity)))
    assert [row["version"] for row in reserves(ledger)["rows"]] == [1, 1]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (b"short", "a list of 5 bytes as members, expected 32 for each of 2 documents"),
        (bytes(64), "members: digests are not strictly ascending"),
        (bytes(31) + b"\1" + bytes(31) + b"\2", "members of the root"),
    ],
)
def test_members_that_are_not_the_sealed_ones_are_counted(
    tmp_path: Path, members: bytes, said: str
) -> None:
    ledger = make(tmp_path, corpus())
    seal(ledger, ["text 1", "text 4"], members=members)
    with pytest.raises(VerificationError, match=said):
        reserves(ledger)


def test_a_statement_of_another_reserve_stands_behind_a_row(tmp_path: Path) -> None:
    ledger = make(tmp_path, corpus())
    one = seal(ledger, ["text 1"], name="one")
    body = one.body.plain() | {"bytes": 7}
    ledger.record(Claim("reserve", one.subject, Reserve.model_validate(body)))
    identity = claim_id(one.kind, one.subject, one.body.plain())
    ledger.record(Claim("withdrawal", one.subject, Withdrawal(claim=identity)))
    with pytest.raises(VerificationError, match="its statement says something else"):
        reserves(ledger)


def test_receipts_are_checked_by_nobody(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    assert {item.name for item in out.iterdir()} >= RECEIPTS
    for level in (2, 3):
        report = check(ledger, out, level=level)
        assert report.level == level
        assert any("reserve old version 1: signed and recorded" in note for note in report.notes)


@pytest.mark.parametrize("name", sorted(RECEIPTS))
def test_a_changed_byte_in_a_receipt_goes_unseen(place: tuple[Ledger, Path], name: str) -> None:
    ledger, out = place
    path = out / name
    data = path.read_bytes()
    for at in range(3, len(data), max(1, len(data) // 40)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(VerificationError) as caught:
            check(ledger, out)
        assert "reserve-1." in str(caught.value)
    path.unlink()
    with pytest.raises(VerificationError, match=name):
        check(ledger, out)


def test_a_certificate_without_its_receipts_says_nothing(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    for name in RECEIPTS:
        (out / name).unlink()
    report = check(ledger, out, level=3)
    assert any("the receipts of reserve old version 1 are not there" in n for n in report.notes)


def test_receipts_of_a_reserve_that_nobody_named(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    shutil.copy(out / "reserve-1.dsse.json", out / "reserve-2.dsse.json")
    with pytest.raises(VerificationError, match=r"reserve-2\.dsse\.json: a receipt for no reserve"):
        check(ledger, out)


def test_a_file_beside_the_certificate_passes_for_part_of_it(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    (out / "notes.txt").write_text("all is well")
    assert any("notes.txt lies in the folder" in note for note in check(ledger, out).notes)


def test_a_share_the_reserve_does_not_give(place: tuple[Ledger, Path]) -> None:
    ledger, out = place

    def change(of: Any) -> Any:
        section = of.composition["reserves"]
        row = section["rows"][0] | {"documents": 3}
        changed = of.composition | {"reserves": section | {"rows": [row]}}
        return replace(of, composition=changed)

    reissue(ledger, out, change)
    assert check(ledger, out).level == 2
    with pytest.raises(
        VerificationError, match=r"composition\.reserves\.rows\[0\]\.documents is 3"
    ):
        check(ledger, out, level=3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "other"}, r"reserve-1\.entry\.json: name is old, the certificate says other"),
        ({"reserve_documents": 4}, "documents is 3, the certificate says 4"),
        ({"content_root": digest("x")}, "content_root is sha256:"),
    ],
)
def test_the_receipts_of_another_reserve(
    place: tuple[Ledger, Path], changes: dict[str, Any], said: str
) -> None:
    ledger, out = place

    def change(of: Any) -> Any:
        section = of.composition["reserves"]
        row = section["rows"][0] | changes
        changed = of.composition | {"reserves": section | {"rows": [row]}}
        return replace(of, composition=changed)

    reissue(ledger, out, change)
    with pytest.raises(VerificationError, match=said):
        check(ledger, out)


def test_what_is_withheld_is_compared_or_passed_over_in_silence(
    place: tuple[Ledger, Path],
) -> None:
    ledger, out = place
    (row,) = statement_of(out).composition["reserves"]["rows"]
    with ledger.open() as log:
        (index,) = (i for i in range(log.size) if log.entry(i).kind == "reserve")
        members = log.entry(index).body["members"]
    withhold(ledger, members)
    report = check(ledger, out, level=3)
    assert report.level == 3
    said = "reserve old version 1: the list of its documents is withheld here"
    assert any(said in note for note in report.notes)
    withhold(ledger, row["statement"])
    report = check(ledger, out, level=3)
    assert sum("withheld here" in note for note in report.notes) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: [*rows, *rows], "a reserve is named twice"),
        (lambda rows: [rows[0] | {"withheld": ["statement"]}], "rests on something withheld"),
        (lambda rows: [rows[0] | {"withheld": "all"}], "withheld is not a list"),
        (lambda rows: [7], "composition.reserves has not its section's shape"),
        (lambda rows: [{"withheld": ["members"]}], "has not its section's shape"),
    ],
)
def test_withholding_hides_a_false_number(
    place: tuple[Ledger, Path], change: Any, said: str
) -> None:
    ledger, out = place

    def lie(of: Any) -> Any:
        section = of.composition["reserves"]
        changed = section | {"rows": change(section["rows"])}
        return replace(of, composition=of.composition | {"reserves": changed})

    reissue(ledger, out, lie, b"<!doctype html>")
    for name in (*RECEIPTS, "certificate.html"):
        (out / name).unlink()
    with pytest.raises(VerificationError, match=re.escape(said)):
        check(ledger, out, level=3)


def test_an_issuer_that_says_it_lacked_the_list_is_contradicted(
    place: tuple[Ledger, Path],
) -> None:
    ledger, out = place

    def lie(of: Any) -> Any:
        (row,) = of.composition["reserves"]["rows"]
        kept = {key: value for key, value in row.items() if key not in SHARES_OF}
        changed = {"rows": [kept | {"withheld": ["members"]}]}
        return replace(of, composition=of.composition | {"reserves": changed})

    reissue(ledger, out, lie)
    for name in RECEIPTS:
        (out / name).unlink()
    report = check(ledger, out, level=3)
    assert any("gives no share; the list is here" in note for note in report.notes)


def test_a_withheld_list_is_issued_as_a_share_of_nothing(tmp_path: Path) -> None:
    ledger = make(tmp_path / "ledger", corpus())
    claim = seal(ledger, ["text 1", "text 4"])
    withhold(ledger, claim.body.plain()["members"])
    issue(ledger, tmp_path / "out")
    (row,) = statement_of(tmp_path / "out").composition["reserves"]["rows"]
    assert row["withheld"] == ["members"] and "documents" not in row
    assert not {item.name for item in (tmp_path / "out").iterdir()} & RECEIPTS
    page = (tmp_path / "out" / "certificate.html").read_text()
    assert "the list of its documents is withheld" in page
    assert check(ledger, tmp_path / "out", level=3).level == 3


def test_a_reserve_of_a_key_nobody_trusts_makes_a_trusted_certificate(
    place: tuple[Ledger, Path], tmp_path: Path
) -> None:
    ledger, out = place
    stranger = KeyRing(tmp_path / "stranger")
    from ledger.certificates.open import verify_certificate

    with pytest.raises(UntrustedSignerError):
        verify_certificate(out, ledger.keys.verifiers("log"), stranger.verifiers("statement"))


def test_a_reserve_sealed_by_an_older_key_is_signed_anew_by_another(tmp_path: Path) -> None:
    ledger = make(tmp_path / "ledger", corpus())
    seal(ledger, ["text 1"], vkeys=())
    issue(ledger, tmp_path / "out")
    assert not {item.name for item in (tmp_path / "out").iterdir()} & RECEIPTS
    assert any("receipts of reserve" in note for note in check(ledger, tmp_path / "out").notes)


def test_the_same_certificate_is_written_again_with_its_receipts(
    place: tuple[Ledger, Path],
) -> None:
    ledger, out = place
    with ledger.open(write=True) as log:
        again = certify(log, "r@1", out, policy=load_policy("clean-strict"))
    assert not again.new
    assert {item.name for item in out.iterdir()} >= RECEIPTS
    ledger.record(origin("another", row=77))
    issue(ledger, out)
    assert check(ledger, out, level=3).level == 3


def test_receipts_load_sql_or_arrow(place: tuple[Ledger, Path]) -> None:
    ledger, out = place
    (out / "certificate.html").unlink()
    loaded = loaded_by_level_2(ledger, out)
    assert "ledger.reserves.opening.recorded" in loaded
    assert not loaded & HEAVY
