"""What every engine does alike: sources that have no sidecar yet are jobs, jobs go to an engine."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.engines.engine import Engine, Meter, Progress, Workers, engine_of, engines
from ledger.engines.scan import Scan, Sidecar, Source
from ledger.engines.sidecar import drop_leftovers, find, scan_source, sidecar_path, storage_error
from ledger.engines.worker import Job
from ledger.errors import InputError, StorageError, printable

__all__ = ["run", "work"]

_PATIENCE = 5.0  # seconds; shared storage may show another machine's new file a little later


def run(
    scan: Scan,
    sources: Sequence[Source],
    folder: Path,
    *,
    workers: Workers = None,
    progress: Progress | None = None,
) -> list[Sidecar]:
    """The sidecar of each source, in the order of `sources`; those already in `folder` stay.

    `workers` is an Engine, or how many processes of this machine: 1 for this one, by default one a
    processor (none where there is little to do). The results do not depend on it.

    Raises what a source or the map raises, as it was raised there; RefusedError where a worker
    dies; StorageError, also where a worker wrote what cannot be seen here; what `engine_of` raises.
    Finished sidecars outlive any of these.
    """
    engine = engine_of(workers)
    folder = folder.absolute()  # a worker may stand elsewhere
    try:
        folder.mkdir(
            mode=0o700, parents=True, exist_ok=True
        )  # whoever guesses a text finds it there
        drop_leftovers(folder)
    except OSError as error:
        raise storage_error(folder, error) from error
    distinct = {source.key: source for source in sources}
    earlier = {key: find(folder, scan, source) for key, source in distinct.items()}
    found = {key: sidecar for key, sidecar in earlier.items() if sidecar is not None}
    jobs = [
        _Job(scan, source, sidecar_path(folder, scan, source))
        for key, source in distinct.items()
        if key not in found
    ]
    if engine.name != Engine.name or (engine.workers != 1 and len(jobs) > 1):
        _check_map(scan)
    done = len(found), sum(sidecar.rows for sidecar in found.values())
    try:
        made = _work(jobs, engine, Meter(progress, done, len(jobs), _see))
    finally:
        drop_leftovers(folder)
    for sidecar in made:
        assert isinstance(sidecar, Sidecar)  # it is what _Job.run returns
        found[sidecar.source] = sidecar
    return [found[source.key] for source in sources]


def work(
    jobs: Sequence[Job],
    *,
    workers: Workers = None,
    progress: Progress | None = None,
) -> list[object]:
    """What each job returns, in their order. `workers` as in `run`.

    Raises what a job raises, as it was raised there; RefusedError where a worker dies; what
    `engine_of` raises.
    """
    return _work(jobs, engine_of(workers), Meter(progress, (0, 0), len(jobs)))


def _work(jobs: Sequence[Job], engine: Engine, meter: Meter) -> list[object]:
    return engines()[engine.name].work(jobs, engine, meter) if jobs else []


@dataclass(frozen=True)
class _Job:
    scan: Scan
    source: Source
    path: Path

    @property
    def size(self) -> int:
        return int(getattr(self.source, "size", 0))

    def run(self, advance: Callable[[int], None]) -> Sidecar:
        return scan_source(self.scan, self.source, self.path, advance)


def _see(made: object) -> None:
    """Whether a worker's sidecar is here: on another machine it may lie on a disk of its own."""
    assert isinstance(made, Sidecar)  # it is what _Job.run returns
    until = time.monotonic() + _PATIENCE
    while not made.path.is_file():
        if time.monotonic() > until:
            raise StorageError(
                f"{printable(made.path)}: a worker wrote it, and it is not here",
                hint="the ledger and its inputs must lie in a folder that every machine of the "
                "cluster has under the same path",
            )
        time.sleep(0.1)
        os.listdir(made.path.parent)  # has a network file system look again


def _check_map(scan: Scan) -> None:
    name = getattr(scan.map, "__qualname__", "")
    if getattr(scan.map, "__module__", "__main__") == "__main__" or "<" in name:
        raise InputError(
            f"scan {scan.name}: its map is {name or 'no function'}, expected one of a module",
            hint="put it in a file that can be imported, or run with one worker",
        )
