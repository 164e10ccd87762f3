"""headwater manifest build: documents for a training run, in the ratios a mix asks for."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output
from .._options import engine_options, roots_option
from ._shown import print_manifest

if TYPE_CHECKING:
    from ledger.engines import Workers

__all__ = ["command"]

FOLDER = click.Path(path_type=Path)


def _repeat(_: click.Context, __: click.Parameter, value: str | None) -> Fraction | None:
    if value is None:
        return None
    try:
        times = Fraction(value)
    except (ValueError, ZeroDivisionError):
        times = Fraction(0)
    if not 1 <= times <= 100:
        raise click.BadParameter(f"{value!r} is not a number from 1 to 100")
    return times


@click.command("build")
@click.argument("mix", metavar="MIX.toml", type=FOLDER)
@click.option("-o", "--output", "folder", metavar="DIR", type=FOLDER, help="A new folder.")
@click.option("--dry-run", is_flag=True, help="Say what would be selected; write nothing.")
@click.option(
    "--accept-synthetic",
    "reason",
    metavar="REASON",
    help="Go above the limit of synthetic text; the reason is signed.",
)
@click.option(
    "--allow-repeat",
    "repeat",
    metavar="N",
    callback=_repeat,
    help="How often a document may come, instead of the mix's own.",
)
@click.option(
    "--reserve",
    "reserves",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Take the texts of a sealed reserve from this folder; may be repeated.",
)
@roots_option
@click.option("--issuer", metavar="NAME", help="Your organisation. Else the ledger's name.")
@engine_options
@pass_output
def command(
    out: Output,
    mix: Path,
    folder: Path | None,
    dry_run: bool,
    reason: str | None,
    repeat: Fraction | None,
    reserves: tuple[Path, ...],
    roots: tuple[Path, ...],
    issuer: str | None,
    workers: "Workers",
) -> None:
    """Select the documents that MIX.toml asks for, and write them to DIR, signed.

    Every document of its datasets gets a stratum, every stratum a share that keeps all bounds, and
    who is drawn is decided by the mix's seed and the document's digest alone. What was taken down
    stays out. The same command again, after a takedown, makes a manifest that names the one before.

    \b
    A mix:
      name = "continued"
      version = 1
      stage = "mid"
      seed = 7
      budget = 100000
      datasets = ["diary@2026", "reserve:books@1"]
      strata = ["label", "dataset", "language"]
      [replay]
      reserve = "books@1"
      at_least = 0.05

    \b
    Examples:
      headwater manifest build mix.toml --dry-run
      headwater manifest build mix.toml -o run-7
    """
    if folder is None and not dry_run:
        raise click.UsageError("found neither -o DIR nor --dry-run")
    from ledger.manifests.building.build import build
    from ledger.manifests.building.build import dry_run as run_dry
    from ledger.manifests.building.source import load_mix, policy_of, table_of
    from ledger.manifests.words import built_data, built_lines, dry_data, dry_lines
    from ledger.provenance.opening import open_ledger

    asked = load_mix(mix)
    policy, table = policy_of(asked, mix.parent), table_of(asked, mix.parent)
    with (
        open_ledger(out.ledger, write=not dry_run) as log,
        out.progress(asked.reference) as advance,
    ):
        if folder is None or dry_run:
            run = run_dry(
                log,
                asked,
                policy,
                roots=roots,
                reserves=reserves,
                table=table,
                accept_synthetic=reason,
                repeat=repeat,
                workers=workers,
                progress=lambda what, done, total, documents: advance(done, total, documents),
            )
            lines, data = dry_lines(run), dry_data(run)
        else:
            built = build(
                log,
                asked,
                folder,
                policy,
                roots=roots,
                reserves=reserves,
                table=table,
                accept_synthetic=reason,
                repeat=repeat,
                issuer=issuer,
                workers=workers,
                progress=lambda what, done, total, documents: advance(done, total, documents),
            )
            lines, data = built_lines(built), built_data(built)
    print_manifest(out, lines, data)
