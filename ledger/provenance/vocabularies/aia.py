"""AI Attribution statements (IBM Research), the one line that people read:

    AIA PAI Nc Hin R Gemini 2.5 Pro v1.0

`AIA`, proportion, contributions, initiative, review, model, version. Proportion: Eh entirely human,
Ph primarily human, HAb a blend, PAI primarily AI, EAI entirely AI (the last and the first name no
contributions). Contributions: Se stylistic edits, Ce content edits, Nc new content; read with and
without blanks between. Initiative: Hin human, Ain AI. Review: R reviewed, Nr not; left out where
nobody said.
"""

import re

from ledger.errors import InputError, MalformedError, printable
from ledger.provenance.vocabularies import Degree, Known, Said, source_claim

__all__ = ["VOCABULARY", "Statement", "format_statement", "parse_statement"]

Statement = tuple[Degree, str | None]  # what it states, and the model it names

_LONGEST = 400
_BODY = {"A0": "Eh", "A1": "Ph Se Hin", "A2": "Ph Ce Nc Hin", "A3": "PAI Nc Hin", "A4": "EAI Ain"}
_STATEMENT = re.compile(
    r"AIA (?P<share>EAI|PAI|HAb|Ph|Eh)(?: (?P<how>(?:Se|Ce|Nc)(?: ?(?:Se|Ce|Nc)){0,2}))?"
    r"(?: (?P<who>Hin(?: Ain)?|Ain(?: Hin)?))?"
    r"(?: (?P<review>R|Nr))?(?: (?P<model>\S(?:.{0,198}\S)?))? v1\.0"
)


def format_statement(
    assistance: str, model: str | None = None, reviewed: bool | None = None
) -> str:
    """The statement. Raises InputError for AX: nothing is known, so there is nothing to state."""
    if assistance not in _BODY:
        raise InputError(
            f"assistance {printable(assistance)}: nothing to state, expected A0 to A4",
            hint="tag it with what you know first",
        )
    parts = ["AIA", _BODY[assistance]]
    if assistance != "A0":
        if reviewed is not None:
            parts.append("R" if reviewed else "Nr")
        if model is not None:
            parts.append(model)
    text = " ".join([*parts, "v1.0"])
    if assistance != "A0" and _parse(text) != (Degree(assistance, reviewed), model):
        raise InputError(f"model {printable(model)}: not a name that a statement can hold")
    return text


def parse_statement(text: str, where: str) -> Statement:
    """What a statement states. Raises MalformedError."""
    found = _parse(text)
    if found is None:
        raise MalformedError(
            where, None, f"{printable(text, 80)}: no AI Attribution statement",
            hint="such as: AIA Ph Se Hin R MODEL v1.0",
        )  # fmt: skip
    return found


def _parse(text: str) -> Statement | None:
    match = _STATEMENT.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    review = {"R": True, "Nr": False, None: None}[match["review"]]
    return Degree(_degree(match["share"], match["how"] or "", match["who"]), review), match["model"]


def _degree(share: str, how: str, who: str | None) -> str:
    if share == "Eh":
        return "A0"
    if share in ("EAI", "PAI"):
        return "A4" if share == "EAI" and who == "Ain" else "A3"
    return "A1" if share == "Ph" and how == "Se" else "A2"


class _Attribution:
    name = "sentence"
    of_authorship = True
    terms = tuple(
        format_statement(degree, None, reviewed)
        for degree in _BODY
        for reviewed in ((None,) if degree == "A0" else (None, True, False))
    )

    def say(self, known: Known) -> Said:
        may = source_claim(known)
        if may.term is None:
            return may
        return Said(format_statement(may.term, None, known.reviewed))

    def read(self, term: str) -> Degree | None:
        found = _parse(term)
        return None if found is None else found[0]


VOCABULARY = _Attribution()
