"""Pins: the newest head of each log that this user has appended or verified. Outside the database.

A log whose database is behind its pin has been restored from an old copy or cut; appending to it
would fork it. `pins.json` maps "<log name> <vkey>" to {size, root (hex)}.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InputError
from ledger.log.keys import config_folder

__all__ = ["Pin", "Pins"]


@dataclass(frozen=True)
class Pin:
    """A head: the log had `size` entries with this root."""

    size: int
    root: bytes


class Pins:
    """The pins of one config folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or config_folder()
        self.path = self.folder / "pins.json"

    def get(self, log_name: str, vkey: str) -> Pin | None:
        """The pin of a log. Raises InputError if the file is not ours."""
        return self._read().get(f"{log_name} {vkey}")

    def advance(self, log_name: str, vkey: str, pin: Pin) -> None:
        """Move a pin forward; a smaller size leaves it where it is."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked():
            pins = self._read()
            name = f"{log_name} {vkey}"
            known = pins.get(name)
            if known is not None and known.size >= pin.size:
                return
            pins[name] = pin
            document = {
                name: {"root": pin.root.hex(), "size": pin.size} for name, pin in pins.items()
            }
            temporary = self.path.with_suffix(".new")
            temporary.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
            os.replace(temporary, self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "pins.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> dict[str, Pin]:
        try:
            document = json.loads(self.path.read_text())
            return {
                name: Pin(int(pin["size"]), bytes.fromhex(pin["root"]))
                for name, pin in document.items()
            }
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{self.path}: not a pin file: {error}", hint="restore it; pins detect rollbacks"
            ) from error
