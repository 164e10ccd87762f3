"""What a command says, and where: stdout is data, stderr is talk.

Data is text, or with `--json` exactly one JSON document. Talk carries the prefix `headwater: `,
is lower case and ends without a period. Text from outside is escaped before a terminal sees it.
"""

import json
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import click

from ledger.errors import printable

__all__ = ["Advance", "Output", "pass_output", "talk"]

Advance = Callable[[int, int, int], None]
"""Called with (bytes done, bytes in all, documents so far); 0 bytes in all means unknown."""

_LONGEST = 4000  # characters of one line of talk; library messages cut their own parts at 200


class Output:
    """One command's voice, and the place of the ledger it speaks about. Lives in click's context.

    `locate` is called when the ledger is first asked for, so that a broken team config spoils no
    `--help`. `arrive` is called then, once, with this voice and the place.
    """

    def __init__(
        self,
        locate: Callable[[], str],
        *,
        as_json: bool,
        verbosity: int,
        arrive: "Callable[[Output, str], None] | None" = None,
    ) -> None:
        self._locate, self.as_json, self.verbosity = locate, as_json, verbosity
        self._arrive = arrive

    @cached_property
    def location(self) -> str:
        """Path or URL of the ledger. Raises MalformedError if the team config is malformed."""
        return self._locate()

    @cached_property
    def ledger(self) -> str:
        """The same, once what waits for a ledger has been taken in. Raises the same."""
        if self._arrive is not None:
            self._arrive(self, self.location)
        return self.location

    def result(self, text: str, data: Any) -> None:
        """Print what the command found: `text`, or `data` as one JSON document. Call it once.

        JSON is plain ASCII: any consumer decodes it to equal values, and no terminal obeys it.
        """
        click.echo(json.dumps(data, indent=2, allow_nan=False) if self.as_json else _safe(text))

    def say(self, message: str) -> None:
        """Talk, unless `-q`."""
        if self.verbosity >= 0:
            talk(message)

    def detail(self, message: str) -> None:
        """Talk, only with `-v`."""
        if self.verbosity > 0:
            talk(message)

    def warn(self, message: str) -> None:
        """Talk that `-q` does not silence."""
        talk(f"warning: {message}")

    @staticmethod
    def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
        """An aligned text table: whole numbers to the right with thousands marks, None as `-`."""
        body = [list(row) for row in rows]
        cells = [[printable(header) for header in headers]]
        cells += [[_cell(value) for value in row] for row in body]
        right = [
            bool(body) and all(_counts(row[at]) or row[at] is None for row in body)
            for at in range(len(headers))
        ]
        widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
        lines = []
        for row in cells:
            padded = []
            for cell, width, to_right in zip(row, widths, right, strict=True):
                room = " " * (width - _width(cell))
                padded.append(room + cell if to_right else cell + room)
            lines.append("  ".join(padded).rstrip())
        return "\n".join(lines)

    @contextmanager
    def progress(self, label: str) -> Iterator[Advance]:
        """A bar with documents, rate and time left, on stderr; silent unless it is a terminal."""
        if self.verbosity < 0 or not sys.stderr.isatty():
            yield lambda done, total, documents: None
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        with Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[documents]:,} documents", markup=False),
            TextColumn("{task.fields[rate]:,.0f}/s", markup=False),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            task = bar.add_task(printable(label), total=None, documents=0, rate=0.0)
            began = time.monotonic()

            def advance(done: int, total: int, documents: int) -> None:
                rate = documents / max(time.monotonic() - began, 1e-3)
                bar.update(
                    task, completed=done, total=total or None, documents=documents, rate=rate
                )

            yield advance


pass_output = click.make_pass_decorator(Output)


def talk(message: str) -> None:
    """One line on stderr, whatever `message` holds."""
    click.echo(f"headwater: {printable(message, _LONGEST)}", err=True)


def _safe(text: str) -> str:
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    # an escape is at most ten characters, so nothing is cut
    return "\n".join(printable(line, 10 * len(line)) for line in text.split("\n"))


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if _counts(value) else printable(value)


def _width(cell: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in cell
    )
