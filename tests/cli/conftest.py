"""A folder of probe commands beside the real ones, each with its own accident."""

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

PROBES = {
    "raises": """
        @click.command()
        @click.argument("name")
        @pass_output
        def command(out, name):
            "Raise one of the errors the test laid out."
            import builtins
            raise builtins.probe_error
    """,
    "speaks": """
        @click.command()
        @pass_output
        def command(out):
            "Say something in each way."
            out.say("said")
            out.detail("detailed")
            out.warn("warned")
            out.result(f"ledger {out.ledger}", {"ledger": out.ledger})
    """,
    "two_words": """
        @click.group()
        def command():
            "A noun."
        @command.command()
        @click.option("--count", type=int, help="A number.")
        def show(count):
            "Show it."
    """,
    "waits": """
        @click.command()
        @pass_output
        def command(out):
            "Wait for an interrupt."
            import time
            out.say("waiting")
            time.sleep(60)
    """,
    "long": """
        @click.command()
        @pass_output
        def command(out):
            "Print more than a pipe holds."
            out.result("line\\n" * 200_000, [])
    """,
    "_helper": "raise AssertionError('a helper is no command')",
}


@pytest.fixture
def probes(front: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second folder of commands, found beside the real ones."""
    package = import_module(f"{front}.commands")
    folder = tmp_path / "probes"
    folder.mkdir()
    for name, code in PROBES.items():
        head = "import click\nfrom ..output import pass_output\n"
        (folder / f"{name}.py").write_text(head + textwrap.dedent(code))
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    yield folder
    for name in PROBES:
        sys.modules.pop(f"{package.__name__}.{name}", None)


@pytest.fixture
def process(probes: Path, front: str) -> Callable[[str], list[str]]:
    """The command line of a process of its own that runs one probe through main()."""

    def line(command: str) -> list[str]:
        code = (
            f"import {front}.commands as c; c.__path__.append({str(probes)!r}); import sys;"
            f"sys.argv = ['headwater', {command!r}];"
            f"from {front}.main import main; main()"
        )
        return [sys.executable, "-c", code]

    return line


@pytest.fixture
def environment(root: Path) -> dict[str, str]:
    """Of a process that finds the checkout."""
    return {**os.environ, "PYTHONPATH": str(root)}
