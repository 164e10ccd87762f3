"""A receipt: one tag as a file, which any ledger can record.

A DSSE v1 envelope around the canonical claim {body, kind, subject}, canonical JSON itself, with two
members of ours that DSSE readers read past: `attachments`, and in each signature its `type`.

    {"attachments":["<base64>"],"payload":"<base64>","payloadType":
     "application/vnd.headwater.claim+json","signatures":[{"keyid":"…","sig":"…","type":"ed25519"}]}

An unsigned tag has no signatures. What a receipt says is not believed: see `drain`.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson
from pydantic import ValidationError

from ledger.claims.authorship import Authorship
from ledger.errors import (
    BadSignatureError,
    InputError,
    MalformedError,
    VerificationError,
    printable,
)
from ledger.log.canonical import encode, parse_digest
from ledger.log.notes import Verifier, decode_base64
from ledger.provenance.signing import CLAIM_TYPE, claim_signed_by
from ledger.provenance.tags.make import Tag
from ledger.provenance.tags.spans import MAX_LIST_BYTES, parse_span_list

__all__ = ["MAX_RECEIPT", "check_signatures", "format_receipt", "parse_receipt"]

MAX_RECEIPT = 2 * MAX_LIST_BYTES  # base64 of the longest list of spans, and the claim
MAX_SIGNATURES = 8
_LONGEST = 1024  # characters of a signature's member; an entry holds 16 KiB in all
_MEMBERS = frozenset({"attachments", "payload", "payloadType", "signatures"})
_SIG = frozenset({"keyid", "sig", "type"})
_HINT = "a receipt is written by `headwater tag`, and not edited"


def format_receipt(tag: Tag) -> bytes:
    """The file's bytes; equal tags give equal bytes."""
    claim = {"kind": "authorship", "subject": tag.subject, "body": tag.body.plain()}
    return _format(encode(claim), tag.attachments, tag.sigs)


def parse_receipt(data: bytes, where: object) -> Tag:
    """The tag in a receipt, whose attachments are those that its body digests.

    Raises MalformedError for what no receipt looks like, VerificationError for one whose parts do
    not belong together. Signatures are not checked: see `check_signatures`.
    """
    if len(data) > MAX_RECEIPT:
        raise MalformedError(where, None, f"{len(data)} bytes, expected at most {MAX_RECEIPT}")
    try:
        document = orjson.loads(data)
        if not isinstance(document, dict) or set(document) != _MEMBERS:
            raise ValueError("not the members of a receipt")
        if document["payloadType"] != CLAIM_TYPE:
            raise ValueError(f"payloadType {printable(document['payloadType'])}")
        payload = decode_base64(_text(document["payload"]))
        attachments = tuple(decode_base64(_text(item)) for item in _list(document["attachments"]))
        sigs = tuple(_sig(item) for item in _list(document["signatures"]))
        if _format(payload, attachments, sigs) != data:
            raise ValueError("a repeated key, or another spelling than the canonical one")
        if len(sigs) > MAX_SIGNATURES:
            raise ValueError(f"{len(sigs)} signatures, expected at most {MAX_SIGNATURES}")
        subject, body = _claim(payload)
    except (ValueError, TypeError, InputError, binascii.Error) as error:
        reason = printable(str(error).partition("\n")[0])
        raise MalformedError(where, None, f"not a receipt: {reason}", hint=_HINT) from error
    tag = Tag(subject, body, attachments, sigs)
    _check_attachments(tag, where)
    return tag


def check_signatures(tag: Tag, known: Mapping[str, Verifier], where: object) -> list[Verifier]:
    """Who of `known` (label -> key) signed the tag. Raises BadSignatureError where a known key's
    signature is not over this claim; those of unknown keys are read past.
    """
    plain = tag.body.plain()
    found = []
    for sig in tag.sigs:
        verifier = known.get(sig["keyid"])
        if verifier is None:
            continue
        if not claim_signed_by("authorship", tag.subject, plain, sig, verifier):
            raise BadSignatureError(
                f"{printable(where)}: the signature of {printable(sig['keyid'])} is not over "
                "this claim"
            )
        found.append(verifier)
    return found


def _claim(payload: bytes) -> tuple[str, Authorship]:
    claim = orjson.loads(payload)
    if not isinstance(claim, dict) or set(claim) != {"kind", "subject", "body"}:
        raise ValueError("the payload is no claim")
    if claim["kind"] != "authorship":
        raise ValueError(f"a claim of kind {printable(claim['kind'])}, expected authorship")
    parse_digest(_text(claim["subject"]))
    try:
        body = Authorship.model_validate(claim["body"])
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"body {field}: {first['msg']}") from error
    plain = {"kind": "authorship", "subject": claim["subject"], "body": body.plain()}
    if encode(plain) != payload:
        raise ValueError("the payload is not canonical JSON")
    return claim["subject"], body


def _check_attachments(tag: Tag, where: object) -> None:
    digests = [f"sha256:{sha256(data).hexdigest()}" for data in tag.attachments]
    wanted = [tag.body.spans] if tag.body.spans is not None else []
    if digests != wanted:
        raise VerificationError(
            f"{printable(where)}: attachments {', '.join(digests) or 'none'}, "
            f"expected {', '.join(wanted) or 'none'}"
        )
    for data in tag.attachments:
        spans = parse_span_list(data)
        if spans.document != tag.subject:
            raise VerificationError(
                f"{printable(where)}: spans of {spans.document}, expected {tag.subject}"
            )
        covered = sum(span.end - span.start for span in spans.spans) * 1_000_000 // spans.size
        if covered != tag.body.covered_ppm:
            raise VerificationError(
                f"{printable(where)}: covered_ppm {tag.body.covered_ppm}, the spans say {covered}"
            )


def _format(
    payload: bytes, attachments: Sequence[bytes], sigs: Sequence[Mapping[str, str]]
) -> bytes:
    members: dict[str, Any] = {
        "attachments": [base64.b64encode(data).decode() for data in attachments],
        "payload": base64.b64encode(payload).decode(),
        "payloadType": CLAIM_TYPE,
        "signatures": [dict(sig) for sig in sigs],
    }
    parts = (b'"%s":%s' % (name.encode(), encode(members[name])) for name in sorted(members))
    return b"{" + b",".join(parts) + b"}\n"


def _sig(item: Any) -> dict[str, str]:
    if not isinstance(item, dict) or set(item) != _SIG:
        raise ValueError("a signature has not the members keyid, sig, type")
    if not all(isinstance(text, str) and len(text) <= _LONGEST for text in item.values()):
        raise ValueError("a signature's member is no text, or too long")
    return item


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("a member is no list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a member is no text")
    return value
