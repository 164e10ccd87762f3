"""Authors: named, revoked from one entry on, and forgotten without a gap in the log."""

import sqlite3
from pathlib import Path

import pytest

from ledger.errors import InputError, RefusedError, UnknownNameError
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.authors import (
    author_keys,
    authors_known,
    erase_author,
    find_author,
    key_given,
    revoke_author,
    trust_author,
)
from ledger.provenance.facts import FLAGS
from ledger.provenance.signing import attested
from tests.log.making import (
    Ledger,
    assert_whole,
    authorship,
    digest,
    dump,
    new_ledger,
    signer,
)

ADA, EVE = signer("ada.example/claims"), signer("eve.example/claims")
PERSON = "Ada Example <ada@example.org>"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return new_ledger(tmp_path / "ledger")


def writing(ledger: Ledger) -> Log:
    return ledger.open(write=True)


def flags(ledger: Ledger) -> dict[int, int]:
    """Document -> flags."""
    rows = dump(ledger, ["profile", "fact"])
    of = {row[0]: row[2] for row in rows["profile"]}
    return {document: of[profile] for document, profile in rows["fact"]}


def test_naming_is_idempotent_and_the_name_is_in_the_vault_alone(ledger: Ledger) -> None:
    with writing(ledger) as log:
        first = trust_author(log, ADA.verifier, PERSON)
        assert first.new
        assert not trust_author(log, ADA.verifier, PERSON).new
        assert not trust_author(log, ADA.verifier).new
        with pytest.raises(RefusedError, match="it is somebody else"):
            trust_author(log, ADA.verifier, "Eve")
        (author,) = authors_known(log)
        assert author.person == PERSON
        assert not author.key.revoked
    assert b"Ada Example" not in ledger.path.read_bytes()
    assert_whole(ledger)


def test_a_name_can_come_later(ledger: Ledger) -> None:
    with writing(ledger) as log:
        trust_author(log, ADA.verifier)
        trust_author(log, ADA.verifier, PERSON)
        (author,) = authors_known(log)
        assert (author.person, author.key[0]) == (PERSON, 2)
        for bad in ("", "  ", "a\nb", "x" * 501):
            with pytest.raises(InputError, match="person"):
                trust_author(log, EVE.verifier, bad)
    assert_whole(ledger)


def test_a_revoked_key_attests_nothing_that_comes_later(ledger: Ledger) -> None:
    before, after, again = (authorship(digest(name), "A0", by=[ADA]) for name in "bca")
    with writing(ledger) as log:
        trust_author(log, ADA.verifier)
    ledger.append([before])
    with writing(ledger) as log:
        author = find_author(log, "ada.example/claims")
        assert revoke_author(log, author, "lost")
        assert not revoke_author(log, find_author(log, author.verifier.label))
    ledger.append([after])
    with writing(ledger) as log:
        trust_author(log, ADA.verifier)
    ledger.append([again])
    found = flags(ledger)
    with ledger.open() as log:
        by_subject = {log.entry(index).subject: flag for index, flag in found.items()}
        keys = author_keys(log)
        known = {e.subject: i for i in range(log.size) if (e := log.entry(i)).kind == "authorship"}
        assert [attested(known[c.subject], c, keys) for c in (before, after, again)] == [
            True, False, True,
        ]  # fmt: skip
    assert by_subject[before.subject] == FLAGS["attested"]
    assert by_subject[after.subject] == FLAGS["declared_human"]
    assert by_subject[again.subject] == FLAGS["attested"]
    with writing(ledger) as log:
        log.rebuild()
    assert flags(ledger) == found
    assert_whole(ledger)


def test_two_claims_that_name_a_key_are_both_taken_back(ledger: Ledger) -> None:
    with writing(ledger) as log:
        trust_author(log, ADA.verifier)
        trust_author(log, ADA.verifier, PERSON)
        assert len(revoke_author(log, find_author(log, ADA.verifier.vkey))) == 2
        assert find_author(log, ADA.verifier.vkey).key.revoked
    assert_whole(ledger)


def test_erasing_destroys_the_name_and_nothing_else(ledger: Ledger) -> None:
    with writing(ledger) as log:
        trust_author(log, ADA.verifier, PERSON)
        trust_author(log, EVE.verifier, "Eve <eve@example.org>")
    with sqlite3.connect(ledger.vault) as vault:
        traces = [
            row[0]
            for sql in ("SELECT data FROM disclosure", "SELECT key FROM secret")
            for row in vault.execute(sql).fetchall()
        ]
    with writing(ledger) as log:
        recorded, lost = erase_author(log, find_author(log, ADA.verifier.vkey), "asked for")
        assert (recorded.new, lost) == (True, 1)
        assert erase_author(log, find_author(log, ADA.verifier.vkey), "asked for")[1] == 0
        ada, eve = authors_known(log)
        assert (ada.person, ada.committed, ada.key.revoked) == (None, True, False)
        assert eve.person == "Eve <eve@example.org>"
        with pytest.raises(RefusedError, match="made to forget"):
            trust_author(log, ADA.verifier, PERSON)
    with sqlite3.connect(ledger.vault) as vault:
        left = [row[0] for row in vault.execute("SELECT key FROM secret").fetchall()]
    assert len(left) == 1
    files = [path.read_bytes() for path in ledger.path.parent.iterdir() if path.is_file()]
    found = [trace for trace in traces if any(trace in data for data in files)]
    assert set(found) - set(left) == {traces[1]}  # Eve's block and key are all that is left
    assert_whole(ledger)


def test_keys_that_people_name(ledger: Ledger) -> None:
    assert key_given(ledger.ring, ADA.verifier.vkey) == ADA.verifier
    made = ledger.ring.generate("bob.example", "claim")
    assert key_given(ledger.ring, "bob.example") == made.verifier
    with pytest.raises(UnknownNameError):
        key_given(ledger.ring, "nobody.example")
    with writing(ledger) as log, pytest.raises(UnknownNameError, match="unknown author"):
        find_author(log, "nobody.example")


def test_a_withdrawal_by_somebody_else_revokes_nothing(ledger: Ledger) -> None:
    from ledger.claims import Withdrawal

    with writing(ledger) as log:
        named = trust_author(log, ADA.verifier)
        subject = log.entry(named.index).subject
        claim = Claim("withdrawal", subject, Withdrawal(claim=named.claim_id))
        record(log, [claim], actor="key:eve.example+00000000")
        assert not find_author(log, ADA.verifier.vkey).key.revoked
    assert_whole(ledger)
