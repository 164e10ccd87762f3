"""Every command explains itself, speaks through one voice, and is in the README."""

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest


def _walk(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(words, command) of every command below `group`, groups included."""
    with click.Context(group) as ctx:
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None
            yield (*path, name), command
            if isinstance(command, click.Group):
                yield from _walk(command, (*path, name))


@pytest.fixture
def commands(front: str) -> list[tuple[tuple[str, ...], Any]]:
    found = list(_walk(import_module(f"{front}.main").headwater))
    if not found:
        pytest.skip("cli/commands holds no command yet")
    return found


def test_a_command_does_not_explain_itself(commands: list[tuple[tuple[str, ...], Any]]) -> None:
    for words, command in commands:
        name = " ".join(words)
        assert command.help, f"headwater {name}: no help"
        first = command.help.partition("\n")[0]
        assert first.endswith("."), f"headwater {name}: {first!r} is no sentence"
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.help, f"headwater {name} {parameter.opts[0]}: no help"


def test_a_command_refuses_json(
    commands: list[tuple[tuple[str, ...], Any]], headwater: Callable[..., Any]
) -> None:
    for words, _ in commands:
        ran = headwater("--json", *words, "--help")
        assert (ran.code, ran.stderr) == (0, ""), f"headwater --json {' '.join(words)}"
        assert ran.stdout.startswith(f"Usage: headwater {' '.join(words)}")


def test_a_command_prints_past_its_output(root: Path) -> None:
    """`--json` and `-q` hold only for what goes through Output."""
    for file in sorted((root / "cli" / "commands").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in {
                    "print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write",
                }, f"cli/commands/{file.name}:{node.lineno}: {called}; use Output"  # fmt: skip


def test_a_command_is_not_in_the_readme(
    commands: list[tuple[tuple[str, ...], Any]], root: Path
) -> None:
    """One table row names a command: its words stand in the row's code spans."""
    readme = root / "README.md"
    if not readme.exists():
        pytest.skip("README.md is not written yet")
    rows = [
        set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`]+)`", line))))
        for line in readme.read_text().splitlines()
        if line.startswith("|")
    ]
    for words, command in commands:
        if not isinstance(command, click.Group):
            assert any(set(words) <= row for row in rows), (
                f"README.md: no table row names `{' '.join(words)}`"
            )
