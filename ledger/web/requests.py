"""Idempotency keys: one file a key, with the digest of its request and the receipt it got.

The file is written before the tag is recorded, so a server that dies in between records the same
claim when the request comes again. Keys are forgotten after a week; a tag that comes again then is
still the same claim, unless its author gave it another time.
"""

import time
from pathlib import Path

import orjson

from ledger.corpus.atomic import storage_error, whole_file
from ledger.errors import RefusedError, StorageError

__all__ = ["KEPT_SECONDS", "ConflictError", "Requests"]

KEPT_SECONDS = 7 * 86_400
_MOST = 64 << 20


class ConflictError(RefusedError):
    """The key was used for another request."""


class Requests:
    """The answered requests of one ledger, in a folder of their own. Used by one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def answered(self, key: str, request: str) -> bytes | None:
        """The receipt of the request with this key; None if there was none.

        Raises ConflictError where the key came with another request, StorageError.
        """
        path = self._folder / key
        try:
            with path.open("rb") as file:
                stored = orjson.loads(file.read(_MOST))
            known, receipt = str(stored["request"]), str(stored["receipt"])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(path, error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{path}: not what was written there", hint="remove it") from error
        if known != request:
            raise ConflictError("this idempotency key came with another request before")
        return receipt.encode()

    def keep(self, key: str, request: str, receipt: bytes) -> None:
        """Remember an answer; durable on return. Raises StorageError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise storage_error(self._folder, error) from error
        with whole_file(self._folder / key) as file:
            file.write(orjson.dumps({"receipt": receipt.decode(), "request": request}))

    def forget(self, now: float | None = None) -> int:
        """Remove what is older than KEPT_SECONDS; how many."""
        oldest = (time.time() if now is None else now) - KEPT_SECONDS
        gone = 0
        for path in self._folder.glob("*") if self._folder.is_dir() else ():
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    gone += 1
            except FileNotFoundError:
                continue  # another server was faster
        return gone
