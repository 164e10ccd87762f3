"""torch's generator replayed without torch; `differential` compares it with torch itself."""

import subprocess
import sys
from hashlib import sha256
from itertools import pairwise

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks import kernels
from ledger.watermarks.kernels import twister
from tests.watermarks.kgw_formulas import permutation


def _words(values: object) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.array(values, np.uint32)


def test_another_generator_than_torchs_is_replayed() -> None:
    """What torch 2.13 gave on a CPU when this was written."""
    assert kernels.randperm(0, 12).tolist() == [8, 0, 5, 9, 7, 4, 2, 10, 3, 1, 11, 6]
    assert kernels.randperm(42, 12).tolist() == [6, 8, 1, 7, 0, 2, 10, 11, 4, 3, 5, 9]
    assert kernels.randperm(2**32 - 1, 12).tolist() == [3, 1, 8, 9, 2, 6, 10, 11, 0, 5, 7, 4]
    digest = sha256(kernels.randperm(15485863, 50_257).astype("<u4").tobytes()).hexdigest()
    assert digest == "3c69c15eb1963f0556796308e2a38e31bb3d409c2508c27cf17508a56e73c30c"
    words = kernels.nth_output(_words([7] * 5), _words([0, 1, 623, 624, 1_999])) & 0xFFFFFF
    assert words.tolist() == [8974511, 3335364, 1329366, 8035415, 8553411]
    bits = "1010111101010100001000110011001001100110"
    assert "".join(map(str, kernels.randint2(7, 40).tolist())) == bits


def test_a_seed_is_read_beyond_its_32_bits() -> None:
    assert np.array_equal(kernels.randperm(2**32 + 5, 100), kernels.randperm(5, 100))
    assert np.array_equal(kernels.randperm(-1, 100), kernels.randperm(2**32 - 1, 100))


@pytest.mark.parametrize("size", [2, 3, 4, 64, 625, 626, 1_300])
def test_a_followed_token_lands_elsewhere_than_a_shuffled_one(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every token of lists of every kind: followed one by one, shuffled, and as bitmaps."""
    rng = np.random.default_rng(size)
    every = np.arange(size, dtype=np.uint32)
    for k in sorted({1, size // 4 or 1, size // 2, size - 1}):
        for seed in [0, 2**32 - 1, *rng.integers(0, 2**32, 4).tolist()]:
            told = np.zeros(size, np.bool_)
            told[list(permutation(seed, size)[:k])] = True
            seeds = np.full(size, seed, np.uint32)
            for track in (0, 5_000):
                monkeypatch.setattr(twister, "TRACK", track)
                found = kernels.membership(seeds, every, k, size)
                assert np.array_equal(found, told), (size, k, seed, track)
            packed = kernels.green_bitmaps(_words([seed]), k, size)[0]
            bits = np.unpackbits(packed, bitorder="little")
            assert np.array_equal(bits[:size], told) and not bits[size:].any()


def test_seeds_of_one_batch_are_mixed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen seeds are started together, and some have many tokens and some few."""
    rng = np.random.default_rng(5)
    pool = rng.integers(0, 2**32, 37).astype(np.uint32)
    seeds = np.repeat(pool, rng.integers(1, 90, 37))
    tokens = rng.integers(0, 700, len(seeds)).astype(np.uint32)
    order = rng.permutation(len(seeds))
    seeds, tokens = seeds[order], tokens[order]
    told = [int(t) in permutation(int(s), 700)[:200] for s, t in zip(seeds, tokens, strict=True)]
    for track in (0, twister.TRACK, 5_000):
        monkeypatch.setattr(twister, "TRACK", track)
        assert kernels.membership(seeds, tokens, 200, 700).tolist() == told


def test_an_output_is_another_one() -> None:
    rng = np.random.default_rng(6)
    pool = rng.integers(0, 2**32, 21).astype(np.uint32)
    seeds, places = rng.choice(pool, 400), rng.integers(0, 5_000, 400).astype(np.uint32)
    told = [
        int(np.frombuffer(np.random.RandomState(int(seed)).bytes(20_000), "<u4")[place])
        for seed, place in zip(seeds, places, strict=True)
    ]
    assert kernels.nth_output(seeds, places).tolist() == told


def test_distinct_codes_are_lost_or_doubled() -> None:
    rng = np.random.default_rng(7)
    for size, spread in ((0, 1), (1, 1), (3_000, 2**64 - 1), (20_000, 900), (5_000, 1)):
        codes = rng.integers(0, spread, size, dtype=np.uint64) * np.uint64(2**32 + 1)
        unique, numbers = kernels.distinct(codes)
        assert np.array_equal(unique[numbers], codes)
        assert unique.tolist() == list(dict.fromkeys(codes.tolist()))


def test_a_code_of_another_document_counts_as_seen() -> None:
    rng = np.random.default_rng(8)
    offsets = np.concatenate([[0, 0], np.sort(rng.integers(0, 4_000, 50)), [4_000, 4_000]])
    codes = rng.integers(0, 60, 4_000).astype(np.uint64)
    first = kernels.first_in_document(codes, offsets.astype(np.int64))
    told = np.zeros(4_000, np.bool_)
    for low, high in pairwise(offsets.tolist()):
        _, places = np.unique(codes[low:high], return_index=True)
        told[low + places] = True
    assert np.array_equal(first, told)


@pytest.mark.parametrize("k, n", [(0, 5), (5, 5), (-1, 5), (1, 1), (3, kernels.LARGEST + 1)])
def test_a_list_that_is_none_reaches_the_kernel(k: int, n: int) -> None:
    with pytest.raises(InputError):
        kernels.membership(_words([1]), _words([0]), k, n)
    with pytest.raises(InputError):
        kernels.green_bitmaps(_words([1]), k, n)


def test_a_token_beyond_the_vocabulary_reads_foreign_memory() -> None:
    with pytest.raises(InputError):
        kernels.membership(_words([1, 1]), _words([0, 100]), 25, 100)
    with pytest.raises(InputError):
        kernels.members(_words([1]), np.array([0, 2]), _words([0, 100]), 25, 100)


def test_nothing_is_asked() -> None:
    none = _words([])
    assert len(kernels.membership(none, none, 3, 10)) == 0
    assert len(kernels.nth_output(none, none)) == 0
    assert kernels.green_bitmaps(none, 3, 10).shape == (0, 2)
    with pytest.raises(InputError):
        kernels.randperm(1, 0)
    with pytest.raises(InputError):
        kernels.randperm(1, 2**32 // 20)


def test_a_folder_that_cannot_be_written_to_stops_the_kernels() -> None:
    """numba refuses to keep what it compiled; it must compile all the same."""
    told = (
        "import numba\n"
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "from ledger.watermarks import kernels\n"
        "import numpy as np\n"
        "codes = np.array([4, 4, 9], np.uint64)\n"
        "print(kernels.first_in_document(codes, np.array([0, 3])).tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True)
    assert done.stdout.strip() == "[True, False, True]", done.stderr
