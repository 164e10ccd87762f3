"""What a certificate says: an in-toto Statement v1 about a dataset's or manifest's content_root.

    _type          https://in-toto.io/Statement/v1
    subject        [{name: "r@1" or "manifest:mix@1", digest: {headwater_content_root_v1: hex}}]
    predicateType  PREDICATE_TYPE
    predicate      checkpoint   log_name, size, root, note: the numbers are as of these entries
                   composition  one member a section; a function of the claims about the dataset
                                (or the manifest's documents), the policy and the cut-off alone
                   manifest     digest of the manifest's statement, if it is about one
                   issued_at, issuer, limits (sentences), page (digest of certificate.html),
                   policy       name, version, digest, cutoff, title, and rules as shown to people:
                                `shown` the label, `why` the basis, `words` the rule
                   vkeys        log and statement keys, to be trusted by other means

The payload is canonical JSON and is what is signed and digested.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import parse_digest
from ledger.provenance.dsse import encode_members
from ledger.provenance.included import Head
from ledger.provenance.shape import Maybe, check_shape

__all__ = [
    "DIGEST_NAME",
    "MANIFEST",
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
MANIFEST = "manifest:"
"""Before the NAME@VERSION of a manifest; a dataset's has nothing before it."""

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
    "manifest": Maybe(_DIGEST),
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
class Page:
    """SHA-256 of certificate.html, and the version of the code that renders it."""

    digest: bytes
    version: int


@dataclass(frozen=True)
class Statement:
    """`subject` is `name@version` of a dataset, or `manifest:name@version`.

    `manifest` digests the statement of the manifest that it is about. `policy` and `composition`
    are plain JSON values; times are Unix seconds.
    """

    subject: str
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
    manifest: bytes | None = None

    @property
    def shown(self) -> str:
        """What it is about, for people: `r@1`, or `manifest mix@1`."""
        return self.subject.replace(MANIFEST, "manifest ", 1)

    @property
    def warning(self) -> str | None:
        """What the policy must say beside its labels, if anything: the fourth sentence."""
        return self.limits[3] if len(self.limits) > 3 else None


def limits(issuer: str, warning: str | None, *, manifest: bool = False) -> tuple[str, ...]:
    """The sentences that every certificate carries; `warning` is the policy's own, if it has one.

    No outside witness signs checkpoints yet, so none is named.
    """
    used = "every document used was recorded"
    if manifest:
        used = "a model was trained on this and on nothing else"
    sentences = (
        f"Composition certificate, self-issued by {issuer}. Not issued by an authority; "
        "not a finding of compliance with any law.",
        "You can check the signature and the arithmetic. "
        "The issuer could have rewritten this history.",
        "You cannot check here that sources, licences and author statements are true, "
        f"or that {used}.",
    )
    return (*sentences, warning) if warning else sentences


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
    if statement.manifest is not None:
        predicate["manifest"] = f"sha256:{statement.manifest.hex()}"
    subject = {"digest": {DIGEST_NAME: statement.content_root.hex()}, "name": statement.subject}
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
    about = {"dataset": statement.subject}
    if statement.manifest is not None:
        about = {"manifest": f"sha256:{statement.manifest.hex()}"}
    return about | {
        "content_root": f"sha256:{statement.content_root.hex()}",
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
        check_shape(subject, {"digest": {DIGEST_NAME: _HEX}, "name": str}, "subject[0]")
        predicate = document["predicate"]
        check_shape(predicate, _SHAPE, "predicate")
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
    manifest = predicate.get("manifest")
    if subject["name"].startswith(MANIFEST) != (manifest is not None):
        raise ValueError(f"subject[0].name is {subject['name']!r:.80}, and manifest says otherwise")
    return Statement(
        subject=subject["name"],
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
        manifest=None if manifest is None else parse_digest(manifest),
    )
