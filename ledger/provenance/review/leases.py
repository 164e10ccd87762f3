"""Who is reading what just now: a file beside the ledger, so that two do not read the same.

A courtesy and no authority: it may be deleted at any time, and what counts is in the log.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path

import orjson

from ledger.corpus.atomic import storage_error, whole_file
from ledger.provenance.overlap import sidecar_folder

__all__ = ["LEASE", "Held", "Leases", "leases"]

LEASE = 1_800
"""Seconds that a document is one reader's, where nobody says otherwise."""

SKIP = 86_400
"""Seconds for which a reader is not asked again about what they passed over."""

_LONGEST = 16 << 20  # bytes of the file
_OWN = os.O_NOFOLLOW | os.O_NONBLOCK  # no link to somebody's file, no pipe to wait for


@dataclass(frozen=True)
class Held:
    """A document that a reader has until a moment (Unix time), by the `task` they were shown, from
    the queue of a dataset whose draw has this sample and seed.
    """

    reader: str
    until: int
    task: str
    dataset: str
    sample: int
    seed: int


@dataclass
class Leases:
    """`held` by document. `skipped`: (reader, document) → until, Unix time."""

    held: dict[str, Held] = field(default_factory=dict)
    skipped: dict[tuple[str, str], int] = field(default_factory=dict)

    def holder(self, document: str) -> str | None:
        """Whose it is."""
        found = self.held.get(document)
        return None if found is None else found.reader

    def take(self, document: str, held: Held) -> None:
        """Give a document to a reader, who lets go of any other."""
        self.release(held.reader)
        self.held[document] = held

    def of(self, reader: str) -> dict[str, Held]:
        """What a reader holds, by document."""
        return {name: held for name, held in self.held.items() if held.reader == reader}

    def release(self, reader: str) -> None:
        """Take back what a reader holds."""
        self.held = {one: held for one, held in self.held.items() if held.reader != reader}

    def skip(self, document: str, reader: str, now: int) -> None:
        """A reader passes a document over."""
        self.release(reader)
        self.skipped[reader, document] = now + SKIP

    def free(self, document: str, reader: str) -> bool:
        """Whether a reader can have a document."""
        return self.holder(document) in (None, reader) and (reader, document) not in self.skipped


@contextmanager
def leases(location: str, now: int) -> Iterator[Leases]:
    """The leases that stand, for one process at a time; what the block changes is kept.

    A file that cannot be read is as good as none. Raises StorageError where none can be written.
    """
    folder = sidecar_folder(location)
    path, locked = folder / "review-leases.json", folder / "review-leases.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(locked, os.O_RDWR | os.O_CREAT | _OWN, 0o600)
    except OSError as error:
        raise storage_error(locked, error) from error
    with os.fdopen(opened, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _read(path, now)
        yield found
        with whole_file(path) as file:
            file.write(_spelled(found))


def _read(path: Path, now: int) -> Leases:
    found = Leases()
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _OWN), "rb") as file:
            document = orjson.loads(file.read(_LONGEST))
        for name, (reader, until, task, dataset, sample, seed) in document["held"].items():
            if now < int(until) <= now + SKIP:
                found.held[str(name)] = Held(
                    str(reader), int(until), str(task), str(dataset), int(sample), int(seed)
                )
        for reader, name, until in document["skipped"]:
            if now < int(until) <= now + SKIP:
                found.skipped[str(reader), str(name)] = int(until)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Leases()
    return found


def _spelled(found: Leases) -> bytes:
    document = {
        "held": {name: list(astuple(one)) for name, one in found.held.items()},
        "skipped": [[*who, until] for who, until in found.skipped.items()],
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
