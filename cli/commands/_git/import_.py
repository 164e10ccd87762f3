"""headwater git import: what notes and trailers say of the texts in commits, into the ledger."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("import")
@click.argument("commits", metavar="[RANGE]", required=False)
@click.option("--no-notes", is_flag=True, help="Leave refs/notes/ai alone.")
@click.option("--no-trailers", is_flag=True, help="Leave the commits' messages alone.")
@pass_output
def command(out: Output, commits: str | None, no_notes: bool, no_trailers: bool) -> None:
    """Record what git-ai notes and commit trailers say. RANGE is HEAD, or as git log takes it.

    Each claim is about the exact bytes of a file in a commit: the lines that a note names, or that
    a commit with a trailer added. Lines that nothing covers stay unknown; they are never taken for
    a person's. Notes of another version are set aside, with the reason and their digest. A trailer
    that a tool writes unasked is a hint, and so is one on a commit of several files. Running it
    again records nothing twice.

    \b
    Examples:
      headwater git import
      headwater git import v1.0..main
    """
    from ledger.provenance.git.importing import import_commits
    from ledger.provenance.git.words import imported_data, imported_lines
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger, write=True) as log, out.progress("commits") as advance:
        done = import_commits(
            log,
            Path.cwd(),
            commits,
            notes=not no_notes,
            trailers=not no_trailers,
            progress=advance,
        )
    for item in done.quarantined[:20]:
        place = item.commit[:12] if item.path is None else f"{item.commit[:12]}, {item.path}"
        out.warn(f"note of {place}: {item.reason}")
    if len(done.quarantined) > 20:
        out.warn(f"{len(done.quarantined) - 20:,} more; --json lists them all")
    out.result("\n".join(imported_lines(done)), imported_data(done))
