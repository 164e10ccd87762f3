"""What a dataset or manifest is made of, from projection tables: the numbers of a certificate.

`View` says whose tables, which documents and which policy; sections ask it. The result is a
function of the documents' unwithdrawn claims, the evidence in the ledger, the policy and the
cut-off: never of entry numbers, times of recording or batches.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ledger.certificates.claimed import Claimed
from ledger.certificates.elsewhere import shared_dates
from ledger.certificates.members import Members, members_of
from ledger.certificates.sections import Section, Subject, covering
from ledger.databases import Connection
from ledger.errors import InputError
from ledger.log.content_root import content_root
from ledger.provenance.documents import find_dataset
from ledger.provenance.facts import Dates
from ledger.provenance.gather import Source
from ledger.provenance.rules import Policy

if TYPE_CHECKING:
    from ledger.certificates.selected import Selected

__all__ = ["Amount", "Tables", "View", "add_up", "compose", "find_dataset"]

PPM = 1_000_000


class Tables(Source, Protocol):
    """Projection tables and the entries they were made from: `ledger.log.projection.Reader`."""

    @property
    def connection(self) -> Connection: ...
    def chunks(self, start: int, end: int) -> Iterator[tuple[int, list[bytes]]]: ...


class Amount(NamedTuple):
    """Distinct documents, their occurrences, and the UTF-8 bytes of the distinct documents."""

    documents: int
    occurrences: int
    bytes: int


def _withheld(_digest: bytes) -> bytes | None:
    return None


@dataclass(frozen=True)
class View:
    """A dataset, or a manifest's documents, under one policy, as of the log's first `size` entries.

    The documents are the rows of `table` whose dataset is `dataset_id`: of a dataset those of
    member; of a manifest (`selected`) those of a table of member's columns, the row of each
    document being that of the dataset which gave it. `attachment` asks the vault for the bytes of
    a digest, None where they are withheld.
    """

    tables: Tables
    dataset: str
    dataset_id: int
    policy: Policy
    cutoff: date
    size: int
    attachment: Callable[[bytes], bytes | None] = _withheld
    table: str = "member"
    selected: "Selected | None" = None

    @property
    def kind(self) -> Subject:
        """What it is a view of."""
        return "dataset" if self.selected is None else "manifest"

    @property
    def datasets(self) -> frozenset[str]:
        """The `name@version` whose own documents these are."""
        return frozenset({self.dataset} if self.selected is None else self.selected.datasets)

    def named(self, field: str) -> list[str]:
        """The distinct texts that the datasets' live operations have in a field, ascending."""
        each = (self.claimed.named(field, dataset) for dataset in self.datasets)
        return sorted(set().union(*each))

    @property
    def connection(self) -> Connection:
        return self.tables.connection

    @cached_property
    def total(self) -> Amount:
        row = self.connection.execute(
            "SELECT count(*), coalesce(sum(occurrences), 0), coalesce(sum(bytes), 0) "
            f"FROM {self.table} WHERE dataset = ?",
            (self.dataset_id,),
        ).fetchone()
        return Amount(*row)

    @cached_property
    def claimed(self) -> Claimed:
        """Claims that are no origins."""
        return Claimed(self.tables, self.size)

    @cached_property
    def members(self) -> Members:
        """Every document."""
        return members_of(self.connection, self.dataset_id, self.table)

    @cached_property
    def root(self) -> bytes:
        """The content_root of the members; of a manifest, the one over its rows."""
        if self.selected is not None:
            return self.selected.statement.content_root
        return content_root(self.members.each())

    @cached_property
    def shared(self) -> Mapping[tuple[Dates, Dates], Sequence[int]]:
        """As elsewhere.shared_dates: what other datasets may have dated."""
        return shared_dates(self)

    def shares(self, amount: Sequence[int]) -> dict[str, int]:
        """An amount with its shares of the whole, in parts per million rounded down."""
        documents, occurrences, size = amount
        return {
            "bytes": size,
            "bytes_ppm": size * PPM // max(self.total.bytes, 1),
            "documents": documents,
            "documents_ppm": documents * PPM // max(self.total.documents, 1),
            "occurrences": occurrences,
        }

    def rows(self, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        """Rows (key…, documents, occurrences, bytes) as objects, in the order of their keys.

        A key that is None is unknown: its name is left out, and the row comes last.
        """
        width = len(names)
        return [
            {name: key for name, key in zip(names, row, strict=False) if key is not None}
            | self.shares(row[width:])
            for row in sorted(rows, key=lambda row: [(key is None, key) for key in row[:width]])
        ]

    def by_profile(self) -> str:
        """SQL of (profile, documents, occurrences, bytes); its parameter is the dataset's id."""
        return (
            "SELECT f.profile AS profile, count(*) AS documents, "
            "sum(m.occurrences) AS occurrences, sum(m.bytes) AS bytes "
            f"FROM {self.table} m JOIN fact f ON f.document = m.document "
            "WHERE m.dataset = ? GROUP BY f.profile"
        )


def add_up(amounts: Iterable[Sequence[int]]) -> Amount:
    """The sum of amounts; of none, zero."""
    columns = list(zip(*amounts, strict=True)) or [(0,), (0,), (0,)]
    return Amount(*map(sum, columns))


def compose(view: View, sections: Sequence[Section]) -> dict[str, dict[str, Any]]:
    """The `composition` object: a member for each section that covers such a subject.

    Raises InputError where there is no document.
    """
    if view.total.documents == 0:
        raise InputError(
            f"{view.dataset}: found no documents, expected at least one",
            hint=None
            if view.selected is not None
            else f"headwater ingest PATH --dataset {view.dataset}",
        )
    return {section.name: section.query(view) for section in covering(sections, view.kind)}
