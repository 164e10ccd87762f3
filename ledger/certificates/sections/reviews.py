"""What people decided who read some of the documents, and how far they agree. Statistics only."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import count, many, percent, words

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement
    from ledger.log.canonical import Entry

_STAGES = {
    "blind": "before the evidence was shown",
    "informed": "revised with the evidence shown",
    "adjudication": "a third person, where two disagreed",
}
_KINDS = {
    "human": "no AI wrote any of it",
    "ai": "AI wrote it",
    "mixed": "AI wrote some of it",
    "unsure": "not decided",
}
_MODES = {
    "audit": "drawn at random",
    "complaint": "somebody asked",
    "conflict": "claims contradict each other",
    "held": "in a batch that was held",
    "uncertain": "a detector was unsure",
}
_STATUSES = {
    "settled": "settled: two agree, or a third decided",
    "disputed": "disputed",
    "open": "open: one person so far, or nobody sure",
}
_COEFFICIENTS = (("Krippendorff's alpha", "alpha"), ("Gwet's AC1", "ac1"))
_LEAST, _MOST = -1_000_000_000, 1_000_000


class Reviews:
    """Sums over all decisions about the documents that count, and those left out."""

    name = "reviews"
    title = "Read by people"
    order = 97
    covers = ("dataset", "manifest")

    def query(self, view: "View") -> dict[str, Any]:
        from ledger.provenance.named import named_keys
        from ledger.provenance.review.recorded import reviewed_documents
        from ledger.provenance.review.statistics import agreement_data, statistics_of

        about = _about_reviewed(view)
        authors = named_keys(view.claimed.ever("key"))
        found = statistics_of(list(reviewed_documents(about, about.__getitem__, authors)))
        return {
            "agreement": agreement_data(found.blind),
            "agreement_in_tools": agreement_data(found.elsewhere),
            "decisions": found.decisions,
            "documents": found.documents,
            "kinds": dict(found.kinds),
            "modes": dict(found.modes),
            "own_texts": found.own,
            "reviewers": found.reviewers,
            "stages": dict(found.stages),
            "statuses": dict(found.statuses),
            "tools": dict(found.tools),
            "unknown_keys": found.unknown,
        }

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        decisions, tools = count(data, "decisions"), data["tools"]
        elsewhere = sum(count(tools, name) for name in tools)
        if not decisions and not elsewhere:
            return (
                f"<p>The ledger records no decision of a person who read one of these documents."
                f"{_left_out(data)}</p>"
            )
        parts = []
        if decisions:
            parts.append(
                f"<p>{many(decisions, 'decision')} on {many(count(data, 'documents'), 'document')}"
                f", signed by {_people(count(data, 'reviewers'))}. A reader saw the text first and "
                "the evidence after. People are often wrong about who wrote a text; that two "
                f"agree does not make them right.{_left_out(data)}</p>"
            )
            rows = [
                *_rows("Decided", data["kinds"], _KINDS),
                *_rows("When", data["stages"], _STAGES),
                *_rows("Asked because", data["modes"], _MODES),
                *_rows("Documents", data["statuses"], _STATUSES),
            ]
            parts.append(_table("What people decided", ("About", "What", "Number"), rows))
            parts.append(_agreement(data["agreement"], "before the evidence was shown"))
        if elsewhere:
            named = ", ".join(words(name) for name in sorted(tools))
            parts.append(
                f"<p>{many(elsewhere, 'decision')} were made in another program ({named}) and bear "
                "no signature. They are counted here and decide no label.</p>"
            )
            parts.append(_agreement(data["agreement_in_tools"], "in other programs"))
        return "".join(parts)


def _about_reviewed(view: "View") -> dict[str, list[tuple[int, "Entry"]]]:
    """Each document that somebody reviewed, ascending, with the live claims about it."""
    import numpy as np

    from ledger.log.canonical import parse_digest
    from ledger.log.record import live

    subjects = sorted({entry.subject for _, entry in view.claimed.of("review")})
    if not subjects:
        return {}
    digests = np.frombuffer(b"".join(map(parse_digest, subjects)), np.uint8).reshape(-1, 32)
    here = view.members.places(digests) >= 0
    about: defaultdict[int, list[tuple[int, Entry]]] = defaultdict(list)
    for number, index in zip(*map(np.ndarray.tolist, view.tables.find(digests)), strict=True):
        if here[number] and index < view.size:
            about[number].append((index, view.tables.entry(index)))
    found = {}
    for number, said in sorted(about.items()):
        subject = subjects[number]
        same = [
            item for item in sorted(said, key=lambda item: item[0]) if item[1].subject == subject
        ]
        found[subject] = live(same)
    return found


def _left_out(data: Mapping[str, Any]) -> str:
    own, unknown = count(data, "own_texts"), count(data, "unknown_keys")
    said = []
    if own:
        said.append(f"{many(own, 'decision')} by a text's own author")
    if unknown:
        said.append(f"{many(unknown, 'decision')} that no key named by the ledger vouches for")
    return f" Left out: {' and '.join(said)}." if said else ""


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def _rows(
    head: str, found: Mapping[str, Any], known: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    if not set(found) <= set(known):
        raise ValueError(f"{head}: found a name that is none")
    names = [name for name in known if name in found]
    return [
        (head if not place else "", known[name], many(count(found, name)))
        for place, name in enumerate(names)
    ]


def _table(caption: str, heads: Sequence[str], rows: Sequence[tuple[str, str, str]]) -> str:
    head = "".join(
        f'<th scope="col"{" class=" + chr(34) + "n" + chr(34) if place == 2 else ""}>{name}</th>'
        for place, name in enumerate(heads)
    )
    body = "".join(
        f'<tr><th scope="row">{first}</th><td>{words(second)}</td><td class="n">{third}</td></tr>'
        for first, second, third in rows
    )
    return (
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _agreement(data: Mapping[str, Any], where: str) -> str:
    """The coefficients with their intervals; the share of equal pairs last."""
    pairs, agreeing = count(data, "pairs"), count(data, "agreeing")
    if not pairs:
        return f"<p>How far people agree {where} is not known: no document has two decisions.</p>"
    if agreeing > pairs:
        raise ValueError(f"{agreeing} of {pairs} pairs agree")
    rows = [(label, _interval(data, name), _value(data, f"{name}_ppm"))
            for label, name in _COEFFICIENTS]  # fmt: skip
    rows.append(
        ("Equal pairs", f"{agreeing:,} of {pairs:,}", percent(agreeing * 1_000_000 // pairs))
    )
    compared = many(count(data, "compared"), "document")
    return _table(f"Agreement {where}, on {compared}", ("Measure", "95 % interval", "Value"), rows)


def _interval(data: Mapping[str, Any], name: str) -> str:
    low, high = f"{name}_low_ppm", f"{name}_high_ppm"
    if low not in data or high not in data:
        return "not given for so few documents"
    return f"{_value(data, low)} to {_value(data, high)}"


def _value(data: Mapping[str, Any], name: str) -> str:
    """A coefficient from parts per million; both may be below 0."""
    if name not in data:
        return "not defined: all decisions are alike"
    value = data[name]
    if not isinstance(value, int) or isinstance(value, bool) or not _LEAST <= value <= _MOST:
        raise ValueError(f"{name} is no coefficient")
    return f"{value / 1_000_000:.3f}"


SECTION = Reviews()
