"""From an exception to an exit code, one line and a hint; None where it is a bug.

The library's own errors carry their exit code. What the system or SQLite refuses on the way is
translated here, once, for every command.
"""

import errno
from typing import NamedTuple

import click

from ledger.errors import (
    BrokenChainError,
    BusyError,
    InputError,
    LedgerError,
    RefusedError,
    StorageError,
)

__all__ = ["Failure", "explain"]

_Known = tuple[type[LedgerError], str, str | None]

_NO_ROOM = "free some space and run the same command again; what was committed is kept"
_DENIED = "check who owns the file and its folder"

_SYSTEM: dict[int, _Known] = {
    errno.ENOSPC: (StorageError, "no space left on the device", _NO_ROOM),
    errno.EDQUOT: (StorageError, "disk quota exceeded", _NO_ROOM),
    errno.EFBIG: (StorageError, "the file may not grow further", _NO_ROOM),
    errno.EROFS: (StorageError, "read-only file system", "choose a place that can be written"),
    errno.EACCES: (RefusedError, "permission denied", _DENIED),
    errno.EPERM: (RefusedError, "operation not permitted", _DENIED),
}

# SQLite's primary result codes, https://www.sqlite.org/rescode.html
_SQLITE: dict[int, _Known] = {
    5: (BusyError, "another process holds the database", "wait for it to end, then try again"),
    6: (BusyError, "another process holds the database", "wait for it to end, then try again"),
    8: (StorageError, "the database is read-only", _DENIED),
    10: (StorageError, "the disk failed to read or write the database", None),
    11: (BrokenChainError, "the database file is damaged", "restore a copy, then headwater verify"),
    13: (StorageError, "the disk is full", _NO_ROOM),
    14: (StorageError, "the database cannot be opened", "check that its folder exists"),
    26: (InputError, "the file is not a database", "check --ledger"),
}


class Failure(NamedTuple):
    """How a command ends: its exit code and, unless silent, what is said on stderr."""

    code: int
    message: str | None = None
    hint: str | None = None


def explain(error: BaseException) -> Failure | None:
    """What to tell a person about `error`; None if it is a bug that deserves its traceback."""
    if isinstance(error, LedgerError):
        return Failure(error.exit_code, str(error), error.hint)
    if isinstance(error, click.UsageError):
        return Failure(2, _sentence(error), _usage_hint(error))
    if isinstance(error, click.ClickException):  # click.File and friends
        return Failure(InputError.exit_code, _lower(error.format_message()))
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return Failure(130, "interrupted")
    if isinstance(error, BrokenPipeError):
        return Failure(141)  # 128 + SIGPIPE, as the shell counts it; the reader left, say nothing
    if isinstance(error, OSError):
        known = _SYSTEM.get(error.errno or 0)
        # a failed write knows no path: stdout, a certificate or the ledger, so we name none
        place = error.filename if error.filename is not None else "while writing"
    else:
        # SQLAlchemy keeps the driver's error in .orig; sqlite3's own carries the code itself
        code = getattr(getattr(error, "orig", None) or error, "sqlite_errorcode", None)
        known = _SQLITE.get(code & 0xFF) if isinstance(code, int) else None
        place = "the ledger"
    if known is None:
        return None
    kind, reason, hint = known
    return Failure(kind.exit_code, f"{place}: {reason}", hint)


def _sentence(error: click.UsageError) -> str:
    near = getattr(error, "possibilities", None)
    return _lower(error.message if near else error.format_message())


def _usage_hint(error: click.UsageError) -> str | None:
    if error.ctx is None:
        return None
    root = error.ctx.find_root()
    if isinstance(error, click.NoSuchOption) and error.ctx is not root:
        option = error.option_name
        if any(option in parameter.opts for parameter in root.command.params):
            rest = error.ctx.command_path.removeprefix(root.command_path).strip()
            return f"{option} goes before the command: {root.command_path} {option} {rest}"
    near = getattr(error, "possibilities", None)
    if near:
        return f"did you mean {', '.join(near)}?"
    return f"{error.ctx.command_path} --help"


def _lower(sentence: str) -> str:
    return (sentence[:1].lower() + sentence[1:]).removesuffix(".")
