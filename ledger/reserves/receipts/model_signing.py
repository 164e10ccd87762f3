"""The OpenSSF Model Signing v1.0 bundle over a folder: `model_signing verify key` accepts it.

A Sigstore bundle 0.3 holds a DSSE envelope, which holds an in-toto Statement v1 of predicate type
https://model_signing/signature/v1.0: one resource a file, sorted by name, and as its subject the
SHA-256 over their digests in that order. One ECDSA P-256 key signs; `hint` is the SHA-256 of its
PEM.

The file is canonical JSON without a final newline, and it is a function of the name, the files,
the key and the signature, so a bundle is checked by writing it again.
"""

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256

import orjson

from ledger.errors import BadSignatureError, VerificationError, printable
from ledger.log.notes import Signer, Verifier, decode_base64
from ledger.provenance.dsse import PAYLOAD_TYPE
from ledger.provenance.signing import pae

__all__ = ["check_model", "sign_model"]

_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://model_signing/signature/v1.0"


def sign_model(name: str, digests: Mapping[str, bytes], signer: Signer) -> bytes:
    """The bundle for files given as relative path -> SHA-256, at least one; the key is P-256."""
    payload = _payload(name, digests)
    return _format(payload, signer.verifier, signer.sign(pae(PAYLOAD_TYPE, payload)))


def check_model(
    data: bytes, name: str, digests: Mapping[str, bytes], key: Verifier, where: str
) -> None:
    """Whether `data` is the key's bundle over exactly these files.

    Raises BadSignatureError if its signature is another's, VerificationError if it is no bundle or
    names other files.
    """
    try:
        bundle = orjson.loads(data)
        (signature,) = bundle["dsseEnvelope"]["signatures"]
        signed = decode_base64(bundle["dsseEnvelope"]["payload"])
        value = decode_base64(signature["sig"])
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise VerificationError(
            f"{where}: not a model signing bundle: {printable(error)}"
        ) from error
    payload = _payload(name, digests)
    if signed != payload:
        raise VerificationError(f"{where}: {_difference(signed, payload)}")
    if _format(payload, key, value) != data:
        raise VerificationError(
            f"{where}: another spelling, or a member that does not belong there; "
            f"expected a bundle signed by {printable(key.label)}"
        )
    if not key.verifies(pae(PAYLOAD_TYPE, payload), value):
        raise BadSignatureError(
            f"{where}: the signature of {printable(key.label)} is not over these files"
        )


def _payload(name: str, digests: Mapping[str, bytes]) -> bytes:
    paths = sorted(digests)
    over = sha256(b"".join(digests[path] for path in paths)).hexdigest()
    return _canonical(
        {
            "_type": _STATEMENT,
            "predicate": {
                "resources": [
                    {"algorithm": "sha256", "digest": digests[path].hex(), "name": path}
                    for path in paths
                ],
                "serialization": {
                    "allow_symlinks": False,
                    "hash_type": "sha256",
                    "method": "files",
                },
            },
            "predicateType": _PREDICATE,
            "subject": [{"digest": {"sha256": over}, "name": name}],
        }
    )


def _format(payload: bytes, key: Verifier, signature: bytes) -> bytes:
    return _canonical(
        {
            "dsseEnvelope": {
                "payload": base64.b64encode(payload).decode(),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"keyid": "", "sig": base64.b64encode(signature).decode()}],
            },
            "mediaType": _BUNDLE,
            "verificationMaterial": {
                "publicKey": {"hint": sha256(key.pem).hexdigest()},
                "tlogEntries": [],
            },
        }
    )


def _difference(signed: bytes, expected: bytes) -> str:
    """Which file the bundle has otherwise; the payload as a whole if it cannot be read."""
    try:
        ours, theirs = (
            {item["name"]: item["digest"] for item in orjson.loads(data)["predicate"]["resources"]}
            for data in (expected, signed)
        )
    except (ValueError, KeyError, TypeError):
        return "its payload is not a model signing statement"
    for name in sorted({*ours, *theirs}, key=str):
        if ours.get(name) != theirs.get(name):
            return (
                f"{printable(name)} has digest {printable(theirs.get(name, 'none'))}, "
                f"on disk it is {ours.get(name, 'not there')}"
            )
    return "its payload is not the statement over these files"


def _canonical(value: Mapping[str, object]) -> bytes:
    # names in the standard's own spelling lie outside the keys of ledger.log.canonical
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
