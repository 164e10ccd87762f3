"""headwater tag: who or what wrote a text, said where it is written; commands in `_tag/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Tag(LazyGroup):
    """Tags files, unless its first word is one of its commands: then that one runs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = (*self.list_commands(ctx), *ctx.help_option_names)
        if args and args[0] not in known:
            args = [_FILES, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command of the group's; for a file's name the one that tags files."""
        found = super().get_command(ctx, cmd_name)
        if found is not None:
            return found
        from ._tag._files import command as files

        return files

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] == _FILES:
            return None, self.get_command(ctx, _FILES), args[1:]
        return super().resolve_command(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return ["[OPTIONS] FILE…"]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        files = self.get_command(ctx, _FILES)
        assert files is not None  # it is not looked up among the modules
        click.Command.format_options(files, ctx, formatter)
        click.Group.format_commands(self, ctx, formatter)


_FILES = ""  # no file and no command has this name


@click.group("tag", cls=_Tag, package=f"{__package__}._tag", invoke_without_command=False)
def command() -> None:
    """Say who or what wrote a text, where it is written.

    A tag is a claim about the exact bytes of FILE, or of lines of it. It needs no ledger: it waits
    in the repository, or beside your keys, until any other command opens a ledger, and is recorded
    there. Without --ai it asks; it never takes "none" for granted. The same tag twice is one tag.
    A file that is called like a command is ./status.

    \b
    Examples:
      headwater tag notes.md --ai edits --model 'Model 1' --lines 10-40,50 --sign
      headwater tag letter.txt --ai none --sign ~/.ssh/id_ed25519
      generate | headwater tag --stdin --ai all --model 'Model 1'
    """
