"""What a seal says: an in-toto Statement v1 about a reserve's content_root.

    _type          https://in-toto.io/Statement/v1
    subject        [{name: NAME, digest: {headwater_content_root_v1: hex}},
                    {name: "content/SHA256SUMS", digest: {sha256: hex}}]
    predicateType  PREDICATE_TYPE
    predicate      checkpoint     log_name, size, root, note: chosen as of these entries
                   rule           what content/rule.json says
                   totals         documents and bytes; levels, bindings, evidence: who counts where
                   contamination  what content/contamination.json says: what was left out, and why
                   members        digest of the sorted 32-byte digests, one after the other
                   version, stage, parent (the content_root it supersedes, if any)
                   sealed_at, issuer, limits (sentences)
                   vkeys          log, statement and seal keys, to be trusted by other means

The payload is canonical JSON and is what is signed and digested. Needs no Arrow and no SQL.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import parse_digest, subject_of
from ledger.provenance.dsse import encode_members
from ledger.provenance.included import Head
from ledger.provenance.shape import Maybe, check_shape
from ledger.reserves.layout import CONTENT, SUMS

__all__ = [
    "DIGEST_NAME",
    "FORMAT",
    "NAME",
    "PREDICATE_TYPE",
    "Head",
    "Statement",
    "format_statement",
    "limits",
    "parse_statement",
    "reserve_body",
    "reserve_subject",
]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://headwater.invalid/reserve/v1"
DIGEST_NAME = "headwater_content_root_v1"
FORMAT = "headwater reserve v1"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HEX = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STAGE = re.compile(r"any|final")
_SUMS_NAME = re.compile(re.escape(f"{CONTENT}/{SUMS}"))
_STANDING = re.compile(r"checked|asserted")
_COUNTS = {"bytes": int, "documents": int}


_SHAPE: Mapping[str, Any] = {
    "checkpoint": {"log_name": str, "note": str, "root": _DIGEST, "size": int},
    "contamination": {
        "excluded": [{"documents": int, "reason": str}],
        "guards": [
            {
                "against": str,
                "against_documents": int,
                "against_root": _DIGEST,
                "contained": int,
                "exact": int,
                "method": str,
                "near": int,
                "normalised": int,
            }
        ],
        "repeated": int,
    },
    "issuer": str,
    "limits": [str],
    "members": _DIGEST,
    "parent": Maybe(_DIGEST),
    "rule": {
        "against": [str],
        "allow_asserted": bool,
        "before": Maybe(_DATE),
        "datasets": [str],
        "format": re.compile(re.escape(FORMAT)),
        "min_level": int,
        "name": NAME,
        "stage": _STAGE,
    },
    "sealed_at": int,
    "stage": _STAGE,
    "totals": {
        **_COUNTS,
        "bindings": [{**_COUNTS, "binding": str}],
        "evidence": [{**_COUNTS, "standing": _STANDING, "type": str}],
        "levels": [{**_COUNTS, "level": int, "standing": _STANDING}],
    },
    "version": int,
    "vkeys": {"log": [str], "seal": [str], "statement": [str]},
}


@dataclass(frozen=True)
class Statement:
    """`rule`, `totals` and `contamination` are plain JSON values; times are Unix seconds.

    `sums` is the SHA-256 of content/SHA256SUMS. `stage` "final" makes it an anchor.
    """

    name: str
    version: int
    stage: str
    content_root: bytes
    sums: bytes
    members: bytes
    parent: bytes | None
    rule: Mapping[str, Any]
    totals: Mapping[str, Any]
    contamination: Mapping[str, Any]
    head: Head
    sealed_at: int
    issuer: str
    limits: tuple[str, ...]
    log_vkeys: tuple[str, ...]
    statement_vkeys: tuple[str, ...]
    seal_vkeys: tuple[str, ...]

    @property
    def documents(self) -> int:
        """How many documents are sealed: the size of the tree under content_root."""
        return int(self.totals["documents"])


def limits(issuer: str, rule: Mapping[str, Any], totals: Mapping[str, Any]) -> tuple[str, ...]:
    """The sentences that every seal carries: what it is, and what it does not prove."""
    documents = totals["documents"]
    asserted = sum(row["documents"] for row in totals["levels"] if row["standing"] == "asserted")
    if rule["stage"] == "final":
        what = (
            "Anchor: texts whose authors are attested, for the last stage of training only. "
            "When they were written was not asked."
        )
    else:
        what = (
            f"Dated reserve: existed before {rule['before']}. "
            "That a text is old does not say who wrote it."
        )
    sentences = [what]
    if asserted:
        sentences.append(
            f"{asserted} of its {documents} documents have only asserted dates: "
            "somebody states them, and nobody checked."
        )
    sentences += [
        "A time stamp on this seal proves that it has not changed since, "
        "not that its texts are older.",
        f"Self-issued by {issuer}. You can check the signatures, every digest and every count. "
        "You cannot check here that licences and sources are true. "
        "The issuer could have rewritten this history.",
    ]
    return tuple(sentences)


def format_statement(statement: Statement) -> bytes:
    """The payload. Raises InputError outside the canonical domain."""
    head = statement.head
    predicate: dict[str, Any] = {
        "checkpoint": {
            "log_name": head.log_name,
            "note": head.note,
            "root": f"sha256:{head.root.hex()}",
            "size": head.size,
        },
        "contamination": statement.contamination,
        "issuer": statement.issuer,
        "limits": list(statement.limits),
        "members": f"sha256:{statement.members.hex()}",
        "rule": statement.rule,
        "sealed_at": statement.sealed_at,
        "stage": statement.stage,
        "totals": statement.totals,
        "version": statement.version,
        "vkeys": {
            "log": list(statement.log_vkeys),
            "seal": list(statement.seal_vkeys),
            "statement": list(statement.statement_vkeys),
        },
    }
    if statement.parent is not None:
        predicate["parent"] = f"sha256:{statement.parent.hex()}"
    return encode_members(
        {
            "_type": STATEMENT_TYPE,
            "predicate": predicate,
            "predicateType": PREDICATE_TYPE,
            "subject": [
                {"digest": {DIGEST_NAME: statement.content_root.hex()}, "name": statement.name},
                {"digest": {"sha256": statement.sums.hex()}, "name": f"{CONTENT}/{SUMS}"},
            ],
        }
    )


def reserve_subject(statement: Statement) -> str:
    """The subject of the reserve's own entry."""
    return subject_of("reserve", statement.name, str(statement.version))


