"""What a certificate says: an in-toto Statement v1 about a dataset's content_root.

    _type          https://in-toto.io/Statement/v1
    subject        [{name: "r@1", digest: {headwater_content_root_v1: hex}}]
    predicateType  PREDICATE_TYPE
    predicate      checkpoint   log_name, size, root, note: the numbers are as of these entries
                   composition  one member a section; a function of the dataset's claims, the
                                policy and the cut-off alone
                   issued_at, issuer, limits (sentences), page (digest of certificate.html),
                   policy       name, version, digest, cutoff, title, and rules as shown to people:
                                `shown` the label, `why` the basis, `words` the rule
                   vkeys        log and statement keys, to be trusted by other means

The payload is canonical JSON and is what is signed and digested.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import parse_digest
from ledger.provenance.dsse import encode_members

__all__ = [
    "DIGEST_NAME",
    "PREDICATE_TYPE",
    "Head",
    "Page",
    "Statement",
    "certificate_body",
    "format_statement",
    "limits",
    "parse_statement",
]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://headwater.invalid/composition/v1"
DIGEST_NAME = "headwater_content_root_v1"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HEX = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RULE = {"basis": str, "label": str, "number": str, "shown": str, "why": str, "words": str}
_SHAPE: Mapping[str, Any] = {
    "checkpoint": {"log_name": str, "note": str, "root": _DIGEST, "size": int},
    "composition": dict,
    "issued_at": int,
    "issuer": str,
    "limits": [str],
    "page": {"digest": _DIGEST, "version": int},
    "policy": {
        "cutoff": _DATE,
        "digest": _DIGEST,
        "name": str,
        "rules": [_RULE],
        "title": str,
        "version": str,
    },
    "vkeys": {"log": [str], "statement": [str]},
}


@dataclass(frozen=True)
class Head:
    """The log's first `size` entries and the signed note over their root."""

    log_name: str
    size: int
    root: bytes
    note: str


@dataclass(frozen=True)
class Page:
    """SHA-256 of certificate.html, and the version of the code that renders it."""

    digest: bytes
    version: int


@dataclass(frozen=True)
class Statement:
    """`policy` and `composition` are plain JSON values; times are Unix seconds."""

    dataset: str
    content_root: bytes
    composition: Mapping[str, Mapping[str, Any]]
    head: Head
    policy: Mapping[str, Any]
    issued_at: int
    issuer: str
    limits: tuple[str, ...]
    log_vkeys: tuple[str, ...]
    statement_vkeys: tuple[str, ...]
    page: Page

    @property
    def warning(self) -> str | None:
        """What the policy must say beside its labels, if anything: the fourth sentence."""
        return self.limits[3] if len(self.limits) > 3 else None


def limits(issuer: str, warning: str | None) -> tuple[str, ...]:
    """The sentences that every certificate carries; `warning` is the policy's own, if it has one.

    No outside witness signs checkpoints yet, so none is named.
    """
    sentences = (
        f"Composition certificate, self-issued by {issuer}. Not issued by an authority; "
        "not a finding of compliance with any law.",
        "You can check the signature and the arithmetic. "
        "The issuer could have rewritten this history.",
        "You cannot check here that sources, licences and author statements are true, "
        "or that every document used was recorded.",
    )
    return (*sentences, warning) if warning else sentences


def format_statement(statement: Statement) -> bytes:
    """The payload. Raises InputError outside the canonical domain."""
    head = statement.head
    predicate = {
        "checkpoint": {
            "log_name": head.log_name,
            "note": head.note,
            "root": f"sha256:{head.root.hex()}",
            "size": head.size,
        },
        "composition": statement.composition,
        "issued_at": statement.issued_at,
        "issuer": statement.issuer,
        "limits": list(statement.limits),
        "page": {
            "digest": f"sha256:{statement.page.digest.hex()}",
            "version": statement.page.version,
        },
        "policy": statement.policy,
        "vkeys": {
            "log": list(statement.log_vkeys),
            "statement": list(statement.statement_vkeys),
        },
    }
    subject = {"digest": {DIGEST_NAME: statement.content_root.hex()}, "name": statement.dataset}
    return encode_members(
        {
            "_type": STATEMENT_TYPE,
            "predicate": predicate,
            "predicateType": PREDICATE_TYPE,
            "subject": [subject],
        }
    )


def certificate_body(statement: Statement, digest: str) -> dict[str, Any]:
    """The body of the certificate's own entry; `digest` is of the payload."""
    return {
        "content_root": f"sha256:{statement.content_root.hex()}",
        "dataset": statement.dataset,
        "policy": statement.policy["digest"],
        "root": f"sha256:{statement.head.root.hex()}",
        "size": statement.head.size,
        "statement": digest,
    }


def parse_statement(payload: bytes, where: str) -> Statement:
    """The statement in a payload, which must be canonical. Raises VerificationError naming `where`.

    What each section of `composition` holds is for that section to check.
    """
    try:
        document = orjson.loads(payload)
        for name, expected in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
            if document[name] != expected:
                raise ValueError(f"{name} {document[name]!r}, expected {expected!r}")
        (subject,) = document["subject"]
        _check(subject, {"digest": {DIGEST_NAME: _HEX}, "name": str}, "subject[0]")
        predicate = document["predicate"]
        _check(predicate, _SHAPE, "predicate")
        statement = _read(subject, predicate)
        if format_statement(statement) != payload:
            raise ValueError("a repeated or foreign key, or another spelling")
    except (InputError, ValueError, KeyError, TypeError) as error:
        raise VerificationError(
            f"{where}: payload is not a composition statement: {printable(error)}"
        ) from error
    return statement


def _read(subject: Mapping[str, Any], predicate: Mapping[str, Any]) -> Statement:
    date.fromisoformat(predicate["policy"]["cutoff"])  # ValueError for a day no calendar has
    head, page, vkeys = predicate["checkpoint"], predicate["page"], predicate["vkeys"]
    for name, section in predicate["composition"].items():
        if not isinstance(section, dict):
            raise ValueError(f"composition.{name} is not an object")
    return Statement(
        dataset=subject["name"],
        content_root=bytes.fromhex(subject["digest"][DIGEST_NAME]),
        composition=predicate["composition"],
        head=Head(head["log_name"], head["size"], parse_digest(head["root"]), head["note"]),
        policy=predicate["policy"],
        issued_at=predicate["issued_at"],
        issuer=predicate["issuer"],
        limits=tuple(predicate["limits"]),
        log_vkeys=tuple(vkeys["log"]),
        statement_vkeys=tuple(vkeys["statement"]),
        page=Page(parse_digest(page["digest"]), page["version"]),
    )


def _check(value: Any, shape: Any, path: str) -> None:
    """Raises ValueError naming the first place where `value` has not the shape."""
    if isinstance(shape, re.Pattern):
        if not isinstance(value, str) or shape.fullmatch(value) is None:
            raise ValueError(f"{path} is {value!r:.80}, expected {shape.pattern}")
    elif isinstance(shape, list):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ValueError(f"{path} is not a list")
        for number, item in enumerate(value):
            _check(item, shape[0], f"{path}[{number}]")
    elif isinstance(shape, Mapping):
        if not isinstance(value, dict) or set(value) != set(shape):
            raise ValueError(f"{path} has not the members {', '.join(sorted(shape))}")
        for name, item in shape.items():
            _check(value[name], item, f"{path}.{name}")
    elif not isinstance(value, shape) or isinstance(value, bool):
        raise ValueError(f"{path} is not {shape.__name__}")
