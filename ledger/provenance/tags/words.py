"""A tag as a phrase for people."""

from ledger.claims.authorship import Authorship
from ledger.errors import printable

__all__ = ["GRADE_WORDS", "tag_words"]

GRADE_WORDS = {
    "A0": "no AI",
    "A1": "AI made surface edits",
    "A2": "AI edited content",
    "A3": "mostly AI, prompted",
    "A4": "autonomous AI",
    "AX": "AI use unknown",
}


def tag_words(body: Authorship) -> str:
    """What the tag says, in one line: `A2: AI edited content, model M 1, 12.3 % of the bytes`."""
    said = [f"{body.assistance}: {GRADE_WORDS[body.assistance]}"]
    if body.model is not None:
        said.append(f"model {printable(body.model)}")
    if body.covered_ppm is not None:
        said.append(f"{body.covered_ppm // 1000 / 10:.1f} % of the bytes")
    if body.reviewed is not None:
        said.append("read by a person" if body.reviewed else "read by nobody")
    if body.evidence is not None:
        said.append(body.evidence)
    if body.convention is not None:
        said.append(f"as its {body.convention} says")
    if body.weight is not None:
        said.append(f"of {body.weight} weight")
    if body.supersedes is not None:
        said.append("in place of another tag")
    return ", ".join(said)
