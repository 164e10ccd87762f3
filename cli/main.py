"""The command `headwater`: global options, the ledger's place, and the one exit."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ledger import __version__

from .failures import explain
from .lazy import LazyGroup
from .output import Output, talk
from .spool import drain_spools
from .team import FILE, team_ledger

__all__ = ["headwater", "main", "run"]

DEFAULT = "headwater.db"
EVERYDAY = ("init", "demo", "ingest", "scan", "certify", "verify", "status", "serve")


@click.group(
    cls=LazyGroup,
    package=f"{__package__}.commands",
    first=EVERYDAY,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--ledger",
    metavar="PATH|URL",
    envvar="HEADWATER_LEDGER",
    help=f"The ledger. Else $HEADWATER_LEDGER, else ./{FILE}, else ./{DEFAULT}.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON document instead of text. Goes anywhere.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say only what failed.")
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
@click.version_option(__version__, prog_name="headwater", message="%(prog)s %(version)s")
@click.pass_context
def headwater(
    ctx: click.Context, ledger: str | None, as_json: bool, quiet: bool, verbose: bool
) -> None:
    """Record where training text came from, and prove it."""
    if quiet and verbose:
        raise click.UsageError("found both -q and -v, expected one of them", ctx)

    def locate() -> str:
        return ledger or team_ledger(Path.cwd()) or DEFAULT

    ctx.obj = Output(
        locate, as_json=as_json, verbosity=int(verbose) - int(quiet), arrive=drain_spools
    )


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status: 0 done, 1 evidence does not hold, 2 usage,
    3 bad input, 4 refused, 130 interrupted, 141 the reader left. Lets a bug's exception through.

    A command that found something wrong without an exception calls `ctx.exit(1)`.
    """
    status = 0
    try:
        try:
            # not click's own main(): it would turn a closed pipe into exit 1
            with headwater.make_context("headwater", _json_first(arguments)) as ctx:
                headwater.invoke(ctx)
        except click.exceptions.Exit as end:
            status = end.exit_code
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk shows here, while we can still say so
        return status
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message(), err=True)
        return asked.exit_code
    except (Exception, KeyboardInterrupt) as error:
        failure = explain(error)
        if failure is None:
            raise
        if failure.message is not None:
            talk(f"error: {failure.message}")
        if failure.hint is not None:
            talk(f"hint: {failure.hint}")
        return failure.code


def _json_first(arguments: Sequence[str]) -> list[str]:
    """`--json` moved to the front from wherever it stands before `--`: people add it at the end."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [word for word in arguments[:end] if word != "--json"]
    found = ["--json"] if len(options) < end else []
    return [*found, *options, *arguments[end:]]


def main() -> None:
    """The console script."""
    if sys.stdout is not None:
        # PYTHONUNBUFFERED leaves stdout raw, and a raw short write loses the rest without a word
        sys.stdout = open(  # noqa: SIM115  # lives as long as the process
            sys.stdout.fileno(),
            "w",
            encoding=sys.stdout.encoding,
            errors="backslashreplace",
            closefd=False,
        )
    status = run(sys.argv[1:])
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            # run() reported it; the interpreter must not try again on its way out
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)
