"""The tree against its definition, a foreign implementation, and every proof that is nearly one."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import RootMismatchError
from ledger.log import merkle
from ledger.log.frontier import Frontier
from ledger.log.tiles import subtree_from_tiles, widths

LEAVES = [merkle.leaf_hash(b"entry %d" % n) for n in range(600)]


def mth(hashes: list[bytes]) -> bytes:
    """RFC 6962 §2.1, as its text recurses."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def subtree(level: int, index: int) -> bytes:
    return mth(LEAVES[index << level : index + 1 << level])


# RFC 6962's own test data, as certificate-transparency implementations carry it.
INPUTS = [
    b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43",
    bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70)),
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_rfc_6962_roots() -> None:
    hashes = [merkle.leaf_hash(data) for data in INPUTS]
    assert merkle.root_of([]).hex() == sha256(b"").hexdigest()
    assert [merkle.root_of(hashes[: n + 1]).hex() for n in range(8)] == ROOTS


@pytest.mark.parametrize("size", [*range(1, 34), 127, 128, 129, 255, 256, 257, 511, 512, 513, 600])
def test_roots_agree_with_the_definition(size: int) -> None:
    root = mth(LEAVES[:size])
    assert merkle.root_of(LEAVES[:size]) == root
    assert merkle.tree_root(size, subtree) == root
    frontier = Frontier()
    list(frontier.extend(LEAVES[:size]))
    assert frontier.root() == root
    assert frontier.size == size


def test_every_proof_of_small_trees() -> None:
    for n in range(1, 34):
        root = mth(LEAVES[:n])
        for index in range(n):
            proof = merkle.prove_inclusion(index, n, subtree)
            merkle.check_inclusion(index, n, LEAVES[index], root, proof)
        for m in range(n + 1):
            proof = merkle.prove_consistency(m, n, subtree)
            merkle.check_consistency(m, n, mth(LEAVES[:m]), root, proof)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), n=st.integers(2, 40))
def test_a_proof_changed_anywhere_proves_nothing(data: st.DataObject, n: int) -> None:
    root, other = mth(LEAVES[:n]), mth(LEAVES[: n + 1])
    index = data.draw(st.integers(0, n - 1))
    proof = merkle.prove_inclusion(index, n, subtree)
    place = data.draw(st.integers(0, len(proof) - 1))
    bent = [*proof]
    bent[place] = bytes([bent[place][0] ^ 1]) + bent[place][1:]
    wrong = [
        (index, n, LEAVES[index], root, bent),
        (index, n, LEAVES[index], root, proof[:-1]),
        (index, n, LEAVES[index], root, [*proof, proof[-1]]),
        (index, n, LEAVES[index], root, [*proof[:place], *proof[place + 1 :]]),
        (index, n, LEAVES[index], other, proof),
        (index, n, LEAVES[index - 1], root, proof),
        (n, n, LEAVES[index], root, proof),
        (-1, n, LEAVES[index], root, proof),
    ]
    for attempt in wrong:
        with pytest.raises(RootMismatchError):
            merkle.check_inclusion(*attempt)
    m = data.draw(st.integers(1, n - 1))
    first = mth(LEAVES[:m])
    path = merkle.prove_consistency(m, n, subtree)
    for pair, attempt_path in [
        ((first, other), path),
        ((LEAVES[99], root), path),
        ((first, root), path[:-1]),
        ((first, root), [*path, path[-1]]),
        ((first, root), [*path[:-1], bytes(32)]),
        ((first, root), []),
    ]:
        with pytest.raises(RootMismatchError):
            merkle.check_consistency(m, n, *pair, attempt_path)
    with pytest.raises(RootMismatchError):
        merkle.check_consistency(n, m, root, first, path)
    with pytest.raises(RootMismatchError):
        merkle.check_consistency(n, n, root, other, [])
    with pytest.raises(RootMismatchError):
        merkle.check_consistency(0, n, merkle.EMPTY_ROOT, root, [root])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (6, 5)])
def test_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.prove_inclusion(index, size, subtree)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pymerkle_agrees() -> None:
    pymerkle = pytest.importorskip("pymerkle", reason="the peer is in the bench extra")
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for n in range(1, 101):
        tree.append_entry(b"entry %d" % (n - 1))
        root = merkle.root_of(LEAVES[:n])
        assert tree.get_root() == root
        theirs = tree.prove_inclusion(n // 2 + 1 if n > 1 else 1, n).path  # from 1; the leaf first
        ours = merkle.prove_inclusion((n // 2 + 1 if n > 1 else 1) - 1, n, subtree)
        assert sorted(theirs[1:] if n > 1 else []) == sorted(ours)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_the_frontier_forgets_batches(sizes: list[int]) -> None:
    leaves = [merkle.leaf_hash(b"%d" % n) for n in range(sum(sizes))]
    once, piecewise = Frontier(), Frontier()
    tiles = list(once.extend(leaves))
    found, start = [], 0
    for size in sizes:
        found += list(piecewise.extend(leaves[start : start + size]))
        start += size
    assert sorted(found) == sorted(tiles)
    assert (once.levels, once.tiles) == (piecewise.levels, piecewise.tiles)
    assert [(t, len(level)) for t, level in zip(once.tiles, once.levels, strict=True)][
        : len(widths(start))
    ] == widths(start)
    assert once.root() == piecewise.root() == merkle.root_of(leaves)


def test_a_hash_from_tiles_of_three_levels() -> None:
    """70,000 leaves have tiles at levels 0, 1 and 2; proofs read them and nothing else."""
    size = 70_000
    leaves = [sha256(b"%d" % n).digest() for n in range(size)]
    frontier = Frontier()
    tiles = {(level, index): b"".join(hashes) for level, index, hashes in frontier.extend(leaves)}
    assert widths(size) == [(273, 112), (1, 17), (0, 1)]
    read = []

    def read_tile(level: int, index: int) -> bytes:
        read.append((level, index))
        if index == frontier.tiles[level]:
            return b"".join(frontier.levels[level])
        return tiles[level, index]

    from_tiles = subtree_from_tiles(read_tile)
    root = merkle.root_of(leaves)
    assert merkle.tree_root(size, from_tiles) == root
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        read.clear()
        proof = merkle.prove_inclusion(index, size, from_tiles)
        merkle.check_inclusion(index, size, leaves[index], root, proof)
        assert len(set(read)) <= 6
    for first in (1, 256, 65_536, 69_888, 69_999):
        path = merkle.prove_consistency(first, size, from_tiles)
        merkle.check_consistency(first, size, merkle.root_of(leaves[:first]), root, path)
