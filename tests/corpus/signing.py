"""Keys and repositories made for one test run, by gpg, ssh-keygen and git; skips without them."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

TOOLS = ("git", "gpg", "gpgv", "gpgconf", "ssh-keygen")


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def at(text: str) -> int:
    """Unix seconds of an ISO time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Gpg:
    """A keyring with one key per person, signing at whatever time a test says."""

    home: Path

    def run(self, *arguments: str, when: int, data: bytes = b"") -> bytes:
        moment = datetime.fromtimestamp(when, UTC).strftime("%Y%m%dT%H%M%S")
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--no-tty"]
        command += ["--faked-system-time", f"{moment}!", "--pinentry-mode", "loopback"]
        ran = subprocess.run(
            [*command, "--passphrase", "", *arguments], input=data, capture_output=True, check=False
        )
        assert ran.returncode == 0, ran.stderr.decode()
        return ran.stdout

    def make(self, who: str, when: int, expires: str = "0", kind: str = "ed25519") -> None:
        self.run("--quick-gen-key", who, kind, "sign", expires, when=when)

    def ring(self, *who: str, armour: bool = False) -> bytes:
        return self.run(*(["--armor"] if armour else []), "--export", *who, when=at("2026-01-01"))

    def revoke(self, who: str, when: int) -> None:
        """Take a key back, by the certificate that was made along with it."""
        listed = self.run("--with-colons", "--list-keys", who, when=when).decode().splitlines()
        name = next(line.split(":")[9] for line in listed if line.startswith("fpr"))
        stored = (self.home / "openpgp-revocs.d" / f"{name}.rev").read_bytes()
        self.run("--import", when=when, data=stored.replace(b":-----BEGIN", b"-----BEGIN"))

    def clear_sign(self, who: str, data: bytes, when: int, digest: str = "SHA256") -> bytes:
        return self.run(
            "--local-user", who, "--digest-algo", digest, "--allow-weak-digest-algos",
            "--clear-sign", when=when, data=data,
        )  # fmt: skip

    def detach_sign(self, who: str, data: bytes, when: int) -> bytes:
        return self.run("--local-user", who, "--armor", "--detach-sign", when=when, data=data)


@contextmanager
def gpg() -> Iterator[Gpg]:
    """A short path, because the agent's socket lies in it and may be 107 bytes long."""
    need(*TOOLS[1:4])
    with tempfile.TemporaryDirectory(prefix="hw-", dir="/tmp") as name:
        try:
            yield Gpg(Path(name))
        finally:
            subprocess.run(["gpgconf", "--homedir", name, "--kill", "all"], check=False)


@dataclass(frozen=True)
class Repo:
    """A repository whose commits and tags have the times a test says."""

    path: Path

    def git(self, *arguments: str, when: str = "2020-01-01", **environment: str) -> str:
        moment = f"{at(when)} +0000"
        ran = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.path),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
                "GIT_COMMITTER_NAME": "c", "GIT_COMMITTER_EMAIL": "c@example.org",
                "GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment,
                **environment,
            },
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def commit(self, when: str, **files: str) -> str:
        """Write files (`__` in a name is a slash, `_` a dot) and commit them all."""
        for name, text in files.items():
            file = self.path / name.replace("__", "/").replace("_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--allow-empty", "--message", "change", when=when)
        return self.git("rev-parse", "HEAD")


def repository(path: Path, *options: str) -> Repo:
    need("git")
    path.mkdir(parents=True)
    made = Repo(path)
    made.git("init", "--quiet", "--initial-branch=main", *options)
    return made
