"""Keys are what a line of SQL or Python says they are, by either path."""

import sqlite3
from contextlib import closing
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.manifests.sampling.keys import (
    COPIES,
    DRAW,
    document_key,
    document_keys,
    key_hex,
    prefix_of,
)
from tests.manifests.sampling.oracle import documents, key

SEEDS = st.integers(0, 2**64 - 1)


def _matrix(digests: list[bytes]) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.binary(min_size=32, max_size=32), max_size=300), SEEDS)
def test_the_two_paths_and_the_definition_differ(digests: list[bytes], seed: int) -> None:
    for tag in (DRAW, COPIES):
        expected = [key(tag, seed, digest) for digest in digests]
        for compiled in (False, True):
            assert (
                document_keys(_matrix(digests), seed, tag, compiled=compiled).tolist() == expected
            )
        assert [document_key(digest, seed, tag) for digest in digests] == expected


@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 1000])
def test_the_kernel_ends_within_a_block_of_messages(count: int) -> None:
    digests = _matrix(documents(count))
    keys = document_keys(digests[::-1], 7, compiled=True)  # not one piece of memory
    assert (keys == document_keys(digests, 7, compiled=False)[::-1]).all()


def test_a_message_fills_more_than_one_block() -> None:
    for tag in (DRAW, COPIES):
        assert len(prefix_of(0, tag)) + 32 == 55  # 9 more: a bit, and the length


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "7", None, True, b"1", float("nan"), "9" * 9999])
def test_a_seed_of_the_wrong_type_is_taken(seed: object) -> None:
    with pytest.raises(InputError, match=r"^seed: .*expected a whole number") as caught:
        prefix_of(seed)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 300


def test_the_shape_of_digests_is_not_looked_at() -> None:
    for wrong in (np.zeros((3, 31), np.uint8), np.zeros(32, np.uint8), np.zeros((1, 32), np.int8)):
        with pytest.raises(ValueError, match="expected uint8"):
            document_keys(wrong, 0)  # type: ignore[arg-type]


def test_sql_has_another_order() -> None:
    """Its sha256 gives hexadecimal, as that of most engines does; SQLite has none of its own."""
    digests, seed = documents(500), 2**63 + 5
    with closing(sqlite3.connect(":memory:")) as base:
        base.create_function("sha256", 1, lambda data: sha256(data).hexdigest(), deterministic=True)
        base.execute("CREATE TABLE document (digest BLOB)")
        base.executemany("INSERT INTO document VALUES (?)", [(digest,) for digest in digests])
        found = base.execute(
            "SELECT substr(sha256(CAST(? || digest AS BLOB)), 1, 16) FROM document ORDER BY 1",
            (prefix_of(seed),),
        ).fetchall()
    ours = np.sort(document_keys(_matrix(digests), seed)).tolist()
    assert [row[0] for row in found] == [key_hex(number) for number in ours]


def test_keys_of_two_tags_or_seeds_go_together() -> None:
    digests = _matrix(documents(4000))
    keys = {
        (tag, seed): document_keys(digests, seed, tag).astype(np.float64)
        for tag in (DRAW, COPIES)
        for seed in (0, 1)
    }
    table = np.corrcoef(list(keys.values()))
    assert np.abs(table[~np.eye(4, dtype=bool)]).max() < 5 / np.sqrt(4000)
    for column in keys.values():
        counts = np.bincount((column / 2.0**60).astype(np.int64), minlength=16)
        assert ((counts - 250) ** 2 / 250).sum() < 45  # chi-square, 15 degrees: p > 1e-4
