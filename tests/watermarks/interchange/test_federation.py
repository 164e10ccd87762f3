"""A registry goes from one organisation to another: whole, and without keys that are not public."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import RefusedError, UnknownNameError, VerificationError
from ledger.provenance.dsse import parse_envelope
from ledger.watermarks.interchange.bundle import format_payload
from ledger.watermarks.interchange.federation import export_bundle
from ledger.watermarks.registry.changes import correct, entry_file, retire, rotate
from ledger.watermarks.registry.entry import subject_of_mark
from ledger.watermarks.registry.register import register_entry
from ledger.watermarks.registry.states import find_mark, marks, stored_vectors
from tests.log.making import Ledger, assert_whole, entry
from tests.watermarks.interchange.federating import PUBLIC, bundle_in, exported, outcomes, size_of
from tests.watermarks.registry.making import SECRET, ledger_of, provider_of, write_description


def test_a_registry_travels_with_its_history(acme: Ledger, other: Ledger, tmp_path: Path) -> None:
    path = exported(acme, tmp_path / "marks.json")
    assert outcomes(other, path) == [
        ("acme-writer@1", "active", "new"),
        ("acme-open@1", "active", "new"),
        ("acme-writer@1", "retired", "new"),
        ("acme-writer@1", "revoked", "new"),
    ]
    with acme.open() as there, other.open() as here:
        for name in ("acme-writer", "acme-open"):
            mine, theirs = find_mark(here, name), find_mark(there, name)
            assert [s.claim_id for s in mine.states] == [s.claim_id for s in theirs.states]
            assert mine.counts and mine.body == theirs.body
            assert stored_vectors(here, mine.body) == stored_vectors(there, theirs.body)
        assert find_mark(here, "acme-open").verified
        assert find_mark(here, "acme-writer").unverified == "its key is not at hand"
    assert_whole(other)


def test_what_is_known_is_not_recorded_twice(acme: Ledger, other: Ledger, tmp_path: Path) -> None:
    path = exported(acme, tmp_path / "marks.json")
    outcomes(other, path)
    size = size_of(other)
    assert {outcome for _, _, outcome in outcomes(other, path)} == {"known"}
    assert size_of(other) == size
    with acme.open(write=True) as log:
        retire(log, "acme-open")
    newer = exported(acme, tmp_path / "newer.json")
    assert [o for o in outcomes(other, newer) if o[2] == "new"] == [
        ("acme-open@1", "retired", "new")
    ]
    assert {outcome for _, _, outcome in outcomes(other, path)} == {"known"}
    assert {outcome for _, _, outcome in outcomes(acme, newer)} == {"known"}


def test_a_bundle_holds_no_key_that_is_not_public(acme: Ledger, tmp_path: Path) -> None:
    data = exported(acme, tmp_path / "marks.json").read_bytes()
    payload = parse_envelope(data, "b")[0]
    spellings = [f"{SECRET}", f"{SECRET:x}", f"{SECRET % 2**32}", "chacha20", "envelope", "hwr1"]
    for spelling in spellings:
        assert spelling.encode() not in payload + data, spelling
    assert b'"key":{"seed":"' in payload  # the public one's, in its entry


def test_a_bundle_is_the_same_bytes_every_time(acme: Ledger, tmp_path: Path) -> None:
    first = exported(acme, tmp_path / "a.json").read_bytes()
    assert exported(acme, tmp_path / "b.json").read_bytes() == first
    bundle = bundle_in(tmp_path / "a.json")
    assert format_payload(bundle) == parse_envelope(first, "b")[0]


def test_some_marks_can_be_exported(acme: Ledger, other: Ledger, tmp_path: Path) -> None:
    path = exported(acme, tmp_path / "one.json", ["acme-open"])
    assert [mark for mark, _, _ in outcomes(other, path)] == ["acme-open@1"]
    with acme.open() as log, pytest.raises(UnknownNameError, match="unknown mark: acme-opn"):
        export_bundle(log, ["acme-opn"])
    with other.open() as log:
        assert [state.label for state in marks(log)] == ["acme-open@1"]


def test_nothing_to_export_is_said(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "empty")
    with ledger.open() as log, pytest.raises(RefusedError, match="no mark"):
        export_bundle(log)


def test_vectors_that_were_missing_come_with_a_bundle(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    with acme.open() as log:
        state = find_mark(log, "acme-writer")
        first = log.entry(state.states[0].index)
        made = entry_file(log, state)
    bare = replace(made, body=type(made.body).model_validate(first.body), sigs=first.sigs)
    with other.open(write=True) as log:
        register_entry(log, replace(bare, vectors=None))
        assert stored_vectors(log, bare.body) is None
    path = exported(acme, tmp_path / "marks.json")
    assert [outcome for _, _, outcome in outcomes(other, path)] == ["known", "new", "new", "new"]
    with other.open() as log:
        assert stored_vectors(log, bare.body) == made.vectors


def test_a_rotation_and_a_correction_travel_too(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    with acme.open(write=True) as log:
        correct(log, write_description(tmp_path, name="acme-open", model="M-1", **PUBLIC))
        rotate(
            log,
            "acme-open",
            write_description(
                tmp_path,
                name="acme-open",
                version="2",
                key_class="public",
                key={"watermark_key": 4},
            ),
        )
    outcomes(other, exported(acme, tmp_path / "marks.json"))
    with other.open() as log:
        new, old = find_mark(log, "acme-open@2"), find_mark(log, "acme-open@1")
    assert new.replaces == old.subject and new.verified
    assert (old.status, old.model) == ("retired", "M-1")


def test_a_state_with_a_strangers_signature_stays_here(acme: Ledger, tmp_path: Path) -> None:
    """It could not be checked elsewhere, so no bundle is written that nobody would take."""
    mallory = ledger_of(tmp_path / "mallory", provider="mallory.example/marks")
    by = [provider_of(acme.ring), provider_of(mallory.ring, "mallory.example/marks")]
    with acme.open() as log:
        plain = find_mark(log, "acme-open").body.plain() | {"name": "acme-two"}
    acme.append([entry("scheme", subject_of_mark("acme-two", "1"), plain, by=by)])
    with acme.open() as log:
        assert find_mark(log, "acme-two").counts
        done = export_bundle(log)
    assert [mark for mark, _ in done.left_out] == ["acme-two@1"]


def test_a_state_that_counts_for_nobody_is_not_exported(acme: Ledger, tmp_path: Path) -> None:
    """An entry that its provider did not sign stands in the log, and goes nowhere."""
    with acme.open() as log:
        plain = find_mark(log, "acme-open").body.plain()
    subject = subject_of_mark("unsigned", "1")
    acme.append([entry("scheme", subject, plain | {"name": "unsigned"})])
    with acme.open() as log:
        done = export_bundle(log)
        assert [mark for mark, _ in done.left_out] == ["unsigned@1"]
        assert "unsigned@1" not in done.marks
        with pytest.raises(VerificationError, match="unsigned@1"):
            export_bundle(log, ["unsigned"])


def test_a_bundle_needs_the_logs_own_statement_key(acme: Ledger, tmp_path: Path) -> None:
    for path in (tmp_path / "acme" / "config" / "keys").glob("*.statement.*"):
        path.unlink()
    with acme.open() as log, pytest.raises(RefusedError, match="no statement key"):
        export_bundle(log)
