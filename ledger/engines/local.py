"""Scans on this machine: the sources that have no sidecar yet are jobs for the pool."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.engines.pool import Progress, work
from ledger.engines.scan import Scan, Sidecar, Source
from ledger.engines.sidecar import drop_leftovers, find, scan_source, sidecar_path, storage_error
from ledger.errors import InputError

__all__ = ["run"]


def run(
    scan: Scan,
    sources: Sequence[Source],
    folder: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Sidecar]:
    """The sidecar of each source, in the order of `sources`; those already in `folder` stay.

    `workers` is 1 for this process, by default one a processor (none where there is little to do).
    The results do not depend on it. Raises what a source or the map raises, as it was raised there;
    RefusedError where a worker dies; StorageError. Finished sidecars outlive any of these.
    """
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
    if workers != 1 and len(jobs) > 1:
        _check_map(scan)
    done = len(found), sum(sidecar.rows for sidecar in found.values())
    try:
        made = work(jobs, workers=workers, progress=progress, done=done)
    finally:
        drop_leftovers(folder)
    for sidecar in made:
        assert isinstance(sidecar, Sidecar)  # it is what _Job.run returns
        found[sidecar.source] = sidecar
    return [found[source.key] for source in sources]


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


def _check_map(scan: Scan) -> None:
    name = getattr(scan.map, "__qualname__", "")
    if getattr(scan.map, "__module__", "__main__") == "__main__" or "<" in name:
        raise InputError(
            f"scan {scan.name}: its map is {name or 'no function'}, expected one of a module",
            hint="put it in a file that can be imported, or run with one worker",
        )
