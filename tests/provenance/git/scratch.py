"""Scratch repositories: no config, identity or clock of whoever runs the tests."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Scratch", "isolated", "scratch"]


def isolated(home: Path) -> dict[str, str]:
    """An environment in which git knows a fixed author, a fixed date, and no config but its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.endswith("_EDITOR")
    }
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "xdg"),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada Writer",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": "2026-03-01T12:00:00Z",
        "GIT_COMMITTER_NAME": "Ada Writer",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_COMMITTER_DATE": "2026-03-01T12:00:00Z",
        "LC_ALL": "C",
    }


@dataclass
class Scratch:
    """One repository; `git` runs a command in it and gives what it prints."""

    path: Path
    environment: dict[str, str]
    ticks: int = field(default=0)

    def git(self, *words: str | bytes, given: bytes | None = None, code: int = 0) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.path, env=self.environment, input=given, capture_output=True
        )
        said = done.stdout.decode(errors="surrogateescape")
        assert done.returncode == code, f"git {words}: {done.returncode}\n{said}{done.stderr!r}"
        return said

    def write(self, name: str | bytes, text: str | bytes) -> Path:
        path = self.path / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def blob(self, text: str | bytes) -> str:
        data = text if isinstance(text, bytes) else text.encode()
        return self.git("hash-object", "--stdin", given=data).strip()

    def index(self, text: str | bytes, assistance: str, model: str = "-") -> None:
        """A line in the hooks' index, as `tag` writes it."""
        place = self.path / ".git" / "headwater" / "index"
        with place.open("ab") as file:
            file.write(f"{self.blob(text)} {assistance} {model}\n".encode())

    def commit(self, message: str | None = None, *arguments: str) -> str:
        """Commit everything, a minute after the last one; the message as git stored it."""
        self.ticks += 1
        for who in ("AUTHOR", "COMMITTER"):
            self.environment[f"GIT_{who}_DATE"] = (
                f"2026-03-01T{12 + self.ticks // 60}:{self.ticks % 60:02}:00Z"
            )
        self.git("add", "-A")
        said = [] if message is None else ["-m", message]
        self.git("commit", "--quiet", *said, *arguments)
        return self.message()

    def message(self, commit: str = "HEAD") -> str:
        return self.git("log", "-1", "--format=%B", commit).rstrip("\n")

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    def tree(self) -> dict[str, bytes]:
        """Every file below hooks/ and the config, with its mode: what uninstall must put back."""
        folder = self.path / ".git"
        found = [folder / "config", *(folder / "hooks").rglob("*"), *folder.glob("headwater*")]
        return {
            str(path.relative_to(folder)): b"%o " % path.lstat().st_mode
            + (os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes())
            for path in found
            if path.is_file() or path.is_symlink()
        }


def scratch(folder: Path, *arguments: str) -> Scratch:
    """A new repository on branch `main` in `folder`."""
    folder.mkdir(parents=True)
    made = Scratch(folder, isolated(folder.parent))
    made.git("init", "--quiet", "--initial-branch=main", *arguments)
    return made
