"""Who does the work: the value that callers hand down, and what an engine is.

An engine is a file here, or an entry point of the group `ledger.engines`, that defines ENGINE. It
takes jobs, and need not know what a scan is: `runs` makes jobs of sources.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from ledger.engines.worker import Job
from ledger.errors import InputError, UnknownNameError, printable
from ledger.registry import find

__all__ = ["Engine", "Kind", "Meter", "Progress", "Workers", "at_home", "engine_of", "engines"]

Progress = Callable[[int, int, int], None]
"""Hears (jobs done, jobs in all, rows so far)."""


@dataclass(frozen=True)
class Engine:
    """An engine by its name. `workers` is how many jobs it does at a time, None: what there is.

    `address` is of a cluster that runs already, where the engine can use one.
    """

    name: str = "local"
    workers: int | None = None
    address: str | None = None


Workers = Engine | int | None
"""What a caller hands down: an engine, or how many processes on this machine."""


class Kind(Protocol):
    """What a module of this room defines as ENGINE."""

    @property
    def name(self) -> str:
        """What `--engine` calls it."""
        ...

    @property
    def addressed(self) -> bool:
        """Whether an address means anything to it."""
        ...

    def work(self, jobs: Sequence[Job], engine: Engine, meter: "Meter") -> list[object]:
        """What each of one or more jobs returns, in their order.

        Tells `meter` of every job that ends. Raises what a job raises, as it was raised there;
        RefusedError where the workers that did it died.
        """
        ...


class Meter:
    """Adds up how far the jobs are, and has each result looked at as it comes."""

    def __init__(
        self,
        progress: Progress | None,
        done: tuple[int, int],
        jobs: int,
        confirm: Callable[[object], None] | None = None,
    ) -> None:
        self._progress, self._confirm = progress, confirm
        self._done, self._rows = done
        self._total = self._done + jobs
        self.advance(0)

    def advance(self, rows: int) -> None:
        """So many rows more are done."""
        self._rows += rows
        if self._progress is not None:
            self._progress(self._done, self._total, self._rows)

    def finish(self, result: object) -> None:
        """A job ended. Raises what looking at its result raises."""
        if self._confirm is not None:
            self._confirm(result)
        self._done += 1
        self.advance(0)


@cache
def engines() -> Mapping[str, Kind]:
    """Every engine there is, by name, whether or not its extra is installed."""
    return find("ledger.engines", "ENGINE")


def at_home(workers: Workers) -> int | None:
    """How many processes, for work that stays on this machine whichever engine does the rest."""
    engine = engine_of(workers)
    return engine.workers if engine.name == Engine.name else None


def engine_of(workers: Workers) -> Engine:
    """The engine that is meant. Raises UnknownNameError; InputError for what it cannot be told."""
    engine = workers if isinstance(workers, Engine) else Engine(workers=workers)
    if engine.name not in engines():
        raise UnknownNameError("engine", engine.name, engines())
    if engine.workers is not None and engine.workers < 1:
        raise InputError(f"{engine.workers} workers, expected at least 1")
    if engine.address is not None and not engines()[engine.name].addressed:
        raise InputError(
            f"engine {engine.name}: found the address {printable(engine.address)}, expected none",
            hint="it works on this machine alone; an address is of a Ray cluster: --engine ray",
        )
    return engine
