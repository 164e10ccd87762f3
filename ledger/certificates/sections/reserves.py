"""How much of it lies in sealed reserves of the same ledger, and which."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import amounts_table, count, many, percent, size, text, words
from ledger.certificates.receipts import has_receipts
from ledger.errors import printable

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement

_IDENTITY = ("content_root", "name", "stage", "statement", "version")
_SHARE = ("bytes", "bytes_ppm", "documents", "documents_ppm", "occurrences")
_RULE = ("allow_asserted", "before", "min_level", "reserve_asserted")
_DEPENDS = {"members": _SHARE, "statement": _RULE}  # what is left out where one is withheld

_HIDDEN = {
    "members": "its issuer had no list of its documents and gives no share; the list is here",
    "statement": "its issuer had no statement of it and gives no rule; the statement is here",
}
_LOST = {
    "members": "the list of its documents is withheld here, so its share was not computed again",
    "statement": "its statement is withheld here, so its rule was not compared",
}


class Reserves:
    """One row for the newest live version of each reserve; `in_any` counts each document once.

    What the vault withholds is named in `withheld`, and what depends on it is left out.
    """

    covers = ("dataset", "manifest")
    name = "reserves"
    title = "Sealed reserves"
    order = 80

    def query(self, view: "View") -> dict[str, Any]:
        from ledger.certificates.sealed import reserve_rows

        rows, in_any = reserve_rows(view)
        return {"rows": rows} if in_any is None else {"in_any": in_any, "rows": rows}

    def reconcile(
        self, found: Mapping[str, Any], expected: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        """Drops from both what rests on an attachment that either lacked, and says so."""
        _check_in_any(found)
        ours = {_identity(row): dict(row) for row in expected["rows"]}
        theirs = {_identity(row): dict(row) for row in found["rows"]}
        if len(theirs) != len(found["rows"]):
            raise ValueError("a reserve is named twice")
        notes: list[str] = []
        for identity in ours.keys() & theirs.keys():
            here, there = ours[identity], theirs[identity]
            lacked, lacking = _withheld(there), _withheld(here)
            notes += [f"{_plainly(here)}: {_LOST[name]}" for name in lacking]
            notes += [
                f"{_plainly(here)}: {_HIDDEN[name]}" for name in lacked if name not in lacking
            ]
            for key in ("withheld", *(key for n in (*lacked, *lacking) for key in _DEPENDS[n])):
                here.pop(key, None)
                there.pop(key, None)
        left = {**found, "rows": list(theirs.values())}
        right = {**expected, "rows": list(ours.values())}
        if "in_any" not in found or "in_any" not in expected:
            left.pop("in_any", None)
            right.pop("in_any", None)
        return left, right, sorted(notes)

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        rows: Sequence[Mapping[str, Any]] = data["rows"]
        if not rows:
            return "<p>The ledger records no sealed reserve.</p>"
        listed = [row for row in rows if _withheld(row) or count(row, "documents")]
        known = [row for row in listed if "members" not in _withheld(row)]
        empty = len(rows) - len(listed)
        _check_in_any(data)
        parts = [
            "<p>A reserve is a set of texts that was sealed with the evidence of its age. That a "
            "text lies in one says when it existed at the latest, not who wrote it."
            f"{_in_any(data)}</p>"
        ]
        if known:
            parts.append(
                amounts_table(
                    "Documents that lie in a sealed reserve",
                    ["Reserve", "Sealed as"],
                    ((_cells(row), row, "solid") for row in known),
                    more="reserves",
                )
            )
        for row in listed:
            parts.extend(_said_of_withheld(row))
        if empty:
            parts.append(
                f"<p>{many(empty, 'more reserve')} of the ledger hold none of these documents.</p>"
            )
        if any(has_receipts(row) for row in rows):
            parts.append(
                "<p>The signed statement of each reserve that holds some of them, its entry and "
                "the proof of that entry lie beside this page as <code>reserve-N.dsse.json</code>, "
                "<code>reserve-N.entry.json</code> and <code>reserve-N.tlog-proof</code>, N being "
                "its place in certificate.json; <code>headwater verify</code> checks them.</p>"
            )
        return "".join(parts)


def _identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _IDENTITY)


def _withheld(row: Mapping[str, Any]) -> list[str]:
    found = row.get("withheld", [])
    if not isinstance(found, list) or not all(name in _DEPENDS for name in found):
        raise ValueError("withheld is not a list of what may be withheld")
    if any(key in row for name in found for key in _DEPENDS[name]):
        raise ValueError("a row says what rests on something withheld")
    return found


def _check_in_any(data: Mapping[str, Any]) -> None:
    if ("in_any" in data) == any("members" in _withheld(row) for row in data["rows"]):
        raise ValueError("in_any beside withheld members, or absent without them")


def _in_any(data: Mapping[str, Any]) -> str:
    if "in_any" not in data:
        return ""
    documents, ppm = count(data["in_any"], "documents"), count(data["in_any"], "documents_ppm")
    verb = "lies" if documents == 1 else "lie"
    return (
        f" {many(documents, 'document')} of this dataset ({percent(ppm)}) {verb} in at least one."
    )


def _plainly(row: Mapping[str, Any]) -> str:
    return f"reserve {printable(row['name'])} version {printable(row['version'])}"


def _called(row: Mapping[str, Any]) -> str:
    return f"{text(row['name'])}, version {many(count(row, 'version'))}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    documents = many(count(row, "reserve_documents"), "document")
    first = (
        f'<b>{_called(row)}</b> <span class="unknown">of {documents}, '
        f"{size(count(row, 'reserve_bytes'))}; content root</span> "
        f"<code>{words(_plain(row, 'content_root'))}</code>"
    )
    return [first, _sealed_as(row)]


def _sealed_as(row: Mapping[str, Any]) -> str:
    if _plain(row, "stage") == "final":
        return "anchor: authors attested, for the last stage of training only"
    if "before" not in row:
        return '<span class="unknown">statement withheld</span>'
    asserted, level = count(row, "reserve_asserted"), count(row, "min_level")
    checked = count(row, "reserve_documents") - asserted
    if row["allow_asserted"] is not True:
        standing = f"all of it by checked evidence of level E{level} or better"
    else:
        standing = (
            f"{many(checked, 'document')} of it by checked evidence, "
            f"{many(asserted)} by dates that were only asserted"
        )
    return f"dated reserve: existed before {words(_plain(row, 'before'))}, {standing}"


def _plain(row: Mapping[str, Any], name: str) -> str:
    if not isinstance(row[name], str):
        raise ValueError(f"{name} is not a string")
    return str(row[name])


def _said_of_withheld(row: Mapping[str, Any]) -> list[str]:
    said = {
        "members": "the list of its documents is withheld, so whether any of these lie in it was "
        "not computed",
        "statement": "its statement is withheld, so its rule is not shown",
    }
    return [f"<p>Reserve {_called(row)}: {said[name]}.</p>" for name in _withheld(row)]


SECTION = Reserves()
