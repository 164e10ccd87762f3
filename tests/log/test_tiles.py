"""Bundles, frames and paths, and what a hostile file holds instead of them."""

import struct

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import BrokenChainError
from ledger.log.store import MAX_BUNDLE_BYTES, open_bundle, seal_bundle
from ledger.log.tiles import frame_bytes, pack_bundle, tile_path, unpack_bundle, widths

FULL = [b"entry %d" % n for n in range(256)]
FRAME = seal_bundle(FULL)
MAGIC = b"\x28\xb5\x2f\xfd"


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_pack_and_unpack(entries: list[bytes]) -> None:
    data = pack_bundle(entries)
    assert unpack_bundle(data, "b") == entries
    assert open_bundle(seal_bundle(entries), "b") == data
    assert frame_bytes(seal_bundle(entries), "b") == (len(seal_bundle(entries)), len(data))


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_bundle_or_refused(data: bytes) -> None:
    try:
        assert pack_bundle(unpack_bundle(data, "bundle 3")) == data
    except BrokenChainError as error:
        assert str(error).startswith("bundle 3: ")


@pytest.mark.parametrize("data", [b"\0", b"\0\1", b"\0\5abcd", b"\0\1a\0", b"\xff\xff"])
def test_a_bundle_that_ends_inside_an_entry(data: bytes) -> None:
    with pytest.raises(BrokenChainError, match="ends inside an entry"):
        unpack_bundle(data, "bundle 3")


def test_a_bundle_of_too_many() -> None:
    assert len(unpack_bundle(b"\0\0" * 256, "b")) == 256
    with pytest.raises(BrokenChainError, match="257 entries, at most 256"):
        unpack_bundle(b"\0\0" * 257, "b")


def raw(content: int, blocks: bytes, *, flag: int = 0b1010_0000, size: str = "<I") -> bytes:
    """A frame by hand: single segment, its content's size, then blocks (RFC 8878 §3.1.1)."""
    return MAGIC + bytes([flag]) + struct.pack(size, content) + blocks


def block(data: bytes, *, last: bool = True, kind: int = 0, length: int | None = None) -> bytes:
    header = (len(data) if length is None else length) << 3 | kind << 1 | last
    return header.to_bytes(3, "little") + data


SKIPPABLE = b"\x50\x2a\x4d\x18" + struct.pack("<I", 4) + b"evil"
EMPTY_FRAME = raw(0, block(b""))
NOT_ONE_FRAME = {
    "empty": b"",
    "magic_only": MAGIC,
    "another_magic": b"\x27" + FRAME[1:],
    "gzip": b"\x1f\x8b\x08\0" + bytes(20),
    "byte_after": FRAME + b"\0",
    "frame_after": FRAME + FRAME,
    "empty_frame_after": FRAME + EMPTY_FRAME,
    "empty_frame_before": EMPTY_FRAME + FRAME,
    "skippable_before": SKIPPABLE + FRAME,
    "skippable_after": FRAME + SKIPPABLE,
    "cut_by_one": FRAME[:-1],
    "cut_in_header": FRAME[:7],
    "cut_in_half": FRAME[: len(FRAME) // 2],
    "no_content_size": pa.Codec("zstd").compress(b"", asbytes=True)[:4]
    + b"\x00\x58"
    + block(b"abc"),
    "dictionary": raw(3, block(b"abc"), flag=0b1010_0001),
    "reserved_bit": raw(3, block(b"abc"), flag=0b1010_1000),
    "content_too_small": raw(2, block(b"abc")),
    "content_too_large": raw(4, block(b"abc")),
    "bomb_declared": raw(2**32 - 1, block(b"a", kind=1, length=1 << 20)),
    "bomb_of_eight_bytes": raw(
        2**62, block(b"a", kind=1, length=1 << 20), flag=0b1110_0000, size="<Q"
    ),
    "bomb_just_over": raw(MAX_BUNDLE_BYTES + 1, block(b"a", kind=1, length=1 << 17)),
    "bomb_hidden": raw(10, block(b"a", kind=1, length=1 << 17)),
    "reserved_block": raw(3, block(b"abc", kind=3)),
    "no_last_block": raw(3, block(b"abc", last=False)),
    "checksum_missing": raw(3, block(b"abc"), flag=0b1010_0100),
    "checksum_wrong": raw(3, block(b"abc"), flag=0b1010_0100) + bytes(4),
}


@pytest.mark.parametrize("name", NOT_ONE_FRAME)
def test_what_is_not_exactly_one_frame(name: str) -> None:
    with pytest.raises(BrokenChainError, match="bundle 3"):
        open_bundle(NOT_ONE_FRAME[name], "bundle 3")


def test_frames_by_hand_are_frames() -> None:
    """The tables above are refused for what they say, not for being made by hand."""
    assert open_bundle(raw(3, block(b"abc")), "b") == b"abc"
    assert (
        open_bundle(raw(7, block(b"abc", last=False) + block(b"a", kind=1, length=4)), "b")
        == b"abcaaaa"
    )
    assert open_bundle(EMPTY_FRAME, "b") == b""


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(FRAME) - 1), st.integers(1, 255))
def test_a_changed_frame_is_refused_or_decodes(place: int, change: int) -> None:
    """No byte of a frame may crash a reader; what still decodes is caught by the hashes."""
    data = FRAME[:place] + bytes([FRAME[place] ^ change]) + FRAME[place + 1 :]
    try:
        unpack_bundle(open_bundle(data, "bundle 3"), "bundle 3")
    except BrokenChainError as error:
        assert str(error).startswith("bundle 3")


PATHS = {
    (0, 0, 256): "tile/0/000",
    (0, 5, 88): "tile/0/005.p/88",
    (1, 999, 256): "tile/1/999",
    (2, 1_000, 256): "tile/2/x001/000",
    (0, 1_234_067, 256): "tile/0/x001/x234/067",
    ("entries", 1_234_067, 1): "tile/entries/x001/x234/067.p/1",
}


@pytest.mark.parametrize("coordinates", PATHS, ids=str)
def test_paths(coordinates: tuple[int, int, int]) -> None:
    assert tile_path(*coordinates) == PATHS[coordinates]


SIZES = {
    0: [],
    1: [(0, 1)],
    255: [(0, 255)],
    256: [(1, 0), (0, 1)],
    70_000: [(273, 112), (1, 17), (0, 1)],
}


@pytest.mark.parametrize("size", SIZES)
def test_widths(size: int) -> None:
    assert widths(size) == SIZES[size]
