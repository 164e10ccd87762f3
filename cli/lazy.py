"""A click group whose commands are the files of a package, imported when they are asked for."""

from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword
from pkgutil import iter_modules
from typing import Any

import click

__all__ = ["LazyGroup", "NoSuchCommand"]


class NoSuchCommand(click.UsageError):
    """A command nobody wrote. `possibilities` are near names, best first."""

    def __init__(self, name: str, known: Sequence[str], ctx: click.Context) -> None:
        super().__init__(f"no such command: {name}", ctx)
        self.possibilities = get_close_matches(name, known)


class LazyGroup(click.Group):
    """Lists `package`'s modules as commands: `first` in its own order, then the others sorted.

    `_` in a module's name is `-` in the command's, and at its end, after a word of Python's own,
    nothing. A module whose name starts with `_` is none.
    """

    def __init__(self, *args: Any, package: str, first: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.package, self.first = package, tuple(first)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, without importing one."""
        found = {
            module.name.removesuffix("_").replace("_", "-")
            for module in iter_modules(import_module(self.package).__path__)
            if not module.name.startswith("_")
        }
        everyday = [name for name in self.first if name in found]
        return everyday + sorted(found.difference(everyday))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None if there is no such file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        name = cmd_name.replace("-", "_")
        module = import_module(f"{self.package}.{name}{'_' if iskeyword(name) else ''}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but with near names for a command that is not there."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise NoSuchCommand(args[0], known, ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Everyday commands first, then the nouns."""
        everyday: list[tuple[str, str]] = []
        nouns: list[tuple[str, str]] = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                line = (name, command.get_short_help_str(formatter.width - 20))
                (everyday if name in self.first else nouns).append(line)
        for title, lines in (("Everyday", everyday), ("Nouns", nouns)):
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)
