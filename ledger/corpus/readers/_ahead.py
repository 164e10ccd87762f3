"""Runs an iterator in a thread of its own, a few items ahead of who uses them.

Worth it where the work happens outside the interpreter lock: inflating, parsing JSON.
"""

from collections.abc import Generator, Iterator
from queue import Empty, Queue
from threading import Event, Thread
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")
_PATIENCE = 0.05  # seconds between looks at a worker that is asked to stop


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(source: Iterator[T], depth: int = 2) -> Generator[T, None, None]:
    """The items of `source` in order, at most `depth` of them waiting; its errors arrive here.

    Closing the generator stops the thread after the item in hand.
    """
    ready: Queue[T | _End] = Queue(depth)
    stop = Event()

    def work() -> None:
        error: BaseException | None = None
        try:
            for item in source:
                ready.put(item)
                if stop.is_set():
                    break
            close = getattr(source, "close", None)
            if close is not None:
                close()
        except BaseException as caught:  # handed over: raised where the items are used
            error = caught
        ready.put(_End(error))

    worker = Thread(target=work, daemon=True, name="headwater-ahead")
    worker.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        while worker.is_alive():
            try:
                ready.get(timeout=_PATIENCE)
            except Empty:
                continue
        worker.join()
