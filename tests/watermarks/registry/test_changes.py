"""A mark is corrected, retired, revoked and rotated by new signed states, never by an edit."""

from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InputError, RefusedError, UnknownNameError
from ledger.watermarks.registry.changes import (
    correct,
    entry_file,
    retire,
    revoke,
    rotate,
    share,
)
from ledger.watermarks.registry.entry import format_entry_file, parse_entry_file
from ledger.watermarks.registry.recipients import my_recipient
from ledger.watermarks.registry.register import register, register_entry
from ledger.watermarks.registry.states import find_mark, marks, open_marks, standing_of
from tests.log.making import Ledger, assert_whole
from tests.watermarks.registry.making import (
    AT,
    DAY,
    ledger_of,
    provider_of,
    state_of,
    write_description,
)


@pytest.fixture
def acme(tmp_path: Path) -> Ledger:
    ledger = ledger_of(tmp_path / "acme")
    with ledger.open(write=True) as log:
        register(log, write_description(tmp_path))
    return ledger


def words_of(ledger: Ledger, name: str = "acme-writer", at: int | None = None) -> list[str]:
    """The first word of each warning."""
    return [warning.partition(":")[0] for warning in state_of(ledger, name, at).warnings]


def test_a_revocation_is_a_new_state_and_the_old_one_stays(acme: Ledger) -> None:
    with acme.open(write=True) as log:
        done = revoke(log, "acme-writer", because="the key leaked", forgeable_from=AT - DAY)
        assert done.new and done.state.status == "revoked"
        assert [state.status for state in done.state.states] == ["active", "revoked"]
        assert not revoke(log, "acme-writer").new
        assert done.state.forgeable_from == AT - DAY
        earlier = revoke(log, "acme-writer", forgeable_from=AT - 2 * DAY)
        assert earlier.new and earlier.state.because == "the key leaked"
        with pytest.raises(RefusedError, match="cannot be retired"):
            retire(log, "acme-writer")
    state = state_of(acme)
    assert (state.forgeable_from, state.verified) == (AT - 2 * DAY, True)
    assert words_of(acme) == ["revoked", "forgeable"]
    assert_whole(acme)


def test_a_key_that_leaked_no_one_knows_when_seems_safe_until_now(acme: Ledger) -> None:
    with acme.open(write=True) as log:
        revoke(log, "acme-writer", because="the key leaked")
        warnings = find_mark(log, "acme-writer").warnings
    assert "forgeable: others could have made this mark at any time" in warnings


def test_what_was_found_before_a_revocation_can_still_count(acme: Ledger) -> None:
    """The vectors stay the mark's: only the moment from which it can be forged is new."""
    before = state_of(acme)
    with acme.open(write=True) as log:
        revoke(log, "acme-writer", forgeable_from=AT)
        standing = standing_of(log, before.subject)
        assert standing is not None and before.vectors is not None
        assert standing.proves(before.vectors)
        assert [one.state.status for one in open_marks(log)] == ["revoked"]


def test_a_retired_mark_is_still_looked_for(acme: Ledger) -> None:
    with acme.open(write=True) as log:
        assert retire(log, "acme-writer", because="a new one is used").new
        assert not retire(log, "acme-writer").new
        assert len(open_marks(log)) == 1
    assert words_of(acme) == ["retired"]


def test_a_correction_keeps_the_key_s_commitment(acme: Ledger, tmp_path: Path) -> None:
    before = state_of(acme)
    with acme.open(write=True) as log:
        done = correct(log, write_description(tmp_path, model="acme-7b", because="its model"))
        assert done.new and done.state.model == "acme-7b"
        assert done.state.body.key_commitment == before.body.key_commitment
        assert done.state.vectors == before.vectors
        standing = standing_of(log, before.subject)
        assert standing is not None and standing.proves(str(before.vectors))
    assert state_of(acme).verified
    assert_whole(acme)


def test_a_correction_that_changes_nothing_is_none(acme: Ledger, tmp_path: Path) -> None:
    with acme.open(write=True) as log:
        size = log.size
        assert not correct(log, write_description(tmp_path)).new and log.size == size
        assert correct(log, write_description(tmp_path, model="m")).new
        assert not correct(log, write_description(tmp_path, model="m")).new
        said = write_description(tmp_path, model="m", because="its model was missing")
        assert correct(log, said).new and not correct(log, said).new
        assert log.size == size + 2


def test_another_key_under_the_same_name_proves_nothing_of_the_old(
    acme: Ledger, tmp_path: Path
) -> None:
    before = state_of(acme)
    with acme.open(write=True) as log:
        done = correct(log, write_description(tmp_path, key={"watermark_key": 5}))
        standing = standing_of(log, before.subject)
        assert standing is not None and not standing.proves(str(before.vectors))
        assert standing.proves(str(done.state.vectors)) and done.state.verified


