"""What people decided stands in a certificate as sums, and nothing else of it."""

from pathlib import Path
from typing import Any

import pytest

from ledger.certificates.sections.reviews import SECTION
from ledger.claims import Authorship, Key, Review, Withdrawal
from ledger.log.canonical import claim_id, subject_of
from ledger.log.notes import Signer
from ledger.log.record import Claim
from ledger.provenance.reviewed import reviewer_of
from ledger.provenance.signing import sign_claim
from tests.certificates.ledgers import Ledger, corpus, digest, make, origin
from tests.certificates.test_composition import composition
from tests.certificates.test_open import check, issue, statement_of
from tests.log.making import signer

ADA, BOB, CLEO = (signer(f"{name}.example/claims") for name in ("ada", "bob", "cleo"))
TEXTS = [f"text {n}" for n in range(7)]


def named(of: Signer) -> Claim:
    vkey = of.verifier.vkey
    return Claim("key", subject_of("key", of.name, vkey), Key(name=of.name, use="claim", vkey=vkey))


def review(text: str, by: Signer | None, decision: str, stage: str = "blind", **more: Any) -> Claim:
    values = {
        "task": digest(f"task {text}"), "mode": "audit", "stage": stage, "decision": decision,
        "reason": "style", "reviewer": digest("nobody") if by is None else reviewer_of(by.verifier),
    } | more  # fmt: skip
    body = Review.model_validate(values)
    sigs = () if by is None else (sign_claim(by, "review", digest(text), body.plain()),)
    return Claim("review", digest(text), body, sigs=sigs)


KEYS = [named(ADA), named(BOB), named(CLEO)]
SAID = [
    *(review(text, ADA, "human") for text in TEXTS[:5]),
    *(review(text, BOB, "human") for text in TEXTS[:3]),
    review(TEXTS[3], BOB, "ai"),
    review(TEXTS[4], BOB, "unsure", mode="conflict"),
    review(TEXTS[3], CLEO, "ai", "adjudication"),
    review(TEXTS[0], BOB, "ai", "informed"),
]


def section(ledger: Ledger) -> dict[str, Any]:
    return composition(ledger)[0]["reviews"]


def test_nobody_read_anything(tmp_path: Path) -> None:
    data = section(make(tmp_path, corpus()))
    assert data["decisions"] == 0 and data["agreement"]["pairs"] == 0
    assert "records no decision of a person" in SECTION.render(data, None)  # type: ignore[arg-type]


def test_sums(tmp_path: Path) -> None:
    data = section(make(tmp_path, [*corpus(), *KEYS, *SAID]))
    assert (data["decisions"], data["documents"], data["reviewers"]) == (12, 5, 3)
    assert data["stages"] == {"adjudication": 1, "blind": 10, "informed": 1}
    assert data["kinds"] == {"ai": 3, "human": 8, "unsure": 1}
    assert data["modes"] == {"audit": 11, "conflict": 1}
    assert data["statuses"] == {"disputed": 1, "open": 1, "settled": 3}
    found = data["agreement"]  # of what was decided before the evidence: 3 of 4 pairs alike
    assert (found["documents"], found["compared"], found["pairs"], found["agreeing"]) == (
        5,
        4,
        4,
        3,
    )
    assert found["alpha_ppm"] == 0 and "alpha_low_ppm" not in found
    page = SECTION.render(data, None)  # type: ignore[arg-type]
    assert "75.0 %" in page and "not given for so few documents" in page
    assert page.index("Krippendorff") < page.index("AC1") < page.index("Equal pairs")


def test_a_key_that_is_revoked_later_has_decided_before(tmp_path: Path) -> None:
    ledger = make(tmp_path, [*corpus(), *KEYS, *SAID[:3]])
    gone = KEYS[0]
    identity = claim_id(gone.kind, gone.subject, gone.body.plain())
    ledger.record(Claim("withdrawal", gone.subject, Withdrawal(claim=identity)))
    ledger.record(*SAID[3:5])  # by the same key, too late
    data = section(ledger)
    assert (data["decisions"], data["unknown_keys"]) == (3, 2)


def test_what_counts_for_nothing_is_counted_apart(tmp_path: Path) -> None:
    own = Authorship(assistance="A0")
    sig = sign_claim(ADA, "authorship", digest(TEXTS[0]), own.plain())
    gone = review(TEXTS[6], BOB, "ai")
    identity = claim_id(gone.kind, gone.subject, gone.body.plain())
    claims = [
        *corpus(),
        review(TEXTS[1], CLEO, "ai"),  # before the log named the key
        *KEYS,
        Claim("authorship", digest(TEXTS[0]), own, sigs=(sig,)),
        review(TEXTS[0], ADA, "human"),
        review(TEXTS[2], None, "human"),
        review(TEXTS[2], None, "ai", tool="argilla"),
        review(TEXTS[2], None, "ai", tool="argilla", reviewer=digest("another")),
        gone,
        Claim("withdrawal", gone.subject, Withdrawal(claim=identity)),
        origin("elsewhere", "other@1", file="z"),
        review("elsewhere", ADA, "ai"),
    ]
    data = section(make(tmp_path, claims))
    assert (data["decisions"], data["own_texts"], data["unknown_keys"]) == (0, 1, 2)
    assert data["tools"] == {"argilla": 2} and data["agreement_in_tools"]["agreeing"] == 1
    page = SECTION.render(data, None)  # type: ignore[arg-type]
    assert "decide no label" in page and "argilla" in page


def test_a_certificate_holds_and_proves_it(tmp_path: Path) -> None:
    ledger = make(tmp_path, [*corpus(), *KEYS, *SAID])
    issue(ledger, tmp_path / "out")
    data = statement_of(tmp_path / "out").composition["reviews"]
    assert data["decisions"] == 12
    page = (tmp_path / "out" / "certificate.html").read_text()
    assert "Read by people" in page and digest(TEXTS[0]) not in page
    check(ledger, tmp_path / "out", level=3)


@pytest.mark.parametrize(
    "wrong",
    [{"decisions": "x"}, {"kinds": {"robot": 1}}, {"stages": None}, {"tools": {"a": -1}},
     {"agreement": {"pairs": 1, "agreeing": 2, "compared": 1}},
     {"agreement": {"pairs": 1, "agreeing": 1, "compared": 1, "alpha_ppm": "<b>"}}],
)  # fmt: skip
def test_a_foreign_member_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    data = section(make(tmp_path, [*corpus(), *KEYS, *SAID])) | wrong
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        SECTION.render(data, None)  # type: ignore[arg-type]
