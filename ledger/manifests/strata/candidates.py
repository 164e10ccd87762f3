"""The documents a mix names, with what decides their stratum: one query a dataset.

A document that several of them hold counts for one: anchors come first, then reserves, then the
others, each kind in the mix's order. What it is called there (language, topic) is what counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, RefusedError, UnknownNameError, printable
from ledger.log.canonical import parse_digest
from ledger.log.content_root import content_root
from ledger.log.log import Log
from ledger.log.runs import keys_of
from ledger.manifests.mix.axes import ANCHOR, RESERVE
from ledger.manifests.mix.mix import Mix
from ledger.provenance.documents import find_dataset
from ledger.provenance.labels import labelled
from ledger.provenance.rules import Policy
from ledger.reserves.sealed import find_reserve, members_of, statement_of
from ledger.reserves.selection.digests import Digests, Ints, order_of, positions

__all__ = ["Candidates", "Named", "find_named", "precedence", "read_candidates"]

Mask = npt.NDArray[np.bool_]

_FETCH = 10_000


@dataclass(frozen=True)
class Named:
    """A dataset, reserve or anchor of the mix, as the ledger has it.

    `parts` are the datasets that its documents are in; `members` its sorted digests, one after the
    other, where it is a reserve or an anchor. `root` and `documents` are of the set as a whole.
    """

    name: str
    parts: tuple[str, ...]
    members: bytes | None = None
    root: bytes = b""
    documents: int = 0


@dataclass(frozen=True, eq=False)
class Candidates:
    """n documents, ascending by digest and distinct: (n, 32) and n numbers each.

    `dataset` is a place in the mix's datasets, `rule` one in the policy's rules; `attributes` and
    `profile` are rows of those tables; `bytes` of UTF-8. `named` has the sets with their roots.
    """

    digests: Digests
    dataset: Ints
    rule: Ints
    attributes: Ints
    profile: Ints
    bytes: Ints
    named: tuple[Named, ...]

    def __len__(self) -> int:
        return len(self.digests)

    def take(self, chosen: "Mask | Ints") -> "Candidates":
        """Some of them, by mask or ascending numbers."""
        return Candidates(
            self.digests[chosen],
            self.dataset[chosen],
            self.rule[chosen],
            self.attributes[chosen],
            self.profile[chosen],
            self.bytes[chosen],
            self.named,
        )


def find_named(log: Log, mix: Mix) -> tuple[Named, ...]:
    """The mix's datasets in its order.

    Raises UnknownNameError for one that the ledger has not, InputError for a reserve that is an
    anchor or the other way round, RefusedError where the vault withholds who is in it.
    """
    return tuple(_named(log, name) for name in mix.datasets)


def _named(log: Log, name: str) -> Named:
    for kind, stage in ((RESERVE, "any"), (ANCHOR, "final")):
        if name.startswith(kind):
            return _sealed(log, name, name.removeprefix(kind), stage)
    find_dataset(log.connection, name)
    return Named(name, (name,))


def _sealed(log: Log, shown: str, reference: str, stage: str) -> Named:
    name, _, version = reference.rpartition("@")
    index, entry = find_reserve(log, name, int(version))
    if entry.body["stage"] != stage:
        kind = "an anchor" if stage == "any" else "a dated reserve"
        prefix = ANCHOR if stage == "any" else RESERVE
        raise InputError(
            f"{printable(shown)}: found {kind} of that name",
            hint=f"datasets = [… {prefix}{reference}]",
        )
    members, statement = members_of(log, index, entry), statement_of(log, index, entry)
    if members is None or statement is None:
        raise RefusedError(
            f"entry {index}: the vault withholds what {printable(shown)} holds",
            hint="the vault beside the ledger has it",
        )
    return Named(
        shown,
        tuple(statement[0].rule["datasets"]),
        members,
        parse_digest(str(entry.body["content_root"])),
        int(entry.body["documents"]),
    )


def read_candidates(
    log: Log, named: Sequence[Named], policy: Policy, cutoff: date | None
) -> Candidates:
    """The documents of these sets, within the caller's read transaction.

    Of a reserve, those that are still in a dataset. Raises InputError for a set without any.
    """
    columns: list[Ints] = [np.empty((0, 7), np.int64)]
    digests: list[Digests] = [np.empty((0, 32), np.uint8)]
    found = list(named)
    for rank, place in enumerate(precedence(named)):
        rows, held = _rows_of(log, named[place], policy, cutoff)
        if not len(held):
            raise InputError(
                f"{printable(named[place].name)}: found no documents in it, expected some",
                hint="headwater dataset show says what was read into it",
            )
        if named[place].members is None:
            root = content_root(_each(held[order_of(held)]))
            found[place] = Named(named[place].name, named[place].parts, None, root, len(held))
        also = np.tile(np.array([place, rank], np.int64), (len(held), 1))
        columns.append(np.concatenate([rows, also], axis=1))
        digests.append(held)
    table, matrix = np.concatenate(columns), np.concatenate(digests)
    order = np.lexsort((table[:, -1], table[:, 0]))  # by document, and then by precedence
    document = table[order, 0]
    first = np.ones(len(order), np.bool_)
    first[1:] = document[1:] != document[:-1]
    table, matrix = table[order[first]], matrix[order[first]]
    order = order_of(matrix)
    table, matrix = table[order], np.ascontiguousarray(matrix[order])
    _, rule, attributes, profile, size, dataset = (column.copy() for column in table.T[:6])
    return Candidates(matrix, dataset, rule, attributes, profile, size, tuple(found))


def precedence(named: Sequence[Named]) -> list[int]:
    """Places of the sets, the one that a document counts for first: see above."""
    kinds = (ANCHOR, RESERVE, "")
    rank = [next(at for at, kind in enumerate(kinds) if item.name.startswith(kind))
            for item in named]  # fmt: skip
    return sorted(range(len(named)), key=lambda place: (rank[place], place))


def _rows_of(log: Log, named: Named, policy: Policy, cutoff: date | None) -> tuple[Ints, Digests]:
    """(document, rule, attributes, profile, bytes) and digests; each document once."""
    parts: list[tuple[Ints, Digests]] = []
    seen = np.empty(0, np.int64)
    for part in named.parts:
        try:
            number = find_dataset(log.connection, part)
        except UnknownNameError:
            if named.members is None:
                raise
            continue  # all that was read into it has been withdrawn
        rows, digests = _query(log, number, policy, cutoff)
        kept = ~np.isin(rows[:, 0], seen)
        if named.members is not None:
            inside = np.frombuffer(named.members, np.uint8).reshape(-1, 32)
            kept &= positions(inside, keys_of(inside), digests) >= 0
        parts.append((rows[kept], digests[kept]))
        seen = np.concatenate([seen, rows[kept, 0]])
    none: list[tuple[Ints, Digests]] = [(np.empty((0, 5), np.int64), np.empty((0, 32), np.uint8))]
    tables, matrices = zip(*(none + parts), strict=True)
    return np.concatenate(tables), np.concatenate(matrices)


def _query(log: Log, dataset: int, policy: Policy, cutoff: date | None) -> tuple[Ints, Digests]:
    rows = log.connection.execute(
        f"WITH {labelled(policy, cutoff)} "
        "SELECT m.document, l.rule, m.attributes, f.profile, m.bytes, e.subject FROM member AS m "
        "JOIN fact AS f ON f.document = m.document "
        "JOIN labelled AS l ON l.profile = f.profile "
        "JOIN entry AS e ON e.idx = m.document WHERE m.dataset = ?",
        (dataset,),
    )
    numbers: list[Ints] = [np.empty((0, 5), np.int64)]
    digests: list[bytes] = []
    while part := rows.fetchmany(_FETCH):
        # not zip(*part): an iterator a row wakes the garbage collector again and again
        columns = [np.array([row[at] for row in part], np.int64) for at in range(5)]
        numbers.append(np.stack(columns, axis=1))
        digests.append(b"".join([row[5] for row in part]))
    matrix = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    return np.concatenate(numbers), matrix


def _each(digests: Digests) -> Iterable[bytes]:
    flat = digests.tobytes()
    return (flat[at : at + 32] for at in range(0, len(flat), 32))
