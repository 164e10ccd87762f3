"""A registry goes from one organisation to another, and nobody on the way can change it."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest

from ledger.errors import (
    BadSignatureError,
    InputError,
    LedgerError,
    RefusedError,
    RootMismatchError,
    UnknownNameError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.canonical import encode
from ledger.log.checkpoint import Checkpoint, format_checkpoint
from ledger.log.keys import KeyRing
from ledger.log.merkle import leaf_hash
from ledger.log.notes import sign_note
from ledger.provenance.dsse import parse_envelope, sign_envelope
from ledger.provenance.opening import statement_key_name
from ledger.provenance.signing import sign_claim
from ledger.watermarks.interchange.bundle import Bundle, format_payload, parse_payload
from ledger.watermarks.interchange.bundle_check import check_bundle
from ledger.watermarks.interchange.federation import export_bundle, import_bundle
from ledger.watermarks.registry.changes import correct, entry_file, retire, revoke, rotate
from ledger.watermarks.registry.entry import subject_of_mark
from ledger.watermarks.registry.register import register, register_entry
from ledger.watermarks.registry.states import find_mark, marks, stored_vectors
from tests.log.making import LOG_NAME, Ledger, assert_whole, entry, withdrawal
from tests.watermarks.registry.making import (
    AT,
    SECRET,
    ledger_of,
    provider_of,
    write_description,
)

PUBLIC = {"key_class": "public", "key": {"watermark_key": 3}}


@cache
def acme_files() -> Mapping[str, bytes]:
    """Two marks, the first with a history. Each test has its own copy."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        ledger = ledger_of(folder / "acme")
        with ledger.open(write=True) as log:
            register(log, write_description(folder))
            register(log, write_description(folder, name="acme-open", **PUBLIC))
            retire(log, "acme-writer", because="a new model")
            revoke(log, "acme-writer", forgeable_from=AT)
        files = [path for path in (folder / "acme").rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def acme(tmp_path: Path) -> Ledger:
    for name, data in acme_files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o600)
    return Ledger(tmp_path / "acme" / "ledger.db", KeyRing(tmp_path / "acme" / "config"))


@pytest.fixture
def other(tmp_path: Path, acme: Ledger) -> Ledger:
    """Another organisation, which trusts the first one's keys."""
    ledger = ledger_of(tmp_path / "other", provider=None)
    for use in ("statement", "log", "provider"):
        trust(ledger, acme, use)
    return ledger


def trust(ledger: Ledger, of: Ledger, use: str) -> None:
    for verifier in of.ring.verifiers(use):
        ledger.ring.trust(verifier.vkey, use)


def exported(ledger: Ledger, path: Path, names: list[str] | None = None) -> Path:
    with ledger.open() as log:
        path.write_bytes(export_bundle(log, names).data)
    return path


def outcomes(ledger: Ledger, path: Path, **options: Any) -> list[tuple[str, str, str]]:
    with ledger.open(write=True) as log:
        done = import_bundle(log, path, **options)
    return [(state.mark, state.status, state.outcome) for state in done.states]


def bundle_in(path: Path) -> Bundle:
    return parse_payload(parse_envelope(path.read_bytes(), "b")[0], "b")


def signed_again(ledger: Ledger, payload: bytes, path: Path) -> Path:
    """As who runs the ledger could sign it: a bundle that no honest export writes."""
    signer = ledger.ring.signer("statement", statement_key_name(LOG_NAME))
    path.write_bytes(sign_envelope(payload, signer))
    return path


def size_of(ledger: Ledger) -> int:
    with ledger.open() as log:
        return log.size


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


def changed(part: str) -> Callable[[Bundle], Bundle]:
    """One lie in an otherwise whole bundle."""

    def lie(bundle: Bundle) -> Bundle:
        first = bundle.entries[0]
        if part == "body":
            document = orjson.loads(first.data)
            document["body"]["model"] = "another model"
            item = replace(first, data=encode(document))
            return replace(bundle, entries=(item, *bundle.entries[1:]))
        if part == "signature":
            document = orjson.loads(first.data)
            sig = bytearray(base64.b64decode(document["sigs"][0]["sig"]))
            sig[0] ^= 1
            document["sigs"][0]["sig"] = base64.b64encode(sig).decode()
            item = replace(first, data=encode(document))
            return replace(bundle, entries=(item, *bundle.entries[1:]))
        if part == "hashes":
            hashes = (bytes(32), *first.hashes[1:])
            return replace(bundle, entries=(replace(first, hashes=hashes), *bundle.entries[1:]))
        if part == "index":
            moved = replace(first, index=first.index - 1)
            return replace(bundle, entries=(moved, *bundle.entries[1:]))
        if part == "root":
            return replace(bundle, root=bytes(32))
        if part == "log name":
            return replace(bundle, log_name="example.org/another")
        if part == "note":
            return replace(bundle, note=bundle.note.replace(LOG_NAME, "example.org/another", 1))
        if part == "vectors":
            digest, vectors = next(iter(bundle.vectors.items()))
            document = orjson.loads(vectors.data)
            document["vectors"][0]["ids"][0] += 1
            other = replace(vectors, data=encode(document))
            rest = {name: each for name, each in bundle.vectors.items() if name != digest}
            return replace(bundle, vectors={**rest, other.digest: other})
        assert part == "log key"
        return replace(bundle, log_vkeys=bundle.statement_vkeys)

    return lie


