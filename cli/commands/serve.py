"""headwater serve: a local server that takes tags and git-ai's notes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.web.server import Listening

__all__ = ["command"]


@click.command("serve")
@click.option("--tags", is_flag=True, required=True, help="Take tags and notes.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen."
)
@click.option(
    "--port",
    default=8271,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0: any that is free.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the token lies. Else $HEADWATER_TOKEN, else a file in the config folder.",
)
@click.option("--allow-remote", is_flag=True, help="Listen where other machines can reach it.")
@pass_output
def command(
    out: Output,
    tags: bool,
    host: str,
    port: int,
    token_file: Path | None,
    allow_remote: bool,
) -> None:
    """Take tags from editors and agents, and be a notes backend for git-ai. Ends with Ctrl-C.

    Clients show the token as X-API-Key or Authorization: Bearer. POST /v1/tags records a tag and
    answers with its receipt; /worker/notes/ keeps every note that was ever uploaded and serves
    the newest.

    \b
    Example:
      headwater serve --tags
    """
    from ledger.web.server import serve_tags

    def announce(listening: "Listening") -> None:
        out.result(
            f"listening on {listening.url}",
            {"token": listening.token.place, "url": listening.url},
        )
        sys.stdout.flush()  # who started us waits for this line
        made = "; it was made just now" if listening.token.made else ""
        out.say(f"the token is in {listening.token.place}{made}")
        if not listening.loopback:
            out.warn("other machines can reach this; without TLS in front they can read the token")

    serve_tags(
        out.ledger,
        host=host,
        port=port,
        token_file=token_file,
        remote=allow_remote,
        announce=announce,
        report=lambda line: out.warn(line.rstrip()),
    )
