"""How a command ends: exit status, one line, a hint; and never a lost byte of stdout."""

import builtins
import errno
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import errors

Process = Callable[[str], list[str]]


@pytest.fixture
def fails(
    probes: Path, headwater: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Run a command that raises the given exception."""

    def failing(error: BaseException) -> Any:
        monkeypatch.setattr(builtins, "probe_error", error, raising=False)
        return headwater("raises", "x")

    return failing


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (errors.InputError("a.txt: empty", hint="fill it"), 3, "a.txt: empty"),
        (errors.MalformedError("a.jsonl", 7, "two objects"), 3, "a.jsonl:7: two objects"),
        (errors.BrokenChainError("entry 8: differs"), 1, "entry 8: differs"),
        (errors.BusyError("x.db: another writer"), 4, "x.db: another writer"),
        (errors.MissingExtraError("psycopg", "postgresql"), 4, "psycopg is not installed"),
        (OSError(errno.ENOSPC, "", "x.db"), 4, "x.db: no space left on the device"),
        (OSError(errno.EFBIG, ""), 4, "while writing: the file may not grow further"),
        (OSError(errno.EROFS, "", "x.db"), 4, "x.db: read-only file system"),
        (PermissionError(errno.EACCES, "", "k.pem"), 4, "k.pem: permission denied"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_command_fails(
    fails: Callable[..., Any], error: BaseException, code: int, said: str
) -> None:
    ran = fails(error)
    assert (ran.code, ran.stdout) == (code, "")
    lines = ran.stderr.splitlines()
    assert lines[0] == f"headwater: error: {said}"
    hint = getattr(error, "hint", None)
    if hint is not None:
        assert lines[1:] == [f"headwater: hint: {hint}"]


def test_a_message_spans_lines(fails: Callable[..., Any]) -> None:
    ran = fails(errors.InputError("name\nheadwater: fake \x1b[2J"))
    assert ran.stderr == "headwater: error: name\\nheadwater: fake \\x1b[2J\n"


def _refusal(provoke: Callable[[], object]) -> sqlite3.Error:
    try:
        provoke()
    except sqlite3.Error as error:
        return error
    raise AssertionError("sqlite refused nothing")


def test_sqlite_refuses(fails: Callable[..., Any], own_place: Path) -> None:
    """Real refusals of the real library."""
    noise = own_place / "noise.db"
    noise.write_bytes(b"no database, but long enough to be read as one" * 40)
    connection = sqlite3.connect(noise)
    ran = fails(_refusal(lambda: connection.execute("SELECT * FROM sqlite_master")))
    connection.close()
    assert (ran.code, ran.stderr.splitlines()[0]) == (
        3,
        "headwater: error: the ledger: the file is not a database",
    )
    ran = fails(_refusal(lambda: sqlite3.connect(own_place / "nowhere" / "x.db")))
    assert (ran.code, "cannot be opened" in ran.stderr) == (4, True)

    first, second = (sqlite3.connect(own_place / "x.db", timeout=0) for _ in range(2))
    first.execute("CREATE TABLE t (x)")
    first.execute("BEGIN IMMEDIATE")
    ran = fails(_refusal(lambda: second.execute("BEGIN IMMEDIATE")))
    assert (ran.code, "another process holds" in ran.stderr) == (4, True)
    first.rollback()
    first.execute("PRAGMA max_page_count = 3")
    ran = fails(_refusal(lambda: first.execute("INSERT INTO t VALUES (zeroblob(100000))")))
    assert (ran.code, "the disk is full" in ran.stderr) == (4, True)
    second.execute("PRAGMA query_only = 1")
    ran = fails(_refusal(lambda: second.execute("INSERT INTO t VALUES (1)")))
    assert (ran.code, "read-only" in ran.stderr) == (4, True)
    first.close()
    second.close()


@pytest.mark.parametrize("bug", [ZeroDivisionError("x"), KeyError("x"), OSError(errno.EIO, "x")])
def test_a_bug_is_swallowed(fails: Callable[..., Any], bug: Exception) -> None:
    with pytest.raises(type(bug)):
        fails(bug)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_reader_of_a_pipe_leaves(
    process: Process, environment: dict[str, str], unbuffered: str
) -> None:
    with subprocess.Popen(
        process("long"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, "PYTHONUNBUFFERED": unbuffered},
    ) as started:
        assert started.stdout is not None and started.stderr is not None
        assert started.stdout.readline() == b"line\n"
        started.stdout.close()
        assert started.stderr.read() == b""
    assert started.returncode == 141


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_file_may_not_hold_all_of_stdout(
    process: Process, environment: dict[str, str], own_place: Path, unbuffered: str
) -> None:
    """A short write: the limit lies inside the one megabyte that is printed at once."""
    arguments = process("long")
    with (own_place / "out.txt").open("wb") as out:
        done = subprocess.run(
            ["bash", "-c", 'ulimit -f 100; exec "$@"', "limited", *arguments],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment, "PYTHONUNBUFFERED": unbuffered},
        )
    assert 0 < (own_place / "out.txt").stat().st_size < 1_000_000
    assert done.returncode == 4
    assert "headwater: error: while writing: the file may not grow further\n" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["speaks", "long"])
def test_the_disk_under_stdout_is_full(
    process: Process, environment: dict[str, str], command: str
) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            process(command),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
    assert done.returncode == 4
    assert "headwater: error: while writing: no space left on the device\n" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_a_person_presses_control_c(process: Process, environment: dict[str, str]) -> None:
    with subprocess.Popen(
        process("waits"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    ) as started:
        assert started.stdout is not None and started.stderr is not None
        assert started.stderr.readline() == "headwater: waiting\n"
        started.send_signal(signal.SIGINT)
        said = started.stderr.read()
        assert started.stdout.read() == ""
    assert (started.returncode, said) == (130, "headwater: error: interrupted\n")


def test_a_terminal_speaks_latin_only(process: Process, environment: dict[str, str]) -> None:
    done = subprocess.run(
        process("speaks"),
        env={**environment, "PYTHONIOENCODING": "latin-1", "HEADWATER_LEDGER": "日本.db"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "ledger \\u65e5\\u672c.db\n")
