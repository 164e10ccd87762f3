"""Nobody on the way can change what is in a bundle, nor what is none pass for one."""

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from ledger.errors import (
    BadSignatureError,
    InputError,
    LedgerError,
    RootMismatchError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.canonical import encode
from ledger.log.checkpoint import Checkpoint, format_checkpoint
from ledger.log.merkle import leaf_hash
from ledger.log.notes import sign_note
from ledger.provenance.dsse import parse_envelope
from ledger.provenance.signing import sign_claim
from ledger.watermarks.interchange.bundle import Bundle, format_payload
from ledger.watermarks.interchange.bundle_check import check_bundle
from ledger.watermarks.interchange.federation import import_bundle
from ledger.watermarks.registry.states import find_mark
from tests.log.making import LOG_NAME, Ledger, entry
from tests.watermarks.interchange.federating import (
    bundle_in,
    exported,
    outcomes,
    signed_again,
    size_of,
)
from tests.watermarks.registry.making import ledger_of, provider_of


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
