"""Processes on this machine that take jobs, one at a time each.

Workers are fresh interpreters that import the library and nothing of the caller's: a script needs
no `if __name__ == "__main__"`, and nothing is forked under threads. They end with the call, however
it ends.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread

from ledger.engines.engine import Engine, Kind, Meter
from ledger.engines.worker import Advanced, Done, Failed, Job, Report
from ledger.errors import RefusedError

__all__ = ["ENGINE", "processors"]

_SMALL = 32 << 20  # bytes; starting workers takes as long as going through this
_ALLOCATOR = {"ARROW_DEFAULT_MEMORY_POOL": "system"}  # Arrow's own keeps 30 MB more a worker
_BOOT = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); import pickle, sys; "
    "sys.path[:] = pickle.load(sys.stdin.buffer); from ledger.engines.worker import serve; serve()"
)


@dataclass(frozen=True)
class Local:
    """Processes of this machine; this process alone where there is little to do."""

    name: str = "local"
    addressed: bool = False

    def work(self, jobs: Sequence[Job], engine: Engine, meter: Meter) -> list[object]:
        count = min(_workers(engine.workers, jobs), len(jobs))
        if count > 1:
            return _Pool(jobs, meter).run(count)
        results = []
        for job in jobs:
            results.append(job.run(meter.advance))
            meter.finish(results[-1])
        return results


ENGINE: Kind = Local()


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _workers(asked: int | None, jobs: Sequence[Job]) -> int:
    if asked is not None:
        return asked
    sizes = [job.size for job in jobs]
    return 1 if all(sizes) and sum(sizes) < _SMALL else processors()


class _Pool:
    """Owns the workers. A thread per worker hands out jobs; reports arrive in one queue."""

    def __init__(self, jobs: Sequence[Job], meter: Meter) -> None:
        self._jobs, self._meter = jobs, meter
        self._waiting: SimpleQueue[int | None] = SimpleQueue()
        self._reports: SimpleQueue[Report | None] = SimpleQueue()
        self._workers: list[subprocess.Popen[bytes]] = []
        self._threads: list[Thread] = []

    def run(self, count: int) -> list[object]:
        places = sorted(range(len(self._jobs)), key=lambda place: -self._jobs[place].size)
        for place in [*places, *[None] * count]:
            self._waiting.put(place)
        try:
            for _ in range(count):
                self._start()
            return self._collect()
        finally:
            self._stop()

    def _start(self) -> None:
        worker = subprocess.Popen(
            [sys.executable, "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_ALLOCATOR | os.environ,
        )
        self._workers.append(worker)
        thread = Thread(target=self._attend, args=(worker,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _attend(self, worker: subprocess.Popen[bytes]) -> None:
        """Hand one worker its jobs; None among the reports says that it is gone."""
        assert worker.stdin is not None and worker.stdout is not None  # both are pipes
        try:
            worker.stdin.write(pickle.dumps(sys.path))
            while (place := self._waiting.get()) is not None:
                worker.stdin.write(pickle.dumps((place, self._jobs[place])))
                worker.stdin.flush()
                while isinstance(report := pickle.load(worker.stdout), Advanced):
                    self._reports.put(report)
                self._reports.put(report)
                if isinstance(report, Failed):
                    return
            worker.stdin.close()
        except (EOFError, OSError, pickle.UnpicklingError):
            self._reports.put(None)
        except Exception as error:  # a job that cannot be sent
            self._reports.put(Failed.of(error))

    def _collect(self) -> list[object]:
        results: dict[int, object] = {}
        while len(results) < len(self._jobs):
            match self._reports.get():
                case Advanced(rows):
                    self._meter.advance(rows)
                case Done(place, result):
                    results[place] = result
                    self._meter.finish(result)
                case Failed() as failed:
                    raise failed.error()
                case None:
                    raise RefusedError(
                        "a worker process ended before its work was done",
                        hint="if memory ran out, use fewer workers; the same command goes on "
                        "with what is not finished",
                    )
        return [results[place] for place in range(len(self._jobs))]

    def _stop(self) -> None:
        """End every worker. It holds no lock and no key; what it wrote, it wrote aside."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.wait()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    with suppress(OSError):  # unsent bytes for a worker that is gone
                        pipe.close()
