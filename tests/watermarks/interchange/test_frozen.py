"""The bytes that others hold: a release that spells or reads a bundle otherwise broke a format."""

from hashlib import sha256
from pathlib import Path

from ledger.log.canonical import Entry, format_entry
from ledger.log.checkpoint import Checkpoint, format_checkpoint
from ledger.log.keys import KeyRing
from ledger.log.merkle import leaf_hash
from ledger.log.notes import sign_note
from ledger.provenance.dsse import parse_envelope, sign_envelope
from ledger.watermarks.interchange.bundle import (
    Bundle,
    BundledEntry,
    format_payload,
    parse_payload,
)
from ledger.watermarks.interchange.bundle_check import check_bundle
from ledger.watermarks.registry.entry import EntryFile, scheme_of, sign_entry
from ledger.watermarks.registry.vectors import make_vectors
from ledger.watermarks.schemes import open_mark
from tests.log.making import AT, LOG_NAME, signer

PAYLOAD = (
    '{"_type":"https://in-toto.io/Statement/v1","predicate":{"checkpoint":"%s","entries":[{"entry":'
    '%s,"hashes":[],"index":0}],"exported_at":1790000000,"vectors":[%s],"vkeys":{"log":["%s"],'
    '"statement":["%s"]}},"predicateType":"https://headwater.invalid/watermark-registry/v1",'
    '"subject":[{"digest":{"headwater_log_root_v1":"%s"},"name":"example.org/test-log"}]}'
)
DIGEST = "61622ca90f4b04a622d9c74c3b1b25331f948a956e6fdcad64e03cee4ab6facd"


def mark() -> EntryFile:
    """A public mark, made with keys that are the same in every run."""
    provider = signer("acme.example/marks")
    parameters, key = {"green_tokens": "500"}, {"seed": "4242"}
    vectors = make_vectors(open_mark("unigram/shuffle@1", parameters, key, 1000), b"")
    body = {
        "name": "acme-writer",
        "version": "1",
        "provider": "Acme",
        "provider_key": provider.verifier.vkey,
        "algorithm": "unigram/shuffle@1",
        "parameters": parameters,
        "vocab_size": 1000,
        "key_class": "public",
        "key": key,
        "key_fingerprint": "sha256:"
        "394fb44462b633c886dd529731e72f4a079673fb3c3d14a9c7273226865c931c",
        "status": "active",
        "issued_at": AT,
        "tokenizer": "sha256:" + "1" * 64,
        "tokenizer_behaviour": "sha256:" + "2" * 64,
        "vectors": vectors.digest,
    }
    return sign_entry(provider, scheme_of(body, "mark"), vectors, None)


def bundle() -> Bundle:
    """A log of one entry."""
    file, log = mark(), signer(LOG_NAME)
    entry = Entry("scheme", file.subject, file.body.plain(), "operator", AT, file.sigs)
    data = format_entry(entry)
    root = leaf_hash(data)
    assert file.vectors is not None
    return Bundle(
        log_name=LOG_NAME,
        root=root,
        note=sign_note(format_checkpoint(Checkpoint(LOG_NAME, 1, root)), log),
        exported_at=AT,
        entries=(BundledEntry(0, entry, data, ()),),
        vectors={file.vectors.digest: file.vectors},
        log_vkeys=(log.verifier.vkey,),
        statement_vkeys=(signer(f"{LOG_NAME}/statement").verifier.vkey,),
    )


def test_a_bundles_bytes() -> None:
    """Put together from its parts by hand, and its digest as it was when the format was made."""
    made = bundle()
    payload = format_payload(made)
    (vectors,) = made.vectors.values()
    parts = (
        made.note.replace("\n", "\\n"),
        made.entries[0].data.decode(),
        vectors.data.decode(),
        *made.log_vkeys,
        *made.statement_vkeys,
        made.root.hex(),
    )
    assert payload.decode() == PAYLOAD % parts
    assert sha256(payload).hexdigest() == DIGEST
    assert parse_payload(payload, "b") == made


def test_a_bundle_of_long_ago_is_taken(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    keys.trust(signer(LOG_NAME).verifier.vkey, "log")
    keys.trust(signer(f"{LOG_NAME}/statement").verifier.vkey, "statement")
    data = sign_envelope(format_payload(bundle()), signer(f"{LOG_NAME}/statement"))
    assert sha256(parse_envelope(data, "b")[0]).hexdigest() == DIGEST
    checked = check_bundle(data, keys, "b")
    assert checked.log_trusted and checked.checkpoint.size == 1
    assert checked.bundle == bundle()
