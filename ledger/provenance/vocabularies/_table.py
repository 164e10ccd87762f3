"""A vocabulary that is a table: a term per degree, a degree per term."""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.provenance.vocabularies import Degree, Known, Said, source_claim

__all__ = ["Table"]


@dataclass(frozen=True)
class Table:
    """`said` is by assistance, `silent` why a degree has no term; `reads` also has older terms."""

    name: str
    said: Mapping[str, str]
    reads: Mapping[str, str]
    silent: Mapping[str, str]
    of_authorship: bool = True

    @property
    def terms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.said.values()))

    def say(self, known: Known) -> Said:
        may = source_claim(known)
        if may.term is None:
            return may
        if may.term in self.silent:
            return Said(None, self.silent[may.term])
        return Said(self.said[may.term])

    def read(self, term: str) -> Degree | None:
        degree = self.reads.get(term)
        return None if degree is None else Degree(degree)