def reserve_body(statement: Statement, digest: str) -> dict[str, Any]:
    """The body of the reserve's own entry; `digest` is of the payload."""
    body: dict[str, Any] = {
        "bytes": statement.totals["bytes"],
        "content_root": f"sha256:{statement.content_root.hex()}",
        "documents": statement.totals["documents"],
        "members": f"sha256:{statement.members.hex()}",
        "name": statement.name,
        "root": f"sha256:{statement.head.root.hex()}",
        "size": statement.head.size,
        "stage": statement.stage,
        "statement": digest,
        "sums": f"sha256:{statement.sums.hex()}",
        "version": statement.version,
    }
    if statement.parent is not None:
        body["parent"] = f"sha256:{statement.parent.hex()}"
    return body


def parse_statement(payload: bytes, where: str) -> Statement:
    """The statement in a payload, which must be canonical. Raises VerificationError naming `where`.

    That its counts are those of the content is for who has the content.
    """
    try:
        document = orjson.loads(payload)
        for name, expected in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
            if document[name] != expected:
                raise ValueError(f"{name} {document[name]!r}, expected {expected!r}")
        reserve, sums = document["subject"]
        check_shape(reserve, {"digest": {DIGEST_NAME: _HEX}, "name": NAME}, "subject[0]")
        check_shape(sums, {"digest": {"sha256": _HEX}, "name": _SUMS_NAME}, "subject[1]")
        predicate = document["predicate"]
        check_shape(predicate, _SHAPE, "predicate")
        statement = _read(reserve, sums, predicate)
        if format_statement(statement) != payload:
            raise ValueError("a repeated or foreign key, or another spelling")
    except (InputError, ValueError, KeyError, TypeError) as error:
        raise VerificationError(
            f"{where}: payload is not a reserve's statement: {printable(error)}"
        ) from error
    return statement


def _read(
    reserve: Mapping[str, Any], sums: Mapping[str, Any], predicate: Mapping[str, Any]
) -> Statement:
    rule, head, vkeys = predicate["rule"], predicate["checkpoint"], predicate["vkeys"]
    if "before" in rule:
        date.fromisoformat(rule["before"])  # ValueError for a day no calendar has
    if ("before" in rule) != (rule["stage"] == "any"):
        raise ValueError("rule.before: a dated reserve has it, an anchor has not")
    if (rule["name"], rule["stage"]) != (reserve["name"], predicate["stage"]):
        raise ValueError("rule: its name or stage is not the statement's")
    if predicate["version"] < 1 or predicate["totals"]["documents"] < 1:
        raise ValueError("version and documents: at least 1")
    parent = predicate.get("parent")
    return Statement(
        name=reserve["name"],
        version=predicate["version"],
        stage=predicate["stage"],
        content_root=bytes.fromhex(reserve["digest"][DIGEST_NAME]),
        sums=bytes.fromhex(sums["digest"]["sha256"]),
        members=parse_digest(predicate["members"]),
        parent=None if parent is None else parse_digest(parent),
        rule=rule,
        totals=predicate["totals"],
        contamination=predicate["contamination"],
        head=Head(head["log_name"], head["size"], parse_digest(head["root"]), head["note"]),
        sealed_at=predicate["sealed_at"],
        issuer=predicate["issuer"],
        limits=tuple(predicate["limits"]),
        log_vkeys=tuple(vkeys["log"]),
        statement_vkeys=tuple(vkeys["statement"]),
        seal_vkeys=tuple(vkeys["seal"]),
    )
