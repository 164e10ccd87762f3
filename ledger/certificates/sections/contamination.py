"""Which share of the documents resembles AI text, measured how, on what, and with which gate."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import (
    count,
    day,
    many,
    percent,
    percent_up,
    plain_percent,
    plain_percent_up,
    text,
    whole,
    words,
)

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement
    from ledger.log.canonical import Entry

LISTED = 6  # measurements on the page; certificate.json holds them all
_RUN = (
    "method", "detector", "detector_version", "calibration", "parameters", "results",
)  # fmt: skip
_PROFILE = ("name", "version", "expires_at")
_SOURCE = ("source", "documents", "before", "asserted", "reserve_root")
_PPM = 1_000_000
_WIDTH, _HEIGHT = 680, 62
_REASONS = {
    "in_calibration": "known human text that the calibration rests on",
    "not_english": "not in English",
    "not_prose": "no prose",
    "too_short": "too short",
}
_FLOOR = "floor-3.2"
_GONE = (
    "The calibration is not in the ledger or was taken back: the numbers above stand on nothing "
    "that can be looked at."
)
_OUTSIDE = "outside_"
_MEASURES = {"distinct_2": "distinct 2-grams", "distinct_4": "distinct 4-grams"}
_HELD_BY = {
    "below_floor": "below the floor",
    "drift": "scores have risen and stayed so",
    "scores_higher": "scores higher than those of known human text",
}


class Contamination:
    """The live audits of this dataset in its present state, one row a measurement."""

    name = "contamination"
    title = "Resemblance to AI text"
    order = 96

    def query(self, view: "View") -> dict[str, Any]:
        root = f"sha256:{view.root.hex()}"
        audits = [
            entry
            for _, entry in view.claimed.of("audit")
            if entry.body.get("dataset") == view.dataset
        ]
        here = [entry for entry in audits if entry.body["content_root"] == root]
        made = {entry.claim_id: entry for _, entry in view.claimed.of("verdict_calibration")}
        rows: dict[str, list[dict[str, Any]]] = {"batches": [], "contamination": []}
        for entry in here:
            kind = entry.body["audit"]
            if kind not in rows or kind not in entry.body:
                continue
            row = {name: entry.body[name] for name in _RUN} | {kind: dict(entry.body[kind])}
            if entry.body["calibration"] in made:
                row["profile"] = _profile(made[entry.body["calibration"]])
            if row not in rows[kind]:
                rows[kind].append(row)
        for listed in rows.values():
            listed.sort(key=lambda row: (row["parameters"], row["results"]))
        return {
            "batches": rows["batches"],
            "other_states": len(audits) - len(here),
            "rows": rows["contamination"],
        }

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        rows = sorted(data["rows"], key=_first_shown)
        batches = sorted(data["batches"], key=lambda row: -count(row["batches"], "held"))
        parts = [
            _measurement(row, f"contamination-{place}", statement.issued_at)
            for place, row in enumerate(rows[:LISTED])
        ]
        parts += [_batches(row) for row in batches[:LISTED]]
        left = max(len(rows) - LISTED, 0) + max(len(batches) - LISTED, 0)
        if left:
            parts.append(f"<p>{many(left)} more measurements are listed in certificate.json.</p>")
        other = count(data, "other_states")
        if other:
            parts.append(
                f"<p>{many(other, 'measurement')} of another state of this dataset, with other "
                "documents in it, left out.</p>"
            )
        if not rows:
            parts.insert(
                0,
                "<p>The ledger records no measurement of how much of this dataset resembles AI "
                "text. That little of it does is not said, and no gate was passed.</p>",
            )
        return "".join(parts)


def _profile(entry: "Entry") -> dict[str, Any]:
    """What a calibration says of itself, and when it was recorded."""
    return {name: entry.body[name] for name in _PROFILE} | {
        "human": [
            {name: source[name] for name in _SOURCE if name in source}
            for source in entry.body["human"]
        ],
        "recorded_at": entry.at,
    }


def _first_shown(row: Mapping[str, Any]) -> tuple[bool, int]:
    """What failed comes first, then what was measured most of.

    So many lenient measurements do not push a failed one off the page.
    """
    found = row["contamination"]
    return found["gate"] != "failed", -count(found, "sampled")


def _measurement(row: Mapping[str, Any], name: str, issued_at: int) -> str:
    found = row["contamination"]
    documents, measurable = count(found, "documents"), count(found, "measurable")
    sampled = count(found, "sampled")
    point, low, high = (count(found, f"{part}_ppm") for part in ("estimate", "low", "high"))
    share = f"{percent_up(point)} [{percent(low)}, {percent_up(high)}]"
    sample = "" if sampled == measurable else f" A sample of {many(sampled)} of them was."
    return (
        f"<h3>{share} of the documents that could be measured</h3>"
        f"<p>Of {many(documents, 'document')}, {many(measurable)} could be measured.{sample}"
        f"{_dated(row, found)} An "
        f"estimated {share} of those resemble AI text of calibration "
        f"{_calibration(row)}. Paraphrased, back-translated and base-model text is mostly missed. "
        f"If every unmeasured document were AI: up to "
        f"{percent_up(count(found, 'bound_ppm'))}{_of_all(found)}.</p>"
        f"{_picture(name, found)}{_gate(row, found)}"
        "<p>What can be measured: prose in English of 150 words or more. "
        f"{_unmeasured(found['unmeasured'])}</p>"
        f"<p>{_method(row, found)}</p>{_known(row, issued_at)}"
    )


def _dated(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Whose age stands for a measurement, and whether anybody checked it."""
    if "known_human" not in found:
        return ""
    number = count(found, "known_human")
    sources = row["profile"]["human"] if "profile" in row else ()
    unsure = ", not all of it checked," if any("asserted" in one for one in sources) else ""
    verb = "was" if number == 1 else "were"
    return f" {many(number)} more {verb} taken as human by date{unsure} and not measured."


