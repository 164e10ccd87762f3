"""The kinds of key in a git-ai note: `s` a session's lines, `h` lines observed being typed.

What was not observed has no `h`: a person's word that they wrote it is not an observation.
"""

from ledger.provenance.vocabularies import Degree, Known, Said, source_claim

__all__ = ["VOCABULARY"]


class _GitAi:
    name = "git-ai"
    of_authorship = True
    terms = ("s", "h")

    def say(self, known: Known) -> Said:
        may = source_claim(known)
        if may.term is None:
            return may
        if may.term in ("A2", "A3", "A4"):
            return Said("s")
        if may.term == "A1":
            return Said(None, "no kind of key is for typed lines that AI edited")
        if known.basis == "observed":
            return Said("h")
        return Said(None, "nobody observed that it was typed")

    def read(self, term: str) -> Degree | None:
        return {"s": Degree("A3"), "h": Degree("A0")}.get(term)


VOCABULARY = _GitAi()
