"""Whom a bundle is believed from, and what is left out of it here."""

from pathlib import Path

import pytest

from ledger.errors import UntrustedSignerError
from ledger.watermarks.interchange.federation import import_bundle
from ledger.watermarks.registry.changes import entry_file, retire
from ledger.watermarks.registry.entry import subject_of_mark
from ledger.watermarks.registry.register import register, register_entry
from ledger.watermarks.registry.states import find_mark, marks
from tests.log.making import Ledger, entry, withdrawal
from tests.watermarks.interchange.federating import exported, outcomes, size_of, trust
from tests.watermarks.registry.making import ledger_of, provider_of, write_description


def test_a_file_that_nobody_here_knows_is_refused_with_the_way_to_trust_it(
    acme: Ledger, tmp_path: Path
) -> None:
    path = exported(acme, tmp_path / "marks.json")
    stranger = ledger_of(tmp_path / "stranger", provider=None)
    before = size_of(stranger)
    with stranger.open(write=True) as log, pytest.raises(UntrustedSignerError) as caught:
        import_bundle(log, path, untrusted_log=True)
    assert "headwater key trust --use statement" in str(caught.value.hint)
    assert acme.ring.verifiers("statement")[0].vkey in str(caught.value.hint)
    assert size_of(stranger) == before


def test_a_log_that_nobody_here_knows_is_let_pass_only_when_told(
    acme: Ledger, tmp_path: Path
) -> None:
    path = exported(acme, tmp_path / "marks.json")
    ledger = ledger_of(tmp_path / "careful", provider=None)
    trust(ledger, acme, "statement")
    trust(ledger, acme, "provider")
    before = size_of(ledger)
    with ledger.open(write=True) as log, pytest.raises(UntrustedSignerError) as caught:
        import_bundle(log, path)
    assert "consistent, but its log's key is not trusted here" in str(caught.value)
    assert "--use log" in str(caught.value.hint)
    assert size_of(ledger) == before
    with ledger.open(write=True) as log:
        done = import_bundle(log, path, untrusted_log=True)
    assert not done.log_trusted and len(done.having("new")) == 4


def test_a_provider_that_nobody_here_knows_is_left_out_and_said(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    """The exporter's registry has marks of two providers; one of them is trusted here."""
    umbrella = ledger_of(tmp_path / "umbrella", provider="umbrella.example/marks")
    with umbrella.open(write=True) as log:
        file = register(
            log,
            write_description(tmp_path, name="umbrella-chat", provider="umbrella.example/marks"),
        ).file
    acme.ring.trust(file.body.provider_key, "provider")
    with acme.open(write=True) as log:
        register_entry(log, file)
    path = exported(acme, tmp_path / "marks.json")
    with other.open(write=True) as log:
        done = import_bundle(log, path)
    (refused,) = done.having("refused")
    assert refused.mark == "umbrella-chat@1" and refused.index is None
    assert "not trusted here as a provider" in str(refused.because)
    assert file.body.provider_key in str(refused.hint)
    assert refused.provider == file.provider.label
    assert len(done.having("new")) == 4
    other.ring.trust(file.body.provider_key, "provider")
    assert ("umbrella-chat@1", "active", "new") in outcomes(other, path)


def test_a_scheme_of_another_release_stops_only_its_own_mark(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    with acme.open() as log:
        plain = find_mark(log, "acme-open").body.plain()
    subject = subject_of_mark("acme-next", "1")
    body = plain | {"name": "acme-next", "algorithm": "unigram/shuffle@9"}
    acme.append([entry("scheme", subject, body, by=[provider_of(acme.ring)])])
    path = exported(acme, tmp_path / "marks.json")
    with other.open(write=True) as log:
        done = import_bundle(log, path)
    (refused,) = done.having("refused")
    assert refused.mark == "acme-next@1" and "this release has version 1" in str(refused.because)
    assert len(done.having("new")) == 4


def test_two_histories_of_one_mark_are_not_mixed(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    """A provider that tells one thing here and another there is found out, not followed."""
    outcomes(other, exported(acme, tmp_path / "a.json"))
    with acme.open(write=True) as log:
        state = find_mark(log, "acme-open")
        file = entry_file(log, retire(log, "acme-open", because="one story").state)
    with other.open(write=True) as log:
        register_entry(log, file)
    body = state.body.plain() | {
        "status": "revoked",
        "because": "another story",
        "supersedes": state.claim_id,
    }
    third = ledger_of(tmp_path / "third", provider=None)
    for use in ("statement", "log", "provider"):
        trust(third, acme, use)
        trust(other, third, use)
    outcomes(third, tmp_path / "a.json")
    third.append([entry("scheme", state.subject, body, by=[provider_of(acme.ring)])])
    with other.open(write=True) as log:
        done = import_bundle(log, exported(third, tmp_path / "b.json"))
    (refused,) = done.having("refused")
    assert refused.mark == "acme-open@1" and refused.status == "revoked"
    assert "does not follow the state that stood" in str(refused.because)
    with other.open() as log:
        assert find_mark(log, "acme-open").because == "one story"


def test_what_the_operator_withdrew_does_not_come_back(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    path = exported(acme, tmp_path / "marks.json")
    outcomes(other, path)
    with other.open() as log:
        index = find_mark(log, "acme-open").index
        taken = log.entry(index)
    other.append([withdrawal(taken)])
    size = size_of(other)
    with other.open(write=True) as log:
        done = import_bundle(log, path)
        assert [state.label for state in marks(log)] == ["acme-writer@1"]
    (refused,) = done.having("refused")
    assert refused.mark == "acme-open@1" and "withdrew" in str(refused.because)
    assert size_of(other) == size
