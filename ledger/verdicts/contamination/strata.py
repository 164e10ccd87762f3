"""What a ledger knows of each document of a dataset that a sample can be divided by."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.corpus.neardup.side import Digests, digest_rows, find_digests
from ledger.engines import run, split
from ledger.errors import InputError, printable
from ledger.log.log import Log
from ledger.provenance.documents import find_dataset
from ledger.provenance.facts import DATE_FIELDS
from ledger.provenance.overlap import Reference
from ledger.verdicts.core.model import shipped
from ledger.verdicts.scanning.gather import STRIPE
from ledger.verdicts.scanning.mapping import classifying

__all__ = ["NONE", "STRATA", "Division", "divide", "first_holders"]

NONE = "none"
_UNKNOWN = "unknown"
_UNDATED = "undated"
_OUTSIDE = 3  # from E3 on, somebody else's record holds the date
_NAMES = 60  # characters

_CHECKED, _ASSERTED = DATE_FIELDS[_OUTSIDE:6], (*DATE_FIELDS[:_OUTSIDE], *DATE_FIELDS[6:])


class Division(NamedTuple):
    """The stratum of each of n documents, a place in `names`."""

    codes: npt.NDArray[np.int64]
    names: tuple[str, ...]


def divide(log: Log, dataset: str, by: str, holders: Callable[[], Division]) -> Division | None:
    """The documents of `dataset`, ascending by digest, in strata; None for one of all.

    `holders` gives the inputs, asked only for `source`. A topic is the ledger's attribute; a period
    is the year of the least date that checked evidence of level E3 or better gives, else of the
    least other one. Raises InputError for a way that is none of STRATA, UnknownNameError.
    """
    if by not in STRATA:
        raise InputError(f"found {printable(by, 40)!r}, expected one of {', '.join(STRATA)}")
    if by == NONE:
        return None
    if by == "source":
        return holders()
    values = _READ[by](log, find_dataset(log.connection, dataset))
    names = tuple(sorted(set(values)))
    place = {name: number for number, name in enumerate(names)}
    return Division(np.array([place[value] for value in values], np.int64), names)


def first_holders(ours: Reference, digests: Digests, folder: Path) -> Division:
    """The input of a dataset that holds each of its n documents first.

    From the detector's sidecars, which are made where they are not there. Raises as engines.run.
    """
    codes = np.full(len(digests), len(ours.sources), np.int64)
    for number, source in enumerate(ours.sources):
        for sidecar in run(classifying(shipped()), split(source, STRIPE), folder):
            for table in sidecar.tables(["sha256"]):
                place = find_digests(digest_rows(table.column("sha256")), digests)
                np.minimum.at(codes, place[place >= 0], number)
    names = [Path(getattr(source, "path", source.key)).name for source in ours.sources]
    return Division(codes, _told_apart(names))


def _told_apart(sources: Sequence[str]) -> tuple[str, ...]:
    """Names of inputs, numbered where two are called the same."""
    shown = [printable(name, _NAMES) for name in sources]
    return tuple(
        name if shown.count(name) == 1 else f"{name} ({number})"
        for number, name in enumerate(shown, 1)
    )


def _topics(log: Log, number: int) -> list[str]:
    rows = log.connection.execute(
        "SELECT a.topic FROM member AS m JOIN entry AS e ON e.idx = m.document "
        "JOIN attributes AS a ON a.id = m.attributes WHERE m.dataset = ? ORDER BY e.subject",
        (number,),
    )
    return [_UNKNOWN if topic is None else printable(topic, _NAMES) for (topic,) in rows]


def _periods(log: Log, number: int) -> list[str]:
    rows = log.connection.execute(
        f"SELECT p.id, {', '.join(f'p.{name}' for name in (*_CHECKED, *_ASSERTED))} "
        "FROM profile AS p"
    )
    years = {identity: _year(dates) for identity, *dates in rows}
    members = log.connection.execute(
        "SELECT f.profile FROM member AS m JOIN entry AS e ON e.idx = m.document "
        "JOIN fact AS f ON f.document = m.document WHERE m.dataset = ? ORDER BY e.subject",
        (number,),
    )
    return [years[profile] for (profile,) in members]


def _year(dates: Sequence[int | None]) -> str:
    for part in (dates[: len(_CHECKED)], dates[len(_CHECKED) :]):
        known = [at for at in part if at is not None]
        if known:
            try:
                return f"{datetime.fromtimestamp(min(known), UTC).year:04}"
            except (OverflowError, ValueError, OSError):  # a date no calendar has
                return _UNDATED
    return _UNDATED


STRATA = ("source", "topic", "period", NONE)
"""The ways to divide a dataset."""

_READ: Mapping[str, Callable[[Log, int], list[str]]] = {"topic": _topics, "period": _periods}
