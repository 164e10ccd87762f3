"""Claims and entries as the exact bytes that are hashed and signed. Nothing else decides them.

Canonical JSON is RFC 8785 on a restricted domain, so that sorting by code point and by UTF-16
code unit agree and no number needs formatting rules: keys `[a-z0-9_]+`, no floats, no nulls,
integers below 2^53 in magnitude, strings as given but without lone surrogates.

An entry: {"actor":"operator","at":1790000000,"body":{…},"kind":"origin","subject":"sha256:…","v":1}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from ledger.errors import InputError, VerificationError, printable

__all__ = [
    "ENTRY_VERSION",
    "MAX_ENTRY_BYTES",
    "Entry",
    "claim_id",
    "encode",
    "format_entry",
    "parse_digest",
    "parse_entry",
    "subject_of",
]

ENTRY_VERSION = 1
MAX_ENTRY_BYTES = 16 * 1024  # our policy; the bundle format's own cap is 65,535 (C2SP tlog-tiles)
MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32  # values inside values; hostile bytes may not exhaust a reader's stack
_KEY = re.compile(r"[a-z0-9_]+")
_DIGEST = re.compile(r"(?:hmac-)?sha256:([0-9a-f]{64})")
_FIELDS = frozenset({"actor", "at", "body", "kind", "sigs", "subject", "v"})


@dataclass(frozen=True)
class Entry:
    """One claim recorded in the log. `body` and `sigs` are plain JSON values."""

    kind: str
    subject: str
    body: Mapping[str, Any]
    actor: str
    at: int
    sigs: tuple[Mapping[str, str], ...] = field(default=())

    @property
    def claim_id(self) -> str:
        return claim_id(self.kind, self.subject, self.body)


def encode(value: Any) -> bytes:
    """`value` as canonical JSON. Raises InputError naming the path of what has no such form."""
    _admit(value, "$")
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def claim_id(kind: str, subject: str, body: Mapping[str, Any]) -> str:
    """SHA-256 of canonical {kind, subject, body}: the identity of what is said, whoever says it."""
    return "sha256:" + sha256(encode(dict(kind=kind, subject=subject, body=body))).hexdigest()


def subject_of(kind: str, name: str, version: str) -> str:
    """Subject of a claim not about a document: SHA-256 of canonical {kind, name, version}."""
    return "sha256:" + sha256(encode(dict(kind=kind, name=name, version=version))).hexdigest()


def parse_digest(text: str) -> bytes:
    """The 32 bytes of `sha256:…` or `hmac-sha256:…`. Raises InputError."""
    found = _DIGEST.fullmatch(text)
    if found is None:
        raise InputError(
            f"{text[:80]!r} is not a digest", hint="write sha256: and 64 lowercase hex digits"
        )
    return bytes.fromhex(found[1])


def format_entry(entry: Entry) -> bytes:
    """The bytes of an entry. Raises InputError outside the domain or over the size cap."""
    document: dict[str, Any] = {
        "actor": entry.actor,
        "at": entry.at,
        "body": entry.body,
        "kind": entry.kind,
        "subject": entry.subject,
        "v": ENTRY_VERSION,
    }
    if entry.sigs:
        document["sigs"] = [dict(sig) for sig in entry.sigs]
    data = encode(document)
    if len(data) > MAX_ENTRY_BYTES:
        raise InputError(
            f"{entry.kind} entry of {len(data)} bytes is over {MAX_ENTRY_BYTES}",
            hint="put what is long into an attachment",
        )
    return data


def parse_entry(data: bytes, where: str) -> Entry:
    """The entry in `data`, which must be canonical. Raises VerificationError naming `where`."""
    try:
        document = orjson.loads(data)
        if encode(document) != data:
            raise VerificationError(f"{where}: entry is not canonical JSON")
    except (orjson.JSONDecodeError, InputError) as error:
        raise VerificationError(f"{where}: entry is not canonical JSON: {error}") from error
    if not isinstance(document, dict) or not _FIELDS - {"sigs"} <= set(document) <= _FIELDS:
        raise VerificationError(f"{where}: entry has not the fields of version {ENTRY_VERSION}")
    shape = (("actor", str), ("at", int), ("body", dict), ("kind", str), ("subject", str))
    for name, kind in shape:
        if not isinstance(document[name], kind) or isinstance(document[name], bool):
            raise VerificationError(f"{where}: entry field {name!r} is not {kind.__name__}")
    if document["v"] is True or document["v"] != ENTRY_VERSION:
        raise VerificationError(
            f"{where}: entry version {printable(repr(document['v']), 60)}, expected 1"
        )
    if _DIGEST.fullmatch(document["subject"]) is None:
        raise VerificationError(f"{where}: entry subject is not a digest")
    sigs = document.get("sigs", [])
    if not isinstance(sigs, list) or not all(map(_texts, sigs)) or document.get("sigs") == []:
        raise VerificationError(f"{where}: entry field 'sigs' is not a list of signatures")
    return Entry(
        kind=document["kind"],
        subject=document["subject"],
        body=document["body"],
        actor=document["actor"],
        at=document["at"],
        sigs=tuple(sigs),
    )


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _admit(value: Any, path: str, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise InputError(f"{path[:80]}: nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            raise InputError(f"{path}: lone surrogate in a string")
    elif isinstance(value, bool):
        return
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise InputError(f"{path}: integer {value} is not below 2^53")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or _KEY.fullmatch(key) is None:
                raise InputError(f"{path}: key {key!r} is not [a-z0-9_]+")
            _admit(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            _admit(item, f"{path}[{number}]", depth + 1)
    else:
        raise InputError(f"{path}: {type(value).__name__} has no canonical form")
