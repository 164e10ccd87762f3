"""The exception tree. Who is at fault decides the branch; the exit code is the branch's.

LedgerError                       .hint: what to do next, or None
├── InputError                    the caller's data is wrong                     exit 3
│   ├── MalformedError            a file at a line is not what its format says
│   └── UnknownNameError          a name nobody registered; lists near names
├── VerificationError             the evidence does not hold                     exit 1
│   ├── BrokenChainError          stored bytes do not continue what precedes them
│   ├── BadSignatureError         a trusted key did not make this signature
│   ├── RootMismatchError         a recomputed root is not the signed one
│   ├── ForkError                 two signed statements that cannot both be true
│   ├── DocumentMismatchError     a document's bytes are not the recorded ones
│   └── UntrustedSignerError      consistent, but signed by a key nobody here trusts
├── RefusedError                  right request, wrong state                     exit 4
│   ├── SchemaOutdatedError       the database is older than this program
│   ├── SchemaTooNewError         the database is newer than this program
│   ├── AlreadySealedError        the same set was sealed before
│   ├── LogMovedError             somebody appended since we read, or the log went back
│   ├── BusyError                 another writer holds the ledger
│   ├── StorageError              the disk or the database refused
│   ├── KeyPermissionError        a private key others can read
│   ├── GateError                 a policy's limit is exceeded
│   └── InfeasibleError           bounds that no selection can meet
└── MissingExtraError             an optional dependency is absent               exit 4

Messages are lower case, say what was found before what was expected, and name a place.
The fix belongs in the hint. Anything outside this tree is a bug and shows a traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "AlreadySealedError",
    "BadSignatureError",
    "BrokenChainError",
    "BusyError",
    "DocumentMismatchError",
    "ForkError",
    "GateError",
    "InfeasibleError",
    "InputError",
    "KeyPermissionError",
    "LedgerError",
    "LogMovedError",
    "MalformedError",
    "MissingExtraError",
    "RefusedError",
    "RootMismatchError",
    "SchemaOutdatedError",
    "SchemaTooNewError",
    "StorageError",
    "UnknownNameError",
    "UntrustedSignerError",
    "VerificationError",
    "printable",
]


def printable(text: object, limit: int = 200) -> str:
    """Untrusted text for a message: control, bidi and zero-width characters escaped, then cut."""
    shown = "".join(
        c if c.isprintable() and not _invisible(c) else c.encode("unicode_escape").decode()
        for c in str(text)[: limit + 1]
    )
    return shown if len(shown) <= limit else shown[:limit] + "…"


def _invisible(character: str) -> bool:
    code = ord(character)
    return (
        code == 0xAD
        or 0x200B <= code <= 0x200F
        or 0x202A <= code <= 0x202E
        or (
            0x2060 <= code <= 0x206F
            or 0xFE00 <= code <= 0xFE0F
            or code == 0xFEFF
            or code >= 0xE0000
        )
    )


class LedgerError(Exception):
    """Anything Headwater refuses or cannot confirm. `hint` is the next step for a person."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class InputError(LedgerError):
    """The caller's data is wrong."""

    exit_code = 3


class MalformedError(InputError):
    """A file at a physical line (or row) is not what its format says."""

    def __init__(
        self, path: object, line: int | None, reason: str, *, hint: str | None = None
    ) -> None:
        self.path, self.line, self.reason = str(path), line, reason
        place = printable(path) if line is None else f"{printable(path)}:{line}"
        super().__init__(f"{place}: {reason}", hint=hint)


class UnknownNameError(InputError):
    """A name nobody registered. `known` feeds the hint with near names."""

    def __init__(
        self, what: str, name: str, known: Iterable[str] = (), *, hint: str | None = None
    ) -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=3)
        if hint is None and names:
            hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(names[:12])}"
        super().__init__(f"unknown {what}: {printable(name)}", hint=hint)


class VerificationError(LedgerError):
    """The evidence does not hold."""

    exit_code = 1


class BrokenChainError(VerificationError):
    """Stored bytes do not continue what precedes them."""


class BadSignatureError(VerificationError):
    """A trusted key did not make this signature."""


class RootMismatchError(VerificationError):
    """A recomputed root is not the signed one."""


class ForkError(VerificationError):
    """Two signed statements that cannot both be true."""


class DocumentMismatchError(VerificationError):
    """A document's bytes are not the recorded ones."""


class UntrustedSignerError(VerificationError):
    """Consistent, but signed by a key nobody here trusts."""


class RefusedError(LedgerError):
    """Right request, wrong state."""

    exit_code = 4


class SchemaOutdatedError(RefusedError):
    """The database is older than this program."""


class SchemaTooNewError(RefusedError):
    """The database is newer than this program."""


class AlreadySealedError(RefusedError):
    """The same set was sealed before."""


class LogMovedError(RefusedError):
    """Somebody appended since we read, or the log is behind what was published."""


class BusyError(RefusedError):
    """Another writer holds the ledger."""


class StorageError(RefusedError):
    """The disk or the database refused."""


class KeyPermissionError(RefusedError):
    """A private key that others can read."""


class GateError(RefusedError):
    """A policy's limit is exceeded."""


class InfeasibleError(RefusedError):
    """Bounds that no selection can meet."""


class MissingExtraError(LedgerError):
    """An optional dependency is absent."""

    exit_code = 4

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed", hint=f"pip install 'headwater[{extra}]'")
