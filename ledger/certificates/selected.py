"""A manifest's documents as a table of member's columns, so that sections count them as any others.

The row of a document is that of the dataset which gave it, by the order that choosing goes by. The
table is a temporary one: it goes with the caller's transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ledger.errors import RefusedError, UnknownNameError
from ledger.log.canonical import parse_digest
from ledger.log.runs import keys_of
from ledger.manifests.asof import log_as_of
from ledger.manifests.mix.parse import parse_mix
from ledger.manifests.recorded import find_manifest, find_statement, members_of, statement_of
from ledger.manifests.showing import parse_strata
from ledger.manifests.since import count_taken_down
from ledger.manifests.statement import Statement
from ledger.manifests.strata.candidates import Named, find_named, precedence
from ledger.provenance.documents import find_dataset
from ledger.reserves.selection.digests import Digests, Ints, positions

if TYPE_CHECKING:
    from ledger.log.log import Log
    from ledger.log.projection import Reader

__all__ = ["TABLE", "Selected", "find_selected", "select"]

TABLE = "selected"
"""The temporary table. All of its rows are of dataset 0."""

_FETCH = 10_000


@dataclass(frozen=True, eq=False)
class Selected:
    """A manifest as recorded at entry `index`; `digest` is of its statement's payload.

    `strata` is what strata.json says, None where the vault withholds it. `datasets` are those that
    gave documents. Of those selected, `absent` are in none of them any more, and `taken_down` have
    been taken down.
    """

    index: int
    statement: Statement
    digest: bytes
    strata: Mapping[str, Any] | None
    digests: Digests
    datasets: tuple[str, ...] = ()
    absent: int = 0
    taken_down: int = 0


def find_selected(log: "Log", tables: "Reader", size: int, manifest: str | bytes) -> Selected:
    """A manifest among the first `size` entries: NAME or NAME@VERSION, or its statement's digest.

    Raises UnknownNameError for a name, InputError for a digest that no live manifest has,
    RefusedError where the vault withholds its statement or who is selected, VerificationError.
    """
    then = log_as_of(log, tables, size)
    if isinstance(manifest, str):
        index, entry = find_manifest(then, manifest)
    else:
        index, entry = find_statement(then, manifest)
    found, members = statement_of(then, index, entry), members_of(then, index, entry)
    if found is None or members is None:
        raise RefusedError(
            f"entry {index}: the vault withholds "
            f"{'the statement' if found is None else 'who is selected'}",
            hint="the vault beside the ledger has it",
        )
    statement = found[0]
    data = None if log.vault is None else log.vault.attachment(statement.strata)
    return Selected(
        index,
        statement,
        parse_digest(str(entry.body["statement"])),
        None if data is None else parse_strata(data, f"entry {index}: strata"),
        np.frombuffer(members, np.uint8).reshape(-1, 32),
    )


def select(log: "Log", tables: "Reader", size: int, chosen: Selected) -> Selected:
    """Make the table of a manifest's documents, within the caller's read transaction.

    Raises InputError for a mix that this release cannot read, RefusedError where the vault
    withholds who is in a reserve, VerificationError.
    """
    then = log_as_of(log, tables, size)
    mix = parse_mix(chosen.statement.mix.encode(), f"{chosen.statement.reference}: mix")
    named = find_named(then, mix)
    document = _documents(tables, chosen.digests, size)
    dataset, datasets = _given(tables, named, chosen.digests, document)
    known = np.flatnonzero(dataset >= 0)
    order = known[np.argsort(document[known])]
    connection = tables.connection
    with tables.database.scratch(connection):
        connection.execute("CREATE TEMP TABLE picked (dataset INTEGER, document INTEGER)")
        for start in range(0, len(order), _FETCH):
            part = order[start : start + _FETCH]
            connection.execute(
                *tables.database.insertion("picked", (dataset[part], document[part]))
            )
        connection.execute(
            f"CREATE TEMP TABLE {TABLE} AS SELECT 0 AS dataset, m.document, m.occurrences, "
            "m.bytes, m.collected_at, m.attributes, m.site FROM picked AS p JOIN member AS m "
            "ON m.dataset = p.dataset AND m.document = p.document"
        )
        connection.execute(f"CREATE UNIQUE INDEX temp.{TABLE}_of ON {TABLE} (dataset, document)")
        connection.execute("DROP TABLE picked")
    return Selected(
        chosen.index,
        chosen.statement,
        chosen.digest,
        chosen.strata,
        chosen.digests,
        datasets,
        absent=len(document) - len(known),
        taken_down=count_taken_down(then, chosen.digests),
    )


def _documents(tables: "Reader", digests: Digests, size: int) -> Ints:
    """int64[n]: the first entry about each of the sorted digests, -1 where there is none."""
    query, index = tables.find(digests)
    before = index < size
    first = np.full(len(digests), size, np.int64)
    np.minimum.at(first, query[before], index[before])
    return np.where(first < size, first, -1)


def _given(
    tables: "Reader", named: tuple[Named, ...], digests: Digests, document: Ints
) -> tuple[Ints, tuple[str, ...]]:
    """The row in the dataset table that gave each document, -1 for none, and the datasets' names.

    A document of a reserve is in one of the datasets that the reserve was sealed from.
    """
    dataset = np.full(len(document), -1, np.int64)
    order = np.argsort(document)
    names = dict.fromkeys(part for item in named for part in item.parts)
    for place in precedence(named):
        inside = np.ones(len(document), np.bool_)
        members = named[place].members
        if members is not None:
            held = np.frombuffer(members, np.uint8).reshape(-1, 32)
            inside = positions(held, keys_of(held), digests) >= 0
        for part in named[place].parts:
            try:
                number = find_dataset(tables.connection, part)
            except UnknownNameError:  # all that was read into it has been withdrawn
                continue
            for rows in _members(tables, number):
                at = np.searchsorted(document, rows, sorter=order)
                at = order[np.minimum(at, len(order) - 1)]
                at = at[document[at] == rows]
                at = at[inside[at] & (dataset[at] < 0)]
                dataset[at] = number
    return dataset, tuple(names)


def _members(tables: "Reader", dataset: int) -> "list[Ints]":
    rows = tables.connection.execute("SELECT document FROM member WHERE dataset = ?", (dataset,))
    parts = []
    while part := rows.fetchmany(_FETCH):
        parts.append(np.array(part, np.int64).reshape(-1))
    return parts
