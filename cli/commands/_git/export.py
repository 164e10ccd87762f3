"""headwater git export: the ledger's tags as git-ai notes."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("export")
@click.argument("commits", metavar="[RANGE]", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be written.")
@pass_output
def command(out: Output, commits: str | None, dry_run: bool) -> None:
    """Write tags into refs/notes/ai, where git and other tools read them.

    RANGE is HEAD, or as git log takes it. Written are lines of which somebody said, or a note said,
    that AI wrote or edited them; no hints, no suspicions, and no person. Notes of others keep every
    line, and gain ours only where they are silent. The same ledger and history give the same notes.
    Reading them back with `headwater git import` records only where tagged text has moved to. Push
    them with `git push origin refs/notes/ai`.

    \b
    Example:
      headwater git export && git log --notes=ai -1
    """
    from ledger.provenance.git.exporting import export_commits
    from ledger.provenance.git.words import exported_data, exported_lines
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log, out.progress("commits") as advance:
        done = export_commits(log, Path.cwd(), commits, dry_run=dry_run, progress=advance)
    for what, reason in done.left[:20]:
        out.warn(f"{what}: {reason}")
    if len(done.left) > 20:
        out.warn(f"{len(done.left) - 20:,} more; --json lists them all")
    out.result("\n".join(exported_lines(done, dry_run)), exported_data(done, dry_run))
