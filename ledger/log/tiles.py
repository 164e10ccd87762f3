"""C2SP tlog-tiles: bundles of entries, tiles of hashes, their coordinates and paths.

A bundle is at most 256 times (u16 big-endian length ‖ entry). A tile is at most 256 hashes of 32
bytes; hash i of tile n at level l covers leaves [(n·256+i)·256^l, (n·256+i+1)·256^l).
"""

from collections.abc import Callable, Sequence

from ledger.errors import BrokenChainError
from ledger.log.merkle import Subtree, level_up

__all__ = [
    "HASH_BYTES",
    "WIDTH",
    "frame_bytes",
    "pack_bundle",
    "subtree_from_tiles",
    "tile_path",
    "unpack_bundle",
    "widths",
]

WIDTH = 256
HASH_BYTES = 32
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

_LENGTHS = [length.to_bytes(2, "big") for length in range(1 << 16)]

ReadTile = Callable[[int, int], bytes]


def pack_bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle. Entries are at most 65,535 bytes each."""
    return b"".join([_LENGTHS[len(entry)] + entry for entry in entries])


def unpack_bundle(data: bytes, where: str) -> list[bytes]:
    """The entries of a bundle. Raises BrokenChainError naming `where`."""
    entries: list[bytes] = []
    position, end = 0, len(data)
    while position + 2 <= end:
        start = position + 2
        position = start + (data[start - 2] << 8 | data[start - 1])
        entries.append(data[start:position])
    if position != end:
        raise BrokenChainError(f"{where}: bundle ends inside an entry")
    if len(entries) > WIDTH:
        raise BrokenChainError(
            f"{where}: bundle has {len(entries)} entries, at most {WIDTH} expected"
        )
    return entries


def frame_bytes(data: bytes, where: str) -> tuple[int, int]:
    """(length of the zstd frame at the start of `data`, declared content size), RFC 8878 §3.1.1.

    Decompressors accept several frames in a row; a bundle is exactly one. Raises BrokenChainError
    for anything but a standard frame that declares its content size and uses no dictionary.
    """
    if data[:4] != _ZSTD_MAGIC or len(data) < 6:
        raise BrokenChainError(f"{where}: bundle is not a zstd frame")
    descriptor = data[4]
    single_segment = descriptor >> 5 & 1
    if descriptor & 0b1011:  # reserved bit and dictionary id
        raise BrokenChainError(f"{where}: zstd frame header 0x{descriptor:02x} is not ours")
    size_width = (1 if single_segment else 0, 2, 4, 8)[descriptor >> 6]
    position = 5 + (0 if single_segment else 1)
    if size_width == 0:
        raise BrokenChainError(f"{where}: zstd frame does not declare its content size")
    content = int.from_bytes(data[position : position + size_width], "little")
    content += 256 if size_width == 2 else 0
    position += size_width
    last = 0
    while not last:
        header = data[position : position + 3]
        if len(header) < 3:
            raise BrokenChainError(f"{where}: zstd frame is cut short")
        block = int.from_bytes(header, "little")
        last, kind = block & 1, block >> 1 & 3
        position += 3 + (1 if kind == 1 else block >> 3)  # kind 1 is RLE: one byte is stored
    return position + (4 if descriptor & 0b100 else 0), content


def widths(size: int) -> list[tuple[int, int]]:
    """(full tiles, width of the partial tile) per level of a tree of `size`, lowest first."""
    levels = []
    while size:
        levels.append(divmod(size, WIDTH))
        size //= WIDTH
    return levels


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """`tile/<L>/<N>[.p/<W>]`; level is a number or "entries" (C2SP tlog-tiles)."""
    digits = f"{index:d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{path}" + ("" if width == WIDTH else f".p/{width}")


def subtree_from_tiles(read_tile: ReadTile) -> Subtree:
    """A merkle.Subtree over tiles: each is read and hashed up at most once while it is kept.

    Kept are the upper tiles, one in 256, and the last one of level 0.

    `read_tile(level, index)` gives the tile's hashes, full or partial, as one byte string.
    """
    known: dict[tuple[int, int], list[list[bytes]]] = {}
    last = [(0, -1)]

    def subtree(level: int, index: int) -> bytes:
        tile_level, inner = divmod(level, 8)
        tile, place = divmod(index, WIDTH >> inner)  # aligned: what is under a node is in one tile
        rows = known.get((tile_level, tile))
        if rows is None:
            data = read_tile(tile_level, tile)
            leaves = [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]
            if tile_level == 0:
                known.pop(last.pop(), None)
                last.append((0, tile))
            rows = known[tile_level, tile] = [leaves]
        while len(rows) <= inner:
            below = rows[-1]
            rows.append(level_up(below[: len(below) & ~1]))
        return rows[inner][place]

    return subtree
