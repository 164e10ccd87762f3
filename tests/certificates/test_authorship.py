"""What authors said of their texts stands in a certificate by grade and by how it is known."""

from pathlib import Path
from typing import Any

import pytest

from ledger.certificates.sections.authorship import SECTION
from ledger.claims import Authorship, Withdrawal
from ledger.log.canonical import claim_id
from ledger.log.notes import Signer
from ledger.log.record import Claim
from ledger.provenance.signing import sign_claim
from tests.certificates.ledgers import corpus, digest, make
from tests.certificates.test_composition import composition, documents
from tests.certificates.test_reviews import named
from tests.log.making import signer

ADA = signer("ada.example/claims")


def tag(text: str, assistance: str, by: Signer | None = None, **more: Any) -> Claim:
    body = Authorship.model_validate({"assistance": assistance, **more})
    sigs = () if by is None else (sign_claim(by, "authorship", digest(text), body.plain()),)
    return Claim("authorship", digest(text), body, sigs=sigs)


def data(folder: Path, claims: list[Claim]) -> dict[str, Any]:
    plain = [claim for claim in corpus() if claim.kind != "authorship"]
    return composition(make(folder, [*plain, *claims]))[0]["authorship"]


def rendered(found: dict[str, Any]) -> str:
    return SECTION.render(found, None)  # type: ignore[arg-type]


def test_no_tags_say_nothing(tmp_path: Path) -> None:
    found = data(tmp_path, [])
    assert found["evidence"] == []
    assert documents(found["assistance"], "grade") == {None: 7}
    assert "Nobody tagged any of these documents" in rendered(found)


def test_the_most_ai_counts_once_and_each_class_once(tmp_path: Path) -> None:
    claims = [
        named(ADA),
        tag("text 0", "A0", ADA),
        tag("text 1", "A1", evidence="observed"),
        tag("text 1", "A3", evidence="imported", convention="html"),
        tag("text 2", "A4", weight="weak", evidence="imported", convention="trailer"),
        tag("text 3", "A2"),
        tag("text 3", "A4"),
        tag("text 4", "AX"),
        tag("no member", "A3"),
    ]
    found = data(tmp_path, claims)
    assert documents(found["assistance"], "grade") == {
        "A0": 1, "A3": 1, "A4": 1, "AX": 1, None: 3,
    }  # fmt: skip
    assert documents(found["evidence"], "class") == {
        "declared": 2, "hinted": 1, "imported": 1, "observed": 1, "signed": 1,
    }  # fmt: skip
    page = rendered(found)
    assert "3 documents without a tag that counts" in page
    assert "autonomous AI" in page


def test_what_was_taken_back_or_corrected_counts_for_nothing(tmp_path: Path) -> None:
    gone, first = tag("text 0", "A4"), tag("text 1", "A4")
    names = {
        claim.subject: claim_id("authorship", claim.subject, claim.body.plain())
        for claim in (gone, first)
    }
    claims = [
        gone,
        Claim("withdrawal", gone.subject, Withdrawal(claim=names[gone.subject])),
        first,
        tag("text 1", "A1", supersedes=names[first.subject]),
    ]
    assert documents(data(tmp_path, claims)["assistance"], "grade") == {"A1": 1, None: 6}


def test_a_signature_counts_while_its_key_stood(tmp_path: Path) -> None:
    key = named(ADA)
    taken = claim_id("key", key.subject, key.body.plain())
    claims = [
        tag("text 0", "A0", ADA),
        key,
        tag("text 1", "A0", ADA),
        Claim("withdrawal", key.subject, Withdrawal(claim=taken)),
        tag("text 2", "A0", ADA),
    ]
    found = data(tmp_path, claims)
    assert documents(found["evidence"], "class") == {"declared": 2, "signed": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"assistance": [], "evidence": [{"class": "certain", "documents": 1}]},
        {"assistance": [{"grade": "A9", "documents": 1}], "evidence": [{"class": "signed"}]},
        {"assistance": [], "evidence": [{"class": "signed", "documents": -1}]},
    ],
)
def test_a_member_that_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        rendered(wrong)
