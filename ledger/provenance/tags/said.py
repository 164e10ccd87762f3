"""`said`, beside the receipts of a spool: when each tag was first made here.

The same said again is given the time of the first, so that it is the same claim with the same
Ed25519 signature, and one receipt. One line a tag: SHA-256 of what it says, a blank, Unix seconds.
"""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.corpus.atomic import storage_error
from ledger.log.canonical import encode

__all__ = ["first_said"]

_FILE = "said"


def first_said(folder: Path, said: Mapping[str, Any], now: int) -> int:
    """When this was first said here: remembered, or else `now`, which is remembered.

    `said` is what the tag will say, in plain JSON, without the time. Of two commands that race,
    each may remember its own: then both tags stand, and say the same. Raises StorageError.
    """
    key = sha256(encode(dict(said))).hexdigest().encode()
    path = folder / _FILE
    try:
        known = path.read_bytes() if path.exists() else b""
        at = known.find(key + b" ") if known.startswith(key) else known.find(b"\n" + key + b" ")
        if at >= 0:
            start = at + (known[at : at + 1] == b"\n")
            number = known[start + len(key) + 1 :].partition(b"\n")[0]
            if number.isdigit() and len(number) < 16:
                return int(number)
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, key + b" %d\n" % now)
        finally:
            os.close(handle)
    except OSError as error:
        raise storage_error(path, error) from error
    return now
