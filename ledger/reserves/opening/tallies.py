"""A seal's rows held against its rule, and counted as its statement counts them."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.evidence import CHECKED_LEVELS, level
from ledger.errors import VerificationError, printable
from ledger.reserves.opening.members import Members
from ledger.reserves.statement import Statement

__all__ = ["check_totals", "row_checker"]

_BINDINGS = ("exact_bytes", "container_member", "derived")
_STANDINGS = ("checked", "asserted")
_DATE = ("existed_by", "level", "standing", "evidence")  # all there, or none of them


def row_checker(rule: Mapping[str, Any]) -> Callable[[pa.Table, str], None]:
    """A function that raises VerificationError for the first of a table's rows the rule leaves out.

    A row is dated before the rule's day, by checked evidence of its level; where the rule allows
    asserted dates, by any. An anchor's rows need no date.
    """
    before = _midnight(rule["before"]) if "before" in rule else None
    least = rule["min_level"]
    datasets = set(rule["datasets"])

    def check(table: pa.Table, where: str) -> None:
        column = {name: table.column(name) for name in table.column_names}
        _all(pc.fill_null(pc.greater_equal(column["bytes"], 0), False), "no length", where)
        _all(_among(column["binding"], _BINDINGS), "a binding that dates no text", where)
        dated = pc.is_valid(column["existed_by"])
        for name in _DATE:
            _all(pc.equal(pc.is_valid(column[name]), dated), f"half a date, {name}", where)
        if before is not None:
            early = pc.fill_null(pc.less(column["existed_by"], before), False)
            _all(early, f"not dated before {rule['before']}", where)
        admitted = pc.greater_equal(column["level"], 1 if rule["allow_asserted"] else least)
        if not rule["allow_asserted"]:
            admitted = pc.and_kleene(admitted, pc.equal(column["standing"], "checked"))
        free = pc.invert(dated) if before is None else pa.scalar(False)
        _all(pc.or_kleene(free, admitted), "weaker evidence than the rule asks", where)
        _all(pc.or_kleene(free, _among(column["standing"], _STANDINGS)), "a standing", where)
        _check_datasets(column["datasets"], datasets, where)

    return check


def _midnight(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def _among(column: pa.ChunkedArray, names: tuple[str, ...]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(names, pa.string()))


def _all(holds: pa.ChunkedArray, what: str, where: str) -> None:
    holds = pc.fill_null(holds, False)
    if not pc.all(holds).as_py():
        row = pc.index(holds, False).as_py()
        raise VerificationError(f"{where}: row {row} of its group: {what}; the rule leaves it out")


def _check_datasets(column: pa.ChunkedArray, datasets: set[str], where: str) -> None:
    """Every document is in one or more of the rule's datasets, named in order."""
    for kind in pc.unique(_joined(column)).to_pylist():
        names = [] if kind is None else kind.split("\n")
        if not names or sorted(set(names)) != names or not datasets.issuperset(names):
            raise VerificationError(
                f"{where}: datasets {printable(names)}, expected some of the rule's"
            )


def _joined(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join(column, "\n")


def check_totals(members: Members, statement: Statement, where: str) -> None:
    """Whether the statement's totals are what its rows come to. Raises VerificationError."""
    expected = {
        "bindings": _tally(members, ("binding",)),
        "bytes": int(members.lengths.sum()),
        "documents": len(members.digests),
        "evidence": _tally(members, ("evidence", "standing")),
        "levels": _tally(members, ("level", "standing")),
    }
    for name in sorted(expected):
        if statement.totals[name] != expected[name]:
            raise VerificationError(
                f"{where}: totals.{name} come to {printable(expected[name])}, "
                f"the statement has {printable(statement.totals[name])}"
            )
    for key in members.rows:
        _check_level(dict(zip(members.keys, key, strict=True)), where)


def _tally(members: Members, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Documents and bytes by the values of these columns, those with a date alone; in order."""
    places = [members.keys.index(name) for name in names]
    documents: Counter[tuple[Any, ...]] = Counter()
    sizes: Counter[tuple[Any, ...]] = Counter()
    for key, count in members.rows.items():
        group = tuple(key[place] for place in places)
        documents[group] += count
        sizes[group] += members.sizes[key]
    called = ["type" if name == "evidence" else name for name in names]
    return [
        {
            "bytes": sizes[group],
            "documents": documents[group],
            **dict(zip(called, group, strict=True)),
        }
        for group in sorted(group for group in documents if None not in group)
    ]


def _check_level(row: Mapping[str, Any], where: str) -> None:
    """The level follows from type and outcome, as far as the type is known here."""
    known = row["standing"] == "asserted" or row["evidence"] in CHECKED_LEVELS
    if row["evidence"] is None or not known:
        return
    expected = level(row["evidence"], row["standing"])
    if row["level"] != expected:
        raise VerificationError(
            f"{where}: E{row['level']} by {printable(row['evidence'])}, {row['standing']}; "
            f"that is E{expected}"
        )
