"""Work on hostile bytes in a process of its own, which can be stopped and may not swell.

A parser written in Python can be made to run for ever and cannot be interrupted in a thread. One
helper process serves this one; it is started again after it was stopped.
"""

import atexit
import json
import os
import select
import struct
import subprocess
import sys
import time
from importlib import import_module
from typing import BinaryIO

from ledger.corpus.extractors import NoText

__all__ = ["apart", "serve"]

_SERVE = """import json, sys
sys.path[:] = json.loads(sys.argv[1])
from ledger.corpus.extractors._apart import serve
serve()"""
_ADDRESS_SPACE = 4 << 30  # bytes


class _Helper:
    """The child, as this process knows it: one request at a time."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._child = subprocess.Popen(
            [sys.executable, "-c", _SERVE, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    @property
    def usable(self) -> bool:
        return self._owner == os.getpid() and self._child.poll() is None

    def ask(self, function: str, data: bytes, seconds: float) -> bytes | None:
        """The answer; None where the child ran out of time or died of it."""
        assert self._child.stdin is not None and self._child.stdout is not None
        try:
            self._child.stdin.write(_framed(function.encode()) + _framed(data))
            self._child.stdin.flush()
            return _timed(self._child.stdout.fileno(), time.monotonic() + seconds)
        except (BrokenPipeError, EOFError):
            return None

    def stop(self) -> None:
        if self._owner == os.getpid():
            self._child.kill()
            self._child.communicate()


_helper: _Helper | None = None


def apart(function: str, data: bytes, seconds: float) -> str:
    """`module:name(data)` called in the helper: a str, or the NoText that it raised.

    Raises NoText also where it takes over `seconds` or kills its process.
    """
    global _helper
    if _helper is None or not _helper.usable:
        _helper = _Helper()
    answer = _helper.ask(function, data, seconds)
    if answer is None:
        _stop()
        raise NoText(f"reading it took over {seconds:g} s or more memory than there may be")
    found = json.loads(answer)
    if "no_text" in found:
        raise NoText(found["no_text"])
    return str(found["text"])


@atexit.register
def _stop() -> None:
    global _helper
    if _helper is not None:
        _helper.stop()
        _helper = None


def serve() -> None:
    """The child: answers requests until nobody asks any more."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    except (ImportError, OSError, ValueError):  # not every system bounds memory; time is bounded
        pass
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing else may write where answers go
    while (name := _unframed(requests)) is not None:
        module, _, function = name.decode().partition(":")
        data = _unframed(requests)
        try:
            found = {"text": getattr(import_module(module), function)(data)}
        except NoText as reason:
            found = {"no_text": str(reason)}
        except MemoryError:
            found = {"no_text": "reading it takes more memory than there may be"}
        answers.write(_framed(json.dumps(found).encode()))
        answers.flush()


def _framed(data: bytes) -> bytes:
    return struct.pack(">Q", len(data)) + data


def _unframed(stream: BinaryIO) -> bytes | None:
    head = stream.read(8)
    return stream.read(struct.unpack(">Q", head)[0]) if len(head) == 8 else None


def _timed(descriptor: int, deadline: float) -> bytes | None:
    """One framed answer, or None at the deadline. Raises EOFError where the child ended."""
    data, wanted = bytearray(), 8
    while len(data) < wanted:
        ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return None
        part = os.read(descriptor, 1 << 20)
        if not part:
            raise EOFError
        data += part
        if len(data) >= 8:
            wanted = 8 + struct.unpack(">Q", data[:8])[0]
    return bytes(data[8:])
