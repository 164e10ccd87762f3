"""What a manifest says: an in-toto Statement v1 about the rows it selects.

    _type          https://in-toto.io/Statement/v1
    subject        [{name: "NAME@VERSION", digest: {headwater_content_root_v1: hex}},
                    {name: "strata.json", digest: {sha256: hex}},
                    {name: "shards.json", digest: {sha256: hex}},
                    {name: "croissant.json", digest: {sha256: hex}}]
    predicateType  PREDICATE_TYPE
    predicate      name, version, stage, unit, budget (if any), repeat, seed, key_algorithm
                   tokenizer    what a token is, where the unit is tokens
                   mix          source: the text of the mix; digest
                   policy       name, version, digest, cutoff: what labels rest on
                   datasets     each with its content_root and documents as of the checkpoint
                   checkpoint   log_name, size, root, note: chosen as of these entries
                   strata       axes, count
                   tail         how rare words are in what there was and what was selected, by
                                which table of word counts, and the digest of all scores
                   totals       rows: distinct documents; documents and units: of one epoch
                   bounds       what the mix asks for, and what was reached
                   gates        limits of synthetic text: outcome, limit and what was found, in ppm
                   accepted     why the gates' limits may be exceeded, if somebody said so
                   exclusions   reasons: who was left out; taken_down: the whole list as of then
                   members      digest of the sorted 32-byte digests, one after the other
                   parent       digest of the statement it takes the place of, if any
                   issued_at, issuer, limits (sentences), tool
                   vkeys        log and statement keys, to be trusted by other means

Shares are in parts per million, rounded down; limits are exact, as "2/5". The payload is canonical
JSON and is what is signed and digested. Needs no Arrow and no SQL.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import parse_digest, subject_of
from ledger.manifests.agreeing import SHARE, check_bounds, check_gates
from ledger.manifests.names import CROISSANT, SHARDS, STRATA
from ledger.provenance.dsse import encode_members
from ledger.provenance.included import Head
from ledger.provenance.shape import Maybe, check_shape

__all__ = [
    "DIGEST_NAME",
    "KEY_ALGORITHM",
    "OUTCOMES",
    "PREDICATE_TYPE",
    "Head",
    "Statement",
    "format_statement",
    "limits",
    "manifest_body",
    "manifest_subject",
    "parse_statement",
]

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://headwater.invalid/training-manifest/v1"
DIGEST_NAME: Final = "headwater_content_root_v1"
KEY_ALGORITHM: Final = "headwater key 1"
"""The tag under which documents are drawn: sampling/keys.py says how."""

OUTCOMES: Final = ("passed", "failed", "not_evaluated", "accepted")
"""Of a gate. `accepted`: above the limit, or not evaluated, and somebody said why that may be."""

_FILES = (STRATA, SHARDS, CROISSANT)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HEX = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_REFERENCE = re.compile(rf"{_NAME.pattern}@[1-9][0-9]{{0,8}}")
_SEED = re.compile(r"0|[1-9][0-9]{0,19}")
_STAGE = re.compile(r"pretrain|mid|anneal|calibration")
_UNIT = re.compile(r"documents|tokens|bytes")
_OUTCOME = re.compile("|".join(OUTCOMES))
_SHAPE: Mapping[str, Any] = {
    "accepted": Maybe(str),
    "bounds": [
        {
            "about": str,
            "at_least": SHARE,
            "at_most": SHARE,
            "found_ppm": int,
            "holds": bool,
            "name": str,
        }
    ],
    "budget": Maybe(int),
    "checkpoint": {"log_name": str, "note": str, "root": _DIGEST, "size": int},
    "datasets": [{"content_root": _DIGEST, "documents": int, "name": str}],
    "exclusions": {
        "reasons": [{"documents": int, "reason": str}],
        "taken_down": {"documents": int, "root": _DIGEST},
    },
    "gates": [
        {
            "detail": str,
            "found_ppm": Maybe(int),
            "limit_ppm": int,
            "name": str,
            "outcome": _OUTCOME,
        }
    ],
    "issued_at": int,
    "issuer": str,
    "key_algorithm": re.compile(KEY_ALGORITHM),
    "limits": [str],
    "members": _DIGEST,
    "mix": {"digest": _DIGEST, "source": str},
    "name": _NAME,
    "parent": Maybe(_DIGEST),
    "policy": {"cutoff": _DATE, "digest": _DIGEST, "name": str, "version": int},
    "repeat": SHARE,
    "seed": _SEED,
    "stage": _STAGE,
    "strata": {"axes": [str], "count": int},
    "tail": Maybe(
        {
            "available_ppm": int,
            "earlier": Maybe({"content_root": _DIGEST, "documents": int, "name": str}),
            "method": str,
            "scores": _DIGEST,
            "selected_ppm": int,
            "table": {"digest": _DIGEST, "documents": int, "tokens": int, "types": int},
            "unrated": [{"documents": int, "reason": str}],
        }
    ),
    "tokenizer": Maybe(str),
    "tool": {"name": str, "version": str},
    "totals": {"documents": int, "rows": int, "units": int},
    "unit": _UNIT,
    "version": int,
    "vkeys": {"log": [str], "statement": [str]},
}


@dataclass(frozen=True)
class Statement:
    """`policy`, `datasets`, `bounds`, `gates`, `exclusions` and `tail` are plain JSON values.

    `strata`, `shards` and `croissant` are the SHA-256 of the three files, `members` that of the
    sorted digests;
    `documents` and `units` are of one epoch, repeats counted. `accepted` says why there may be more
    synthetic text than the limits, if somebody did. Times are Unix seconds.
    """

    name: str
    version: int
    stage: str
    unit: str
    budget: int | None
    repeat: Fraction
    seed: int
    tokenizer: str | None
    content_root: bytes
    strata: bytes
    shards: bytes
    croissant: bytes
    members: bytes
    parent: bytes | None
    mix: str
    policy: Mapping[str, Any]
    datasets: tuple[Mapping[str, Any], ...]
    head: Head
    axes: tuple[str, ...]
    strata_count: int
    rows: int
    documents: int
    units: int
    bounds: tuple[Mapping[str, Any], ...]
    gates: tuple[Mapping[str, Any], ...]
    exclusions: Mapping[str, Any]
    issued_at: int
    issuer: str
    limits: tuple[str, ...]
    tool: Mapping[str, str]
    log_vkeys: tuple[str, ...]
    statement_vkeys: tuple[str, ...]
    accepted: str | None = None
    tail: Mapping[str, Any] | None = None

    @property
    def reference(self) -> str:
        """`name@version`"""
        return f"{self.name}@{self.version}"


def limits(issuer: str, unit: str) -> tuple[str, ...]:
    """The sentences that every manifest carries: what can be checked, and what cannot."""
    exact = "Shares are exact in documents."
    if unit != "documents":
        exact = f"Shares in {unit} hold to one document of each stratum."
    return (
        f"Training manifest, self-issued by {issuer}. You can check the signature, every "
        "document's digest, the thresholds and the counts.",
        "You cannot check here that sources, licences and author statements are true, or that "
        "a model was trained on this and on nothing else. "
        "The issuer could have rewritten this history.",
        exact,
    )


def format_statement(statement: Statement) -> bytes:
    """The payload. Raises InputError outside the canonical domain."""
    s = statement
    predicate: dict[str, Any] = {
        "bounds": list(s.bounds),
        "checkpoint": {
            "log_name": s.head.log_name,
            "note": s.head.note,
            "root": _named(s.head.root),
            "size": s.head.size,
        },
        "datasets": list(s.datasets),
        "exclusions": s.exclusions,
        "gates": list(s.gates),
        "issued_at": s.issued_at,
        "issuer": s.issuer,
        "key_algorithm": KEY_ALGORITHM,
        "limits": list(s.limits),
        "members": _named(s.members),
        "mix": {"digest": _named(sha256(s.mix.encode()).digest()), "source": s.mix},
        "name": s.name,
        "policy": s.policy,
        "repeat": str(s.repeat),
        "seed": str(s.seed),
        "stage": s.stage,
        "strata": {"axes": list(s.axes), "count": s.strata_count},
        "tool": s.tool,
        "totals": {"documents": s.documents, "rows": s.rows, "units": s.units},
        "unit": s.unit,
        "version": s.version,
        "vkeys": {"log": list(s.log_vkeys), "statement": list(s.statement_vkeys)},
    }
    if s.accepted is not None:
        predicate["accepted"] = s.accepted
    if s.budget is not None:
        predicate["budget"] = s.budget
    if s.tail is not None:
        predicate["tail"] = s.tail
    if s.tokenizer is not None:
        predicate["tokenizer"] = s.tokenizer
    if s.parent is not None:
        predicate["parent"] = _named(s.parent)
    return encode_members(
        {
            "_type": STATEMENT_TYPE,
            "predicate": predicate,
            "predicateType": PREDICATE_TYPE,
            "subject": [
                {"digest": {DIGEST_NAME: s.content_root.hex()}, "name": s.reference},
                {"digest": {"sha256": s.strata.hex()}, "name": STRATA},
                {"digest": {"sha256": s.shards.hex()}, "name": SHARDS},
                {"digest": {"sha256": s.croissant.hex()}, "name": CROISSANT},
            ],
        }
    )


def manifest_subject(statement: Statement) -> str:
    """The subject of the manifest's own entry."""
    return subject_of("manifest", statement.name, str(statement.version))


