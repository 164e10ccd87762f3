"""The spool: receipts that wait for a ledger, one file a tag, offline and without SQL.

In a repository it lies under the common git folder, so that linked worktrees share it and nothing
of it is ever committed; elsewhere in the config folder. A file appears whole under its name,
`<claim id, 64 hex digits>.<first 16 of the receipt's SHA-256>.json`: writers cannot lose each
other's tags, and the same tag twice is one file. `bad/` holds what no ledger could record.
"""

import os
import stat
from hashlib import sha256
from pathlib import Path

from ledger.corpus.atomic import storage_error, whole_file
from ledger.log.keys import config_folder
from ledger.provenance.tags.make import Tag
from ledger.provenance.tags.receipt import format_receipt

__all__ = ["BAD", "append", "git_folder", "not_ours", "spool_folder", "waiting"]

BAD = "bad"
_LARGEST = 4096  # bytes of a `.git` file or a `commondir`


def git_folder(start: Path) -> Path | None:
    """The common git folder of the repository that `start` lies in; None outside of one."""
    here = start.absolute()
    for folder in (here, *here.parents):
        git: Path | None = folder / ".git"
        if git is not None and git.is_file():
            git = _linked(git)
        if git is not None and (git / "HEAD").is_file() and (git / "objects").is_dir():
            return git  # what only bears the name, git passes over, too
    return None


def spool_folder(start: Path) -> Path:
    """The spool for what is tagged in the folder `start`; it need not be there yet."""
    git = git_folder(start)
    return (git / "headwater" if git is not None else config_folder()) / "spool"


def append(folder: Path, tag: Tag) -> Path:
    """Put a tag into a spool; the file it lies in. Idempotent. Raises StorageError."""
    data = format_receipt(tag)
    claim = tag.claim_id.removeprefix("sha256:")
    path = folder / f"{claim}.{sha256(data).hexdigest()[:16]}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(folder, error) from error
    with whole_file(path) as file:
        file.write(data)
    return path


def waiting(folder: Path) -> list[Path]:
    """The receipts in a spool, the oldest first; none where there is no spool."""
    found = []
    for path in folder.glob("*.json"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue  # another command recorded it since
        if stat.S_ISREG(status.st_mode):  # a pipe would keep whoever reads it waiting
            found.append((status.st_mtime_ns, path.name, path))
    return [path for _, _, path in sorted(found)]


def not_ours(folder: Path) -> str | None:
    """Why a spool may hold what other people of this machine put there, or None.

    A folder that others own, or may all write to, lies wherever they have put a `.git`, such as
    above a shared temporary folder; a link leads to whatever its maker likes.
    """
    own = {os.geteuid()}
    if not os.geteuid() and os.environ.get("SUDO_UID", "").isdecimal():
        own.add(int(os.environ["SUDO_UID"]))  # as git does
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return "a link, expected a folder"
    if status.st_uid not in own or folder.parent.lstat().st_uid not in own:
        return "somebody else's folder"
    return "a folder that everybody may write to" if status.st_mode & stat.S_IWOTH else None


def _linked(file: Path) -> Path | None:
    """The common folder that a linked worktree's or submodule's `.git` file leads to."""
    kind, _, target = _line(file).partition(": ")
    if kind != "gitdir" or not target:
        return None
    git = file.parent / target
    common = git / "commondir"
    if common.is_file():
        git = git / _line(common)
    return git.resolve() if git.is_dir() else None


def _line(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(_LARGEST).decode("utf-8", "surrogateescape").strip()
