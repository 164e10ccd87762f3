"""The folder a manifest is written into: built beside its place, then renamed. Whole or not there.

While it is built it is called `.NAME.building`; what a killed build left there is cleared away.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.corpus.atomic import locked_folder, storage_error
from ledger.errors import InputError, printable
from ledger.manifests.names import CROISSANT, ENTRY, MANIFEST, PROOF, SHARDS, STRATA
from ledger.reserves.sealing.write import sync_folder

__all__ = ["building", "check_target", "settle_folder"]

_FILE, _FOLDER = 0o444, 0o755
_OURS = {MANIFEST, STRATA, SHARDS, CROISSANT, ENTRY, PROOF, "rows", "texts"}
_HINT = "choose another folder with -o"


def check_target(out: Path) -> None:
    """Whether a manifest may be written to `out`: nothing there, or an empty folder.

    Raises InputError, StorageError.
    """
    if out.name in ("", ".."):
        raise InputError(f"{printable(out)}: expected the name of a new folder", hint=_HINT)
    try:
        if not out.exists() and not out.is_symlink():
            return
        if not out.is_dir() or out.is_symlink():
            raise InputError(f"{printable(out)}: found a file or link, expected a folder",
                             hint=_HINT)  # fmt: skip
        if any(out.iterdir()):
            raise InputError(f"{printable(out)}: found files, expected an empty folder", hint=_HINT)
    except OSError as error:
        raise storage_error(out, error) from error


@contextmanager
def building(out: Path) -> Iterator[Path]:
    """An empty folder beside `out`, ours alone. Nothing is left of it unless it was settled.

    Raises BusyError if another process builds there, InputError for foreign files, StorageError.
    """
    fresh = out.with_name(f".{out.name}.building")
    with locked_folder(fresh, f"{printable(out)}: another process is building there"):
        try:
            _clear(fresh)
            (fresh / "rows").mkdir()
            (fresh / "texts").mkdir()
            yield fresh
        except BaseException as error:
            shutil.rmtree(fresh, ignore_errors=not isinstance(error, Exception))
            if isinstance(error, OSError):
                raise storage_error(Path(error.filename or fresh), error) from error
            raise


def settle_folder(fresh: Path, out: Path) -> None:
    """Give the finished folder its name, its files read-only."""
    for path in fresh.rglob("*"):
        path.chmod(_FOLDER if path.is_dir() else _FILE)
        if path.is_dir():
            sync_folder(path)
    sync_folder(fresh)
    if out.is_dir():
        out.rmdir()  # empty: `check_target` has looked
    fresh.rename(out)
    sync_folder(out.parent)


def _clear(folder: Path) -> None:
    foreign = {item.name for item in folder.iterdir()} - _OURS
    if foreign:
        raise InputError(
            f"{printable(folder)}: found {printable(min(foreign))}, expected what a build left",
            hint="move it away; a manifest is built there",
        )
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()
