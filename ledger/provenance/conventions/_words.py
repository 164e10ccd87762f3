"""The words of the W3C draft, which pages, elements and front matter share."""

from collections.abc import Iterable, Sequence

from ledger.errors import InputError
from ledger.provenance.conventions import Disclosure
from ledger.provenance.vocabularies.w3c import VOCABULARY

__all__ = [
    "DISCLOSURE",
    "MIXED",
    "MIXED_NOTE",
    "MODEL",
    "RANK",
    "degree_of",
    "greatest",
    "page_word",
]

DISCLOSURE = (b"ai-disclosure", b"aidisclosure")  # names, and an earlier draft's
MODEL = (b"ai-model", b"aimodel")
MIXED = "mixed"
MIXED_NOTE = "says mixed, and not which parts"
RANK = {degree: rank for rank, degree in enumerate(("AX", "A0", "A1", "A2", "A3", "A4"))}


def degree_of(word: str | None) -> str | None:
    """A0 … A4 of a word, in any case; None where it is absent or no word of the draft."""
    read = None if word is None else VOCABULARY.read(word.strip().lower()[:40])
    return None if read is None else read.assistance


def greatest(degrees: Iterable[str]) -> str | None:
    """The degree with the most AI; None of none."""
    return max(degrees, key=RANK.__getitem__, default=None)


def page_word(disclosures: Sequence[Disclosure]) -> tuple[str, str | None]:
    """(word, model) for a whole text: `mixed` where its parts differ or only parts are spoken of.

    The model is the one that all of them name. Raises InputError where there is nothing to say.
    """
    said = [one for one in disclosures if one.assistance != "AX"]
    if not said:
        raise InputError("no degree of assistance to write", hint="tag the text first")
    models = {one.model for one in said if one.assistance != "A0"}
    model = next(iter(models)) if len(models) == 1 else None
    words = {VOCABULARY.said[one.assistance] for one in said}
    if len(words) == 1 and (words == {"none"} or all(one.ranges is None for one in said)):
        if words == {"none"} and any(one.ranges is not None for one in said):
            raise InputError("A0 of parts: the rest is unknown, and no word says that of a page")
        return next(iter(words)), model
    return MIXED, model
