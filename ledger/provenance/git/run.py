"""Runs git: the one place that starts it, with nothing inherited that changes what it prints."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InputError, LedgerError, RefusedError, printable

__all__ = ["Repository", "find_repository", "quiet", "run_git"]

_LONGEST = 64 << 20  # bytes of an answer that is read whole


@dataclass(frozen=True)
class Repository:
    """A repository with a working tree. `folder` is where it was found, `top` its working tree.

    `common` is the git folder that linked worktrees share; hooks and what they read lie there.
    """

    folder: Path
    top: Path
    common: Path
    object_format: str

    @property
    def state(self) -> Path:
        """What the hooks read and write."""
        return self.common / "headwater"


def quiet(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment for git: English, no prompts, no pager, replaced objects as they are."""
    return {
        **os.environ,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        **(extra or {}),
    }


def run_git(
    folder: Path,
    arguments: Sequence[str],
    *,
    given: bytes | None = None,
    ok: Sequence[int] = (0,),
) -> bytes:
    """What `git ARGUMENTS` prints. Raises InputError with git's words where it fails, RefusedError
    where git is not installed, InputError for an answer of more than 64 MiB.
    """
    command = ["git", "-C", os.fspath(folder), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, env=quiet(), check=False)
    except FileNotFoundError as error:
        raise RefusedError("git is not installed", hint="install git 2.31 or newer") from error
    except OSError as error:
        raise RefusedError(f"git: {(error.strerror or 'cannot be run').lower()}") from error
    if done.returncode not in ok:
        raise _failed(arguments, done.stderr)
    if len(done.stdout) > _LONGEST:
        raise InputError(f"git {arguments[0]}: an answer of more than {_LONGEST >> 20} MiB")
    return done.stdout


_HINTS = {"rev-list": "commits as git log takes them: v1.0..HEAD, a branch, a commit"}


def _failed(arguments: Sequence[str], said: bytes) -> LedgerError:
    lines = said.decode(errors="replace").strip().splitlines() or ["no reason given"]
    reason = lines[0].removeprefix("fatal: ").removeprefix("error: ")
    name = next((word for word in arguments if not word.startswith("-")), "git")
    return InputError(f"git {name}: {printable(reason)}", hint=_HINTS.get(name))


def find_repository(start: Path) -> Repository:
    """The repository that `start` lies in. Raises InputError outside of one and in a bare one."""
    asked = run_git(
        start,
        [
            "rev-parse",
            "--path-format=absolute",
            "--is-bare-repository",
            "--show-object-format",
            "--git-common-dir",
        ],
    )
    bare, form, common = os.fsdecode(asked).rstrip("\n").split("\n", 2)
    if bare == "true":
        raise InputError(
            f"{printable(start)}: a bare repository, expected one with a working tree",
            hint="run it where people commit",
        )
    top = os.fsdecode(run_git(start, ["rev-parse", "--show-toplevel"]).removesuffix(b"\n"))
    return Repository(start, Path(top), Path(common), form)
