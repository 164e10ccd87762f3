"""How much of it was found again in other sets of documents that it was compared with."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import count, many, percent, share_bar, stacked_bar, text, words

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement

_COUNTS = (
    "documents", "against_documents", "exact", "normalised", "near_80", "near_50", "contained",
    "novel",
)  # fmt: skip
_TEXTS = ("against", "against_root", "method")
_PPM = 1_000_000

_SHOWN = (
    ("exact", "byte for byte the same", "solid"),
    ("normalised", "the same words, but for case, punctuation or spelling of characters", "solid"),
    ("near_80", "near-duplicates: 80 % or more of their word sequences in common", "tint"),
    ("near_50", "half or more of their word sequences in common", "tint"),
)
_APART = (
    (
        "contained",
        "excerpts: 80 % or more of one lies in the other, and they are no near-duplicates",
        "tint",
    ),
    ("novel", "less than 20 % in common with any document compared", "unsaid"),
)
_SEGMENTS = (
    ("A", "the same", "solid"),
    ("B", "near-duplicate", "tint"),
    ("C", "half or more in common", "hatch"),
    ("D", "20 to 50 % in common", "dots"),
    ("E", "less than 20 % in common", "unsaid"),
)
LISTED = 24  # comparisons on the page; certificate.json holds them all


class Overlaps:
    """The live overlap claims about this dataset in its present state, one row a comparison."""

    name = "overlaps"
    title = "Found again elsewhere"
    order = 90

    def query(self, view: "View") -> dict[str, Any]:
        root = f"sha256:{view.root.hex()}"
        rows, other_states = [], 0
        for _, entry in view.claimed.of("overlap"):
            if entry.body.get("dataset") != view.dataset:
                continue
            if entry.body.get("content_root") != root:
                other_states += 1
                continue
            row = {name: entry.body[name] for name in (*_TEXTS, *_COUNTS)}
            if row not in rows:
                rows.append(row)
        rows.sort(key=lambda row: [row[name] for name in (*_TEXTS, *_COUNTS)])
        return {"other_states": other_states, "rows": rows}

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        rows, other = data["rows"], count(data, "other_states")
        earlier = (
            f"<p>{many(other, 'comparison')} measured another state of this dataset, with other "
            "documents in it, and is left out.</p>"
            if other
            else ""
        )
        if not rows:
            return (
                "<p>The ledger records no comparison of this dataset, as it stands, with another "
                f"set of documents. That nothing was found elsewhere is not said.</p>{earlier}"
            )
        parts = [_table(number, row) for number, row in enumerate(rows[:LISTED], 1)]
        more = len(rows) - len(parts)
        rest = (
            f"<p>{many(more)} more comparisons are listed in certificate.json.</p>" if more else ""
        )
        return (
            "<p>How much of this dataset comes back in another set of documents. Two texts are "
            "near-duplicates if at least 80 % of all sequences of five words that occur in either "
            "occur in both. Likely pairs were found by sketches and then compared exactly; a pair "
            "that no sketch suggests is missed, and so is paraphrased or translated text. Text in "
            "common does not say which came first, or who wrote it.</p>"
            + "".join(parts)
            + rest
            + earlier
        )


def _table(number: int, row: Mapping[str, Any]) -> str:
    documents = count(row, "documents")
    against = row["against"]
    if not isinstance(against, str):
        raise ValueError("against is not a string")
    reserve, _, name = against.partition(":")
    kind = "the reserve " if name and reserve == "reserve" else ""
    caption = f"Compared with {kind}{text(name if kind else against)}"
    body = "".join(_row(row, key, said, fill, documents) for key, said, fill in _SHOWN)
    apart = "".join(_row(row, key, said, fill, documents) for key, said, fill in _APART)
    return (
        f"<h3>{caption}</h3><p>{many(documents, 'document')} against "
        f"{many(count(row, 'against_documents'), 'document')} with the content root "
        f"<code>{words(row['against_root'])}</code>, by {text(row['method'])}. Each of the first "
        "four rows includes those above it.</p>"
        f"{_chart(number, row, documents)}"
        f'<table><caption>{caption}</caption><thead><tr><th scope="col">Documents here that are'
        '</th><th scope="col" class="n">Documents</th><th scope="col" class="share">'
        f"Share of documents</th></tr></thead><tbody>{body}{apart}</tbody></table>"
    )


def _chart(number: int, row: Mapping[str, Any], documents: int) -> str:
    """One bar of all documents, each by its closest match."""
    same, near, half = (count(row, key) for key in ("normalised", "near_80", "near_50"))
    novel = count(row, "novel")
    parts = (same, near - same, half - near, documents - half - novel, novel)
    if min(parts) < 0:
        raise ValueError("counts that do not include one another")
    bar = stacked_bar(
        f"overlap-{number}",
        f"{many(documents, 'document')} by their closest match",
        [
            (letter, said, part * _PPM // max(documents, 1), fill)
            for (letter, said, fill), part in zip(_SEGMENTS, parts, strict=True)
        ],
    )
    legend = "; ".join(f"{letter} {words(said)}" for letter, said, _ in _SEGMENTS)
    return f'{bar}<p class="unknown">By their closest match: {legend}.</p>'


def _row(row: Mapping[str, Any], key: str, said: str, fill: str, documents: int) -> str:
    found = count(row, key)
    ppm = found * _PPM // max(documents, 1)
    return (
        f'<tr><th scope="row">{words(said)}</th><td class="n">{many(found)}</td>'
        f'<td class="share">{share_bar(ppm, fill)}<span>{percent(ppm)}</span></td></tr>\n'
    )


SECTION = Overlaps()