def manifest_body(statement: Statement, digest: str) -> dict[str, Any]:
    """The body of the manifest's own entry; `digest` is of the payload."""
    body: dict[str, Any] = {
        "content_root": _named(statement.content_root),
        "name": statement.name,
        "root": _named(statement.head.root),
        "rows": statement.rows,
        "seed": str(statement.seed),
        "size": statement.head.size,
        "stage": statement.stage,
        "statement": digest,
        "unit": statement.unit,
        "units": statement.units,
        "version": str(statement.version),
    }
    if statement.parent is not None:
        body["parent"] = _named(statement.parent)
    return body


def parse_statement(payload: bytes, where: str) -> Statement:
    """The statement in a payload, which must be canonical. Raises VerificationError naming `where`.

    That its counts are those of the rows is for who has the rows.
    """
    try:
        document = orjson.loads(payload)
        for name, expected in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
            if document[name] != expected:
                raise ValueError(f"{name} {document[name]!r}, expected {expected!r}")
        rows, *files = document["subject"]
        check_shape(rows, {"digest": {DIGEST_NAME: _HEX}, "name": _REFERENCE}, "subject[0]")
        for place, (item, file) in enumerate(zip(files, _FILES, strict=True), 1):
            shape = {"digest": {"sha256": _HEX}, "name": re.compile(re.escape(file))}
            check_shape(item, shape, f"subject[{place}]")
        predicate = document["predicate"]
        check_shape(predicate, _SHAPE, "predicate")
        statement = _read(document["subject"], predicate)
        if format_statement(statement) != payload:
            raise ValueError("a repeated or foreign key, another spelling, or another digest")
    except (InputError, ValueError, KeyError, TypeError) as error:
        raise VerificationError(
            f"{where}: payload is not a manifest's statement: {printable(error)}"
        ) from error
    return statement


