"""headwater git install: hooks that say of a commit what its texts' tags say."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("install")
@click.option("--grammar", is_flag=True, help="Add the trailer for `--ai grammar`, too.")
@click.option("--notes", is_flag=True, help="Let `git push` take refs/notes/ai along.")
@click.option("--strict", is_flag=True, help="Stop a commit whose trailer cannot be written.")
@pass_output
def command(out: Output, grammar: bool, notes: bool, strict: bool) -> None:
    """Install the hooks in the repository you stand in.

    A commit that holds a text whose tag says AI wrote or edited it gets the line
    `Assisted-by: MODEL`; no other commit is touched, and none fails. Hooks that are there stay and
    run first; where core.hooksPath leads elsewhere, nothing there is changed. All working trees of
    the repository share the hooks. Run it again to bring them up to date or to change options.

    \b
    Example:
      headwater git install
    """
    from pathlib import Path

    from ledger.provenance.git.install import install

    done = install(Path.cwd(), grammar=grammar, strict=strict, notes=notes)
    lines = [f"hooks in {done.folder}{', as before' if done.again else ''}"]
    if done.behind is not None:
        lines.append(f"core.hooksPath led to {done.behind}; what stands there still runs")
    if done.chained:
        lines.append(f"runs first, as before: {', '.join(done.chained)}")
    lines.append("take them away: headwater git uninstall")
    out.result(
        "\n".join(lines),
        {
            "folder": str(done.folder),
            "chained": list(done.chained),
            "behind": done.behind,
            "again": done.again,
        },
    )
