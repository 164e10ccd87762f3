"""The folder a reserve is sealed into: built beside its place, then renamed, then closed.

While it is built it is called `.NAME.sealing`. What a killed seal left there says that it was under
way: the next one to the same place clears it away and, if the reserve was recorded already, writes
that reserve's folder instead of recording it again.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.corpus.atomic import locked_folder, storage_error
from ledger.errors import AlreadySealedError, InputError, printable
from ledger.provenance.dsse import parse_envelope
from ledger.reserves.layout import CONTENT, RECEIPTS, STATEMENT
from ledger.reserves.opening.listing import read_bounded
from ledger.reserves.sealing.write import sync_folder
from ledger.reserves.statement import Statement, parse_statement

__all__ = [
    "PARTS",
    "Site",
    "building",
    "drop",
    "held_at",
    "interrupted",
    "refuse_other",
    "settle_folder",
]

PARTS = "parts"
"""Temporary files of a seal, beside what it builds."""

_FILE, _FOLDER, _OPEN = 0o444, 0o555, 0o755
_OURS = {CONTENT, RECEIPTS, PARTS}
_MAX_STATEMENT = 64 << 20
_HINT = "choose another folder with -o"


@dataclass(frozen=True)
class Site:
    """Where a reserve is being built."""

    folder: Path


def interrupted(out: Path) -> bool:
    """Whether a seal to `out` was cut off, or is under way."""
    return _beside(out).exists()


def _beside(out: Path) -> Path:
    return out.with_name(f".{out.name}.sealing")


def held_at(out: Path) -> Statement | None:
    """The statement of the reserve that lies at `out`, None where nothing does.

    Raises InputError if something else lies there, VerificationError for a spoilt reserve.
    """
    if out.name in ("", ".."):
        raise InputError(f"{printable(out)}: expected the name of a new folder", hint=_HINT)
    try:
        if not out.exists() and not out.is_symlink():
            return None
        if not out.is_dir() or out.is_symlink():
            raise InputError(
                f"{printable(out)}: found a file or link, expected a folder", hint=_HINT
            )
        if not any(out.iterdir()):
            return None
    except OSError as error:
        raise storage_error(out, error) from error
    if not (out / RECEIPTS).is_dir():
        raise InputError(f"{printable(out)}: found other files, expected nothing", hint=_HINT)
    where = printable(out / STATEMENT)
    payload, _ = parse_envelope(read_bounded(out / STATEMENT, _MAX_STATEMENT), where)
    return parse_statement(payload, where)


@contextmanager
def building(out: Path) -> Iterator[Site]:
    """An empty folder beside `out`, ours alone. It goes when the block fails.

    Raises BusyError if another process is building there, StorageError.
    """
    fresh = _beside(out)
    with locked_folder(fresh, f"{printable(out)}: another process is sealing there"):
        try:
            _clear(fresh)
            yield Site(fresh)
        except OSError as error:
            raise storage_error(Path(error.filename or fresh), error) from error


def _clear(folder: Path) -> None:
    """Empty a folder that a seal left, whatever may be read-only in it."""
    foreign = {item.name for item in folder.iterdir()} - _OURS
    if foreign:
        raise InputError(
            f"{printable(folder)}: found {printable(min(foreign))}, expected what a seal left",
            hint="move it away; a seal is built there",
        )
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(_OPEN)
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()


def drop(site: Site) -> None:
    """Leave nothing of a seal that was not recorded."""
    _clear(site.folder)
    site.folder.rmdir()


def settle_folder(site: Site, out: Path) -> None:
    """Give the finished folder its name, and make everything in it read-only."""
    for path in site.folder.rglob("*"):
        path.chmod(_FOLDER if path.is_dir() else _FILE)
    sync_folder(site.folder)
    if out.is_dir():
        out.rmdir()  # empty: `held_at` has looked
    site.folder.rename(out)
    out.chmod(_FOLDER)
    sync_folder(out.parent)


def refuse_other(out: Path, held: Statement | None, root: bytes) -> None:
    """Raises AlreadySealedError if this very set lies at `out`, InputError for another reserve."""
    if held is None:
        return
    if held.content_root == root:
        raise AlreadySealedError(
            f"{printable(out)}: already sealed, as {held.name} version {held.version}",
            hint=f"headwater verify {out}",
        )
    raise InputError(
        f"{printable(out)}: found {held.name} version {held.version}, expected an empty folder: "
        "a sealed folder is never written over",
        hint=_HINT,
    )
