"""What changed from one manifest to another: who came, who went, and the shares of strata.

Read from two folders, row by row, or by the members that the vault keeps. Nobody's signature is
checked here; that rows are those of the statement is, by their content_root.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.errors import RefusedError, RootMismatchError, VerificationError, printable
from ledger.log.log import Log
from ledger.log.runs import keys_of
from ledger.manifests.layout import ROWS_SCHEMA, SHARDS, row_bytes, rows_root
from ledger.manifests.recorded import find_manifest, members_of
from ledger.manifests.shards import parse_shards
from ledger.manifests.showing import Shown, show_folder, show_manifest
from ledger.manifests.statement import Statement
from ledger.reserves.opening.listing import read_bounded
from ledger.reserves.selection.digests import Digests, Ints, matrix_of, order_of, positions

__all__ = ["Diff", "Side", "compare", "diff_data", "diff_lines", "side_of"]

_MOST = 1 << 30
_SHOWN = 50


@dataclass(frozen=True, eq=False)
class Side:
    """A manifest to compare: digests ascending; copies of each, None where only who is known."""

    shown: Shown
    digests: Digests
    copies: Ints | None

    @property
    def statement(self) -> Statement:
        return self.shown.statement


@dataclass(frozen=True)
class Diff:
    """Documents that came and went, and those of which another number of copies is given.

    `again` is None where copies are not known. `fields` has what else differs, (before, after);
    `strata` the shares in ppm by stratum's name, 0 where there is none.
    """

    before: str
    after: str
    came: int
    went: int
    stayed: int
    again: int | None
    fields: Mapping[str, tuple[str, str]]
    strata: Mapping[str, tuple[int, int]]


def side_of(log: Log | None, manifest: str) -> Side:
    """A folder, or NAME[@VERSION] of `log`.

    Raises InputError, UnknownNameError, RefusedError where the vault withholds who is selected,
    VerificationError or a kind of it for a folder that is not what it says.
    """
    folder = Path(manifest)
    if folder.is_dir():
        shown = show_folder(folder)
        digests, copies = _read_rows(folder, shown.statement)
        return Side(shown, digests, copies)
    assert log is not None
    shown = show_manifest(log, manifest)
    members = members_of(log, *find_manifest(log, manifest))
    if members is None:
        raise RefusedError(
            f"{printable(manifest)}: the vault withholds who is selected",
            hint="name its folder instead",
        )
    return Side(shown, np.frombuffer(members, np.uint8).reshape(-1, 32), None)


def _read_rows(folder: Path, statement: Statement) -> tuple[Digests, Ints]:
    data = read_bounded(folder / SHARDS, _MOST)
    where = printable(folder / SHARDS)
    if sha256(data).digest() != statement.shards:
        raise VerificationError(f"{where}: not the list that the statement names")
    tables = []
    for part in parse_shards(data, where).rows:
        try:
            tables.append(pq.read_table(folder / part.file, schema=ROWS_SCHEMA))
        except (OSError, pa.ArrowException) as error:
            raise VerificationError(
                f"{printable(folder / part.file)}: {str(error).splitlines()[0]}"
            ) from error
    table = pa.concat_tables(tables)
    digests = np.ascontiguousarray(matrix_of(table.column("sha256")))
    stratum, repeat, units = (
        table.column(name).to_numpy().astype(np.int64)
        for name in ("stratum", "repeat_q16", "units")
    )
    if rows_root(row_bytes(digests, stratum, repeat, units)) != statement.content_root:
        raise RootMismatchError(
            f"{printable(folder)}: its rows have another content_root than "
            f"{statement.content_root.hex()}",
            hint="a file of rows/ was changed",
        )
    order = order_of(digests)
    return digests[order], repeat[order]


def compare(before: Side, after: Side) -> Diff:
    """What changed."""
    at = positions(before.digests, keys_of(before.digests), after.digests)
    both = at >= 0
    again = None
    if before.copies is not None and after.copies is not None:
        again = int((before.copies[at[both]] != after.copies[both]).sum())
    stayed = int(both.sum())
    return Diff(
        before.statement.reference,
        after.statement.reference,
        len(after.digests) - stayed,
        len(before.digests) - stayed,
        stayed,
        again,
        _fields(before.statement, after.statement),
        _strata(before.shown.strata, after.shown.strata),
    )


def _fields(before: Statement, after: Statement) -> dict[str, tuple[str, str]]:
    found = {}
    for name, value in (
        ("stage", lambda s: s.stage),
        ("seed", lambda s: str(s.seed)),
        ("unit", lambda s: s.unit),
        ("budget", lambda s: str(s.budget)),
        ("units", lambda s: str(s.units)),
        ("datasets", lambda s: ", ".join(str(item["name"]) for item in s.datasets)),
        ("policy", lambda s: str(s.policy["digest"])),
        ("cutoff", lambda s: str(s.policy["cutoff"])),
        ("taken down", lambda s: str(s.exclusions["taken_down"]["documents"])),
        ("gates", lambda s: ", ".join(f"{g['name']} {g['outcome']}" for g in s.gates)),
    ):  # fmt: skip
        pair = value(before), value(after)
        if pair[0] != pair[1]:
            found[name] = pair
    return found


def _strata(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> dict[str, tuple[int, int]]:
    if before is None or after is None or before["axes"] != after["axes"]:
        return {}
    sides = [
        {", ".join(row["values"]): int(row["achieved_ppm"]) for row in side["strata"]}
        for side in (before, after)
    ]
    return {
        name: (sides[0].get(name, 0), sides[1].get(name, 0))
        for name in sorted(sides[0] | sides[1])
        if sides[0].get(name, 0) != sides[1].get(name, 0)
    }


def diff_lines(diff: Diff) -> list[str]:
    """What changed, in words."""
    from ledger.manifests.words import percent

    lines = [
        f"from {diff.before} to {diff.after}: {diff.came:,} came, {diff.went:,} went, "
        f"{diff.stayed:,} stayed"
        + (f", {diff.again:,} of them another number of times" if diff.again else "")
    ]
    lines += [f"{name}: {old} → {new}" for name, (old, new) in diff.fields.items()]
    shares = [*diff.strata.items()]
    lines += [f"{name}: {percent(old)} → {percent(new)}" for name, (old, new) in shares[:_SHOWN]]
    if len(shares) > _SHOWN:
        lines.append(f"and {len(shares) - _SHOWN:,} more strata; --json has them all")
    if not (diff.came or diff.went or diff.again or diff.fields or shares):
        lines.append("nothing else differs")
    return [printable(line, 4000) for line in lines]


def diff_data(diff: Diff) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        "after": diff.after,
        "again": diff.again,
        "before": diff.before,
        "came": diff.came,
        "fields": {name: list(pair) for name, pair in diff.fields.items()},
        "stayed": diff.stayed,
        "strata": {name: list(pair) for name, pair in diff.strata.items()},
        "went": diff.went,
    }
