"""Prints a manifest: what it is, its strata as a table, its bounds and gates."""

from typing import Any

from ...output import Output

__all__ = ["print_manifest"]


def print_manifest(out: Output, lines: tuple[list[str], list[str]], data: dict[str, Any]) -> None:
    """One command's result: `lines` above and below the table of `data["strata"]`."""
    from ledger.manifests.words import MOST_STRATA, strata_table

    above, below = lines
    strata = data["strata"]
    parts = ["\n".join(above)]
    if strata is None:
        parts.append("the vault withholds its strata")
    else:
        parts.append(out.table(*strata_table(strata)))
        if len(strata["strata"]) > MOST_STRATA:
            parts.append(f"{len(strata['strata']) - MOST_STRATA:,} more strata: strata.json")
    out.result("\n\n".join([*parts, "\n".join(below)]), data)
