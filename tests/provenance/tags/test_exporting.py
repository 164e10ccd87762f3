"""What tags say to others: the maker's own word, and never an inference or an import."""

from pathlib import Path

import pytest

from ledger.errors import InputError
from ledger.log.log import Log
from ledger.log.record import record
from ledger.provenance.conventions import find_convention
from ledger.provenance.conventions.sidecar import open_sidecar
from ledger.provenance.opening import key_claim
from ledger.provenance.tags.disclosing import read_disclosures
from ledger.provenance.tags.drain import record_tags
from ledger.provenance.tags.exporting import FORMS, exported
from ledger.provenance.tags.make import make_tag
from ledger.provenance.tags.tagging import Text
from tests.log.making import Ledger, assert_whole, new_ledger

TEXT = b"# A page\n\nWritten by a person, with some help of a model.\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return new_ledger(tmp_path / "ledger")


def said(log: Log, form: str, *, whole: bool = False) -> bytes:
    return exported(log, TEXT, form, name="page.md", whole=whole)


def test_every_form(ledger: Ledger) -> None:
    with ledger.open(write=True) as log:
        record_tags(log, [make_tag(TEXT, "A3", model="M 1", reviewed=True)])
        assert said(log, "sentence") == b"AIA PAI Nc Hin R M 1 v1.0\n"
        for form, convention in FORMS.items():
            before = b"a commit\n\n" if form == "trailer" else b""  # it ends a message
            found = find_convention(convention).read(before + said(log, form), "page")
            assert [(item.assistance, item.model) for item in found] == [
                ("A3", None if form == "json-ld" else "M 1")
            ], form
        page = said(log, "front-matter", whole=True)
        assert page.endswith(TEXT)
        (again,), notes = read_disclosures(Text(page, "page.md"))
        assert (again.assistance, again.evidence, again.convention) == (
            "A3", "imported", "front_matter",
        )  # fmt: skip
        assert notes == []
    assert_whole(ledger)


def test_a_sidecar_is_signed_by_an_author(ledger: Ledger) -> None:
    with ledger.open(write=True) as log:
        tag = make_tag(TEXT, "A2", ranges=[(0, 8)])
        record_tags(log, [tag])
        with pytest.raises(InputError, match="own keys of use claim: none"):
            said(log, "sidecar")
        key = ledger.ring.generate("ada.example", "claim")
        record(log, [key_claim(key)])
        sidecar, keys = open_sidecar(said(log, "sidecar"), TEXT, [key.verifier], "s")
        assert (sidecar.name, sidecar.tag, keys) == ("page.md", tag, [key.verifier])
    assert_whole(ledger)


NOT_SAID = {
    "nothing": [],
    "unknown": [make_tag(TEXT, "AX")],
    "imported": [make_tag(TEXT, "A3", evidence="imported", convention="html")],
    "hinted": [make_tag(TEXT, "A2", weight="weak", convention="trailer")],
}


@pytest.mark.parametrize("name", NOT_SAID)
def test_what_is_not_said_to_others(ledger: Ledger, name: str) -> None:
    with ledger.open(write=True) as log:
        if NOT_SAID[name]:
            record_tags(log, NOT_SAID[name])
        for form in ("sentence", *FORMS, "sidecar"):
            with pytest.raises(InputError, match="no tag of it that may be said to others"):
                said(log, form)


def test_a_contradiction_is_not_said(ledger: Ledger) -> None:
    with ledger.open(write=True) as log:
        record_tags(log, [make_tag(TEXT, "A0"), make_tag(TEXT, "A3")])
        with pytest.raises(
            InputError, match=r"contradict each other: entry \d+ says A0, entry \d+ says A3"
        ):
            said(log, "sentence")


def test_a_suspicion_silences_a_claim_of_a_person(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ledger.provenance.policy import load_policy
    from ledger.provenance.tags import exporting

    class Suspected:
        rule = next(r for r in load_policy().rules if r.label == "synthetic_suspected")

    with ledger.open(write=True) as log:
        record_tags(log, [make_tag(TEXT, "A0")])
        assert said(log, "sentence") == b"AIA Eh v1.0\n"
        monkeypatch.setattr(exporting, "explain", lambda *_: Suspected)
        with pytest.raises(InputError, match="not a statement of its maker"):
            said(log, "sentence")


def test_a_file_that_says_nothing_is_unknown() -> None:
    found, notes = read_disclosures(Text(TEXT, "page.md"))
    assert found == []
    assert notes == ["page.md: says nothing of AI that a tag can hold; unknown"]
