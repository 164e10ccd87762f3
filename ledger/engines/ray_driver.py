"""The process that speaks to Ray, and what its tasks do. Jobs pass through it unopened.

It reads (number, pickled job) from standard input to its end, and writes a report a job to standard
output. It holds no more tasks than keep the processors busy, so a job is read when there is room.
"""

import os
import pickle
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import IO, Any

from ledger.engines.worker import Failed, spare_pandas
from ledger.errors import InputError, LedgerError, RefusedError, printable

__all__ = ["Asked", "Ended", "Lost", "Outcome", "drive"]

_RETRIES = 3
_AHEAD = 2  # tasks a processor that wait or run: enough to keep it busy
_STORE = 100 << 20  # bytes of the object store of a Ray of our own, which holds next to nothing
_ANSWER = 60  # seconds within which a cluster must answer
_LOOK = 5.0  # seconds after which it is asked whether anybody still waits for this


@dataclass(frozen=True)
class Asked:
    """Which Ray: a running one's address, else one for the call, with its files in `folder`."""

    workers: int | None
    address: str | None
    folder: str | None


@dataclass(frozen=True)
class Ended:
    """A job came to an end: its number and its pickled Outcome."""

    place: int
    data: bytes


@dataclass(frozen=True)
class Lost:
    """Ray cannot go on. An error to raise, with its words and hint."""

    kind: type[LedgerError]
    words: str
    hint: str | None


@dataclass(frozen=True)
class Outcome:
    """What came of a job: its result, or how it failed (Failed); and the rows it went through."""

    result: object
    rows: int


@dataclass(frozen=True)
class Place:
    """What a worker takes over from whoever asks, so that it finds the same code and files."""

    release: str
    path: tuple[str, ...]
    folder: str

    @classmethod
    def here(cls) -> "Place":
        """This process's own."""
        return cls(_release(), tuple(sys.path), os.getcwd())

    def take(self) -> None:
        """Raises InputError where another release of ours is installed."""
        if self.release != _release():
            raise InputError(
                f"Ray worker on {printable(socket.gethostname())}: found headwater {_release()}, "
                f"expected {self.release}",
                hint="install the same release on every machine of the cluster",
            )
        sys.path.extend(entry for entry in self.path if entry not in sys.path)
        if os.path.isdir(self.folder):
            os.chdir(self.folder)
        spare_pandas()


def task(place: Place, job: bytes) -> bytes:
    """In a worker: do a job. Both ways in bytes, so that Ray neither looks inside nor shares."""
    rows = 0

    def advance(more: int) -> None:
        nonlocal rows
        rows += more

    try:
        place.take()
        return pickle.dumps(Outcome(pickle.loads(job).run(advance), rows))
    except Exception as error:
        return pickle.dumps(Outcome(Failed.of(error), rows))


def drive() -> None:
    """Do what standard input asks for. Whoever asked ends this process to stop it."""
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not print into the reports
    jobs = sys.stdin.buffer
    asked = pickle.load(jobs)
    try:
        with _connected(asked) as ray:
            for report in _reports(ray, asked, jobs):
                _say(reports, report)
            _say(reports, None)
    except LedgerError as error:
        _say(reports, Lost(type(error), str(error), error.hint))


def _say(reports: IO[bytes], report: Ended | Lost | None) -> None:
    try:
        reports.write(pickle.dumps(report))
        reports.flush()
    except BrokenPipeError:  # nobody reads this any more
        sys.exit(1)


@contextmanager
def _connected(asked: Asked) -> Iterator[Any]:
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if asked.address is None:
        options |= {
            "address": "local",
            "num_cpus": asked.workers,
            "num_gpus": 0,
            "include_dashboard": False,
            "object_store_memory": _STORE,
            "_temp_dir": asked.folder,
        }
    else:
        _reach(asked.address)
        options["address"] = asked.address
        signal.alarm(_ANSWER)  # it has no limit of its own; the signal ends this process
    try:
        ray.init(**options)
    except (ConnectionError, ImportError, OSError, RuntimeError, ValueError) as error:
        if asked.address is None:
            raise RefusedError(f"Ray does not start: {_line(error)}") from error
        raise _nobody(asked.address, _line(error)) from error
    signal.alarm(0)
    try:
        yield ray
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Knock first: Ray itself knocks for minutes. Raises InputError."""
    host, _, port = address.rpartition(":")
    if "://" in address or not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _nobody(address, printable(reason.lower())) from error


def _nobody(address: str, reason: str) -> InputError:
    return InputError(
        f"Ray at {printable(address)}: {reason}",
        hint="expected a running cluster that this machine is part of: HOST:PORT as "
        "`ray start --head` says it, or auto",
    )


def _reports(ray: Any, asked: Asked, jobs: IO[bytes]) -> Iterator[Ended]:
    """One a job, in the order in which they end. Raises RefusedError where Ray gives one up."""
    here = ray.put(Place.here())
    remote = ray.remote(task).options(num_cpus=1, max_retries=_RETRIES, retry_exceptions=False)
    parent, running, more = os.getppid(), dict[Any, int](), True
    try:
        while more or running:
            most = asked.workers or max(1, _AHEAD * int(ray.cluster_resources().get("CPU", 1)))
            while more and len(running) < most:
                try:
                    place, job = pickle.load(jobs)
                except EOFError:
                    more = False
                else:
                    running[remote.remote(here, job)] = place
            ready, _ = ray.wait(list(running), timeout=_LOOK) if running else ([], None)
            for reference in ready:
                yield Ended(running.pop(reference), _outcome(ray, reference))
            if os.getppid() != parent:
                return
    finally:
        for reference in running:
            with suppress(ray.exceptions.RayError):
                ray.cancel(reference, force=True)


def _outcome(ray: Any, reference: Any) -> bytes:
    try:
        return bytes(ray.get(reference))
    except ray.exceptions.RayTaskError as error:  # an error of the job's own comes as an outcome
        raise RefusedError(
            f"a Ray worker could not begin: {_line(error.cause)}",
            hint=f"install headwater {_release()} on every machine of the cluster",
        ) from error
    except ray.exceptions.RayError as error:
        raise RefusedError(
            f"a Ray worker ended before its work was done, {1 + _RETRIES} times: "
            f"{type(error).__name__}",
            hint="if memory ran out, use fewer workers; the same command goes on with what is not "
            "finished",
        ) from error


def _release() -> str:
    try:
        return version("headwater")
    except PackageNotFoundError:  # a bare checkout
        return "unknown"


def _line(error: BaseException) -> str:
    """An error of Ray's in a line: of several, its first."""
    lines = str(error).strip().splitlines()
    return printable(lines[0] if lines else type(error).__name__)
