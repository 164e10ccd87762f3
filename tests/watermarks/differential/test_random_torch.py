"""torch's generator on the CPU, replayed without torch, for fresh seeds and sizes."""

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from ledger.watermarks import kernels
from tests.watermarks.peers import INSTALLED, load

pytestmark = [
    pytest.mark.differential,
    pytest.mark.skipif(not INSTALLED, reason="extra [differential] is not installed"),
]

SEEDS: dict[str, Callable[[Random], int]] = {
    "zero": lambda rng: 0,
    "of 31 bits": lambda rng: rng.getrandbits(31),
    "of 32 bits": lambda rng: rng.getrandbits(32) | 1 << 31,
    "of 64 bits": lambda rng: rng.getrandbits(64) | 1 << 63,
    "negative": lambda rng: -rng.getrandbits(62) - 1,
}
pytestmark.append(pytest.mark.parametrize("kind", SEEDS))


def _low(seed: int) -> int:
    return seed % 2**32


def test_a_permutation_is_another_one(kind: str, rng: Random) -> None:
    torch = load("torch")
    for size in (1, 2, 3, 623, 624, 625, 1_248, 1_250, rng.randrange(2, 200_000), 1_000_003):
        seed = SEEDS[kind](rng)
        told = torch.randperm(size, generator=torch.Generator().manual_seed(seed)).numpy()
        assert np.array_equal(kernels.randperm(_low(seed), size), told), (seed, size)


def test_a_green_list_is_another_one(kind: str, rng: Random) -> None:
    torch = load("torch")
    for size in (2, 3, 1_000, rng.randrange(4, 130_000), 50_257):
        count = rng.randrange(1, size)
        seeds = [_low(SEEDS[kind](rng)) for _ in range(4)]
        tokens = np.arange(size, dtype=np.uint32)
        bitmaps = kernels.green_bitmaps(np.array(seeds, np.uint32), count, size)
        for seed, bitmap in zip(seeds, bitmaps, strict=True):
            generator = torch.Generator().manual_seed(seed)
            green = np.zeros(size, np.bool_)
            green[torch.randperm(size, generator=generator).numpy()[:count]] = True
            unpacked = np.unpackbits(bitmap, bitorder="little")[:size].astype(np.bool_)
            assert np.array_equal(unpacked, green), (seed, size, count)
            few = np.array(sorted(rng.sample(range(size), min(size, 40))), np.uint32)
            some = kernels.membership(np.full(len(few), seed, np.uint32), few, count, size)
            assert np.array_equal(some, green[few]), (seed, size, count)
            every = kernels.membership(np.full(size, seed, np.uint32), tokens, count, size)
            assert np.array_equal(every, green), (seed, size, count)


def test_a_uniform_number_is_another_one(kind: str, rng: Random) -> None:
    torch = load("torch")
    for size in (1, 17, 624, 50_257):
        seed = SEEDS[kind](rng)
        told = torch.rand(size, generator=torch.Generator().manual_seed(seed)).numpy()
        places = np.array(sorted(rng.sample(range(size), min(size, 300))), np.uint32)
        words = kernels.nth_output(np.full(len(places), _low(seed), np.uint32), places)
        assert np.array_equal((words % 2**24).astype(np.float64) * 2.0**-24, told[places])


def test_a_sampling_table_is_another_one(kind: str, rng: Random) -> None:
    torch = load("torch")
    for size in (1, 2, 65_536, rng.randrange(3, 10_000)):
        seed = SEEDS[kind](rng)
        told = torch.randint(0, 2, (size,), generator=torch.Generator().manual_seed(seed))
        assert np.array_equal(kernels.randint2(_low(seed), size), told.numpy())
