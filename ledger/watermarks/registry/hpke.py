"""HPKE base mode (RFC 9180): a few bytes encrypted to one X25519 public key.

Suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. A wrapped text is the 32-byte
encapsulated key and the ciphertext, one after the other. `cryptography` does it where it has the
module; an older one has the parts, which are put together here as the RFC says, and the tests hold
the two against each other.
"""

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

__all__ = ["open_with_parts", "seal_with_parts", "unwrap", "wrap"]

_KEM = b"KEM\x00\x20"  # suite_id of DHKEM(X25519, HKDF-SHA256), RFC 9180 section 4.1
_SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"  # KEM 0x0020, KDF 0x0001, AEAD 0x0003, section 5.1
_ENCAPSULATED = 32


def wrap(text: bytes, public: bytes, info: bytes) -> bytes:
    """`text` for the holder of `public`'s private half, bound to `info`.

    Raises ValueError for 32 bytes that are no usable X25519 key.
    """
    try:
        from cryptography.hazmat.primitives import hpke
    except ImportError:  # before cryptography had the module
        return seal_with_parts(text, public, info)
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    return suite.encrypt(text, X25519PublicKey.from_public_bytes(public), info)


def unwrap(wrapped: bytes, private: X25519PrivateKey, info: bytes) -> bytes:
    """What was wrapped for `private` and `info`. Raises ValueError for anything else."""
    try:
        from cryptography.hazmat.primitives import hpke
    except ImportError:
        return open_with_parts(wrapped, private, info)
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    try:
        return suite.decrypt(wrapped, private, info)
    except InvalidTag as error:
        raise ValueError("not wrapped for this key") from error


def seal_with_parts(text: bytes, public: bytes, info: bytes) -> bytes:
    """`wrap`, put together from X25519, HMAC and ChaCha20-Poly1305."""
    ephemeral = X25519PrivateKey.generate()
    encapsulated = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    key, nonce = _schedule(shared, encapsulated, public, info)
    return encapsulated + ChaCha20Poly1305(key).encrypt(nonce, text, b"")


def open_with_parts(wrapped: bytes, private: X25519PrivateKey, info: bytes) -> bytes:
    """`unwrap`, put together from the same parts."""
    encapsulated, ciphertext = wrapped[:_ENCAPSULATED], wrapped[_ENCAPSULATED:]
    shared = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    public = private.public_key().public_bytes_raw()
    key, nonce = _schedule(shared, encapsulated, public, info)
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, b"")
    except InvalidTag as error:
        raise ValueError("not wrapped for this key") from error


def _schedule(
    shared: bytes, encapsulated: bytes, public: bytes, info: bytes
) -> tuple[bytes, bytes]:
    """(key, base nonce): ExtractAndExpand of section 4.1, then KeySchedule of section 5.1."""
    eae = _extract(_KEM, b"", b"eae_prk", shared)
    secret = _expand(_KEM, eae, b"shared_secret", encapsulated + public, 32)
    context = (
        b"\x00"  # mode_base
        + _extract(_SUITE, b"", b"psk_id_hash", b"")
        + _extract(_SUITE, b"", b"info_hash", info)
    )
    schedule = _extract(_SUITE, secret, b"secret", b"")
    return (
        _expand(_SUITE, schedule, b"key", context, 32),
        _expand(_SUITE, schedule, b"base_nonce", context, 12),
    )


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    # LabeledExtract; RFC 5869 takes an empty salt as 32 zero bytes, and so does HMAC
    return hmac.digest(salt, b"HPKE-v1" + suite + label + material, "sha256")


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    # LabeledExpand to at most one block, which is all that this suite asks for
    assert length <= sha256().digest_size
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, labelled + b"\x01", "sha256")[:length]
