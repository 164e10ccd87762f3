"""Scans on Ray, one machine's or a cluster's: a task a job, and jobs know files by their paths.

What Ray carries is small: a pickled job there, what it returns back. Texts and sidecars are files,
which a task opens and writes by itself, so a cluster needs storage that all its machines have under
the same paths. A task whose worker or machine dies is done again elsewhere; what the dead one had
begun lies aside, under no sidecar's name.

Ray is spoken to by a process of its own (`ray_driver`): Ray prints to standard output, takes over
signals, and ends the process that speaks to it where a cluster is lost.
"""

import os
import pickle
import secrets
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Thread
from typing import IO

from ledger.engines.engine import Engine, Kind, Meter
from ledger.engines.local import processors
from ledger.engines.ray_driver import Asked, Ended, Lost, Outcome
from ledger.engines.worker import Failed, Job
from ledger.errors import MissingExtraError, RefusedError, printable

__all__ = ["ENGINE"]

_BOOT = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); import pickle, sys; "
    "sys.path[:] = pickle.load(sys.stdin.buffer); from ledger.engines.ray_driver import drive; "
    "drive()"
)
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # it asks for this choice with a warning
}
_PATIENCE = 20.0  # seconds that a Ray of our own has to end by itself


@dataclass(frozen=True)
class Ray:
    """Without an address, a Ray of this machine that lives as long as the call."""

    name: str = "ray"
    addressed: bool = True

    def work(self, jobs: Sequence[Job], engine: Engine, meter: Meter) -> list[object]:
        if find_spec("ray") is None:
            raise MissingExtraError("ray", "ray")
        if engine.address is not None:
            asked = Asked(engine.workers, engine.address, None)
            return _Driver(jobs, meter, dict(_QUIET)).run(asked)
        # Its ports are open to whoever reaches this machine: they ask for a word that nobody knows.
        closed = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        # The name is short: a socket's path below it may have 107 bytes. Its logs go with it.
        with TemporaryDirectory(prefix="hw-ray-", ignore_cleanup_errors=True) as folder:
            asked = Asked(engine.workers or processors(), None, folder)
            return _Driver(jobs, meter, _QUIET | closed).run(asked)


ENGINE: Kind = Ray()


class _Driver:
    """The process that speaks to Ray. A thread hands it jobs, as fast as it takes them."""

    def __init__(self, jobs: Sequence[Job], meter: Meter, environment: dict[str, str]) -> None:
        self._jobs, self._meter, self._environment = jobs, meter, environment
        self._unsent: BaseException | None = None

    def run(self, asked: Asked) -> list[object]:
        with TemporaryFile() as said:
            driver = subprocess.Popen(
                [sys.executable, "-c", _BOOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=os.environ | self._environment,
                process_group=0,  # Ctrl-C is ours to hear
            )
            assert driver.stdin is not None and driver.stdout is not None  # both are pipes
            feeder = Thread(target=self._feed, args=(driver.stdin, asked), daemon=True)
            feeder.start()
            finished = False
            try:
                results = self._collect(driver.stdout, said)
                finished = True
                return results
            finally:
                _stop(driver, finished)
                feeder.join()
                driver.stdout.close()

    def _feed(self, pipe: IO[bytes], asked: Asked) -> None:
        """Send all jobs, the largest first; then close the pipe, which says that this was all."""
        try:
            for item in (sys.path, asked):
                pipe.write(pickle.dumps(item))
            for place in sorted(range(len(self._jobs)), key=lambda at: -self._jobs[at].size):
                pipe.write(pickle.dumps((place, pickle.dumps(self._jobs[place]))))
        except OSError:  # the driver is gone: whoever reads from it knows
            pass
        except Exception as error:  # a job that cannot be sent
            self._unsent = error
        finally:
            with suppress(OSError):
                pipe.close()

    def _collect(self, pipe: IO[bytes], said: IO[bytes]) -> list[object]:
        results: dict[int, object] = {}
        while len(results) < len(self._jobs):
            try:
                report = pickle.load(pipe)
            except (EOFError, pickle.UnpicklingError) as error:
                raise RefusedError(
                    f"Ray ended before the work was done: {_last_line(said)}",
                    hint="the same command goes on with what is not finished",
                ) from error
            match report:
                case Ended(place, data):
                    outcome = pickle.loads(data)
                    assert isinstance(outcome, Outcome)  # it is what a task returns
                    if isinstance(outcome.result, Failed):
                        raise outcome.result.error()
                    results[place] = outcome.result
                    self._meter.advance(outcome.rows)
                    self._meter.finish(outcome.result)
                case Lost(kind, words, hint):
                    raise kind(words, hint=hint)
                case None:  # the driver has nothing more to do, and results are missing
                    assert self._unsent is not None
                    raise self._unsent
        return [results[place] for place in range(len(self._jobs))]


def _stop(driver: "subprocess.Popen[bytes]", finished: bool) -> None:
    """Have it end, and with it the Ray that it started or the tasks that it asked for."""
    if not finished:
        driver.terminate()
    try:
        driver.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        driver.kill()  # what Ray started dies with the process that started it
        driver.wait()


def _last_line(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(size - 4096, 0))
    lines = said.read().decode(errors="replace").strip().splitlines()
    return printable(lines[-1] if lines else "it said nothing")
