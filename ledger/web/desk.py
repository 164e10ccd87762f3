"""The desk: one thread that writes to the ledger and one that reads it, each with its own log.

Requests wait in line; when the line is too long they are told to come again.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ledger.errors import BusyError
from ledger.log.log import Log
from ledger.provenance.opening import open_ledger
from ledger.web.limits import JOBS

__all__ = ["Desk"]

Answer = TypeVar("Answer")


class Desk:
    """Runs jobs on a ledger, each kind in its order. Close it when no job is under way."""

    def __init__(self, location: str) -> None:
        self._clerks = (_Clerk(location, write=True), _Clerk(location, write=False))

    async def write(self, job: Callable[[Log], Answer]) -> Answer:
        """Run a job that records. Raises BusyError at once where too many wait; what it raises."""
        return await self._clerks[0].run(job)

    async def read(self, job: Callable[[Log], Answer]) -> Answer:
        """Run a job that only reads: it sees all that was written before. Raises as `write`."""
        return await self._clerks[1].run(job)

    def close(self) -> None:
        """Wait for the jobs under way and let go of the ledger."""
        for clerk in self._clerks:
            clerk.close()


class _Clerk:
    def __init__(self, location: str, *, write: bool) -> None:
        self._location, self._write = location, write
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write" if write else "read")
        self._log: Log | None = None
        self._waiting = 0
        self._lock = threading.Lock()

    async def run(self, job: Callable[[Log], Answer]) -> Answer:
        with self._lock:
            if self._waiting >= JOBS:
                raise BusyError(f"{self._location}: {self._waiting} requests wait already")
            self._waiting += 1
        try:
            future = self._pool.submit(self._do, job)
        except BaseException:
            self._done()
            raise
        future.add_done_callback(lambda _: self._done())
        return await asyncio.shield(asyncio.wrap_future(future))  # a client that leaves stops none

    def _done(self) -> None:
        with self._lock:
            self._waiting -= 1

    def _do(self, job: Callable[[Log], Answer]) -> Answer:
        if self._log is None:
            self._log = open_ledger(self._location, write=self._write)
        return job(self._log)

    def close(self) -> None:
        if self._log is not None:
            self._pool.submit(self._log.close).result()
        self._pool.shutdown()
