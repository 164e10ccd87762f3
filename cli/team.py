"""`./.headwater.toml`: what a team commits beside its corpus. One key so far: `ledger`.

ledger = "provenance.db"
"""

import re
from pathlib import Path

from ledger.errors import InputError, MalformedError, printable

__all__ = ["FILE", "team_ledger"]

FILE = ".headwater.toml"
_KEYS = ("ledger",)
_LARGEST = 65_536  # bytes


def team_ledger(folder: Path) -> str | None:
    """The ledger that `folder`'s team config names; None without one.

    Raises MalformedError for anything but the known keys, InputError if it cannot be read.
    """
    import tomllib

    try:
        with (folder / FILE).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{FILE}: {(error.strerror or 'unreadable').lower()}") from error
    if len(content) > _LARGEST:
        raise MalformedError(FILE, None, f"more than {_LARGEST} bytes")
    try:
        table = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MalformedError(FILE, line, "bytes that are not utf-8") from error
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", reason)
        line = int(at[1]) if at and at[1] else content.count(b"\n") + 1
        reason = reason[: at.start()] if at else reason
        raise MalformedError(
            FILE, line, f"not toml: {printable(reason[:1].lower() + reason[1:])}"
        ) from error
    for key in table:
        if key not in _KEYS:
            raise MalformedError(
                FILE, None, f"unknown key {printable(key)}", hint=f"known: {', '.join(_KEYS)}"
            )
    named = table.get("ledger")
    if named is None:
        return None
    if not isinstance(named, str) or not named:
        found = printable(repr(named))
        raise MalformedError(FILE, None, f"ledger is {found}, expected a path or url in quotes")
    return named
