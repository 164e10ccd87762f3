"""What was looked for and found stands in a certificate, with the registry as it was."""

from pathlib import Path
from typing import Any

from ledger.claims import Calibration, Key, Scan, ScannedMark, Scheme, Withdrawal
from ledger.log.canonical import claim_id, subject_of
from ledger.log.record import Claim
from ledger.provenance.signing import sign_claim
from tests.certificates.ledgers import CLOCK, Ledger, digest, make, origin
from tests.certificates.test_composition import composition
from tests.certificates.test_open import check, issue, statement_of
from tests.log.making import signer

PROVIDER = signer("example.org/marks")
MARK = subject_of("scheme", "example.org/chat", "1")
CORPUS = [origin(f"text {n}", row=n) for n in range(4)]


def named() -> Claim:
    vkey = PROVIDER.verifier.vkey
    body = Key(name=PROVIDER.name, use="provider", vkey=vkey)
    return Claim("key", subject_of("key", PROVIDER.name, vkey), body)


def state(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "algorithm": "gumbel-philox/single@1", "issued_at": CLOCK, "key_class": "committed",
        "key_commitment": digest("key"), "name": "example.org/chat", "parameters": {},
        "provider": "Example Ltd", "provider_key": PROVIDER.verifier.vkey, "status": "active",
        "vectors": digest("vectors"), "version": "1", "vocab_size": 50_257,
    } | changes  # fmt: skip
    body = Scheme(**values)
    sig = sign_claim(PROVIDER, "scheme", MARK, body.plain())
    return Claim("scheme", MARK, body, sigs=(sig,))


def identity(claim: Claim) -> str:
    return claim_id(claim.kind, claim.subject, claim.body.plain())


def record(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "mark": MARK, "state": identity(state()), "detector": "watermark/1", "reserve": "old@1",
        "reserve_root": digest("old"), "documents": 900, "tested": 870,
        "at_2": 9, "at_3": 1, "at_4": 0, "at_5": 0, "at_6": 0,
    } | changes  # fmt: skip
    return Claim("calibration", MARK, Calibration(**values))


def scan(root: bytes, **changes: Any) -> Claim:
    mark = ScannedMark(
        mark=MARK, state=identity(state()), detected=1, undecidable=2, least=24, fdr=1,
        pooled_milli=12_000, calibration=identity(record()),
    )  # fmt: skip
    values: dict[str, Any] = {
        "dataset": "r@1", "content_root": f"sha256:{root.hex()}", "scan": "watermark",
        "version": "1", "parameters": digest("p"), "results": digest("r"), "documents": 4,
        "tokens": 4_000, "alpha_milli": 9_000, "fdr_milli": 2_000, "marks": [mark],
        "outcomes": {"detected": 1, "not_detected": 1, "undecidable": 2}, "unicode": {},
    } | changes  # fmt: skip
    return Claim("scan", subject_of("dataset", "r", "1"), Scan(**values))


def found(ledger: Ledger) -> dict[str, Any]:
    return composition(ledger)[0]["watermarks"]


def ready(tmp_path: Path) -> tuple[Ledger, bytes]:
    ledger = make(tmp_path, CORPUS)
    return ledger, composition(ledger)[1]


def test_a_scan_of_another_state_is_repeated(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    assert found(ledger) == {"other_states": 0, "rows": []}
    ledger.record(named(), state(), record(), scan(root), scan(bytes(32)))
    said = found(ledger)
    assert said["other_states"] == 1
    ((mark,),) = (row["marks"] for row in said["rows"])
    assert mark["name"] == "example.org/chat" and mark["status"] == "active"
    assert mark["calibration"]["tested"] == 870
    ledger.record(origin("one more", row=9))
    assert found(ledger) == {"other_states": 2, "rows": []}


def test_a_revoked_mark_still_reads_as_active(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    ledger.record(named(), state(), record(), scan(root))
    ledger.record(
        state(status="revoked", forgeable_from=CLOCK, supersedes=identity(state()), vectors=None)
    )
    (mark,) = found(ledger)["rows"][0]["marks"]
    assert (mark["status"], mark["forgeable_from"]) == ("revoked", CLOCK)


def test_a_mark_nobody_registered_or_recorded_is_named_by_its_digest(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    ledger.record(scan(root))
    (mark,) = found(ledger)["rows"][0]["marks"]
    assert mark["status"] == "not registered"
    assert not {"name", "calibration", "key_class"} & mark.keys()


def test_a_withdrawn_record_is_quoted(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    ledger.record(named(), state(), record(), scan(root))
    ledger.record(Claim("withdrawal", MARK, Withdrawal(claim=identity(record()))))
    (mark,) = found(ledger)["rows"][0]["marks"]
    assert "calibration" not in mark


def test_the_certificate_recomputes_after_later_scans_and_revocations(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path / "ledger")
    ledger.record(named(), state(), record(), scan(root))
    issue(ledger, tmp_path / "out")
    ledger.record(state(status="revoked", supersedes=identity(state())))
    ledger.record(scan(root, parameters=digest("other")))
    assert check(ledger, tmp_path / "out", level=3).level == 3
    (row,) = statement_of(tmp_path / "out").composition["watermarks"]["rows"]
    assert row["marks"][0]["status"] == "active"
