"""What is recorded is trusted, in order and decoded; what is not leaves no trace."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import (
    BadSignatureError,
    InputError,
    LogMovedError,
    MalformedError,
    RefusedError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.canonical import Entry, encode
from ledger.provenance.signing import sign_claim
from ledger.watermarks.registry.changes import revoke
from ledger.watermarks.registry.check import check
from ledger.watermarks.registry.entry import EntryFile, format_entry_file, sign_entry
from ledger.watermarks.registry.register import (
    admit,
    examine,
    load_entry_file,
    register_entry,
)
from ledger.watermarks.registry.states import find_mark, marks, open_marks
from tests.log.making import Ledger, assert_whole, entry, key, signer, withdrawal
from tests.watermarks.registry.making import (
    AT,
    do,
    ledger_of,
    made,
    provider_of,
    state_of,
    write_description,
)


def test_a_description_is_recorded_once(acme: Ledger, tmp_path: Path) -> None:
    first = do(acme, write_description(tmp_path))
    again = do(acme, write_description(tmp_path))
    assert first.new and not again.new
    assert (first.new_key, again.new_key) == (acme.ring.folder / "marks.x25519", None)
    assert (first.index, first.claim_id) == (again.index, again.claim_id)
    assert first.state == again.state and first.state.verified and first.state.counts
    assert format_entry_file(again.file) == format_entry_file(first.file)
    with acme.open() as log:
        assert log.size == 4  # two keys of the log, the provider's, the mark
        assert log.entry(2).body["use"] == "provider"
    assert_whole(acme)


def test_a_description_that_says_otherwise_is_no_second_mark(acme: Ledger, tmp_path: Path) -> None:
    do(acme, write_description(tmp_path))
    for changes in ({"model": "b"}, {"key": {"watermark_key": 1}}, {"vocab_size": 2000}):
        with pytest.raises(RefusedError, match="stands already, described otherwise"):
            do(acme, write_description(tmp_path, **changes))
    assert_whole(acme)


def test_an_entry_travels_and_stays_unverified_without_its_key(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    path = made(acme, tmp_path)
    done, again = do(other, path), do(other, path)
    assert done.new and not again.new
    assert done.claim_id == state_of(acme).claim_id
    assert not done.state.verified and done.state.unverified == "its key is not at hand"
    with other.open() as log:
        assert open_marks(log) == []
        with pytest.raises(VerificationError, match="its key is not at hand"):
            open_marks(log, ["acme-writer"])
    assert_whole(other)


def test_a_provider_whom_nobody_here_trusts_is_refused(acme: Ledger, tmp_path: Path) -> None:
    path = made(acme, tmp_path)
    stranger = ledger_of(tmp_path / "stranger", provider=None)
    vkey = provider_of(acme.ring).verifier.vkey
    with pytest.raises(UntrustedSignerError) as refused:
        do(stranger, path)
    assert refused.value.hint == f"headwater key trust --use provider {vkey}"
    stranger.ring.trust(vkey, "claim")  # another use is no reason
    with pytest.raises(UntrustedSignerError):
        do(stranger, path)
    with stranger.open() as log:
        assert log.size == 2


def test_a_forged_entry_leaves_no_trace(acme: Ledger, other: Ledger, tmp_path: Path) -> None:
    path = made(acme, tmp_path)
    document = json.loads(path.read_bytes())
    document["body"]["model"] = "forged"
    path.write_bytes(encode(document))
    with pytest.raises(BadSignatureError, match="not signed by"):
        do(other, path)
    with other.open() as log:
        assert log.size == 2 and marks(log) == []


def forged(acme: Ledger, file: EntryFile, **changes: Any) -> EntryFile:
    """Another state of a mark, rightly signed by its provider."""
    body = file.body.model_copy(update=changes)
    return dataclasses.replace(
        sign_entry(provider_of(acme.ring), body, file.vectors, file.envelope), vectors=file.vectors
    )


def test_a_key_that_does_not_reproduce_the_vectors_is_refused(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    """Its provider signed it, so only the check of the vectors stands in the way."""
    first = load_entry_file(made(acme, tmp_path, key_class="public"))
    second = load_entry_file(
        made(acme, tmp_path, key_class="public", version="2", key={"watermark_key": 9})
    )
    wrong = forged(acme, first, key=second.body.key, key_fingerprint=second.body.key_fingerprint)
    with other.open(write=True) as log:
        with pytest.raises(VerificationError, match=r"acme-writer@1: vector 1 of 4"):
            register_entry(log, wrong)
        without = dataclasses.replace(first, vectors=None)
        with pytest.raises(VerificationError, match="not in the vault, though its key is at hand"):
            register_entry(log, without)
        assert log.size == 2


def test_vectors_that_prove_nothing_are_refused(acme: Ledger, tmp_path: Path) -> None:
    from ledger.watermarks.registry.vectors import vectors_of

    file = load_entry_file(made(acme, tmp_path, key_class="public", version="3"))
    assert file.vectors is not None
    assert file.body.key is not None
    ids = [{"decisions": vector.decisions, "ids": [5000 + n]} for n, vector in
           enumerate(file.vectors.vectors)]  # fmt: skip
    empty = vectors_of({"format": "headwater watermark vectors v1", "vectors": ids}, "x")
    wrong = forged(acme, dataclasses.replace(file, vectors=empty), vectors=empty.digest,
                   supersedes=file.claim_id)  # fmt: skip
    with acme.open(write=True) as log, pytest.raises(VerificationError):
        register_entry(log, wrong)


def test_a_state_out_of_order_or_by_another_is_refused(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    first = load_entry_file(made(acme, tmp_path))
    with acme.open(write=True) as log:
        second = revoke(log, "acme-writer", because="leaked").file
    with other.open(write=True) as log:
        with pytest.raises(RefusedError, match="the state it follows is not here"):
            register_entry(log, second)
        assert register_entry(log, first).state.status == "active"
        with pytest.raises(RefusedError, match="does not follow the state that stood"):
            register_entry(log, forged(acme, first, model="b"))
        assert register_entry(log, second).state.status == "revoked"
        with pytest.raises(RefusedError, match="does not follow"):
            register_entry(log, forged(acme, first, supersedes=first.claim_id))
        assert not register_entry(log, first).new  # known, and no step back
        assert find_mark(log, "acme-writer").status == "revoked"
    assert_whole(other)


def test_another_provider_cannot_take_over_a_mark(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    eve = ledger_of(tmp_path / "eve", provider="eve.example/marks")
    first = made(acme, tmp_path)
    do(other, first)
    theirs = load_entry_file(made(eve, tmp_path, provider="eve.example/marks"))
    assert theirs.subject == load_entry_file(first).subject
    other.ring.trust(provider_of(eve.ring, "eve.example/marks").verifier.vkey, "provider")
    with other.open(write=True) as log, pytest.raises(RefusedError):
        register_entry(log, theirs)
    follow = theirs.body.model_copy(update={"supersedes": load_entry_file(first).claim_id})
    taking = sign_entry(provider_of(eve.ring, "eve.example/marks"), follow, theirs.vectors, None)
    with other.open(write=True) as log, pytest.raises(RefusedError, match="another provider"):
        register_entry(log, taking)


def test_several_states_are_recorded_together_or_not_at_all(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    first = load_entry_file(made(acme, tmp_path))
    with acme.open(write=True) as log:
        second = revoke(log, "acme-writer").file
    third = load_entry_file(made(acme, tmp_path, version="2"))
    with other.open(write=True) as log:
        with pytest.raises(RefusedError):
            admit(log, [(third, None), (second, None), (first, None)])
        with pytest.raises(RefusedError):
            examine(log, [(third, None), (second, None), (first, None)])
        examine(log, [(first, None), (third, None), (second, None)])
        assert log.size == 2
        done = admit(log, [(first, None), (third, None), (second, None)])
        assert [item.new for item in done] == [True] * 3
        assert log.size == 6  # one key, three states
        assert [state.status for state in marks(log)] == ["revoked", "active"]
    assert_whole(other)


def test_a_state_recorded_meanwhile_is_not_followed_twice(
    acme: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(acme, write_description(tmp_path))
    with acme.open(write=True) as log:
        find, raced = log.find, []

        def racing(subject: str) -> list[int]:
            found = find(subject)
            if len(raced) == 1:
                raced.append(subject)
                with acme.open(write=True) as faster:
                    revoke(faster, "acme-writer", because="faster")
            return found

        real = log.append

        def append(*arguments: Any, **named: Any) -> Any:
            raced.append("append")
            log.find("sha256:" + "0" * 64)
            return real(*arguments, **named)

        monkeypatch.setattr(log, "find", racing)
        monkeypatch.setattr(log, "append", append)
        with pytest.raises(LogMovedError, match="recorded meanwhile"):
            revoke(log, "acme-writer", because="slower")
    state = state_of(acme)
    assert state.because == "faster" and len(state.states) == 2
    assert_whole(acme)


def test_a_provider_key_that_the_ledger_took_back_is_not_named_again(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    path = made(acme, tmp_path)
    named = key(provider_of(acme.ring), "provider")
    other.append([named, withdrawal(named)])
    with pytest.raises(RefusedError, match="took back the key"):
        do(other, path)


def test_a_mark_recorded_before_its_provider_was_named_does_not_count(
    acme: Ledger, tmp_path: Path
) -> None:
    """Written into the log by other means: it is listed, with the reason, and makes nothing."""
    file = load_entry_file(made(acme, tmp_path))
    third = ledger_of(tmp_path / "third", provider=None)
    third.append([entry("scheme", file.subject, file.body.plain(), by=[provider_of(acme.ring)])])
    with third.open() as log:
        (state,) = marks(log)
        assert not state.counts and "provider key" in (state.refused or "")
        assert state.states[0].refused is not None and open_marks(log) == []
        with pytest.raises(VerificationError, match="no state is signed"):
            check(log, "acme-writer")


def test_a_state_that_another_program_spoilt_is_said_and_can_be_withdrawn(
    acme: Ledger, tmp_path: Path
) -> None:
    file = load_entry_file(made(acme, tmp_path))
    body = file.body.plain() | {"vocab_size": "many", "supersedes": file.claim_id}
    sigs = (sign_claim(provider_of(acme.ring), "scheme", file.subject, body),)
    spoilt = Entry("scheme", file.subject, body, "operator", AT, sigs)
    acme.append([spoilt])
    with acme.open() as log, pytest.raises(VerificationError, match="entry 4: vocab_size") as said:
        marks(log)
    assert "withdrawal" in (said.value.hint or "")
    acme.append([withdrawal(spoilt)])
    assert state_of(acme).verified


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b"\x00" * 100, b"[" * 10**5, b'{"x":"' + b"y" * (10 << 20)]
)
def test_a_file_that_is_neither_is_refused(acme: Ledger, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises((InputError, MalformedError)) as refused:
        do(acme, path)
    assert "file" in str(refused.value) and len(str(refused.value)) < 400
    with pytest.raises(InputError, match="no such file"):
        do(acme, tmp_path / "none")


def test_a_signature_by_a_trusted_but_other_provider_is_not_the_providers(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    eve = signer("eve.example/marks")
    other.ring.trust(eve.verifier.vkey, "provider")
    path = made(acme, tmp_path)
    document = json.loads(path.read_bytes())
    document["sigs"] = [sign_claim(eve, "scheme", document["subject"], document["body"])]
    path.write_bytes(encode(document))
    with pytest.raises(BadSignatureError):
        do(other, path)
