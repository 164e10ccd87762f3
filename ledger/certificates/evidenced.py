"""Which evidence reaches which documents of a dataset: straight, or through the file they lie in.

Evidence counts ledger-wide, as it does in facts: a file of another dataset dates a document that
lies in both. Origins that name a dated file are read again from the log, each once.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ledger.log.canonical import Entry, parse_digest
from ledger.log.decode import decode

if TYPE_CHECKING:
    from ledger.certificates.composition import View

__all__ = ["Key", "Reached", "evidenced"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Key = tuple[str, str, str, str | None]
"""type, outcome, binding, issuer."""

_BINDINGS = ("exact_bytes", "container_member", "derived", "url_only")  # strongest first
_WAYS = _BINDINGS[:3]  # a document is the subject, lies in it as it is, or was taken out of it

_SLICE = 500  # digests asked for at a time; SQLite admits at least 999 parameters
_NEAR = 1024  # entries between two files that are read with them rather than skipped


@dataclass
class Reached:
    """Claims that agree in their Key: how many reach a member, the members, the span of dates."""

    claims: int
    members: Mask
    earliest: int | None
    latest: int | None

    def add(self, date: int | None) -> None:
        """One more claim, with its date if it has one."""
        self.claims += 1
        if date is not None:
            self.earliest = date if self.earliest is None else min(self.earliest, date)
            self.latest = date if self.latest is None else max(self.latest, date)


def evidenced(view: "View") -> dict[Key, Reached]:
    """Live evidence claims that reach a member of the dataset, by their Key."""
    about: defaultdict[bytes, list[Entry]] = defaultdict(list)
    for _, entry in view.claimed.of("evidence"):
        about[parse_digest(entry.subject)].append(entry)
    subjects = list(about)
    members = view.members
    found: dict[Key, Reached] = {}
    if not subjects or not len(members):
        return found
    keys = [tuple(dict.fromkeys(map(_key, about[subject]))) for subject in subjects]
    groups = list(dict.fromkeys(keys))
    code = {group: place for place, group in enumerate(groups)}
    group_of = np.array([code[group] for group in keys], np.int64)
    reached = np.zeros((len(subjects), len(_WAYS)), np.bool_)
    for way, which, place in _meetings(view, subjects):
        reached[which, way] = True
        grouped = group_of[which]
        for group in np.unique(grouped).tolist():
            for key in groups[group]:
                row = found.setdefault(_by(key, way), Reached(0, _none(view), None, None))
                row.members[place[grouped == group]] = True
    for met, way in np.argwhere(reached).tolist():
        for entry in about[subjects[met]]:
            found[_by(_key(entry), way)].add(entry.body.get("existed_by"))
    return found


def _none(view: "View") -> Mask:
    return np.zeros(len(view.members), np.bool_)


def _by(key: Key, way: int) -> Key:
    """The key of documents reached that way: the weaker of the claim's binding and the way's."""
    type, outcome, binding, issuer = key
    weaker = max(binding, _WAYS[way], key=_BINDINGS.index)
    return type, outcome, weaker, issuer


def _key(entry: Entry) -> Key:
    body = entry.body
    issuer = body.get("issuer")
    return (
        str(body["type"]),
        str(body["outcome"]),
        str(body["binding"]),
        None if issuer is None else str(issuer),
    )


def _meetings(view: "View", subjects: Sequence[bytes]) -> Iterator[tuple[int, Ints, Ints]]:
    """(way, which subjects, which members) in parallel columns; a pair may come more than once."""
    digests = np.frombuffer(b"".join(subjects), np.uint8).reshape(-1, 32)
    itself = view.members.places(digests)
    straight = np.flatnonzero(itself >= 0)
    yield 0, straight, itself[straight]
    derived = _derived(view, subjects)
    number = {f"sha256:{digest.hex()}": n for n, digest in enumerate(subjects)}
    gone = np.array(sorted(view.claimed.withdrawn_origins), np.int64)
    for first, last in _ranges(view, subjects):
        for start, entries in view.tables.chunks(first, last):
            batch = decode(range(start, start + len(entries)), entries)
            names = batch.origins.values["file"]
            of_code = np.array([*(number.get(name, -1) for name in names), -1], np.int64)
            which = of_code[batch.origins.codes["file"]]
            kept = np.flatnonzero((which >= 0) & ~np.isin(batch.indices[batch.origin_rows], gone))
            place, which = view.members.places(batch.subjects[batch.origin_rows[kept]]), which[kept]
            for way, mask in ((1, ~derived[which]), (2, derived[which])):
                lying = mask & (place >= 0) & (place != itself[which])
                yield way, which[lying], place[lying]


def _derived(view: "View", subjects: Sequence[bytes]) -> Mask:
    """Which files hold their documents as something else than text.

    A file that was an input of its own says so in its operation. Any other lay in a folder, where a
    document is the file's bytes or was taken out of them.
    """
    extracted: dict[bytes, bool] = {}
    for _, entry in view.claimed.of("operation"):
        file = parse_digest(entry.subject)
        extracted[file] = extracted.get(file, False) or bool(entry.body.get("extractors"))
    return np.array([extracted.get(subject, True) for subject in subjects], np.bool_)


def _ranges(view: "View", subjects: Sequence[bytes]) -> list[tuple[int, int]]:
    """Half-open ranges of entries that hold every origin in those files, apart, ascending."""
    spans: list[tuple[int, int]] = []
    for start in range(0, len(subjects), _SLICE):
        part = subjects[start : start + _SLICE]
        marks = ",".join("?" * len(part))
        spans += view.connection.execute(
            f"SELECT first, last FROM file WHERE digest IN ({marks})", part
        ).fetchall()
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        end = min(last + 1, view.size)
        if merged and first <= merged[-1][1] + _NEAR:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif first < end:
            merged.append((first, end))
    return merged
