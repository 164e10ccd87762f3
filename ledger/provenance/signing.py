"""Signatures on claims: DSSE PAE over canonical {kind, subject, body}, so they name no log.

A signed claim travels between ledgers. A key attests where the log named it, for use "claim",
before the claim was recorded.
"""

import base64
import binascii
from collections.abc import Mapping

from ledger.log.canonical import Entry, encode
from ledger.log.notes import ECDSA_P256, Signer, Verifier, decode_base64

__all__ = ["attested", "pae", "sign_claim"]

CLAIM_TYPE = "application/vnd.headwater.claim+json"


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _message(kind: str, subject: str, body: Mapping[str, object]) -> bytes:
    return pae(CLAIM_TYPE, encode({"kind": kind, "subject": subject, "body": body}))


def sign_claim(
    signer: Signer, kind: str, subject: str, body: Mapping[str, object]
) -> dict[str, str]:
    """One `sigs` item of an entry: Ed25519 over the claim."""
    signature = signer.sign(_message(kind, subject, body))
    return {
        "keyid": signer.verifier.label,
        "sig": base64.b64encode(signature).decode(),
        "type": "ed25519",
    }


def attested(index: int, entry: Entry, authors: Mapping[str, tuple[int, Verifier]]) -> bool:
    """Whether a key of `authors` (label -> naming entry, key) signed the claim at `index`."""
    message = b""
    for sig in entry.sigs:
        named, verifier = authors.get(str(sig.get("keyid")), (index, None))
        if verifier is None or named >= index or sig.get("type") != "ed25519":
            continue
        if verifier.algorithm == ECDSA_P256:  # a signature by it is no Ed25519 signature
            continue
        try:
            signature = decode_base64(str(sig.get("sig")))
        except (ValueError, binascii.Error):
            continue  # not a signature: it attests nothing, and verify still covers its bytes
        message = message or _message(entry.kind, entry.subject, entry.body)
        if verifier.verifies(message, signature):
            return True
    return False
