"""Why it is believed that the documents existed by a date, how strongly, and what was checked."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import amounts_table, count, day, many, text, whole, words
from ledger.certificates.sections._checks import BINDINGS, OUTCOMES, looked_at

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement

_LEVELS = (
    "inferred",
    "the holder's own word",
    "signed, but dated by the signer",
    "an unchangeable registry or release holds a dated digest",
    "an independent archive captured it",
    "a cryptographic time from a third party",
)


class Evidence:
    """Counts per best evidence level, and per kind of check; checked and asserted apart.

    In `checks` a document counts once for each kind of evidence that reaches it, ledger-wide.
    """

    covers = ("dataset", "manifest")
    name = "evidence"
    title = "Evidence of age"
    order = 30

    def query(self, view: "View") -> dict[str, Any]:
        from ledger.certificates.composition import add_up
        from ledger.certificates.dating import RANK_SQL, level_of, rank

        rows = view.connection.execute(
            f"WITH part AS ({view.by_profile()}) SELECT {RANK_SQL} AS place, "
            "sum(part.documents), sum(part.occurrences), sum(part.bytes) "
            "FROM part JOIN profile p ON p.id = part.profile GROUP BY place",
            (view.dataset_id,),
        ).fetchall()
        rows = [(*(level_of(place) if place else (None, None)), *amount) for place, *amount in rows]
        lifted = [amount for (dates, own), amount in view.shared.items() if rank(dates) > rank(own)]
        return {
            "checks": _checks(view),
            "extractors": view.named("extractors"),
            "lifted_elsewhere": view.shares(add_up(lifted)),
            "rows": view.rows(["standing", "level"], rows),
        }

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        def place(row: Mapping[str, Any]) -> tuple[int, int]:
            order = {"checked": 0, "asserted": 1}
            return order[row["standing"]] if "standing" in row else 2, -row.get("level", 0)

        rows = sorted(data["rows"], key=place)
        table = amounts_table(
            "Documents by their best evidence of age",
            ["Evidence", "Standing"],
            ((self._cells(row), row, _FILLS[place(row)[0]]) for row in rows),
        )
        lifted = count(data["lifted_elsewhere"], "documents")
        owe = (
            "1 of these documents owes its"
            if lifted == 1
            else (f"{many(lifted)} of these documents owe their")
        )
        note = (
            f"<p>{owe} row to another dataset of the same ledger, which holds the same text with "
            "better evidence.</p>"
            if lifted
            else ""
        )
        return (
            "<p>Each document counts once: by its best evidence that was checked when it was "
            "recorded, else by its best evidence that was only asserted. Evidence says that a text "
            "existed by a date, not when or by whom it was written.</p>"
            + table
            + note
            + _checks_shown(data["checks"])
            + _extractors_shown(data["extractors"])
        )

    def _cells(self, row: Mapping[str, Any]) -> list[str]:
        if "standing" not in row:
            return ['<span class="unknown">no dated evidence</span>', "unknown"]
        level = count(row, "level")
        return [f"<b>E{level}</b> {words(_LEVELS[level])}", words(row["standing"])]


_FILLS = ("solid", "tint", "unsaid")
_PLACES = {"checked": 0, "asserted": 1, "failed": 2}
_MEANINGS = {
    "checked": "What was checked",
    "asserted": "What was only asserted",
    "failed": "What did not hold",
}


def _checks(view: "View") -> list[dict[str, Any]]:
    from ledger.certificates.evidenced import evidenced

    names = ("type", "outcome", "binding", "issuer")
    rows = []
    for key, reached in sorted(evidenced(view).items(), key=lambda item: _last(item[0])):
        row: dict[str, Any] = {
            name: value for name, value in zip(names, key, strict=True) if value is not None
        }
        row |= {"claims": reached.claims, **view.shares(view.members.add_up(reached.members))}
        if reached.earliest is not None:
            row |= {"earliest": reached.earliest, "latest": reached.latest}
        rows.append(row)
    return rows


def _last(key: Sequence[str | None]) -> list[tuple[bool, str]]:
    return [(part is None, part or "") for part in key]


def _checks_shown(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table each for what was checked, what was asserted, what failed; none where none is."""
    parts = []
    for outcome in sorted({row["outcome"] for row in rows}, key=_PLACES.__getitem__):
        listed = [row for row in rows if row["outcome"] == outcome]
        listed.sort(key=lambda row: -count(row, "documents"))
        title = _MEANINGS[outcome]
        parts.append(
            f"<h3>{title}</h3><p>Here {words(OUTCOMES[outcome])}. A document counts in each row "
            "that reaches it.</p>"
            + amounts_table(
                title,
                ["Looked at", "Dates it gives"],
                ((_check_cells(row), row, _FILLS[_PLACES[outcome]]) for row in listed),
                more="kinds of evidence",
                shape="checks",
            )
        )
    return "".join(parts)


def _extractors_shown(names: Sequence[object]) -> str:
    if not isinstance(names, list):
        raise ValueError("extractors is not a list")
    listed = ", ".join(text(name) for name in names)
    said = "Text was taken out of what was no text by these programs, options included"
    return f"<p>{said}: {listed}.</p>" if names else ""


def _check_cells(row: Mapping[str, Any]) -> list[str]:
    issuer = f"; the record is held by {text(row['issuer'])}" if "issuer" in row else ""
    said = words(looked_at(row["type"], row["outcome"]))
    about = words(BINDINGS[row["binding"]])
    first = (
        f'{said[:1].upper()}{said[1:]}{issuer}. <span class="unknown">About {about}; '
        f"{many(count(row, 'claims'), 'record')}.</span>"
    )
    if "earliest" not in row:
        return [first, '<span class="unknown">none</span>']
    earliest, latest = day(whole(row, "earliest")), day(whole(row, "latest"))
    return [first, earliest if earliest == latest else f"{earliest} to {latest}"]


SECTION = Evidence()
