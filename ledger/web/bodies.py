"""Bodies as they come in: none larger than we take, none slower, and not too many at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from ledger.errors import BusyError, InputError
from ledger.web.limits import BODIES_BYTES, BODY_BYTES, BODY_SECONDS

__all__ = ["Bodies", "Message", "Receive", "SlowError", "TooLargeError"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class TooLargeError(InputError):
    """A body over BODY_BYTES."""


class SlowError(InputError):
    """A body that did not come in time, or whose client left."""


class Bodies:
    """The bytes that are held for requests under way, of BODIES_BYTES in all."""

    def __init__(self, seconds: float = BODY_SECONDS) -> None:
        self._held = 0
        self._seconds = seconds

    @contextmanager
    def held(self) -> "Iterator[Held]":
        """Room for one body, given back at the end."""
        room = Held(self)
        try:
            yield room
        finally:
            self._held -= room.size

    def take(self, size: int) -> None:
        """Reserve more. Raises BusyError."""
        if self._held + size > BODIES_BYTES:
            raise BusyError("too many large bodies at a time")
        self._held += size

    @property
    def seconds(self) -> float:
        """How long one body may take."""
        return self._seconds


class Held:
    """Room for one body."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self.size = 0

    async def read(self, receive: Receive, announced: int | None) -> bytes:
        """The body. `announced` is its Content-Length, if the client gave one.

        Raises TooLargeError, BusyError before more is held than there is room for, SlowError.
        """
        if announced is not None:
            self._grow(announced)
        try:
            return await asyncio.wait_for(self._read(receive), self._bodies.seconds)
        except TimeoutError:
            raise SlowError("the body did not come in time") from None

    async def _read(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise SlowError("the client left")
            part = message.get("body", b"")
            size += len(part)
            if size > self.size:
                self._grow(size - self.size)
            if part:
                parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    def _grow(self, more: int) -> None:
        if self.size + more > BODY_BYTES:
            raise TooLargeError(
                f"a body of {self.size + more:,} bytes or more, expected at most {BODY_BYTES:,}"
            )
        self._bodies.take(more)
        self.size += more
