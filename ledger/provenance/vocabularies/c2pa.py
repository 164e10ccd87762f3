"""`humanOversightLevel` of the C2PA assertion `c2pa.ai-disclosure`; the source type is IPTC's.

Up to A3 a person asked, by what the degrees mean; that one answers for it is said only if stated.
"""

from ledger.provenance.vocabularies import Degree, Known, Said, source_claim

__all__ = ["VOCABULARY"]

_READ = {
    "fully_autonomous": Degree("A4", False),
    "prompt_guided": Degree("A3", False),
    "human_validated": Degree("A3", True),
}


class _Oversight:
    name = "c2pa"
    of_authorship = True
    terms = tuple(_READ)

    def say(self, known: Known) -> Said:
        may = source_claim(known)
        if may.term is None:
            return may
        if may.term == "A0":
            return Said(None, "no AI to disclose")
        if may.term == "A4":
            return Said("fully_autonomous")
        return Said("human_validated" if known.reviewed else "prompt_guided")

    def read(self, term: str) -> Degree | None:
        return _READ.get(term)


VOCABULARY = _Oversight()
