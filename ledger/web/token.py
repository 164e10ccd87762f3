"""The token that a client must show: 43 random characters in a file that only its owner reads."""

import hmac
import os
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ledger.corpus.atomic import storage_error
from ledger.errors import InputError, KeyPermissionError, printable
from ledger.log.keys import config_folder

__all__ = ["TOKEN_VARIABLE", "Token", "load_token", "token_file"]

TOKEN_VARIABLE = "HEADWATER_TOKEN"
_LEAST, _MOST = 20, 1024  # characters


@dataclass(frozen=True)
class Token:
    """`place` says where it came from. The token itself is kept as a digest, and never shown."""

    place: str
    made: bool
    _digest: bytes = field(repr=False)

    def admits(self, shown: Iterable[bytes]) -> bool:
        """Whether a client showed this token, and no other one beside it; in constant time."""
        found = [hmac.compare_digest(sha256(text).digest(), self._digest) for text in shown]
        return bool(found) and all(found)


def token_file() -> Path:
    """Where the token lies unless the environment has it."""
    return config_folder() / "serve.token"


def load_token(file: Path | None = None) -> Token:
    """The token in `file`; else in $HEADWATER_TOKEN; else in the config folder, made if need be.

    Raises InputError for one that is too short, KeyPermissionError for a file that others can
    read, StorageError.
    """
    given = os.environ.get(TOKEN_VARIABLE) if file is None else None
    if given is not None:
        return _token(given.strip(), f"${TOKEN_VARIABLE}", made=False)
    path = file or token_file()
    made = False
    if not path.exists() and file is None:
        _make(path)
        made = True
    return _token(_read(path), str(path), made=made)


def _make(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(32) + "\n")
    except FileExistsError:
        return  # another server made it
    except OSError as error:
        raise storage_error(path, error) from error


def _read(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            data = opened.read(_MOST + 1)
    except FileNotFoundError:
        raise InputError(f"{printable(path)}: found no token file") from None
    except OSError as error:
        raise storage_error(path, error) from error
    if stat.S_IMODE(mode) & 0o077:
        raise KeyPermissionError(
            f"{printable(path)}: others can read the token", hint=f"chmod 600 {printable(path)}"
        )
    return data.decode("utf-8", "replace").strip()


def _token(text: str, place: str, *, made: bool) -> Token:
    if not _LEAST <= len(text) <= _MOST or not text.isascii() or not text.isprintable():
        raise InputError(
            f"{printable(place)}: not a token, expected {_LEAST} to {_MOST} printable characters",
            hint="remove it, and the server makes one",
        )
    return Token(place, made, sha256(text.encode()).digest())
