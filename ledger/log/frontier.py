"""The right edge of the tree: per level, the hashes that no full tile holds yet. Pure."""

from collections.abc import Iterator, Sequence

from ledger.log.merkle import EMPTY_ROOT, fold_peaks, level_up, peaks_of
from ledger.log.tiles import WIDTH

__all__ = ["Frontier", "Tile", "tile_root"]

Tile = tuple[int, int, list[bytes]]  # level, index, its 256 hashes


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """Root over a full tile."""
    level = list(hashes)
    while len(level) > 1:
        level = level_up(level)
    return level[0]


class Frontier:
    """`levels[l]` holds the hashes of the partial tile at level l; `tiles[l]` counts full ones."""

    def __init__(self, levels: Sequence[Sequence[bytes]] = (), tiles: Sequence[int] = ()) -> None:
        self.levels = [list(level) for level in levels]
        self.tiles = list(tiles)

    def copy(self) -> "Frontier":
        return Frontier(self.levels, self.tiles)

    @property
    def size(self) -> int:
        return sum(
            (tiles * WIDTH + len(level)) * WIDTH**n - tiles * WIDTH ** (n + 1)
            for n, (level, tiles) in enumerate(zip(self.levels, self.tiles, strict=True))
        )

    def extend(self, leaves: Sequence[bytes]) -> Iterator[Tile]:
        """Add leaf hashes; yield each tile that becomes full, lower levels first."""
        yield from self._extend(0, leaves)

    def _extend(self, level: int, hashes: Sequence[bytes]) -> Iterator[Tile]:
        if level == len(self.levels):
            self.levels.append([])
            self.tiles.append(0)
        pending = self.levels[level]
        pending.extend(hashes)
        full, roots = len(pending) // WIDTH, []
        for start in range(0, full * WIDTH, WIDTH):
            tile = pending[start : start + WIDTH]
            yield level, self.tiles[level], tile
            self.tiles[level] += 1
            roots.append(tile_root(tile))
        del pending[: full * WIDTH]
        if roots:
            yield from self._extend(level + 1, roots)

    def root(self, extra: Sequence[bytes] = ()) -> bytes:
        """Root of the tree with `extra` leaf hashes, as many as level 0 still takes, at its end."""
        right: bytes | None = None
        for number, level in enumerate(self.levels or [[]]):
            hashes = [*level, *extra] if number == 0 else level
            right = fold_peaks(peaks_of(hashes), right)
        return EMPTY_ROOT if right is None else right
