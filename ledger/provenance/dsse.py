"""DSSE v1 envelopes, Ed25519 only: a payload and who signed it.

    {"payload":"<base64>","payloadType":"application/vnd.in-toto+json",
     "signatures":[{"keyid":"example.org/log/statement+0123abcd","sig":"<base64>"}]}

The file is canonical JSON, so there is one spelling and no duplicate key. A keyid is a vkey's
label, `name+hash8`. Signatures by unknown keys are read past, as the specification demands.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ledger.errors import (
    BadSignatureError,
    InputError,
    UntrustedSignerError,
    VerificationError,
    printable,
)
from ledger.log.canonical import encode
from ledger.log.notes import ED25519, Signer, Verifier, decode_base64
from ledger.provenance.signing import pae

__all__ = ["PAYLOAD_TYPE", "encode_members", "open_envelope", "parse_envelope", "sign_envelope"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_SIGNATURES = 64


def encode_members(members: Mapping[str, Any]) -> bytes:
    """Canonical JSON of an object whose own field names a standard gave us, such as `payloadType`.

    Its values keep the restricted domain of `ledger.log.canonical`. Raises InputError.
    """
    parts = (b'"%s":%s' % (name.encode(), encode(members[name])) for name in sorted(members))
    return b"{" + b",".join(parts) + b"}"


def sign_envelope(payload: bytes, *signers: Signer) -> bytes:
    """The envelope file of `payload`, one signature a signer."""
    message = pae(PAYLOAD_TYPE, payload)
    return _format(payload, [(signer.verifier.label, signer.sign(message)) for signer in signers])


def parse_envelope(data: bytes, where: str) -> tuple[bytes, list[tuple[str, bytes]]]:
    """(payload, [(keyid, signature)]), nothing checked but the form. Raises VerificationError."""
    try:
        document = orjson.loads(data)
        payload_type = document["payloadType"]
        if payload_type != PAYLOAD_TYPE:
            raise VerificationError(
                f"{where}: payloadType {printable(payload_type)}, expected {PAYLOAD_TYPE}"
            )
        payload = decode_base64(document["payload"])
        signatures = [
            (item["keyid"], decode_base64(item["sig"])) for item in document["signatures"]
        ]
        if not all(isinstance(keyid, str) for keyid, _ in signatures):
            raise ValueError("a keyid is not text")
        canonical = _format(payload, signatures) == data
    except (InputError, ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise VerificationError(f"{where}: not a DSSE envelope: {printable(error)}") from error
    if not canonical:
        raise VerificationError(
            f"{where}: a repeated, missing or foreign JSON key, or another spelling; "
            "expected one canonical DSSE envelope"
        )
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise VerificationError(
            f"{where}: {len(signatures)} signatures, expected 1 to {MAX_SIGNATURES}"
        )
    return payload, signatures


def open_envelope(
    data: bytes, trusted: Sequence[Verifier], where: str = "envelope"
) -> tuple[bytes, list[Verifier]]:
    """(payload, the trusted keys that signed it).

    Raises VerificationError if it is no envelope, BadSignatureError if a trusted key's signature
    does not verify, UntrustedSignerError if no trusted key signed.
    """
    payload, signatures = parse_envelope(data, where)
    known = {verifier.label: verifier for verifier in trusted if verifier.algorithm == ED25519}
    message = pae(PAYLOAD_TYPE, payload)
    signers: list[Verifier] = []
    for keyid, signature in signatures:
        verifier = known.get(keyid)
        if verifier is None:
            continue
        if not verifier.verifies(message, signature):
            raise BadSignatureError(
                f"{where}: the signature of {printable(keyid)} is not over this payload"
            )
        if verifier not in signers:
            signers.append(verifier)
    if not signers:
        names = ", ".join(printable(keyid) for keyid, _ in signatures)
        raise UntrustedSignerError(f"{where}: signed by {names}, expected a trusted key")
    return payload, signers


def _format(payload: bytes, signatures: Sequence[tuple[str, bytes]]) -> bytes:
    return encode_members(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [
                {"keyid": keyid, "sig": base64.b64encode(signature).decode()}
                for keyid, signature in signatures
            ],
        }
    )
