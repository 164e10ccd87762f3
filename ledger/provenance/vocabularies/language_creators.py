"""`language_creators` of a data set card on Hugging Face: of a data set, by its documents.

`expert-generated` is said where an author attested the text; the others say nothing of people.
"""

from ledger.provenance.vocabularies import Degree, Known, Said, source_claim

__all__ = ["VOCABULARY"]

_READ = {
    "machine-generated": Degree("A3"),
    "expert-generated": Degree("AX"),  # by people, who may have had tools
    "found": Degree("AX"),
    "crowdsourced": Degree("AX"),
    "other": Degree("AX"),
}


class _LanguageCreators:
    name = "language-creators"
    of_authorship = True
    terms = ("machine-generated", "expert-generated", "found")

    def say(self, known: Known) -> Said:
        may = source_claim(known)
        if may.term is None and known.assistance != "AX":
            return may
        if known.basis in ("marked", "classified") or known.label == "synthetic_suspected":
            return may
        if known.label == "synthetic_known" or may.term in ("A2", "A3", "A4"):
            return Said("machine-generated")
        if known.label == "human_verified" and known.basis in ("attested", "observed"):
            return Said("expert-generated")
        return Said("found")

    def read(self, term: str) -> Degree | None:
        return _READ.get(term)


VOCABULARY = _LanguageCreators()
