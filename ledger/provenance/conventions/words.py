"""A disclosure as a phrase for people."""

from ledger.errors import printable
from ledger.provenance.conventions import Disclosure
from ledger.provenance.tags.words import GRADE_WORDS

__all__ = ["disclosure_words"]


def disclosure_words(one: Disclosure) -> str:
    """In one line: `A3: mostly AI, prompted, model M, 120 bytes in 2 ranges (html)`."""
    if one.assistance == "AX":
        return f"nothing usable: {printable(one.note, 400)} ({one.convention})"
    said = [f"{one.assistance}: {GRADE_WORDS[one.assistance]}"]
    if one.model is not None:
        said.append(f"model {printable(one.model)}")
    if one.ranges is not None:
        size = sum(end - start for start, end in one.ranges)
        ranges = f"{len(one.ranges):,} ranges" if len(one.ranges) > 1 else "one range"
        said.append(f"{size:,} bytes in {ranges}")
    if one.reviewed is not None:
        said.append("read by a person" if one.reviewed else "read by nobody")
    if one.weight is not None:
        said.append(f"of {one.weight} weight")
    if one.note is not None:
        said.append(printable(one.note, 400))
    return f"{', '.join(said)} ({one.convention})"
