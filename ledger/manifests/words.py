"""A manifest in words: what `build`, `show` and `--dry-run` print."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.errors import printable
from ledger.manifests.building.build import Built, DryRun
from ledger.manifests.building.choose import bounds_of
from ledger.manifests.showing import Shown
from ledger.manifests.statement import Statement
from ledger.manifests.strata.excluded import REASONS
from ledger.manifests.tail.rate import UNRATED_WORDS
from ledger.provenance.conditions import moment
from ledger.provenance.trust import key_label

__all__ = [
    "MOST_STRATA",
    "above_lines",
    "below_lines",
    "built_data",
    "built_lines",
    "dry_data",
    "dry_lines",
    "gate_line",
    "percent",
    "show_data",
    "show_lines",
    "strata_table",
]

MOST_STRATA = 50
"""Strata that a table prints; JSON has them all."""

_STANDING = {
    "accepted": "above the limit, accepted",
    "failed": "above the limit",
    "not_evaluated": "not evaluated",
    "passed": "passed",
}
_LONG = 4000


def strata_table(strata: Mapping[str, Any]) -> tuple[list[str], list[list[object]]]:
    """(headers, rows) of the strata in strata.json, in their order, the first MOST_STRATA."""
    unit = strata["unit"]
    headers = [*strata["axes"], "there are", "selected", unit, "wanted", "reached"]
    rows = [
        [
            *row["values"],
            row["documents"],
            row["selected"],
            row["units"],
            percent(row["target_ppm"]),
            percent(row["achieved_ppm"]),
        ]
        for row in strata["strata"][:MOST_STRATA]
    ]
    return headers, rows


def percent(ppm: int) -> str:
    """Parts per million, rounded down, as a percentage."""
    return f"{ppm // 100 / 100:.2f} %"


def built_lines(built: Built) -> tuple[list[str], list[str]]:
    """What stands above the table of strata, and what below it."""
    statement = built.statement
    above = above_lines(statement)
    below = below_lines(statement)
    below.append(f"signed by {key_label(built.signer)}; entry {built.index}")
    if not built.new:
        below.append(f"recorded before, at entry {built.index}; its folder was written again")
    return _safe(above), _safe(below)


def built_data(built: Built) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        **_data(built.statement, built.strata),
        "folder": str(built.folder),
        "index": built.index,
        "new": built.new,
        "signer": built.signer,
        "statement": built.statement_digest,
    }


def show_lines(shown: Shown) -> tuple[list[str], list[str]]:
    """What stands above the table of strata, and what below it."""
    statement, below = shown.statement, below_lines(shown.statement)
    below.append(
        f"issued {moment(statement.issued_at)}, by the issuer's clock; as of the first "
        f"{statement.head.size} entries of {statement.head.log_name}"
    )
    if shown.index is not None:
        below.append(f"entry {shown.index}")
    if shown.superseded_by is not None:
        below.append(f"superseded by {shown.superseded_by}")
    if shown.index is None:
        below.append("read from its folder, unchecked: headwater verify DIR")
    return _safe(above_lines(statement)), _safe(below)


def show_data(shown: Shown) -> dict[str, Any]:
    """The same as JSON values; `strata` is None where the vault withholds them."""
    return {
        **_data(shown.statement, shown.strata),
        "index": shown.index,
        "superseded_by": shown.superseded_by,
    }


def dry_lines(run: DryRun) -> tuple[list[str], list[str]]:
    """What would be built: above and below the table of strata."""
    mix, chosen = run.mix, run.chosen
    total = int(chosen.given.sum())
    kind = "would select" if run.feasible else "cannot be built; the nearest mix would select"
    repeats = chosen.documents - len(chosen)
    above = [f"{mix.reference} {kind} {_many(len(chosen))}{_epoch(repeats, total, mix.unit)}"]
    if mix.budget is not None and total < mix.budget and not run.feasible:
        above.append(f"the budget is {_units(mix.budget, mix.unit)}")
    below = [_bound(row) for row in bounds_of(chosen)]
    if run.gates is not None:
        below += [gate_line(row) for row in run.gates.rows]
    if run.refused is not None:
        below.append(f"refused: {run.refused}")
    if run.plan.tail is not None:
        below += _tail(run.plan.tail.said(chosen.place, chosen.copies))
    left = run.plan.excluded.reasons.items()
    below += _left_out([{"documents": count, "reason": reason} for reason, count in left])
    return _safe(above), _safe([*below, "nothing was written or recorded"])


def dry_data(run: DryRun) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        "bounds": bounds_of(run.chosen),
        "excluded": dict(run.plan.excluded.reasons),
        "feasible": run.feasible,
        "gates": None if run.gates is None else list(run.gates.rows),
        "manifest": run.mix.reference,
        "refused": None if run.refused is None else str(run.refused),
        "rows": len(run.chosen),
        "strata": run.chosen.plain() | {"unit": run.mix.unit},
        "tail": None
        if run.plan.tail is None
        else run.plan.tail.said(run.chosen.place, run.chosen.copies),
        "units": int(run.chosen.given.sum()),
    }


def above_lines(statement: Statement) -> list[str]:
    """What a manifest is, unescaped."""
    lines = [
        f"{statement.reference}: {_many(statement.rows)} for stage {statement.stage}"
        + _epoch(statement.documents - statement.rows, statement.units, statement.unit),
        f"content root {statement.content_root.hex()}",
    ]
    if statement.parent is not None:
        lines.append(f"takes the place of sha256:{statement.parent.hex()}")
    return lines


def below_lines(statement: Statement) -> list[str]:
    """Its bounds, gates and limits, unescaped."""
    lines = [_bound(row) for row in statement.bounds]
    lines += [gate_line(row) for row in statement.gates]
    lines += _left_out(statement.exclusions["reasons"])
    lines += _tail(statement.tail)
    policy = statement.policy
    lines.append(
        f"seed {statement.seed}; labels by {policy['name']}@{policy['version']} "
        f"with cut-off {policy['cutoff']}"
        + (f"; tokens are {statement.tokenizer}" if statement.tokenizer else "")
    )
    return [*lines, "", *statement.limits]


def _bound(row: Mapping[str, Any]) -> str:
    least, most = row["at_least"], row["at_most"]
    sides = [f"at least {least}"] if least != "0" else []
    sides += [f"at most {most}"] if most != "1" else []
    if least == most:
        sides = [f"{least}"]
    state = "" if row["holds"] else ", which does not hold"
    return (
        f"bound {row['name']} ({row['about']}): {' and '.join(sides) or 'any share'}; "
        f"reached {percent(row['found_ppm'])}{state}"
    )


def gate_line(row: Mapping[str, Any]) -> str:
    """A gate with its outcome, in words; the share found is rounded up."""
    found = percent(row["found_ppm"] + 99) + " of at most" if "found_ppm" in row else "limit"
    return (
        f"gate {row['name']}: {_STANDING[row['outcome']]}, {found} "
        f"{percent(row['limit_ppm'])}: {row['detail']}"
    )


def _tail(said: Mapping[str, Any] | None) -> list[str]:
    """How rare the words are, of what there is and of what is selected."""
    if said is None:
        return []
    table = said["table"]
    lines = [
        f"rare words (mean over documents): {percent(said['available_ppm'])} of what there is, "
        f"{percent(said['selected_ppm'])} of what is selected; by the word counts of "
        f"{_many(table['documents'])}, {table['digest'].removeprefix('sha256:')[:12]}…"
    ]
    unrated = ", ".join(
        f"{row['documents']:,} {UNRATED_WORDS.get(row['reason'], row['reason'])}"
        for row in said["unrated"]
    )
    if unrated:
        lines.append(f"in no class of the tail: {unrated}")
    if "earlier" in said:
        lines.append(f"new is what {said['earlier']['name']} does not hold")
    return lines


def _left_out(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"left out {row['documents']:,}: {REASONS.get(row['reason'], row['reason'])}"
        for row in rows
    ]


def _data(statement: Statement, strata: Mapping[str, Any] | None) -> dict[str, Any]:
    parent = statement.parent
    return {
        "bounds": list(statement.bounds),
        "budget": statement.budget,
        "content_root": f"sha256:{statement.content_root.hex()}",
        "datasets": list(statement.datasets),
        "documents": statement.documents,
        "exclusions": statement.exclusions,
        "gates": list(statement.gates),
        "issued_at": statement.issued_at,
        "issuer": statement.issuer,
        "limits": list(statement.limits),
        "manifest": statement.reference,
        "parent": None if parent is None else f"sha256:{parent.hex()}",
        "policy": statement.policy,
        "rows": statement.rows,
        "seed": str(statement.seed),
        "size": statement.head.size,
        "stage": statement.stage,
        "strata": strata,
        "tail": statement.tail,
        "tokenizer": statement.tokenizer,
        "unit": statement.unit,
        "units": statement.units,
    }


def _epoch(repeats: int, units: int, unit: str) -> str:
    """What an epoch has beside each document once."""
    parts = [f"{repeats:,} repeats"] if repeats else []
    parts += [_units(units, unit)] if unit != "documents" else []
    return "".join(f", {part}" for part in parts)


def _many(count: int) -> str:
    return f"{count:,} document{'' if count == 1 else 's'}"


def _units(count: int, unit: str) -> str:
    return f"{count:,} {unit if count != 1 else unit.removesuffix('s')}"


def _safe(lines: Sequence[str]) -> list[str]:
    return [printable(line, _LONG) for line in lines]
