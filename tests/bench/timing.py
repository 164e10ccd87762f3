"""Turns and stopwatches."""

import gc
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

__all__ = ["fsync_probe", "interleave", "seconds_of"]


def seconds_of(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleave(
    sides: Mapping[str, Callable[[], float]],
    rounds: int,
    budget: float,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, list[float]]:
    """Let each side run once a round, in order, and keep what it returns.

    After `budget` seconds no further round begins; there is always one. Before each turn what the
    others left unwritten goes to disk, so that nobody pays for another's pages.
    """
    results: dict[str, list[float]] = {name: [] for name in sides}
    began = clock()
    for turn in range(rounds):
        if turn and clock() - began >= budget:
            break
        for name, side in sides.items():
            gc.collect()
            os.sync()
            results[name].append(side())
    return results


def fsync_probe(folder: Path, samples: int = 32) -> float:
    """Median milliseconds of appending 4 KiB to a file and syncing it: what a commit waits for."""
    path, block = folder / "fsync-probe", os.urandom(4096)
    times = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for _ in range(samples):
            start = time.perf_counter()
            os.write(descriptor, block)
            os.fsync(descriptor)
            times.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
        path.unlink()
    return median(times) * 1e3