def _of_all(found: Mapping[str, Any]) -> str:
    """What a bound is a share of, where it is not of the documents that were left to measure."""
    if "known_human" not in found:
        return ""
    return f" of all {many(count(found, 'documents'))}, the older ones counted as no AI text"


def _calibration(row: Mapping[str, Any]) -> str:
    if "profile" in row:
        profile = row["profile"]
        return f"{text(profile['name'])} {text(profile['version'])}"
    return f"<code>{text(row['calibration'], 24)}</code>"


def _gate(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    level, upper = count(found, "level_ppm"), count(found, "upper_level_ppm")
    outcome = {"passed": "passed", "failed": "failed"}[found["gate"]]
    said = f"<strong>Gate {outcome}</strong>"
    if "profile" not in row:
        said = f"<strong>No gate</strong>: it was recorded as {outcome}, without what it rests on"
    return (
        f"<p>{said}: the estimate may be at most {percent_up(level)}, the "
        f"upper end of the interval at most {percent_up(upper)}. The range from 10 % to 25 % is a "
        "threshold reported by Moveo AI; not a legal limit.</p>"
    )


def _unmeasured(reasons: Mapping[str, Any]) -> str:
    if not reasons:
        return "No document was left out."
    listed = "; ".join(
        f"{words(_REASONS.get(reason, reason))}: {many(count(reasons, reason))}"
        for reason in sorted(reasons)
    )
    return f"Left out: {listed}."


def _method(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    human, ai = count(found, "human"), count(found, "ai")
    said = [
        f"Measured with {text(row['detector'])} {text(row['detector_version'])}, method "
        f"{text(row['method'])}: {many(count(found, 'flagged'))} documents scored above the cut, "
        f"as did {many(count(found, 'human_above'))} of {many(human)} known human documents and "
        f"{many(count(found, 'ai_above'))} of {many(ai)} AI samples; the interval is at 95 % and "
        "holds the chance in all three counts."
    ]
    if "mixture_ppm" in found:
        point, low, high = (count(found, f"mixture{part}_ppm") for part in ("", "_low", "_high"))
        said.append(
            f"A second estimate, from the whole distribution of scores: "
            f"{percent_up(point)} [{percent(low)}, {percent_up(high)}]."
        )
    if "reviewed" in found:
        reviewed = many(count(found, "reviewed"), "decision")
        said.append(f"{reviewed} of people went into it, by the chance of being asked.")
    return " ".join(said)


def _known(row: Mapping[str, Any], issued_at: int) -> str:
    if "profile" not in row:
        return f"<p>{_GONE}</p>"
    profile = row["profile"]
    expires = whole(profile, "expires_at")
    sources = "; ".join(
        f"{many(count(source, 'documents'), 'document')} of {text(source['source'])}"
        + _why_human(source)
        for source in profile["human"]
    )
    over = " It had expired when this certificate was issued." if expires <= issued_at else ""
    return (
        f"<p>Calibration <code>{text(row['calibration'], 80)}</code>, recorded "
        f"{words(day(whole(profile, 'recorded_at')))}, valid until {words(day(expires))}.{over} "
        f"Known human text in it: {sources}.{_rests_on(row['contamination'])}</p>"
    )


def _why_human(source: Mapping[str, Any]) -> str:
    """What shows that a source is human text; nothing may."""
    if "before" in source:
        asserted = " by what was not all checked" if "asserted" in source else ""
        return f", dated before {text(source['before'])}{asserted}"
    if "reserve_root" in source:
        return ", of a sealed reserve"
    return ", human by the issuer's word alone"


def _rests_on(found: Mapping[str, Any]) -> str:
    if "human_source" not in found:
        return ""
    named = text(found["human_source"])
    if "own_source" in found:
        return f" The estimate rests on {named}, which is text of this dataset."
    return (
        f" The estimate rests on {named}, the source that suspects least. It is not text of this "
        "dataset: what sets the two apart is not in the interval."
    )


def _picture(name: str, found: Mapping[str, Any]) -> str:
    """The interval on a scale of 0 to 100 %, beside the two levels of the gate."""

    def x(ppm: int) -> float:
        return min(ppm, _PPM) * _WIDTH / _PPM

    point, low, high = (count(found, f"{part}_ppm") for part in ("estimate", "low", "high"))
    level, upper = count(found, "level_ppm"), count(found, "upper_level_ppm")
    said = (
        f"Estimate {plain_percent_up(point)}, interval {plain_percent(low)} to "
        f"{plain_percent_up(high)}; levels {plain_percent_up(level)} and "
        f"{plain_percent_up(upper)}, on a scale of 0 to 100 %."
    )
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">Estimated share of '
        f'documents that resemble AI text</title><desc id="{name}-desc">{words(said)}</desc>'
        f'<rect class="track" x="0" y="22" width="{_WIDTH}" height="18"/>'
        f'<rect class="hatch" x="{x(level):.2f}" y="22" '
        f'width="{max(x(upper) - x(level), 0):.2f}" height="18"/>'
        f'<rect class="solid" x="{x(low):.2f}" y="27" '
        f'width="{max(x(high) - x(low), 1.5):.2f}" height="8"/>'
        f'<rect class="solid" x="{max(x(point) - 2, 0):.2f}" y="20" width="4" height="22"/>'
        f'<text x="{x(level):.2f}" y="14">{percent_up(level)}</text>'
        f'<text x="{x(upper):.2f}" y="14">{percent_up(upper)}</text>'
        f'<text x="0" y="57">0 %</text><text x="{_WIDTH}" y="57" text-anchor="end">100 %</text>'
        "</svg>"
    )


def _batches(row: Mapping[str, Any]) -> str:
    found = row["batches"]
    held, every = count(found, "held"), count(found, "batches")
    reasons = "; ".join(
        f"{words(_held_by(reason))}: {many(count(found['reasons'], reason))}"
        for reason in sorted(found["reasons"])
    )
    drift = (
        f" Batch {many(count(found, 'drifted_at') + 1)} is the first at which scores had risen and "
        "stayed so."
        if "drifted_at" in found
        else ""
    )
    looked = (
        "were looked at, batch by batch, by an article's floor of bits a token alone, which hardly "
        f"ever fires (rule {text(found['rule'])})."
        if found["rule"] == _FLOOR
        else f"were compared with known human text, batch by batch, with {text(row['detector'])} "
        f"{text(row['detector_version'])}, rule {text(found['rule'])}, at a risk of a false alarm "
        f"of {percent(count(found, 'alpha_ppm'))} a batch for its scores."
    )
    return (
        f"<h3>{many(held)} of {many(every)} {'batch' if every == 1 else 'batches'} held for "
        f"review</h3><p>{many(count(found, 'documents'), 'document')} {looked}{drift}"
        + (f" Why: {reasons}." if reasons else "")
        + ("" if "profile" in row else f" {_GONE}")
        + "</p>"
    )


def _held_by(reason: str) -> str:
    """Why batches were held, in words; of a reason that is not known here its name."""
    if reason.startswith(_OUTSIDE):
        measure = reason.removeprefix(_OUTSIDE)
        shown = _MEASURES.get(measure, measure.replace("_", " "))
        return f"{shown} outside its band"
    return _HELD_BY.get(reason, reason.replace("_", " "))


SECTION = Contamination()
