"""`<name>.prov.json`: a tag beside its text, as a DSSE envelope around an in-toto statement.

    _type          https://in-toto.io/Statement/v1
    subject        [{name, digest: {sha256}}]: the text's file name and bytes
    predicateType  PREDICATE_TYPE
    predicate      claim        kind, subject, body: the authorship claim
                   attachments  base64 of what its body digests: the list of spans
                   sigs         signatures over the claim itself, as an entry has them

Signed by a key of use `claim`, so it is not written of an unsigned tag. Reading believes nothing;
`open_sidecar` checks the signature against keys that are trusted.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from pydantic import ValidationError

from ledger.claims.authorship import Authorship
from ledger.errors import DocumentMismatchError, InputError, VerificationError, printable
from ledger.log.notes import Signer, Verifier, decode_base64
from ledger.provenance.conventions import Disclosure, bounded
from ledger.provenance.dsse import encode_members, open_envelope, parse_envelope, sign_envelope
from ledger.provenance.tags.make import Tag
from ledger.provenance.tags.spans import parse_span_list

__all__ = [
    "CONVENTION",
    "PREDICATE_TYPE",
    "SUFFIX",
    "Sidecar",
    "format_sidecar",
    "open_sidecar",
    "parse_sidecar",
]

SUFFIX = ".prov.json"
PREDICATE_TYPE = "https://headwater.invalid/authorship/v1"
_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_NAME = "sidecar"
_LONGEST = 1024  # characters of a name, and of a signature's member
_MOST = 8  # signatures over the claim


@dataclass(frozen=True)
class Sidecar:
    """What a sidecar holds: the file's name, the tag, and the labels of the keys that signed."""

    name: str
    tag: Tag
    keyids: tuple[str, ...]

    def disclosure(self, where: str) -> Disclosure:
        """The tag as a disclosure about the text that `digest` names."""
        body = self.tag.body
        ranges = None
        if body.spans is not None:
            spans = parse_span_list(self.tag.attachments[0]).spans
            ranges = tuple(span.range for span in spans)
        return Disclosure(
            _NAME, body.assistance, body.model, ranges, body.weight, body.reviewed, body.issued_at,
            where, f"signed by {printable(', '.join(self.keyids))}, not checked",
            digest=self.tag.subject,
        )  # fmt: skip


def format_sidecar(name: str, tag: Tag, *signers: Signer) -> bytes:
    """The file's bytes. Raises InputError without a signer, or for a keyed digest."""
    if not signers:
        raise InputError(
            f"{printable(name)}: an unsigned tag, expected one signed by an author's key",
            hint="tag it with --sign first",
        )
    return sign_envelope(_statement(name, tag), *signers)


def parse_sidecar(data: bytes, where: str) -> Sidecar:
    """What a sidecar says; its signatures are not checked. Raises VerificationError."""
    payload, signatures = parse_envelope(_file(data, where), where)
    return _sidecar(payload, tuple(keyid for keyid, _ in signatures), where)


def open_sidecar(
    data: bytes, content: bytes, trusted: Sequence[Verifier], where: str
) -> tuple[Sidecar, list[Verifier]]:
    """The sidecar of `content`, and the trusted keys that signed it.

    Raises BadSignatureError, UntrustedSignerError, and DocumentMismatchError for another
    content's.
    """
    payload, keys = open_envelope(_file(data, where), trusted, where)
    sidecar = _sidecar(payload, tuple(key.label for key in keys), where)
    found = f"sha256:{sha256(content).hexdigest()}"
    if sidecar.tag.subject != found:
        raise DocumentMismatchError(
            f"{printable(where)}: found {found}, it speaks of {sidecar.tag.subject}",
            hint="the text was changed since; tag it anew",
        )
    return sidecar, keys


def _file(data: bytes, where: str) -> bytes:
    return bounded(data, where).removesuffix(b"\n")  # shells and editors add one


def _statement(name: str, tag: Tag) -> bytes:
    algorithm, _, digest = tag.subject.partition(":")
    if algorithm != "sha256" or not 1 <= len(name) <= _LONGEST:
        raise InputError(f"{printable(name)}: {algorithm} of a text, expected sha256 and a name")
    predicate: dict[str, Any] = {
        "attachments": [base64.b64encode(data).decode() for data in tag.attachments],
        "claim": {"body": tag.body.plain(), "kind": "authorship", "subject": tag.subject},
        "sigs": [dict(sig) for sig in tag.sigs],
    }
    return encode_members(
        {
            "_type": _STATEMENT_TYPE,
            "predicate": predicate,
            "predicateType": PREDICATE_TYPE,
            "subject": [{"digest": {"sha256": digest}, "name": name}],
        }
    )


def _sidecar(payload: bytes, keyids: tuple[str, ...], where: str) -> Sidecar:
    try:
        document = orjson.loads(payload)
        if document["predicateType"] != PREDICATE_TYPE:
            raise ValueError(f"predicateType {printable(document['predicateType'])}")
        predicate, (subject,) = document["predicate"], document["subject"]
        claim, sigs = predicate["claim"], predicate["sigs"]
        if len(sigs) > _MOST or not all(map(_is_sig, sigs)):
            raise ValueError("signatures that are none, or too many")
        attachments = tuple(decode_base64(one) for one in predicate["attachments"])
        body = Authorship.model_validate(claim["body"])
        name = subject["name"]
        if not isinstance(name, str):
            raise ValueError("a name that is no text")
        tag = Tag(claim["subject"], body, attachments, tuple(sigs))
        if _statement(name, tag) != payload:
            raise ValueError("a foreign member, or another spelling than the canonical one")
        _check_attachments(tag)
    except (ValueError, KeyError, TypeError, AttributeError, InputError, binascii.Error) as error:
        reason = str(error).partition("\n")[0]
        if isinstance(error, ValidationError):
            reason = f"the claim: {error.errors()[0]['msg']}"
        raise VerificationError(f"{printable(where)}: no sidecar: {printable(reason)}") from error
    return Sidecar(name, tag, keyids)


def _is_sig(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and set(one) == {"keyid", "sig", "type"}
        and all(isinstance(text, str) and len(text) <= _LONGEST for text in one.values())
    )


def _check_attachments(tag: Tag) -> None:
    digests = [f"sha256:{sha256(data).hexdigest()}" for data in tag.attachments]
    if digests != ([tag.body.spans] if tag.body.spans is not None else []):
        raise ValueError("attachments that the claim does not digest")
    if any(parse_span_list(data).document != tag.subject for data in tag.attachments):
        raise ValueError("spans of another text")


class _SidecarFile:
    name = _NAME
    suffixes = (SUFFIX,)
    of_files = False

    def read(self, content: bytes, where: str) -> list[Disclosure]:
        """What a sidecar's own bytes say, of the text that `digest` names."""
        try:
            return [parse_sidecar(content, where).disclosure(where)]
        except VerificationError as error:
            return [Disclosure(_NAME, "AX", where=where, note=str(error))]


CONVENTION = _SidecarFile()
