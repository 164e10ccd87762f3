"""Who may take a claim's place: nobody silences an author but the author."""

from dataclasses import replace

import pytest

from ledger.log.canonical import Entry
from ledger.log.notes import Signer
from ledger.provenance.named import named_keys
from ledger.provenance.standing import standing_claims, superseding
from tests.log.making import authorship, digest, key, signer

ANN, EVE = signer("ann.example/claims"), signer("eve.example/claims")
TEXT = digest("a text")
KEYS = named_keys([(0, key(ANN)), (1, key(EVE))])


def after(first: Entry, *by: Signer, **rest: str) -> Entry:
    return authorship(TEXT, "A0", by=by, supersedes=first.claim_id, **rest)


def stands(first: Entry, other: Entry) -> bool:
    said = [(5, first), (6, other)]
    standing = [index for index, _, _ in standing_claims(said, KEYS)]
    assert superseding(said, KEYS) == ({} if 5 in standing else {5: 6})
    assert 6 in standing
    return 5 in standing


SIGNED = authorship(TEXT, "A4", by=(ANN,))
FORGED = replace(after(SIGNED, EVE), sigs=(*after(SIGNED, EVE).sigs, SIGNED.sigs[0]))


@pytest.mark.parametrize(
    "other",
    [after(SIGNED), after(SIGNED, EVE), after(SIGNED, signer("nobody.example")), FORGED],
    ids=["unsigned", "another author", "unknown key", "with her label"],
)
def test_a_stranger_supersedes_what_an_author_signed(other: Entry) -> None:
    assert stands(SIGNED, other)


def test_an_author_corrects_herself() -> None:
    assert not stands(SIGNED, after(SIGNED, ANN))
    assert not stands(SIGNED, after(SIGNED, EVE, ANN))


def test_what_nobody_attests_gives_way_to_anybody() -> None:
    unsigned = authorship(TEXT, "A4")
    assert not stands(unsigned, after(unsigned))
    assert not stands(unsigned, after(unsigned, ANN))


def test_a_hint_supersedes_only_a_hint() -> None:
    said, hinted = authorship(TEXT, "A4"), authorship(TEXT, "A4", weight="weak")
    assert stands(said, after(said, weight="weak"))
    assert not stands(hinted, after(hinted, weight="medium"))
    assert not stands(hinted, after(hinted))


def test_whether_an_author_attests_is_said() -> None:
    said = [(1, SIGNED), (5, SIGNED), (6, authorship(TEXT, "A1"))]
    assert [known for _, _, known in standing_claims(said, named_keys([(2, key(ANN))]))] == [
        False, True, False,
    ]  # fmt: skip