@pytest.mark.parametrize(
    ("part", "error", "words"),
    [
        ("body", RootMismatchError, "not in the log"),
        ("signature", RootMismatchError, "not in the log"),
        ("hashes", RootMismatchError, "not in the log"),
        ("index", RootMismatchError, "not in the log"),
        ("root", RootMismatchError, "another root"),
        ("log name", VerificationError, "expected example.org/another alone"),
        ("note", BadSignatureError, "does not verify|not trusted"),
        ("vectors", VerificationError, "of no entry here"),
    ],
)
def test_who_signs_the_file_cannot_change_what_is_in_it(
    acme: Ledger, other: Ledger, tmp_path: Path, part: str, error: type[LedgerError], words: str
) -> None:
    path = exported(acme, tmp_path / "marks.json")
    payload = format_payload(changed(part)(bundle_in(path)))
    signed_again(acme, payload, path)
    before = size_of(other)
    with other.open(write=True) as log, pytest.raises(error, match=words) as caught:
        import_bundle(log, path)
    assert str(caught.value).startswith(str(path))
    assert size_of(other) == before


def test_a_forged_state_in_a_true_log_stops_the_whole_bundle(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    """Even who runs the log, and records what he likes in it, cannot speak for a provider."""
    path = exported(acme, tmp_path / "marks.json")
    mallory = ledger_of(tmp_path / "mallory", provider="mallory.example/marks")
    with acme.open() as log:
        state = find_mark(log, "acme-open")
    body = state.body.plain() | {"status": "revoked", "supersedes": state.claim_id}
    forger = provider_of(mallory.ring, "mallory.example/marks")
    sig = sign_claim(forger, "scheme", state.subject, body) | {
        "keyid": state.body.provider_key.rpartition("+")[0]
    }
    forged = replace(entry("scheme", state.subject, body), sigs=(sig,))
    acme.append([forged])
    with acme.open() as log:
        index = log.size - 1
        proof, head = log.prove(index), log.checkpoint()[0]
        item = replace(
            bundle_in(path).entries[0],
            index=index,
            entry=forged,
            data=log.entry_bytes(index),
            hashes=proof.hashes,
        )
        honest = [log.prove(each.index) for each in bundle_in(path).entries]
        entries = tuple(
            replace(each, hashes=proof.hashes)
            for each, proof in zip(bundle_in(path).entries, honest, strict=True)
        )
    bundle = replace(
        bundle_in(path),
        entries=(*entries, item),
        root=head.root,
        note=proof.checkpoint_note,
    )
    signed_again(acme, format_payload(bundle), path)
    before = size_of(other)
    with other.open(write=True) as log, pytest.raises(BadSignatureError) as caught:
        import_bundle(log, path)
    assert f"entry {index}: not signed by" in str(caught.value)
    assert size_of(other) == before
    signed_again(acme, format_payload(replace(bundle, entries=entries)), path)
    assert len(outcomes(other, path)) == 4  # it was that entry alone


def test_a_checkpoint_of_another_key_is_not_the_logs(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    """Who has a trusted statement key, and a log key of his own, cannot make up a log."""
    path = exported(acme, tmp_path / "marks.json")
    bundle = bundle_in(path)
    mallory = ledger_of(tmp_path / "mallory", provider="mallory.example/marks")
    fake = mallory.ring.signer("log", LOG_NAME)
    first = replace(bundle.entries[0], index=0, hashes=())
    root = leaf_hash(first.data)
    made = replace(
        bundle,
        entries=(first,),
        vectors={},
        root=root,
        note=sign_note(format_checkpoint(Checkpoint(LOG_NAME, 1, root)), fake),
        log_vkeys=(fake.verifier.vkey,),
    )
    signed_again(acme, format_payload(made), path)
    with other.open(write=True) as log, pytest.raises(UntrustedSignerError, match="log's key"):
        import_bundle(log, path)
    assert not check_bundle(path.read_bytes(), other.ring, "b", untrusted_log=True).log_trusted


@pytest.mark.parametrize("place", ["payload", "sig"])
def test_a_changed_byte_breaks_the_signature(
    acme: Ledger, other: Ledger, tmp_path: Path, place: str
) -> None:
    path = exported(acme, tmp_path / "marks.json")
    document = orjson.loads(path.read_bytes())
    holder = document if place == "payload" else document["signatures"][0]
    data = bytearray(base64.b64decode(holder[place]))
    data[len(data) // 2] ^= 1
    holder[place] = base64.b64encode(data).decode()
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    with other.open(write=True) as log, pytest.raises(BadSignatureError):
        import_bundle(log, path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b"[" * 10_000_000,
        b'{"payload":"e30=","payload":"e30=","payloadType":"application/vnd.in-toto+json",'
        b'"signatures":[{"keyid":"a","sig":"AA=="}]}',
        b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}',
        b'{"payload":7,"payloadType":"application/vnd.in-toto+json","signatures":NaN}',
    ],
    ids=["empty", "object", "list", "bytes", "nested", "twice", "unsigned", "types"],
)
def test_what_is_no_bundle_is_one_clear_error(other: Ledger, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(data)
    with other.open(write=True) as log, pytest.raises(VerificationError) as caught:
        import_bundle(log, path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 1000


def test_a_file_too_large_is_not_read(
    other: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "b.json"
    with open(path, "wb") as file:
        file.truncate((32 << 20) + 1)
    with other.open(write=True) as log, pytest.raises(InputError, match="over 33,554,432 bytes"):
        import_bundle(log, path)
    with pytest.raises(VerificationError, match="expected at most"):
        check_bundle(bytes((32 << 20) + 1), other.ring, "b")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (None, "not a bundle"),
        ([], "not a bundle"),
        ({"predicateType": "https://headwater.invalid/reserve/v1"}, "not a bundle"),
        ({"predicate": {"entries": []}}, "of no entry here"),
        ({"predicate": {"entries": {}}}, "not a bundle"),
        ({"predicate": {"entries": [{"entry": {}, "hashes": [], "index": 2**63}]}}, "entry"),
        ({"predicate": {"entries": [{"entry": [], "hashes": ["AA=="], "index": 1}]}}, "32 bytes"),
        ({"predicate": {"exported_at": 1.5}}, "exported_at"),
        ({"predicate": {"exported_at": True}}, "exported_at"),
        ({"predicate": {"checkpoint": 7}}, "no log name"),
        ({"predicate": {"vkeys": {"log": "x", "statement": []}}}, "vkeys"),
        ({"predicate": {"vkeys": {"log": ["x"], "statement": []}}}, "vkeys"),
        ({"predicate": {"more": 1}}, "other members"),
        ({"more": 1}, "other members"),
    ],
)
def test_a_signed_payload_that_is_no_bundle_is_refused(
    acme: Ledger, other: Ledger, tmp_path: Path, changes: Any, words: str
) -> None:
    """A trusted key signed it, and it is still taken apart with care."""
    path = exported(acme, tmp_path / "b.json")
    document = orjson.loads(parse_envelope(path.read_bytes(), "b")[0])
    if not isinstance(changes, dict):
        document = changes
    else:
        for name, value in changes.items():
            document[name] = document.get(name, {}) | value if isinstance(value, dict) else value
    signed_again(acme, orjson.dumps(document, option=orjson.OPT_SORT_KEYS), path)
    with other.open(write=True) as log, pytest.raises(VerificationError, match=words):
        import_bundle(log, path)


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


def test_an_entry_that_is_no_mark_is_refused(acme: Ledger, other: Ledger, tmp_path: Path) -> None:
    path = exported(acme, tmp_path / "marks.json")
    bundle = bundle_in(path)
    with acme.open() as log:
        item = replace(
            bundle.entries[0], index=0, entry=log.entry(0), data=log.entry_bytes(0), hashes=()
        )
        item = replace(item, hashes=log.prove(0).hashes)
    assert item.entry.kind == "key"
    signed_again(acme, format_payload(replace(bundle, entries=(item, *bundle.entries))), path)
    with other.open(write=True) as log, pytest.raises(VerificationError, match="a key claim"):
        import_bundle(log, path)
