"""Signatures on claims: DSSE PAE over canonical {kind, subject, body}, so they name no log.

A signed claim travels between ledgers. A key attests where the log named it, for use "claim",
before the claim was recorded. The signature is Ed25519's own, or one by `ssh-keygen -Y sign`.
"""

import base64
import binascii
from collections.abc import Mapping

from ledger.log.canonical import Entry, encode
from ledger.log.notes import ECDSA_P256, Signer, Verifier, decode_base64
from ledger.provenance.named import NamedKey
from ledger.provenance.sshsig import SshKey, opens

__all__ = ["ClaimSigner", "attested", "attested_by", "claim_signed_by", "pae", "sign_claim"]

ClaimSigner = Signer | SshKey

CLAIM_TYPE = "application/vnd.headwater.claim+json"


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _message(kind: str, subject: str, body: Mapping[str, object]) -> bytes:
    return pae(CLAIM_TYPE, encode({"kind": kind, "subject": subject, "body": body}))


def sign_claim(
    signer: ClaimSigner, kind: str, subject: str, body: Mapping[str, object]
) -> dict[str, str]:
    """One `sigs` item of an entry: Ed25519 over the claim. Raises RefusedError where SSH does."""
    signature = signer.sign(_message(kind, subject, body))
    return {
        "keyid": signer.verifier.label,
        "sig": base64.b64encode(signature).decode(),
        "type": "sshsig" if isinstance(signer, SshKey) else "ed25519",
    }


def attested(index: int, entry: Entry, authors: Mapping[str, tuple[int, Verifier]]) -> bool:
    """Whether a key of `authors` (label -> naming entry, key) that stood at `index` signed the
    claim there.
    """
    return bool(attested_by(index, entry, authors))


def attested_by(
    index: int, entry: Entry, authors: Mapping[str, tuple[int, Verifier]]
) -> frozenset[str]:
    """The labels of the keys that attest the claim at `index`; see `attested`."""
    message = b""
    found = set()
    for sig in entry.sigs:
        label = str(sig.get("keyid"))
        known = authors.get(label)
        if known is None or not _stands(known, index):
            continue
        message = message or _message(entry.kind, entry.subject, entry.body)
        if _signs(sig, known[1], message):
            found.add(label)
    return frozenset(found)


def _stands(known: tuple[int, Verifier], index: int) -> bool:
    return known.stands_at(index) if isinstance(known, NamedKey) else known[0] < index


def claim_signed_by(
    kind: str,
    subject: str,
    body: Mapping[str, object],
    sig: Mapping[str, str],
    verifier: Verifier,
) -> bool:
    """Whether one `sigs` item is that key's signature over the claim, whoever trusts the key."""
    return sig.get("keyid") == verifier.label and _signs(
        sig, verifier, _message(kind, subject, body)
    )


def _signs(sig: Mapping[str, str], verifier: Verifier, message: bytes) -> bool:
    if verifier.algorithm == ECDSA_P256:  # a signature by it is no Ed25519 signature
        return False
    try:
        signature = decode_base64(str(sig.get("sig")))
    except (ValueError, binascii.Error):
        return False  # not a signature: it attests nothing, and verify still covers its bytes
    if sig.get("type") == "ed25519":
        return verifier.verifies(message, signature)
    return sig.get("type") == "sshsig" and opens(verifier, message, signature)
