"""A registry as one signed file: states of marks, proved to stand in a log, with their vectors.

A DSSE envelope over an in-toto Statement v1, signed with the log's statement key:

    _type          https://in-toto.io/Statement/v1
    subject        [{name: LOG NAME, digest: {headwater_log_root_v1: hex}}]
    predicateType  PREDICATE_TYPE
    predicate      checkpoint   the signed note of the log's head, verbatim
                   entries      [{entry: {…}, hashes: [base64…], index}]: entries of the log as they
                                stand there, ascending by index, with their inclusion proofs
                   vectors      the vectors that the entries digest, ascending by digest
                   exported_at  Unix seconds
                   vkeys        log and statement keys, to be trusted by other means

Canonical JSON, envelope and payload. What is in it is public: no envelope and no key of a mark, but
for a public key, which is part of its entry. Needs no ledger to be taken apart and checked.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import Entry, encode, parse_digest, parse_entry
from ledger.log.notes import decode_base64
from ledger.provenance.dsse import encode_members
from ledger.watermarks.registry.vectors import Vectors, vectors_of

__all__ = [
    "MAX_BUNDLE_BYTES",
    "PREDICATE_TYPE",
    "Bundle",
    "BundledEntry",
    "format_payload",
    "parse_payload",
]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://headwater.invalid/watermark-registry/v1"
DIGEST_NAME = "headwater_log_root_v1"
MAX_BUNDLE_BYTES: Final = 32 << 20
_MOST_ENTRIES: Final = 1 << 16
_MOST_HASHES: Final = 63
_MOST_KEYS: Final = 1_000
_PREDICATE = {"checkpoint", "entries", "exported_at", "vectors", "vkeys"}


@dataclass(frozen=True)
class BundledEntry:
    """An entry at its place in the log; `hashes` prove it, from the leaf's sibling upward."""

    index: int
    entry: Entry
    data: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True)
class Bundle:
    """What a payload says. `root` is the log's after all its entries; `vectors` by their digest."""

    log_name: str
    root: bytes
    note: str
    exported_at: int
    entries: tuple[BundledEntry, ...]
    vectors: Mapping[str, Vectors]
    log_vkeys: tuple[str, ...]
    statement_vkeys: tuple[str, ...]


def format_payload(bundle: Bundle) -> bytes:
    """The payload. Raises InputError outside the canonical domain."""
    predicate = {
        "checkpoint": bundle.note,
        "entries": [
            {
                "entry": orjson.loads(item.data),
                "hashes": [base64.b64encode(value).decode() for value in item.hashes],
                "index": item.index,
            }
            for item in bundle.entries
        ],
        "exported_at": bundle.exported_at,
        "vectors": [orjson.loads(bundle.vectors[digest].data) for digest in sorted(bundle.vectors)],
        "vkeys": {"log": list(bundle.log_vkeys), "statement": list(bundle.statement_vkeys)},
    }
    subject = {"digest": {DIGEST_NAME: bundle.root.hex()}, "name": bundle.log_name}
    return encode_members(
        {
            "_type": STATEMENT_TYPE,
            "predicate": predicate,
            "predicateType": PREDICATE_TYPE,
            "subject": [subject],
        }
    )


def parse_payload(payload: bytes, where: str) -> Bundle:
    """The bundle in a payload: form and canonical spelling; nothing is checked against another.

    Raises VerificationError.
    """
    try:
        document = orjson.loads(payload)
        bundle = _read(document, where)
        canonical = encode_members(document) == payload
    except (InputError, ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise VerificationError(
            f"{where}: not a bundle of marks: {printable(error, 120)}",
            hint="`headwater watermark export --as bundle` writes one",
        ) from None
    if not canonical:
        raise VerificationError(f"{where}: a repeated or foreign JSON key, or another spelling")
    return bundle


def _read(document: Any, where: str) -> Bundle:
    for name, expected in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
        if document[name] != expected:
            raise ValueError(f"{name} {printable(document[name], 80)}, expected {expected}")
    (subject,) = document["subject"]
    predicate = document["predicate"]
    if (
        set(document) != {"_type", "predicate", "predicateType", "subject"}
        or set(predicate) != _PREDICATE
        or set(predicate["vkeys"]) != {"log", "statement"}
        or set(subject) != {"digest", "name"}
        or set(subject["digest"]) != {DIGEST_NAME}
    ):
        raise ValueError("other members than a bundle has")
    root = bytes.fromhex(subject["digest"][DIGEST_NAME])
    texts = (subject["name"], predicate["checkpoint"])
    if len(root) != 32 or not all(isinstance(text, str) for text in texts):
        raise ValueError("no log name, checkpoint and root")
    if type(predicate["exported_at"]) is not int:
        raise ValueError("exported_at is no time")
    return Bundle(
        log_name=subject["name"],
        root=root,
        note=predicate["checkpoint"],
        exported_at=predicate["exported_at"],
        entries=_entries(predicate["entries"], where),
        vectors=_vectors(predicate["vectors"], where),
        log_vkeys=_keys(predicate["vkeys"]["log"]),
        statement_vkeys=_keys(predicate["vkeys"]["statement"]),
    )


def _entries(items: Any, where: str) -> tuple[BundledEntry, ...]:
    if not isinstance(items, list) or len(items) > _MOST_ENTRIES:
        raise ValueError(f"entries, expected an array of at most {_MOST_ENTRIES:,}")
    found: list[BundledEntry] = []
    for item in items:
        index, hashes = item["index"], item["hashes"]
        if set(item) != {"entry", "hashes", "index"} or type(index) is not int or index < 0:
            raise ValueError("an entry without its index and hashes")
        if found and found[-1].index >= index:
            raise ValueError("entries, expected ascending indices")
        if not isinstance(hashes, list) or len(hashes) > _MOST_HASHES:
            raise ValueError(f"hashes, expected at most {_MOST_HASHES}")
        proof = tuple(map(decode_base64, hashes))
        if any(len(value) != 32 for value in proof):
            raise ValueError("a hash that has not 32 bytes")
        data = encode(item["entry"])
        try:
            entry = parse_entry(data, f"entry {index}")
        except VerificationError as error:
            raise ValueError(printable(error, 120)) from None  # it may quote at length
        found.append(BundledEntry(index, entry, data, proof))
    return tuple(found)


def _vectors(items: Any, where: str) -> dict[str, Vectors]:
    if not isinstance(items, list) or len(items) > _MOST_ENTRIES:
        raise ValueError(f"vectors, expected an array of at most {_MOST_ENTRIES:,}")
    found: dict[str, Vectors] = {}
    last = b""
    for number, item in enumerate(items, 1):
        parsed = vectors_of(item, f"{where}: vectors {number}")
        digest = parse_digest(parsed.digest)
        if digest <= last:
            raise ValueError("vectors, expected ascending digests")
        found[parsed.digest], last = parsed, digest
    return found


def _keys(items: Any) -> tuple[str, ...]:
    if not isinstance(items, Sequence) or len(items) > _MOST_KEYS:
        raise ValueError("vkeys, expected an array")
    if not isinstance(items, list) or not all(isinstance(text, str) for text in items):
        raise ValueError("vkeys, expected an array of texts")
    return tuple(items)
