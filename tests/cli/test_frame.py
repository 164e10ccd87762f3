"""Commands are found, say what they say in the right place, and ask the right ledger."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_a_file_becomes_a_command_by_itself(probes: Path, headwater: Run) -> None:
    ran = headwater("--help")
    assert ran.code == 0
    assert "  two-words  A noun." in ran.stdout
    assert "helper" not in ran.stdout


def test_everyday_commands_come_first(probes: Path, headwater: Run) -> None:
    speaks = (probes / "speaks.py").read_text()
    (probes / "zzz.py").write_text(speaks)
    for name in ("verify", "init"):
        (probes / f"{name}.py").write_text(speaks)
    lines = [line.split(" ")[2] for line in headwater("--help").stdout.split("\nNouns")[0].split(
        "\nEveryday:\n")[1].splitlines() if line]  # fmt: skip
    assert [name for name in lines if name in ("init", "verify")] == ["init", "verify"]
    assert "zzz" not in lines


@pytest.mark.parametrize("name", ["_helper", "two_words", "os", "..main", "-", "speaks.x"])
def test_a_name_that_is_no_command_is_imported(probes: Path, headwater: Run, name: str) -> None:
    ran = headwater("--", name)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("headwater: error: no such command")


def test_a_command_is_misspelt(probes: Path, headwater: Run) -> None:
    assert headwater("speeks") == (
        2,
        "",
        "headwater: error: no such command: speeks\nheadwater: hint: did you mean speaks?\n",
    )
    ran = headwater("two-words", "shaw")
    assert ran.code == 2
    assert ran.stderr.startswith("headwater: error: no such command 'shaw'")


def test_a_command_name_carries_terminal_escapes(probes: Path, headwater: Run) -> None:
    ran = headwater("\x1b[2Jevil\u202e\nheadwater: error: fake")
    assert ran.code == 2
    assert "\x1b" not in ran.stderr and "\u202e" not in ran.stderr
    assert len(ran.stderr.splitlines()) == 2


def test_a_global_option_stands_after_the_command(probes: Path, headwater: Run) -> None:
    assert headwater("two-words", "show", "--quiet").stderr.splitlines() == [
        "headwater: error: no such option '--quiet'",
        "headwater: hint: --quiet goes before the command: headwater --quiet two-words show",
    ]


def test_json_at_the_end_is_refused(probes: Path, headwater: Run) -> None:
    assert headwater("speaks", "--json") == headwater("--json", "speaks")
    assert headwater("speaks", "--", "--json").code == 2  # after --, it is an argument


def test_an_option_has_a_wrong_value(probes: Path, headwater: Run) -> None:
    ran = headwater("two-words", "show", "--count", "many")
    assert ran.code == 2
    assert ran.stderr.splitlines() == [
        "headwater: error: invalid value for '--count': 'many' is not a valid integer",
        "headwater: hint: headwater two-words show --help",
    ]


def test_no_command_is_given(headwater: Run) -> None:
    ran = headwater()
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Usage: headwater")


def test_talk_lands_on_stdout(probes: Path, headwater: Run) -> None:
    ran = headwater("speaks")
    assert ran == (0, "ledger headwater.db\n", "headwater: said\nheadwater: warning: warned\n")
    assert headwater("-q", "speaks").stderr == "headwater: warning: warned\n"
    assert "headwater: detailed\n" in headwater("-v", "speaks").stderr
    assert headwater("-q", "-v", "speaks").code == 2


def test_json_is_not_one_document(probes: Path, headwater: Run) -> None:
    ran = headwater("--json", "--ledger", "ü\u202e\x1b.db", "speaks")
    assert json.loads(ran.stdout) == {"ledger": "ü\u202e\x1b.db"}
    assert ran.stdout.isascii() and "\x1b" not in ran.stdout


def test_untrusted_text_reaches_the_terminal(probes: Path, headwater: Run) -> None:
    ran = headwater("--ledger", "a\x1b[31m\u202eb\u200b.db", "speaks")
    assert ran.stdout == "ledger a\\x1b[31m\\u202eb\\u200b.db\n"


def test_a_table_is_crooked(front: str) -> None:
    table = import_module(f"{front}.output").Output.table
    assert table(["name", "documents", "note"], [["a\x1b", 1204, "x"], ["日本", None, True]]) == (
        "name   documents  note\n"
        "a\\x1b      1,204  x\n"
        "日本           -  True"
    )  # fmt: skip
    assert table(["name", "n"], []) == "name  n"
    with pytest.raises(ValueError, match="zip"):
        table(["one"], [["a", "b"]])


def test_progress_is_drawn_into_a_file(front: str, capsys: pytest.CaptureFixture[str]) -> None:
    voice = import_module(f"{front}.output").Output(lambda: "x", as_json=False, verbosity=0)
    with voice.progress("reading") as advance:
        advance(1, 2, 3)
    assert capsys.readouterr() == ("", "")
    assert "rich" not in voice.__dict__


def test_progress_on_a_terminal_shows_the_count(front: str, environment: dict[str, str]) -> None:
    """A pseudo-terminal as stderr, stdout a pipe."""
    code = (
        f"from {front}.output import Output\n"
        "with Output(lambda: 'x', as_json=False, verbosity=0).progress('reading') as advance:\n"
        "    advance(50, 100, 1204)\n"
        "    import time; time.sleep(0.3)\n"
    )
    ours, theirs = os.openpty()
    terminal = {**environment, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=theirs, stdout=subprocess.PIPE, env=terminal
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # the other side closed
                break
            if not chunk:
                break
            shown += chunk
        assert process.stdout is not None and process.stdout.read() == b""
    os.close(ours)
    assert process.returncode == 0
    assert b"reading" in shown and b"1,204 documents" in shown and b"50%" in shown


def test_the_ledger_is_another_than_asked(
    probes: Path, headwater: Run, own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert headwater("speaks").stdout == "ledger headwater.db\n"
    (own_place / ".headwater.toml").write_text('ledger = "team.db"\n')
    assert headwater("speaks").stdout == "ledger team.db\n"
    monkeypatch.setenv("HEADWATER_LEDGER", "environment.db")
    assert headwater("speaks").stdout == "ledger environment.db\n"
    assert headwater("--ledger", "option.db", "speaks").stdout == "ledger option.db\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'ledgre = "x"', ".headwater.toml: unknown key ledgre"),
        (b"ledger = 3", ".headwater.toml: ledger is 3, expected a path or url in quotes"),
        (b'ledger = ""', ".headwater.toml: ledger is '', expected a path or url in quotes"),
        (b'\nledger = "x', ".headwater.toml:2: not toml: "),
        (b"# ok\n\xff", ".headwater.toml:2: bytes that are not utf-8"),
        (b"#" * 70_000, ".headwater.toml: more than 65536 bytes"),
        (b'"\\u202e\\u001b" = 1', ".headwater.toml: unknown key \\u202e\\x1b"),
    ],
)
def test_the_team_config_is_malformed(
    probes: Path, headwater: Run, own_place: Path, content: bytes, said: str
) -> None:
    (own_place / ".headwater.toml").write_bytes(content)
    ran = headwater("speaks")
    assert ran.code == 3
    assert f"headwater: error: {said}" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert headwater("speaks", "--help").code == 0


def test_the_team_config_is_a_folder(probes: Path, headwater: Run, own_place: Path) -> None:
    (own_place / ".headwater.toml").mkdir()
    ran = headwater("speaks")
    assert (ran.code, ran.stderr.splitlines()[-1]) == (
        3,
        "headwater: error: .headwater.toml: is a directory",
    )
