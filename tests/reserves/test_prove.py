"""Proofs out of a sealed folder: another one than by the book, slow, or from a spoilt folder."""

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.errors import VerificationError
from ledger.log.content_root import content_root
from ledger.reserves.layout import BLOCK
from ledger.reserves.membership.proofs import check_membership
from ledger.reserves.membership.prove import SealedTree
from tests.reserves.oracle import audit_path, between, digests, oracle


def content(folder: Path, leaves: list[bytes], **options: Any) -> Path:
    """What a proof reads of a sealed reserve's `content`."""
    folder.mkdir()
    table = pa.table(
        {
            "bytes": pa.array(range(len(leaves)), pa.int64()),
            "sha256": pa.array(leaves, pa.binary(32)),
        }
    )
    pq.write_table(table, folder / "documents.parquet", row_group_size=BLOCK, **options)
    blocks = (leaves[at : at + BLOCK] for at in range(0, len(leaves), BLOCK))
    (folder / "tree").write_bytes(b"".join(map(content_root, blocks)))
    return folder


AS_SEALED = {"compression": "zstd", "use_dictionary": False, "data_page_version": "1.0"}


def probes(leaves: list[bytes]) -> list[bytes]:
    """Documents and gaps at every edge of a block."""
    edges = {0, 1, len(leaves) // 2, len(leaves) - 1}
    for at in range(0, len(leaves), BLOCK):
        edges |= {at - 1, at, at + 1}
    found = [leaves[at] for at in sorted(edges) if 0 <= at < len(leaves)]
    return [*found, *(between(leaf, b"\xff" * 32) for leaf in found), bytes(32), b"\xff" * 32]


@pytest.mark.parametrize("size", [0, 1, 2, 70, 4095, 4096, 4097, 8192, 8193, 12_289, 20_480])
@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("form", [{}, AS_SEALED])
def test_a_sealed_folder_gives_another_proof(
    tmp_path: Path, size: int, statistics: bool, form: dict[str, Any]
) -> None:
    leaves = digests(size)
    folder = content(tmp_path / "content", leaves, write_statistics=statistics, **form)
    root = content_root(leaves)
    with SealedTree(folder, size, root) as tree:
        for document in probes(leaves):
            made = tree.prove(document)
            assert made.present == (document in leaves)
            check_membership(made, size, root, "p.json")
            if size <= 70:
                assert made == oracle(document, leaves)
    if size > 70:
        with SealedTree(folder, size, root) as tree:
            at = size - 2
            assert tree.prove(leaves[at]).leaves[0].path == audit_path(at, leaves)


def test_a_proof_reads_the_whole_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = digests(BLOCK * 12 + 5)
    folder = content(tmp_path / "content", leaves)
    read: list[int] = []
    original = SealedTree._read_block

    def counted(self: SealedTree, block: int) -> list[bytes]:
        read.append(block)
        return original(self, block)

    monkeypatch.setattr(SealedTree, "_read_block", counted)
    for document, blocks in [
        (leaves[5 * BLOCK + 7], [5]),
        (between(leaves[5 * BLOCK + 7], b"\xff"), [5]),
        (leaves[6 * BLOCK - 1], [5]),
        (between(leaves[6 * BLOCK - 1], b"\xff"), [6, 5]),
        (b"\xff" * 32, [12]),
        (bytes(32), [0]),
    ]:
        read.clear()
        with SealedTree(folder, len(leaves), content_root(leaves)) as tree:
            tree.prove(document)
        assert read == blocks


def test_a_spoilt_folder_gives_a_proof(tmp_path: Path) -> None:
    leaves = digests(3 * BLOCK + 100)
    size, root = len(leaves), content_root(leaves)
    other = digests(size, b"other")

    def refused(name: str, expected: str, spoil: Callable[[Path], Any]) -> None:
        folder = content(tmp_path / name, leaves)
        spoil(folder)
        with (
            pytest.raises(VerificationError, match=expected),
            SealedTree(folder, size, root) as tree,
        ):
            tree.prove(leaves[BLOCK + 5])

    def rewrite(table: pa.Table, **options: Any) -> Callable[[Path], None]:
        options.setdefault("row_group_size", BLOCK)
        return lambda folder: pq.write_table(table, folder / "documents.parquet", **options)

    whole = pa.table({"sha256": pa.array(leaves, pa.binary(32))})
    refused("tree-short", "tree: 96 bytes, expected 128", lambda f: _cut(f / "tree", 96))
    refused("tree-long", "tree: 129 bytes, expected 128", lambda f: _add(f / "tree", b"x"))
    refused("tree-flip", "signed is", lambda f: _flip(f / "tree", 70))
    refused("tree-gone", "no such file", lambda f: (f / "tree").unlink())
    refused("gone", "documents.parquet: no such file", lambda f: (f / "documents.parquet").unlink())
    refused("empty", "not a Parquet file", lambda f: _cut(f / "documents.parquet", 0))
    refused("cut", "documents.parquet", lambda f: _cut(f / "documents.parquet", 9000))
    refused("text", "not a Parquet file", lambda f: (f / "documents.parquet").write_text("hello"))
    refused("groups", "in 1 groups, signed are 12388, in 4", rewrite(whole, row_group_size=1 << 20))
    refused("rows", "12387 rows", rewrite(whole.slice(1)))
    refused("column", "no column sha256", rewrite(whole.rename_columns(["digest"])))
    refused("type", "no column sha256", rewrite(whole.cast(pa.schema({"sha256": pa.binary()}))))
    mixed = pa.table({"sha256": pa.array(other, pa.binary(32))})
    refused("digests", "row group [0-3] has root", rewrite(mixed))
    swapped = [*leaves[: BLOCK + 1], leaves[BLOCK + 2], leaves[BLOCK + 1], *leaves[BLOCK + 3 :]]
    refused(
        "order", "not in ascending order",
        rewrite(pa.table({"sha256": pa.array(swapped, pa.binary(32))})),
    )  # fmt: skip
    nulls = pa.array([*leaves[: BLOCK + 1], None, *leaves[BLOCK + 2 :]], pa.binary(32))
    refused("null", "row group 1: not 4096 digests", rewrite(pa.table({"sha256": nulls})))


def test_a_signed_size_takes_the_memory_it_asks_for(tmp_path: Path) -> None:
    leaves = digests(10)
    folder = content(tmp_path / "content", leaves)
    for size in (11, BLOCK + 1, 2**53 - 1):
        with pytest.raises(VerificationError):
            SealedTree(folder, size, content_root(leaves))


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_in_a_folder_turns_in_into_not_in(tmp_path: Path, seed: int) -> None:
    leaves = digests(2 * BLOCK + 50)
    folder = content(tmp_path / "content", leaves)
    path = folder / ("documents.parquet" if seed % 4 else "tree")
    size = path.stat().st_size
    place = int.from_bytes(sha256(b"%d" % seed).digest()[:8])
    # half of them in the footer, where the statistics lie
    _flip(path, size - 1 - place % min(size, 2000) if seed % 2 else place % size, 1 << seed % 8)
    try:
        with SealedTree(folder, len(leaves), content_root(leaves)) as tree:
            for document in probes(leaves):
                assert tree.prove(document).present == (document in leaves)
    except VerificationError:
        pass


def test_a_proof_of_our_own_seal_reads_its_whole_footer(tmp_path: Path) -> None:
    """Which costs more than the proof: 0.2 s for a million documents."""
    leaves = digests(BLOCK * 3)
    folder = content(tmp_path / "content", leaves, **AS_SEALED)
    with SealedTree(folder, len(leaves), content_root(leaves)) as tree:
        assert all(tree.prove(document) for document in probes(leaves))
        assert "_groups" not in vars(tree)


FLIPS = """
import sys
from pathlib import Path
from ledger.errors import LedgerError
from ledger.reserves.membership.prove import SealedTree
folder, size, root = Path(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
file = folder / "documents.parquet"
whole = file.read_bytes()
footer = int.from_bytes(whole[-8:-4], "little")
for place in range(len(whole) - 8 - footer, len(whole)):
    data = bytearray(whole)
    data[place] ^= 1
    file.write_bytes(data)
    for document in (bytes(32), bytes([128] * 32)):
        try:
            with SealedTree(folder, size, root) as tree:
                assert not tree.prove(document).present
        except LedgerError as error:
            assert str(error).isprintable()
print("lived")
"""


@pytest.mark.parametrize("form", [{}, AS_SEALED])
def test_a_damaged_footer_ends_the_process(tmp_path: Path, form: dict[str, Any]) -> None:
    """Arrow terminates where a column's metadata is not in order, so it is not asked for it."""
    leaves = digests(20)
    folder = content(tmp_path / "content", leaves, **form)
    arguments = [str(folder), str(len(leaves)), content_root(leaves).hex()]
    done = subprocess.run(
        [sys.executable, "-c", FLIPS, *arguments], capture_output=True, text=True, check=False
    )
    assert done.stdout == "lived\n", done.stderr[-2000:]


def _cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def _add(path: Path, data: bytes) -> None:
    path.write_bytes(path.read_bytes() + data)


def _flip(path: Path, at: int, bit: int = 1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= bit
    path.write_bytes(bytes(data))
