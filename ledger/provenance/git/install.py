"""Puts our hooks beside those that are there, and takes them away without a trace.

The usual case: our scripts stand in `.git/hooks`; a hook that was there is renamed to
`NAME.before-headwater` and called by ours. Where core.hooksPath leads elsewhere (a folder of the
team, of the user, of another tool) nothing there is touched: our scripts lie in
`.git/headwater/hooks`, one more `core.hooksPath` line in the repository's own config leads there,
and they call what stands in the folder that counted before.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InputError, RefusedError, StorageError, printable
from ledger.provenance.git.run import Repository, find_repository, run_git
from ledger.provenance.tags.spool import BAD, waiting

__all__ = ["HOOKS", "Installed", "Uninstalled", "install", "uninstall"]

HOOKS = ("prepare-commit-msg", "commit-msg", "post-commit", "post-rewrite", "pre-push")
# Handed on even if nothing stands there yet: a hook that is added later must not be lost.
_FORWARDED = (
    "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit",
    "pre-rebase", "post-checkout", "post-merge", "pre-receive", "update", "post-receive",
    "post-update", "pre-auto-gc", "sendemail-validate",
)  # fmt: skip
# Handed on only if they are there: these cost time at every step, or mean something by existing.
_RARE = (
    "reference-transaction", "post-index-change", "push-to-checkout", "proc-receive",
    "p4-changelist", "p4-prepare-changelist", "p4-post-changelist", "p4-pre-submit",
)  # fmt: skip
_BEFORE = ".before-headwater"
_SCRIPTS = Path(__file__).parent / "hooks"
_MADE = "made_hooks_folder"


@dataclass(frozen=True)
class Installed:
    """`folder` holds the hooks; `chained` names those that were there; `behind` is the folder that
    core.hooksPath named, if any; `again`: they were ours before.
    """

    folder: Path
    chained: tuple[str, ...]
    behind: str | None
    again: bool


@dataclass(frozen=True)
class Uninstalled:
    """`removed` names our hooks that went, `left` says what could not be put back and why."""

    removed: tuple[str, ...]
    left: tuple[str, ...]


def install(
    start: Path, *, grammar: bool = False, strict: bool = False, notes: bool = False
) -> Installed:
    """Install the hooks, or bring them up to date.

    `grammar`: A1 counts for the trailer, too. `strict`: a hook that cannot do its work stops the
    commit. `notes`: a push takes refs/notes/ai along. Raises InputError outside a repository and in
    a bare one, RefusedError where hooks cannot be put without losing another's, StorageError.
    """
    repository = find_repository(start)
    settings = [
        name
        for name, wanted in (("grammar", grammar), ("strict", strict), ("notes", notes))
        if wanted
    ]
    try:
        return _install(repository, settings)
    except OSError as error:
        raise StorageError(
            f"{printable(error.filename or repository.common)}: {(error.strerror or '').lower()}"
        ) from error


def _install(repository: Repository, settings: list[str]) -> Installed:
    front, usual = repository.state / "hooks", repository.common / "hooks"
    counts = _hooks_folder(repository)
    again = front.is_dir() or _standing(usual) != ()
    if counts == front or counts != usual or usual.is_symlink():
        behind = _behind(repository, front)
        chained = _put_in_front(repository, front, behind)
        _settle(repository, settings)
        return Installed(front, chained, behind, again)
    if front.is_dir():  # another tool took our line out of the config
        shutil.rmtree(front)
    if not usual.is_dir():
        usual.mkdir(parents=True)
        settings = [*settings, _MADE]
    elif _MADE in _settings(repository):
        settings = [*settings, _MADE]
    for name in HOOKS:
        if (usual / name).exists() and not _is_ours(usual / name):
            aside = usual / f"{name}{_BEFORE}"
            if os.path.lexists(aside):
                raise RefusedError(
                    f"{printable(aside)}: an earlier hook is there, and {name} is another one",
                    hint="join the two by hand, then install again",
                )
    _settle(repository, settings)
    for name in HOOKS:
        place, aside = usual / name, usual / f"{name}{_BEFORE}"
        if os.path.lexists(place) and not _is_ours(place):
            place.rename(aside)
        _write(place, (_SCRIPTS / name).read_bytes())
    chained = tuple(name for name in HOOKS if (usual / f"{name}{_BEFORE}").exists())
    return Installed(usual, chained, None, again)


def uninstall(start: Path) -> Uninstalled:
    """Put everything back. Raises RefusedError while tags wait in the spool, and as `install`."""
    repository = find_repository(start)
    spool = repository.state / "spool"
    if count := len(waiting(spool)):
        raise RefusedError(
            f"{printable(spool)}: tags that wait there for a ledger: {count:,}",
            hint="headwater git import records them; without a ledger, move that folder away first",
        )
    if count := len(waiting(spool / BAD)):
        raise RefusedError(
            f"{printable(spool / BAD)}: tags that no ledger could record: {count:,}",
            hint="read the reasons beside them, and move or delete them",
        )
    try:
        return _uninstall(repository)
    except OSError as error:
        raise StorageError(
            f"{printable(error.filename or repository.common)}: {(error.strerror or '').lower()}"
        ) from error


def _uninstall(repository: Repository) -> Uninstalled:
    front, usual = repository.state / "hooks", repository.common / "hooks"
    removed, left = [], []
    if os.path.lexists(front):
        _leave_front(repository, front)
        removed += [name for name in HOOKS if (front / name).exists()]
    for name in () if usual.is_symlink() else HOOKS:
        place, aside = usual / name, usual / f"{name}{_BEFORE}"
        if _is_ours(place):
            place.unlink()
            removed.append(name)
        if not os.path.lexists(aside):
            continue
        if os.path.lexists(place):
            left.append(f"{aside.name}: {name} is no longer ours, so the earlier one stays aside")
        else:
            aside.rename(place)
    if _MADE in _settings(repository) and usual.is_dir() and not any(usual.iterdir()):
        usual.rmdir()
    if repository.state.is_dir():
        shutil.rmtree(repository.state)
    return Uninstalled(tuple(removed), tuple(left))


# --- in front of core.hooksPath


def _hooks_folder(repository: Repository) -> Path:
    asked = run_git(
        repository.folder, ["rev-parse", "--path-format=absolute", "--git-path", "hooks"]
    )
    return Path(os.fsdecode(asked.removesuffix(b"\n")))


def _behind(repository: Repository, front: Path) -> str:
    """The folder of hooks that counts without us, as the config spells it."""
    said = run_git(
        repository.folder, ["config", "--type=path", "-z", "--get-all", "core.hooksPath"], ok=(0, 1)
    )
    named = [os.fsdecode(value) for value in said.split(b"\0") if value]
    others = [value for value in named if Path(value) != front]
    behind = others[-1] if others else str(repository.common / "hooks")
    if "\n" in behind:
        raise RefusedError(f"core.hooksPath: a line break in {printable(behind)}")
    return behind


def _put_in_front(repository: Repository, front: Path, behind: str) -> tuple[str, ...]:
    there = repository.top / behind  # git reads a relative path from the top
    front.mkdir(parents=True, exist_ok=True)
    for name in (*HOOKS, *_FORWARDED, *_RARE):
        if name in _RARE and not (there / name).exists():
            (front / name).unlink(missing_ok=True)
            continue
        script = name if name in HOOKS else "forward"
        _write(front / name, (_SCRIPTS / script).read_bytes())
    (front / "before").write_bytes(os.fsencode(behind) + b"\n")
    if _hooks_folder(repository) != front:
        run_git(repository.folder, ["config", "--local", "--add", "core.hooksPath", str(front)])
    if _hooks_folder(repository) != front:
        _leave_front(repository, front)
        shutil.rmtree(front)
        if not any(repository.state.iterdir()):
            repository.state.rmdir()
        raise RefusedError(
            f"core.hooksPath: {printable(behind)} is set where the repository's config cannot win",
            hint="git config --show-origin --get-all core.hooksPath",
        )
    return tuple(name for name in HOOKS if os.access(there / name, os.X_OK))


def _leave_front(repository: Repository, front: Path) -> None:
    arguments = ["--fixed-value", "--unset-all", "core.hooksPath", str(front)]
    run_git(repository.folder, ["config", "--local", *arguments], ok=(0, 5))  # 5: not there


# --- files


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(256)
    except OSError:
        return False
    return head.startswith(b"#!/bin/sh\n# headwater: hook ")


def _standing(folder: Path) -> tuple[str, ...]:
    return tuple(name for name in HOOKS if _is_ours(folder / name))


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.headwater-new")
    fresh.write_bytes(content)
    fresh.chmod(0o755)
    fresh.replace(path)


def _settings(repository: Repository) -> list[str]:
    try:
        return (repository.state / "settings").read_text(encoding="ascii").split("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        return []


def _settle(repository: Repository, settings: list[str]) -> None:
    """One word a line, which the hooks read."""
    if repository.state.is_symlink() or repository.state.is_file():
        raise InputError(f"{printable(repository.state)}: found no folder of ours there")
    repository.state.mkdir(exist_ok=True)
    (repository.state / "settings").write_text("".join(f"{name}\n" for name in settings))
