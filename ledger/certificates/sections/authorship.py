"""What those who wrote said of it: documents by the AI that their tags declare, and how that is
known. Tags only; the label that follows from them is another section's.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import amounts_table, count, many, words

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement
    from ledger.log.canonical import Entry

_GRADES = {
    "A0": ("no AI", "solid"),
    "A1": ("AI made surface edits", "tint"),
    "A2": ("AI edited content", "dots"),
    "A3": ("mostly AI, prompted", "hatch"),
    "A4": ("autonomous AI", "hatch"),
    "AX": ("AI use unknown, as its author says", "unsaid"),
}
_CLASSES = {
    "declared": "declared by whoever recorded it",
    "hinted": "a form that tools write unasked: of little weight",
    "imported": "read from the file or its history",
    "observed": "the writing was observed",
    "signed": "signed by an author whose key the ledger named before",
}


class Authorship:
    """Documents once by the strongest grade said of them, and in each class that they have."""

    covers = ("dataset", "manifest")
    name = "authorship"
    title = "What authors said"
    order = 22

    def query(self, view: "View") -> dict[str, Any]:
        import numpy as np

        from ledger.provenance.tags.classes import class_of, strongest

        said = _said(view)
        grades = np.full(len(view.members), "", dtype="U2")
        classes: defaultdict[str, list[int]] = defaultdict(list)
        for place, tags in said.items():
            firm = [
                str(entry.body["assistance"]) for entry, _ in tags if "weight" not in entry.body
            ]
            grades[place] = strongest(firm) or ""
            for name in {class_of(entry.body, attested) for entry, attested in tags}:
                classes[name].append(place)
        rows = []
        for grade in ("", *_GRADES):
            amount = view.members.add_up(grades == grade)
            if amount[0]:
                rows.append((grade or None, *amount))
        by_class = []
        for name, places in classes.items():
            chosen = np.zeros(len(view.members), np.bool_)
            chosen[places] = True
            by_class.append((name, *view.members.add_up(chosen)))
        return {
            "assistance": view.rows(["grade"], rows),
            "evidence": view.rows(["class"], by_class),
        }

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        rows, classes = list(data["assistance"]), list(data["evidence"])
        if not classes:
            return (
                "<p>Nobody tagged any of these documents. That says nothing about who wrote "
                "them.</p>"
            )
        untagged = sum(count(row, "documents") for row in rows if "grade" not in row)
        return (
            "<p>Each document counts once, with the most AI that a tag declares of it or of parts "
            "of it. The statements are their authors' own and may be untrue. "
            f"{many(untagged, 'document')} without a tag that counts: nothing is known of "
            "them from here, which is not to say that people wrote them.</p>"
            + amounts_table(
                "Documents by the AI that their tags declare",
                ["Declared"],
                (([_grade(row)], row, _fill(row)) for row in rows),
            )
            + amounts_table(
                "Tagged documents by how it is known; one may count in several",
                ["Evidence"],
                (([words(_CLASSES[row["class"]])], row, "solid") for row in classes),
            )
        )


def _said(view: "View") -> dict[int, list[tuple["Entry", bool]]]:
    """Place of each tagged member -> the tags that stand, each with "attested"."""
    import numpy as np

    from ledger.log.canonical import parse_digest
    from ledger.log.record import live
    from ledger.provenance.named import named_keys
    from ledger.provenance.standing import standing_claims

    subjects = sorted({entry.subject for _, entry in view.claimed.of("authorship")})
    if not subjects:
        return {}
    digests = np.frombuffer(b"".join(map(parse_digest, subjects)), np.uint8).reshape(-1, 32)
    places = view.members.places(digests)
    about: defaultdict[int, list[tuple[int, Entry]]] = defaultdict(list)
    for number, index in zip(*map(np.ndarray.tolist, view.tables.find(digests)), strict=True):
        if places[number] >= 0 and index < view.size:
            about[number].append((index, view.tables.entry(index)))
    authors = named_keys(view.claimed.ever("key"))
    found: dict[int, list[tuple[Entry, bool]]] = {}
    for number, entries in about.items():
        said = live(sorted(entries, key=lambda item: item[0]))
        standing = [(entry, signed) for _, entry, signed in standing_claims(said, authors)]
        if standing:
            found[int(places[number])] = standing
    return found


def _grade(row: Mapping[str, Any]) -> str:
    if "grade" not in row:
        return '<span class="unknown">no tag that counts</span>'
    return f"<b>{words(row['grade'])}</b> {words(_GRADES[row['grade']][0])}"


def _fill(row: Mapping[str, Any]) -> str:
    return _GRADES[row["grade"]][1] if "grade" in row else "unsaid"


SECTION = Authorship()