def test_a_correction_does_not_undo_a_revocation(acme: Ledger, tmp_path: Path) -> None:
    with acme.open(write=True) as log:
        revoke(log, "acme-writer", forgeable_from=AT)
        done = correct(log, write_description(tmp_path, model="acme-7b"))
        assert (done.state.status, done.state.forgeable_from) == ("revoked", AT)
        with pytest.raises(InputError, match="is not registered"):
            correct(log, write_description(tmp_path, version="9"))


def test_a_rotation_is_both_states_or_none(acme: Ledger, tmp_path: Path) -> None:
    path = write_description(tmp_path, version="2", key={"watermark_key": 8})
    with acme.open(write=True) as log:
        size = log.size
        with pytest.raises(InputError, match="itself"):
            rotate(log, "acme-writer", write_description(tmp_path, "same.toml"))
        assert log.size == size
        new, old = rotate(log, "acme-writer@1", path)
        assert (new.state.label, old.state.label) == ("acme-writer@2", "acme-writer@1")
        assert new.state.replaces == old.state.subject and new.state.status == "active"
        assert old.state.status == "retired" and old.state.because == "rotated to acme-writer@2"
        assert log.size == size + 2
        assert find_mark(log, "acme-writer").label == "acme-writer@2"
        assert len(open_marks(log)) == 2
        with pytest.raises(RefusedError):
            rotate(log, "acme-writer@1", write_description(tmp_path, version="2"))
        revoke(log, "acme-writer@2")
        third = write_description(tmp_path, version="3")
        with pytest.raises(RefusedError, match="was revoked"):
            rotate(log, "acme-writer@2", third)
    assert_whole(acme)


def test_only_the_provider_says_anything_new(acme: Ledger, tmp_path: Path) -> None:
    other = ledger_of(tmp_path / "other", provider=None)
    other.ring.trust(provider_of(acme.ring).verifier.vkey, "provider")
    with acme.open() as log:
        file = entry_file(log, find_mark(log, "acme-writer"))
    with other.open(write=True) as log:
        register_entry(log, file)
        size = log.size
        for change in (revoke, retire):
            with pytest.raises(RefusedError, match="no provider key"):
                change(log, "acme-writer")
        with pytest.raises(RefusedError, match="key is not at hand"):
            share(log, "acme-writer", {"x": my_recipient(other.ring).recipient})
        assert log.size == size


def test_states_travel_as_files(acme: Ledger, tmp_path: Path) -> None:
    other = ledger_of(tmp_path / "other", provider=None)
    other.ring.trust(provider_of(acme.ring).verifier.vkey, "provider")
    files = []
    with acme.open(write=True) as log:
        files.append(entry_file(log, find_mark(log, "acme-writer")))
        files.append(revoke(log, "acme-writer", because="leak").file)
        files.append(correct(log, write_description(tmp_path, model="m")).file)
    with other.open(write=True) as log:
        for file in files:
            register_entry(log, parse_entry_file(format_entry_file(file), "file"))
    here, there = state_of(acme), state_of(other)
    assert here.claim_id == there.claim_id and there.status == "revoked"
    assert [s.claim_id for s in here.states] == [s.claim_id for s in there.states]
    assert_whole(other)


def test_a_mark_is_found_by_its_names_and_by_no_guess(acme: Ledger, tmp_path: Path) -> None:
    with acme.open(write=True) as log:
        register(log, write_description(tmp_path, version="2", key={"watermark_key": 8}))
        first, second = marks(log)
        for name in ("acme-writer@1", first.subject, first.subject[7:], first.subject[:20]):
            assert find_mark(log, name) == first
        assert find_mark(log, "acme-writer") == second
        with pytest.raises(UnknownNameError) as unknown:
            find_mark(log, "acme-writter")
        assert "acme-writer" in (unknown.value.hint or "")
        for name in ("", "acme-writer@3", "sha256:", "0" * 64, "x" * 10_000, "\u202e@1"):
            with pytest.raises(UnknownNameError) as unknown:
                find_mark(log, name)
            assert len(str(unknown.value)) < 300 and "\u202e" not in str(unknown.value)


def test_an_empty_ledger_says_how_to_register(tmp_path: Path) -> None:
    with ledger_of(tmp_path).open() as log:
        assert marks(log) == [] and open_marks(log) == []
        with pytest.raises(UnknownNameError) as unknown:
            open_marks(log, ["acme-writer"])
    assert "watermark register" in (unknown.value.hint or "")


@pytest.mark.parametrize(
    ("window", "at", "words"),
    [
        ({"not_before": AT, "not_after": AT + DAY}, AT, []),
        ({"not_before": AT, "not_after": AT + DAY}, AT + DAY, []),
        ({"not_before": AT, "not_after": AT + DAY}, AT + DAY + 1, ["expired"]),
        ({"not_before": AT}, AT - 1, ["not-yet-valid"]),
        ({"not_after": -(2**52)}, AT, ["expired"]),
    ],
)
def test_a_mark_outside_its_validity_says_so(
    tmp_path: Path, window: dict[str, Any], at: int, words: list[str]
) -> None:
    ledger = ledger_of(tmp_path / "acme")
    with ledger.open(write=True) as log:
        register(log, write_description(tmp_path, **window))
    assert words_of(ledger, at=at) == words