def _read(subject: Any, predicate: Mapping[str, Any]) -> Statement:
    date.fromisoformat(predicate["policy"]["cutoff"])  # ValueError for a day no calendar has
    head, totals, vkeys = predicate["checkpoint"], predicate["totals"], predicate["vkeys"]
    seed, parent = int(predicate["seed"]), predicate.get("parent")
    if seed >= 1 << 64:
        raise ValueError("seed: expected one below 2^64")
    if not 1 <= totals["rows"] <= totals["documents"]:
        raise ValueError("totals: at least one row, and no fewer documents than rows")
    check_gates(predicate["gates"], predicate.get("accepted"))
    check_bounds(predicate["bounds"], predicate["unit"], totals["units"])
    return Statement(
        name=predicate["name"],
        version=predicate["version"],
        stage=predicate["stage"],
        unit=predicate["unit"],
        budget=predicate.get("budget"),
        repeat=Fraction(predicate["repeat"]),
        seed=seed,
        tokenizer=predicate.get("tokenizer"),
        content_root=bytes.fromhex(subject[0]["digest"][DIGEST_NAME]),
        strata=bytes.fromhex(subject[1]["digest"]["sha256"]),
        shards=bytes.fromhex(subject[2]["digest"]["sha256"]),
        croissant=bytes.fromhex(subject[3]["digest"]["sha256"]),
        members=parse_digest(predicate["members"]),
        parent=None if parent is None else parse_digest(parent),
        mix=predicate["mix"]["source"],
        policy=predicate["policy"],
        datasets=tuple(predicate["datasets"]),
        head=Head(head["log_name"], head["size"], parse_digest(head["root"]), head["note"]),
        axes=tuple(predicate["strata"]["axes"]),
        strata_count=predicate["strata"]["count"],
        rows=totals["rows"],
        documents=totals["documents"],
        units=totals["units"],
        bounds=tuple(predicate["bounds"]),
        gates=tuple(predicate["gates"]),
        exclusions=predicate["exclusions"],
        issued_at=predicate["issued_at"],
        issuer=predicate["issuer"],
        limits=tuple(predicate["limits"]),
        tool=predicate["tool"],
        log_vkeys=tuple(vkeys["log"]),
        statement_vkeys=tuple(vkeys["statement"]),
        accepted=predicate.get("accepted"),
        tail=predicate.get("tail"),
    )


def _named(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"
