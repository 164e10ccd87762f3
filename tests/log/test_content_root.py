from collections.abc import Iterator
from hashlib import sha256

import pytest

from ledger.log.content_root import content_root
from ledger.log.merkle import EMPTY_ROOT, leaf_hash, root_of


def digests(count: int) -> list[bytes]:
    return sorted(sha256(b"%d" % n).digest() for n in range(count))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4095, 4096, 4097, 8192, 12_289, 20_481])
def test_it_is_the_tree_root_over_the_leaf_hashes(count: int) -> None:
    leaves = digests(count)
    assert content_root(iter(leaves)) == root_of([leaf_hash(leaf) for leaf in leaves])


def test_no_documents_have_the_empty_root() -> None:
    assert content_root([]) == EMPTY_ROOT


def test_one_document_more_or_less_is_another_root() -> None:
    leaves = digests(9)
    roots = {content_root(leaves[:n] + leaves[n + 1 :]) for n in range(9)} | {content_root(leaves)}
    assert len(roots) == 10


@pytest.mark.parametrize("at", [0, 4095, 4096])
def test_digests_out_of_order_or_twice_are_refused(at: int) -> None:
    leaves = digests(5000)
    swapped = [*leaves[:at], leaves[at + 1], leaves[at], *leaves[at + 2 :]]
    twice = [*leaves[: at + 1], *leaves[at:]]
    for wrong in (swapped, twice):
        with pytest.raises(ValueError, match="ascending"):
            content_root(wrong)


def test_a_digest_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        content_root([b"short"])


def test_a_stream_is_read_a_block_at_a_time() -> None:
    read = 0

    def stream() -> Iterator[bytes]:
        nonlocal read
        for leaf in digests(10_000):
            read += 1
            yield leaf
        raise InterruptedError

    with pytest.raises(InterruptedError):
        content_root(stream())
    assert read == 10_000
