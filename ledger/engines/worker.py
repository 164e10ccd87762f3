"""The other end of a pipe: takes one job after another, says how far it got.

Runs in a process of its own, started by an engine. Reports are small: text and tables stay here.
"""

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

import pyarrow as pa

from ledger.errors import LedgerError

__all__ = ["Advanced", "Done", "Failed", "Job", "Report", "serve", "spare_pandas"]


class Job(Protocol):
    """A piece of work that can be sent to another process; what it needs it opens there."""

    @property
    def size(self) -> int:
        """Bytes to go through, 0 if unknown: the largest job is begun first."""
        ...

    def run(self, advance: Callable[[int], None]) -> object:
        """Do it; tell `advance`, now and then, how many more rows are done. Returns little."""
        ...


@dataclass(frozen=True)
class Advanced:
    """So many more rows are done."""

    rows: int


@dataclass(frozen=True)
class Done:
    """The job with this number came to an end."""

    place: int
    result: object


@dataclass(frozen=True)
class Failed:
    """A job raised. Exceptions are taken apart: not every one survives being pickled whole."""

    kind: type[BaseException]
    arguments: tuple[object, ...]
    state: dict[str, object]

    @classmethod
    def of(cls, error: BaseException) -> "Failed":
        """Take `error` apart; one that cannot travel goes as a RuntimeError with its traceback."""
        if not isinstance(error, LedgerError):
            error.add_note("in a worker:\n" + "".join(traceback.format_exception(error)))
        found = cls(type(error), _arguments(error), dict(error.__dict__))
        try:
            pickle.loads(pickle.dumps(found)).error()
        except Exception:
            return cls(RuntimeError, ("".join(traceback.format_exception(error)),), {})
        return found

    def error(self) -> BaseException:
        """The exception again, of its own type, with its message and attributes."""
        error = self.kind.__new__(self.kind, *self.arguments)
        error.__dict__.update(self.state)
        return error


Report = Advanced | Done | Failed


class _NoPandas:
    """Finds pandas nowhere."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name == "pandas":
            raise ImportError(name)


def spare_pandas() -> None:
    """Have Arrow look for pandas once, in vain.

    It imports pandas, where that is installed, to make its first array: 30 MB and a third of a
    second in every worker. Whoever needs pandas can still import it.
    """
    nowhere = _NoPandas()
    sys.meta_path.insert(0, nowhere)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(nowhere)


def serve() -> None:
    """Work until the pipe ends. Ctrl-C is the parent's to hear: it ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    spare_pandas()
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not print into the reports
    parent = os.getppid()
    while True:
        try:
            place, job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        except Exception as error:  # a job whose code cannot be found here
            _say(reports, Failed.of(error))
            return
        _say(reports, _worked(place, job, reports, parent))


def _worked(place: int, job: Job, reports: IO[bytes], parent: int) -> Report:
    def advance(rows: int) -> None:
        if os.getppid() != parent:  # nobody waits for this any more
            os._exit(1)
        _say(reports, Advanced(rows))

    try:
        result = job.run(advance)
        pickle.dumps(result)
    except Exception as error:
        return Failed.of(error)
    return Done(place, result)


def _arguments(error: BaseException) -> tuple[object, ...]:
    """What `__new__` takes: for the system's errors the path too, which `args` lacks."""
    reduced = error.__reduce__()
    return tuple(reduced[1]) if isinstance(reduced, tuple) else error.args


def _say(reports: IO[bytes], report: Report) -> None:
    try:
        reports.write(pickle.dumps(report))
        reports.flush()
    except BrokenPipeError:  # the parent is gone
        os._exit(1)
