"""A wrapped key opens for its recipient and its mark alone, by either way of doing HPKE."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ledger.watermarks.registry.hpke import open_with_parts, seal_with_parts, unwrap, wrap

PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()


@pytest.mark.parametrize("seal", [wrap, seal_with_parts])
@pytest.mark.parametrize("open_", [unwrap, open_with_parts])
@pytest.mark.parametrize("info", [b"", b"a mark", b"x" * 5000])
def test_our_hpke_and_the_librarys_read_each_other(seal, open_, info: bytes) -> None:
    pytest.importorskip("cryptography.hazmat.primitives.hpke", reason="an older cryptography")
    for text in (b"", b"key", bytes(range(256))):
        assert open_(seal(text, PUBLIC, info), PRIVATE, info) == text


@pytest.mark.parametrize("open_", [unwrap, open_with_parts])
def test_another_key_info_or_byte_does_not_open(open_) -> None:
    wrapped = seal_with_parts(b"content key", PUBLIC, b"mark a")
    other = X25519PrivateKey.from_private_bytes(bytes(32 * [9]))
    with pytest.raises(ValueError):
        open_(wrapped, other, b"mark a")
    with pytest.raises(ValueError):
        open_(wrapped, PRIVATE, b"mark b")
    for place in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[place] ^= 1 if place != 31 else 2  # X25519 ignores the top bit of its last byte
        with pytest.raises(ValueError):
            open_(bytes(changed), PRIVATE, b"mark a")
    for short in (b"", wrapped[:31], wrapped[:32], wrapped[:47]):
        with pytest.raises(ValueError):
            open_(short, PRIVATE, b"mark a")


def test_a_public_key_of_small_order_is_refused() -> None:
    for public in (bytes(32), b"\x01" + bytes(31)):
        with pytest.raises(ValueError):
            wrap(b"key", public, b"")
        with pytest.raises(ValueError):
            seal_with_parts(b"key", public, b"")


def test_two_wraps_of_one_text_share_nothing() -> None:
    assert wrap(b"key", PUBLIC, b"")[:32] != wrap(b"key", PUBLIC, b"")[:32]
