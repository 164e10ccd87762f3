"""ECDSA over P-256 with SHA-256, in one spelling: what OpenSSF Model Signing demands of a key.

A public key is its SubjectPublicKeyInfo in DER, uncompressed, 91 bytes. A signature is DER of
(r, s) with s at most half the group's order: of every pair (r, s), (r, n-s) only one counts, so
nobody without the key can make a second valid signature from a first.
"""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["generate", "load_spki", "sign", "spki_of", "verifies"]

# SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING: 04 ‖ x ‖ y }, RFC 5480
_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def generate() -> EllipticCurvePrivateKey:
    """A new private key."""
    return generate_private_key(SECP256R1())


def spki_of(private: EllipticCurvePrivateKey) -> bytes:
    """The public half. Raises ValueError for a key on another curve."""
    if not isinstance(private.curve, SECP256R1):
        raise ValueError(f"a key on curve {private.curve.name}, expected P-256")
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load_spki(public: bytes) -> EllipticCurvePublicKey:
    """The key of an SPKI. Raises ValueError unless it is P-256 in its one spelling."""
    if len(public) != len(_PREFIX) + 65 or not public.startswith(_PREFIX + b"\x04"):
        raise ValueError("not a SubjectPublicKeyInfo of an uncompressed P-256 key")
    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public[len(_PREFIX) :])


def sign(private: EllipticCurvePrivateKey, message: bytes) -> bytes:
    """A signature; the same each time where the library knows RFC 6979."""
    try:
        scheme = ECDSA(SHA256(), deterministic_signing=True)
    except UnsupportedAlgorithm:  # OpenSSL below 3.2: a random nonce is as sound
        scheme = ECDSA(SHA256())
    r, s = decode_dss_signature(private.sign(message, scheme))
    return encode_dss_signature(r, min(s, _ORDER - s))


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key of this SPKI made this signature, in its one spelling."""
    try:
        r, s = decode_dss_signature(signature)
        if encode_dss_signature(r, s) != signature or not 0 < s <= _ORDER // 2:
            return False
        load_spki(public).verify(signature, message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
