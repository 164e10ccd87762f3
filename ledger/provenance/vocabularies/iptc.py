"""IPTC Digital Source Type (NewsCodes): URIs, written with http, read with https too.

`digitalCreation` is a person's text. A scan is `print`, which says nothing of who wrote it, and
no camera takes a text; but pages that follow the W3C draft's own table say `digitalCapture` for
"no AI". Text by templates (`dataDrivenMedia`, `algorithmicMedia`) is no AI's and no person's.
schema.org's enumeration has members of its own, the same words with `DigitalSource` at the end.
"""

from ledger.provenance.vocabularies import Degree, Known, Said, source_claim

__all__ = ["BASE", "SAID", "VOCABULARY", "code_of"]

BASE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_SCHEMA_ORG = "https://schema.org/"
_LONGEST = 200
SAID = {
    "A0": "digitalCreation",
    "A1": "compositeWithTrainedAlgorithmicMedia",
    "A2": "compositeSynthetic",
    "A3": "trainedAlgorithmicMedia",
    "A4": "trainedAlgorithmicMedia",
}
_READ = {
    "digitalCreation": "A0",
    "digitalArt": "A0",  # retired for digitalCreation
    "humanEdits": "A0",
    "minorHumanEdits": "A0",  # retired for humanEdits
    "digitalCapture": "A0",
    "compositeWithTrainedAlgorithmicMedia": "A2",
    "compositeSynthetic": "A2",
    "trainedAlgorithmicMedia": "A3",
    "algorithmicMedia": "AX",
    "algorithmicallyEnhanced": "AX",
    "composite": "AX",
    "compositeCapture": "AX",
    "computationalCapture": "AX",
    "dataDrivenMedia": "AX",
    "negativeFilm": "AX",
    "positiveFilm": "AX",
    "print": "AX",
    "screenCapture": "AX",
    "softwareImage": "AX",
    "virtualRecording": "AX",
}


class _Iptc:
    name = "iptc"
    of_authorship = True
    terms = tuple(BASE + code for code in dict.fromkeys(SAID.values()))

    def say(self, known: Known) -> Said:
        may = source_claim(known)
        return may if may.term is None else Said(BASE + SAID[may.term])

    def read(self, term: str) -> Degree | None:
        code = code_of(term)
        return None if code is None else Degree(_READ[code])


def code_of(term: str) -> str | None:
    """The known code that a URI, or schema.org's member for it, names; None for any other text."""
    term = term[:_LONGEST].strip().replace("https://cv.iptc.org/", "http://cv.iptc.org/", 1)
    if term.startswith(BASE):
        code = term.removeprefix(BASE).removesuffix("/")
        return code if code in _READ else None
    term = term.replace("http://schema.org/", _SCHEMA_ORG, 1).removeprefix(_SCHEMA_ORG)
    if term.endswith("DigitalSource"):
        code = term[:1].lower() + term[1:].removesuffix("DigitalSource")
        return code if code in _READ else None
    return None


VOCABULARY = _Iptc()
