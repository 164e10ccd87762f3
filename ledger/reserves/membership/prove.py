"""Proofs out of a sealed folder, reading one block of its digests instead of all of them.

`documents.parquet` holds the digests in row groups of 4,096, and `tree` the roots of these blocks.
So a proof reads one row group (two where the document falls between them) and hashes only that.
What is read is compared with the signed root before it is used: a spoilt folder gives an error and
never a wrong proof.
"""

import os
import stat
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.corpus.footer import MAX_FOOTER, Group
from ledger.errors import RootMismatchError, VerificationError, printable
from ledger.log.merkle import Subtree, leaf_hashes, level_up, prove_inclusion, tree_root
from ledger.reserves.layout import BLOCK, DOCUMENTS, TREE
from ledger.reserves.membership.blocks import Blocks
from ledger.reserves.membership.proofs import Leaf, Membership, check_membership, prove_membership
from ledger.reserves.opening.pages import ColumnLimit, check_chunk
from ledger.reserves.opening.parquet import leaves_of, read_footer

__all__ = ["SealedTree"]

_WIDTH = 32
_PAGES = 8192  # bytes of page headers
_KEPT = 64  # blocks remembered for the next proof, 1 MiB each


class SealedTree:
    """The digests of a sealed folder, under its signed size and root. A context manager.

    Raises VerificationError naming the file that does not fit them.
    """

    def __init__(self, content: Path, size: int, root: bytes) -> None:
        self.size, self.root = size, root
        self._documents, self._tree = content / DOCUMENTS, content / TREE
        self._blocks = self._read_tree()
        self._levels: dict[int, list[list[bytes]]] = {}
        self._digests: dict[int, list[bytes]] = {}
        self._files = ExitStack()
        try:
            self._bytes = self._files.enter_context(_open(self._documents))
            # one more handle, of Arrow's own: it reads without the interpreter
            source = self._files.enter_context(pa.OSFile(str(self._documents)))
            self._file = self._parse(source)
            self._check_columns()
            self._quick = Blocks(self._bytes, len(self._blocks), _WIDTH)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "SealedTree":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._files.close()

    def prove(self, document: bytes) -> Membership:
        """Membership of `document`, checked against the signed root.

        Raises RootMismatchError or VerificationError where the folder is not what was signed.
        """
        shown = prove_membership(document, self.size, self._below(document), self._leaf)
        check_membership(shown, self.size, self.root, printable(self._documents))
        return shown

    # --- digests

    def _below(self, document: bytes) -> int:
        """How many digests are less than `document`, by halving over blocks: their last leaves."""
        low, high = 0, len(self._blocks)
        while low < high:  # the first block whose greatest digest is not below the document
            middle = (low + high) // 2
            if self._greatest(middle) < document:
                low = middle + 1
            else:
                high = middle
        if low == len(self._blocks):
            return self.size
        return low * BLOCK + bisect_left(self._block(low), document)

    def _greatest(self, block: int) -> bytes:
        """A block's last digest; by the footer's statistics if they have it.

        Statistics may lie: then the wrong block is read, and its neighbours prove nothing.
        """
        if block not in self._digests:
            greatest = self._quick.greatest(block)
            if greatest is not None:
                return greatest
        return self._block(block)[-1]

    def _leaf(self, index: int) -> Leaf:
        """The path inside the block, then the block's own among the blocks (RFC 6962 §2.1.1: a
        tree splits at powers of two, so it splits between blocks before it splits one).
        """
        block, at = divmod(index, BLOCK)
        digests = self._block(block)
        inside = prove_inclusion(at, len(digests), _subtree(self._levels[block]))
        above = prove_inclusion(block, len(self._blocks), _subtree(self._upper))
        return Leaf(digests[at], index, (*inside, *above))

    def _block(self, block: int) -> list[bytes]:
        """A block's digests, whose root is the one in `tree`."""
        found = self._digests.get(block)
        if found is None:
            quick = self._read_quickly(block)
            if quick is None:
                found = self._read_block(block)
                levels = self._hash(block, found)
            else:
                found, levels = quick
            if len(self._digests) == _KEPT:
                self._digests.clear()
                self._levels.clear()
            self._digests[block], self._levels[block] = found, levels
        return found

    def _read_quickly(self, block: int) -> tuple[list[bytes], list[list[bytes]]] | None:
        """A block's digests and levels, if they lie as our own seals write them and are signed."""
        expected = self._width_of(block)
        raw = self._quick.digests(block, expected, 2 * _WIDTH * expected + _PAGES)
        if raw is None:
            return None
        digests = [raw[at : at + _WIDTH] for at in range(0, len(raw), _WIDTH)]
        levels = _levels(leaf_hashes(digests))
        if tree_root(expected, _subtree(levels)) != self._blocks[block]:
            return None
        return digests, levels

    @cached_property
    def _groups(self) -> Sequence[Group]:
        """The whole footer, read by us; the sha256 column is the first that is called so."""
        end = self._bytes.seek(0, os.SEEK_END)
        self._bytes.seek(max(end - 8, 0))
        size = int.from_bytes(self._bytes.read(4), "little")
        self._bytes.seek(max(end - 8 - min(size, MAX_FOOTER), 0))
        last = self._bytes.read()
        columns = leaves_of(self._file.schema_arrow)
        return read_footer(memoryview(last), columns, printable(self._documents))

    def _read_block(self, block: int) -> list[bytes]:
        where = f"{printable(self._documents)}: row group {block}"
        group, expected = self._groups[block], self._width_of(block)
        if group.num_rows != expected:
            raise VerificationError(f"{where}: {group.num_rows} rows, expected {expected}")
        # plain or by dictionary, digests that differ cannot need three times their bytes
        room = 2 * _WIDTH * expected + _PAGES
        limit = ColumnLimit(unpacked=room, values=expected, dictionary=room)
        with _parquet(self._documents):
            column = next(c for c in group.chunks if c.path_in_schema == "sha256")
            first = column.dictionary_page_offset or column.data_page_offset
            self._bytes.seek(first)
            check_chunk(memoryview(self._bytes.read(room)), column, limit, where, first)
            table = self._file.read_row_group(block, columns=["sha256"], use_threads=False)
        column = table.column(0).combine_chunks()
        if len(column) != expected or column.null_count:
            raise VerificationError(f"{where}: not {expected} digests of {_WIDTH} bytes")
        start = column.offset * _WIDTH
        raw = column.buffers()[1].to_pybytes()[start : start + expected * _WIDTH]
        digests = [raw[at : at + _WIDTH] for at in range(0, len(raw), _WIDTH)]
        if digests != sorted(digests):
            raise VerificationError(f"{where}: the digests are not in ascending order")
        return digests

    def _width_of(self, block: int) -> int:
        return min(BLOCK, self.size - block * BLOCK)

    # --- the tree

    def _hash(self, block: int, digests: list[bytes]) -> list[list[bytes]]:
        """The levels of a block's tree; its root is what `tree` has."""
        levels = _levels(leaf_hashes(digests))
        found = tree_root(len(digests), _subtree(levels))
        if found != self._blocks[block]:
            raise RootMismatchError(
                f"{printable(self._documents)}: row group {block} has root {found.hex()}, "
                f"{self._tree.name} has {self._blocks[block].hex()}"
            )
        return levels

    def _read_tree(self) -> list[bytes]:
        """The block roots, which must come to the signed root."""
        count = -(-self.size // BLOCK)
        where, expected = printable(self._tree), count * _WIDTH
        with _open(self._tree) as file:
            found = os.fstat(file.fileno()).st_size
            # a signed size is still a stranger's number: nothing is allocated for it
            data = file.read(expected) if found == expected else b""
        if len(data) != expected:
            raise VerificationError(
                f"{where}: {found} bytes, expected {expected}: "
                f"a root for every {BLOCK} of {self.size} documents"
            )
        roots = [data[at : at + _WIDTH] for at in range(0, expected, _WIDTH)]
        self._upper = _levels(roots)
        root = tree_root(count, _subtree(self._upper))
        if root != self.root:
            raise RootMismatchError(f"{where}: root {root.hex()}, signed is {self.root.hex()}")
        return roots

    # --- the Parquet file

    def _parse(self, source: pa.NativeFile) -> pq.ParquetFile:
        with _parquet(self._documents):
            return pq.ParquetFile(
                source,
                thrift_string_size_limit=MAX_FOOTER,
                thrift_container_size_limit=MAX_FOOTER,
            )

    def _check_columns(self) -> None:
        where = printable(self._documents)
        with _parquet(self._documents):
            schema = self._file.schema_arrow
        at: int = schema.get_field_index("sha256")
        if at < 0 or schema.field(at).type != pa.binary(_WIDTH):
            raise VerificationError(f"{where}: no column sha256 of {_WIDTH} bytes")
        found = self._file.metadata.num_rows, self._file.metadata.num_row_groups
        if found[0] != self.size or (self.size and found[1] != len(self._blocks)):
            raise VerificationError(
                f"{where}: {found[0]} rows in {found[1]} groups, signed are {self.size}, "
                f"in {len(self._blocks)}"
            )


def _levels(hashes: list[bytes]) -> list[list[bytes]]:
    """The complete subtrees over `hashes`, a list for each height, as far as they go."""
    levels = [hashes]
    while len(levels[-1]) > 1:
        level = levels[-1]
        levels.append(level_up(level[: len(level) & ~1]))
    return levels


def _subtree(levels: list[list[bytes]]) -> Subtree:
    return lambda level, index: levels[level][index]


def _open(path: Path) -> BinaryIO:
    """A file of the reserve; a pipe or device in its place would be waited for."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise VerificationError(f"{printable(path)}: not a regular file")
        return path.open("rb")
    except OSError as error:
        reason = printable((error.strerror or str(error)).lower())
        raise VerificationError(
            f"{printable(path)}: {reason}, expected a file of a sealed reserve"
        ) from error


@contextmanager
def _parquet(path: Path) -> Iterator[None]:
    """Names the file in what Arrow says."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: a name not UTF-8
        reason = printable(str(error).partition("\n")[0])
        raise VerificationError(f"{printable(path)}: not a Parquet file: {reason}") from error
