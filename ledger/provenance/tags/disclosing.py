"""What a file discloses of itself, as things to tag: evidence class imported, never more."""

from ledger.errors import printable
from ledger.provenance.tags.tagging import Said, Text

__all__ = ["read_disclosures"]


def read_disclosures(text: Text) -> tuple[list[Said], list[str]]:
    """What to tag, and notes for people: what was found that says nothing usable, or nothing at
    all. Raises InputError as the conventions do.
    """
    from ledger.provenance.conventions import of_file

    found: list[Said] = []
    notes: list[str] = []
    for convention in of_file(text.place):
        for item in convention.read(text.content, text.place):
            where = item.where or text.place
            if item.assistance == "AX" or item.path is not None or item.digest is not None:
                reason = item.note or "it speaks of another text"
                notes.append(f"{printable(where)}: {printable(convention.name)}: {reason}")
                continue
            found.append(
                Said(
                    item.assistance,
                    model=item.model,
                    ranges=item.ranges,
                    reviewed=item.reviewed,
                    evidence="imported",
                    convention=item.convention,
                    weight=item.weight,
                )
            )
    if not found:
        notes.append(f"{printable(text.place)}: says nothing of AI that a tag can hold; unknown")
    return list(dict.fromkeys(found)), notes
