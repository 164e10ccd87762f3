"""What a manifest selected: shares wanted and reached, limits, gates, and who was left out."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import count, many, percent, percent_up, text, words
from ledger.certificates.sections._strata import STRATUM, strata_picture, strata_table
from ledger.manifests.agreeing import SHARE, check_bounds, check_gates, check_strata
from ledger.provenance.shape import Maybe, check_shape

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement

_SAID = ("bounds", "gates", "datasets", "exclusions", "issued_at", "policy", "stage", "unit")
_SHAPE: Mapping[str, Any] = {
    "absent": int,
    "accepted": Maybe(str),
    "axes": [str],
    "bounds": [
        {"about": str, "at_least": SHARE, "at_most": SHARE, "found_ppm": int, "holds": bool}
        | {"name": str}
    ],
    "budget": Maybe(int),
    "chosen_at": int,
    "datasets": [{"content_root": str, "documents": int, "name": str}],
    "documents": int,
    "exclusions": {
        "reasons": [{"documents": int, "reason": str}],
        "taken_down": {"documents": int, "root": str},
    },
    "gates": [
        {"detail": str, "found_ppm": Maybe(int), "limit_ppm": int, "name": str}
        | {"outcome": re.compile("passed|failed|not_evaluated|accepted")}
    ],
    "issued_at": int,
    "name": str,
    "parent": Maybe(str),
    "policy": {"cutoff": str, "digest": str, "name": str, "version": int},
    "rows": int,
    "seed": str,
    "stage": str,
    "statement": str,
    "strata": Maybe([STRATUM]),
    "tail": Maybe(
        {
            "available_ppm": int,
            "earlier": Maybe({"content_root": str, "documents": int, "name": str}),
            "method": str,
            "scores": str,
            "selected_ppm": int,
            "table": {"digest": str, "documents": int, "tokens": int, "types": int},
            "unrated": [{"documents": int, "reason": str}],
        }
    ),
    "taken_down": int,
    "tokenizer": Maybe(str),
    "unit": str,
    "units": int,
}
_OUTCOMES = {
    "passed": "Passed",
    "failed": "Failed",
    "not_evaluated": "Not evaluated",
    "accepted": "Above the limit, accepted by the issuer",
}
_REASONS = {
    "taken_down": "taken down",
    "anchor": "in an anchor, which is for the last stage alone",
    "near_anchor": "much like a document of an anchor",
    "generation": "of a later generation than the mix admits",
}
_HIDDEN = "its issuer had no list of its strata and repeats none; the list is here"
_LOST = "the list of strata is withheld here, so it was not compared"


class Manifest:
    """What the signed statement says, and what has become of its documents since."""

    covers = ("manifest",)
    name = "manifest"
    title = "What was selected"
    order = 15

    def query(self, view: "View") -> dict[str, Any]:
        """Everything but `absent` and `taken_down` is as it was when the manifest was made."""
        assert view.selected is not None
        held, said = view.selected, view.selected.statement
        found: dict[str, Any] = {name: _plain(getattr(said, name)) for name in _SAID}
        found |= {
            "absent": held.absent,
            "axes": list(said.axes),
            "chosen_at": said.head.size,
            "documents": said.documents,
            "name": said.reference,
            "rows": said.rows,
            "seed": str(said.seed),
            "statement": f"sha256:{held.digest.hex()}",
            "taken_down": held.taken_down,
            "units": said.units,
        }
        optional = {
            "accepted": said.accepted,
            "budget": said.budget,
            "parent": None if said.parent is None else f"sha256:{said.parent.hex()}",
            "tail": said.tail,
            "tokenizer": said.tokenizer,
        }
        found |= {name: value for name, value in optional.items() if value is not None}
        if held.strata is not None:
            found["strata"] = [
                {name: row[name] for name in STRATUM} for row in held.strata["strata"]
            ]
        return found

    def reconcile(
        self, found: Mapping[str, Any], expected: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        """Drops the strata where one side had no list of them, and says so."""
        left, right, notes = dict(found), dict(expected), []
        if ("strata" in found) != ("strata" in expected):
            notes = [_HIDDEN if "strata" in expected else _LOST]
            left.pop("strata", None)
            right.pop("strata", None)
        return left, right, notes

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        check_shape(dict(data), _SHAPE, self.name)
        _check_agreement(data)
        return "".join(
            [
                _lead(data),
                _since(data),
                _gates(data["gates"], data.get("accepted")),
                _strata(data),
                _tail(data.get("tail")),
                _bounds(data["bounds"]),
                _left_out(data["exclusions"]),
                _origin(data),
            ]
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _check_agreement(data: Mapping[str, Any]) -> None:
    """Raises ValueError for numbers that cannot all be true: the page would read too well."""
    check_gates(data["gates"], data.get("accepted"))
    check_bounds(data["bounds"], data["unit"], data["units"])
    if "strata" in data:
        check_strata(data["strata"], data["rows"], data["documents"], data["units"])


def _lead(data: Mapping[str, Any]) -> str:
    rows, documents, unit = count(data, "rows"), count(data, "documents"), data["unit"]
    figures = [(many(rows), "documents selected"), (many(documents), "documents in an epoch")]
    if unit != "documents":
        figures.append((many(count(data, "units")), f"{words(unit)} in an epoch"))
    shown = "".join(f"<div><dt>{name}</dt><dd>{number}</dd></div>" for number, name in figures)
    repeats = (
        f" {many(documents - rows)} of an epoch are repeats; sections below count each document "
        "once."
        if documents > rows
        else ""
    )
    tokens = f" A token is {text(data['tokenizer'])}." if "tokenizer" in data else ""
    return (
        f'<dl class="figures">{shown}</dl><p>For stage <b>{text(data["stage"])}</b>, drawn by seed '
        f"{text(data['seed'])} from {_datasets(data['datasets'])} as of the first "
        f"{many(count(data, 'chosen_at'))} entries of the ledger.{repeats}{tokens}</p>"
    )


def _datasets(rows: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{text(row['name'])} ({many(count(row, 'documents'), 'document')})" for row in rows
    )


def _since(data: Mapping[str, Any]) -> str:
    """What has become of the documents: nothing of it may be overlooked."""
    down, absent = count(data, "taken_down"), count(data, "absent")
    parts = []
    if down:
        verb = "has" if down == 1 else "have"
        parts.append(
            f"{many(down)} of the documents {verb} been taken down since and must not be used: "
            "a manifest without them can take the place of this one."
        )
    if absent:
        verb = "is" if absent == 1 else "are"
        parts.append(
            f"{many(absent)} of the documents {verb} in none of these datasets any more: sections "
            "below leave them out."
        )
    return "".join(f'<p class="warning open">{part}</p>' for part in parts)


def _gates(rows: Sequence[Mapping[str, Any]], accepted: str | None) -> str:
    """Every gate with its outcome. What was not passed is said before the table, too."""
    unasked = [row["name"] for row in rows if row["outcome"] == "not_evaluated"]
    above = [row["name"] for row in rows if row["outcome"] in ("accepted", "failed")]
    if not rows:
        return '<h3>Gates</h3><p class="warning open">No gate was set.</p>'
    parts = ["<h3>Gates</h3>"]
    if unasked:
        parts.append(
            f'<p class="warning open">Not evaluated: {_names(unasked)}. Nobody had measured what '
            "is limited there, so nothing was passed.</p>"
        )
    if above:
        why = f" The reason given: {text(accepted, 500)}" if accepted is not None else ""
        parts.append(f'<p class="warning open">Above the limit: {_names(above)}.{why}</p>')
    body = "".join(_gate(row) for row in rows)
    parts.append(
        '<table class="gates"><caption>Gates</caption><thead><tr>'
        '<th scope="col">Gate</th><th scope="col">Outcome</th><th scope="col" class="n">Found</th>'
        f'<th scope="col" class="n">Limit</th></tr></thead><tbody>{body}</tbody></table>'
        "<p>The range from 10 % to 25 % is a threshold reported by Moveo AI; not a legal limit."
        "</p>"
    )
    return "".join(parts)


def _names(names: Sequence[str]) -> str:
    return ", ".join(text(name) for name in names)


def _gate(row: Mapping[str, Any]) -> str:
    passed = row["outcome"] == "passed"
    outcome = words(_OUTCOMES[row["outcome"]])
    found = percent_up(count(row, "found_ppm")) if "found_ppm" in row else "not known"
    return (
        f'<tr><th scope="row">{text(row["name"])}<span class="beside unknown">'
        f"{text(row['detail'], 700)}</span></th>"
        f"<td>{outcome if passed else f'<b>{outcome}</b>'}</td>"
        f'<td class="n">{found}</td><td class="n">{percent(count(row, "limit_ppm"))}</td></tr>\n'
    )


def _strata(data: Mapping[str, Any]) -> str:
    head = "<h3>Shares wanted and reached</h3>"
    if "strata" not in data:
        return f'{head}<p class="unknown">The list of strata is withheld.</p>'
    axes, unit = data["axes"], data["unit"]
    strata = sorted(
        data["strata"],
        key=lambda row: (-max(count(row, "achieved_ppm"), count(row, "target_ppm")), row["values"]),
    )
    policy = data["policy"]
    return (
        f"{head}{strata_picture(strata, unit)}{strata_table(strata, axes, unit)}"
        f"<p>Documents were divided by {words(', '.join(axes))}; labels are those of the policy "
        f"{text(policy['name'])}@{many(count(policy, 'version'))} with cut-off "
        f"{text(policy['cutoff'])}, as of then.</p>"
    )


def _tail(tail: Mapping[str, Any] | None) -> str:
    """How rare the words are, of what there was and of what was selected."""
    if tail is None:
        return ""
    before = (
        f" New is what {text(tail['earlier']['name'])} does not hold." if "earlier" in tail else ""
    )
    unrated = sum(count(row, "documents") for row in tail["unrated"])
    return (
        "<p>Rare words, on average over documents: "
        f"{percent(count(tail, 'available_ppm'))} of what there was, "
        f"{percent(count(tail, 'selected_ppm'))} of what was selected, by the word counts of "
        f"{many(count(tail['table'], 'documents'), 'document')}. "
        f"{many(unrated, 'document')} could not be rated.{before}</p>"
    )


def _bounds(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    body = "".join(
        f'<tr><th scope="row">{text(row["name"])}<span class="beside unknown">'
        f"{text(row['about'])}</span></th><td>{_asked(row)}</td>"
        f'<td class="n">{percent(count(row, "found_ppm"))}</td>'
        f"<td>{'holds' if row['holds'] is True else '<b>does not hold</b>'}</td></tr>\n"
        for row in rows
    )
    return (
        '<h3>Bounds</h3><table class="gates"><caption>Bounds</caption><thead><tr>'
        '<th scope="col">Bound</th><th scope="col">Asked for</th>'
        '<th scope="col" class="n">Reached</th><th scope="col"></th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _asked(row: Mapping[str, Any]) -> str:
    least, most = row["at_least"], row["at_most"]
    if least == most:
        return text(least)
    sides = [f"at least {text(least)}"] if least != "0" else []
    sides += [f"at most {text(most)}"] if most != "1" else []
    return " and ".join(sides) or "any share"


def _left_out(data: Mapping[str, Any]) -> str:
    rows = data["reasons"]
    if not rows:
        return "<p>No document of these datasets was left out before drawing.</p>"
    listed = "; ".join(
        f"{many(count(row, 'documents'))}: {words(_REASONS.get(row['reason'], row['reason']))}"
        for row in rows
    )
    return f"<p>Left out before drawing: {listed}.</p>"


def _origin(data: Mapping[str, Any]) -> str:
    parent = (
        f" It takes the place of the manifest whose statement is <code>{words(data['parent'])}"
        "</code>."
        if "parent" in data
        else ""
    )
    return (
        f"<p>The manifest's own signed statement is <code>{words(data['statement'])}</code>."
        f"{parent}</p>"
    )


SECTION = Manifest()
