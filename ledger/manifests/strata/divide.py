"""Each document's values along the axes, and the strata they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from ledger.log.log import Log
from ledger.manifests.allocation.strata import Strata, make_strata
from ledger.manifests.mix.axes import UNKNOWN
from ledger.manifests.strata.candidates import Candidates
from ledger.provenance.rules import Policy
from ledger.reserves.selection.digests import Ints

__all__ = ["Divided", "Values", "divide", "groups_of", "year_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHECKED = tuple(f"checked_e{level}" for level in range(6))


@dataclass(frozen=True, eq=False)
class Divided:
    """The strata, and int64[n]: each document's."""

    strata: Strata
    stratum: Ints


@dataclass(frozen=True)
class Values:
    """A code a document, and the value of each code. Values are distinct."""

    codes: Ints
    values: Sequence[str]


def year_of(seconds: int | None) -> str:
    """The `period` of a date, in UTC: a year of four digits, or unknown."""
    if seconds is None:
        return UNKNOWN
    try:
        return f"{(_EPOCH + timedelta(seconds=seconds)).year:04d}"
    except OverflowError:
        return UNKNOWN


def groups_of(log: Log, axes: Sequence[str], found: Candidates, policy: Policy) -> Ints:
    """int64[n]: the same number for documents that agree in `axes`, from 0; all alike in none.

    Within the caller's read transaction.
    """
    packed = _pack([_axis(log, axis, found, policy) for axis in axes], len(found))
    return np.unique(packed, return_inverse=True)[1].reshape(-1).astype(np.int64)


def divide(
    log: Log,
    axes: Sequence[str],
    found: Candidates,
    policy: Policy,
    units: Ints,
    *,
    tail: Values | None = None,
) -> Divided:
    """Divide n documents, which come to `units` int64[n] each, along `axes`.

    `tail` are the values of that axis, if it is one of them. Within the caller's read transaction.
    Raises InputError for more strata than a row can name.
    """
    columns = [
        tail if axis == "tail" and tail is not None else _axis(log, axis, found, policy)
        for axis in axes
    ]
    packed = _pack(columns, len(found))
    _, first, group = np.unique(packed, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    values = [
        tuple(column.values[code] for column, code in zip(columns, codes, strict=True))
        for codes in zip(*(column.codes[first].tolist() for column in columns), strict=True)
    ]
    documents = np.bincount(group, minlength=len(first))
    held = np.zeros(len(first), np.int64)
    np.add.at(held, group, units)
    counts = dict(zip(values, zip(documents.tolist(), held.tolist(), strict=True), strict=True))
    strata = make_strata(axes, counts)
    place = {row: number for number, row in enumerate(strata.values)}
    number = np.array([place[row] for row in values], np.int64)
    return Divided(strata, number[group])


def _pack(columns: Sequence[Values], count: int) -> Ints:
    """int64[n]: the same number for the same codes."""
    packed = np.zeros(count, np.int64)
    for column in columns:
        # renumbered at every axis, so that the product of two is far below 2^63
        packed = np.unique(packed, return_inverse=True)[1].reshape(-1) * len(column.values)
        packed += column.codes
    return packed


def _axis(log: Log, axis: str, found: Candidates, policy: Policy) -> Values:
    if axis == "label":
        return _mapped(found.rule, {at: rule.label for at, rule in enumerate(policy.rules)})
    if axis == "basis":
        return _mapped(found.rule, {at: rule.basis for at, rule in enumerate(policy.rules)})
    if axis == "dataset":
        return _mapped(found.dataset, {at: item.name for at, item in enumerate(found.named)})
    if axis == "period":
        rows = log.connection.execute(f"SELECT id, {', '.join(_CHECKED)} FROM profile").fetchall()
        least = {row[0]: min((d for d in row[1:] if d is not None), default=None) for row in rows}
        return _mapped(found.profile, {row: year_of(day) for row, day in least.items()})
    assert axis in ("topic", "language"), axis  # `tail` is given
    rows = log.connection.execute(f"SELECT id, {axis} FROM attributes").fetchall()
    return _mapped(found.attributes, {row: value or UNKNOWN for row, value in rows})


def _mapped(keys: Ints, value_of: Mapping[int, str]) -> Values:
    """Values of n documents by a key of each."""
    distinct, at = np.unique(keys, return_inverse=True)
    names = [value_of[key] for key in distinct.tolist()]
    values = sorted(set(names))
    number = {value: code for code, value in enumerate(values)}
    codes = np.array([number[name] for name in names], np.int64)
    return Values(codes[at.reshape(-1)], values)
