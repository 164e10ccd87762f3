"""What a person types for a document → the document's digest as the log spells it."""

import re
from pathlib import Path

from ledger.errors import InputError, printable
from ledger.log.log import Log

__all__ = ["resolve_document"]

_TYPED = re.compile(r"((?:hmac-)?sha256:)?([0-9a-fA-F]{8,64})")
_SHOWN = 4  # candidates an ambiguous prefix lists


def resolve_document(log: Log, text: str) -> str:
    """The subject that `text` means: a digest, a prefix of ≥ 8 hex digits, or a path to hash.

    A prefix scans the entry table: linear in the log, for people and not for programs. Raises
    InputError where nothing, or more than one subject, is meant.
    """
    typed = _TYPED.fullmatch(text)
    if typed is not None:
        found = _by_digits(log, typed[1], typed[2].lower())
        if found is not None:
            return found
    path = Path(text)
    if _is_file(path):
        from ledger.corpus.hashing import hash_file

        digits = hash_file(path)[0].hex()
        found = _by_digits(log, "sha256:", digits)
        if found is None:
            raise _absent(log, f"{printable(text)} (sha256:{digits})")
        return found
    if typed is None:
        raise InputError(
            f"{printable(text)}: neither a digest nor a file",
            hint="give sha256: and 64 hex digits, the first 8 or more of them, or a path",
        )
    raise _absent(log, text)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or one no system allows
        return False


def _by_digits(log: Log, scheme: str | None, digits: str) -> str | None:
    low, high = bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))
    if low == high:
        first = log.find(f"sha256:{digits}")[:1]
    else:
        rows = log.connection.execute(
            "SELECT min(idx) FROM entry WHERE subject BETWEEN ? AND ? GROUP BY subject LIMIT ?",
            (low, high, _SHOWN + 1),
        ).fetchall()
        first = sorted(row[0] for row in rows)
    subjects = [log.entry(index).subject for index in first]
    matching = [s for s in subjects if scheme is None or s.startswith(scheme)]
    if len(matching) > 1:
        more = ", …" if len(matching) > _SHOWN else ""
        raise InputError(
            f"{digits} begins more than one digest: {', '.join(matching[:_SHOWN])}{more}",
            hint="type more digits",
        )
    return matching[0] if matching else None


def _absent(log: Log, what: str) -> InputError:
    return InputError(
        f"{log.location}: no document with exactly these bytes: {what}",
        hint="one changed character gives the same answer; headwater document list",
    )
