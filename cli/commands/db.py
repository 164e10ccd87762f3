"""headwater db: looks after the database under the ledger."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.provenance.upkeep import Checked

__all__ = ["command"]


@click.group("db")
def command() -> None:
    """Look after the database: upgrade, check, rebuild."""


@command.command("current")
@pass_output
def current(out: Output) -> None:
    """Show the version of the database's schema.

    \b
    Example:
      headwater db current
    """
    from ledger.provenance.upkeep import schema_version

    version = schema_version(out.ledger)
    out.result(
        f"schema {version.found}, {version.state}; this program knows {version.known}",
        {"ledger": out.ledger, **asdict(version), "state": version.state},
    )


@command.command("upgrade")
@pass_output
def upgrade(out: Output) -> None:
    """Bring the database to this program's schema.

    Entries, hashes and signatures stay as they are. Guards against changing rows by hand are
    put back where they are missing.

    \b
    Example:
      headwater db upgrade
    """
    from ledger.provenance.upkeep import schema_version, upgrade_database

    before = upgrade_database(out.ledger)
    after = schema_version(out.ledger)
    done = f"schema {after.found}, already current"
    if before.found != after.found:
        done = f"schema {before.found} upgraded to {after.found}"
    out.result(done, {"ledger": out.ledger, "before": before.found, "after": after.found})


@command.command("check")
@pass_output
@click.pass_context
def check(ctx: click.Context, out: Output) -> None:
    """Check the database: its pages, its schema, its derived tables.

    Ends with exit status 1 if something is wrong. What the entries say is for `headwater verify`.

    \b
    Example:
      headwater db check
    """
    from ledger.provenance.upkeep import check_database

    found = check_database(out.ledger)
    out.result(_text(found), {"ledger": out.ledger, "sound": found.sound, **asdict(found)})
    for warning in found.warnings:
        out.warn(warning)
    if not found.sound:
        ctx.exit(1)


def _text(found: "Checked") -> str:
    lines = [f"schema  {found.version.found}, {found.version.state}"]
    if found.problems:
        lines += [f"problem {problem}" for problem in found.problems]
    else:
        lines += ["pages   sound, by the database's own check", "tables  as published"]
    behind = [p for p in found.projections if p.state != "current"]
    lines += [f"derived {p.name}: {p.state}; headwater db rebuild" for p in behind]
    if not behind:
        lines.append("derived tables are up to date")
    return "\n".join(lines)


@command.command("rebuild")
@pass_output
def rebuild(out: Output) -> None:
    """Make the derived tables again, from the log alone.

    Nothing that is signed changes. Run `headwater verify` first if you suspect the log itself.

    \b
    Example:
      headwater db rebuild
    """
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger, write=True) as log:
        replayed = log.rebuild()
        tables = [table for projection in log.projections for table in projection.tables]
    out.result(
        f"replayed {replayed:,} entries into {len(tables)} tables",
        {"ledger": out.ledger, "entries": replayed, "tables": tables},
    )
