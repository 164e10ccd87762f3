"""Which registered marks were looked for, at what level and length, and what was found."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import count, many, percent, share_bar, text, whole, words
from ledger.certificates.markup import day as day_of

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement
    from ledger.log.canonical import Entry

_RUN = (
    "scan",
    "version",
    "parameters",
    "results",
    "documents",
    "tokens",
    "alpha_milli",
    "fdr_milli",
)
_COUNTS = ("detected", "undecidable", "least", "fdr", "pooled_milli")
_STATE = ("name", "version", "provider", "algorithm", "key_class")
_RECORD = ("reserve", "documents", "tested", "at_2", "at_3", "at_4", "at_5", "at_6")
_PPM = 1_000_000
LISTED = 8  # scans on the page; certificate.json holds them all

_CLASSES = {
    "public": "public: anybody can make this mark",
    "committed": "known to its provider, who committed to it",
    "sealed": "known to its provider and to those it was sealed to",
    "remote": "known to its provider alone",
}
_UNICODE = {
    "c2pa_text_manifest": "a C2PA manifest written in invisible characters",
    "homoglyphs": "letters of another script in the place of look-alikes",
    "spaces": "look-alike spaces that may carry bits",
    "tag_characters": "tag characters",
    "variation_selectors": "variation selectors that may carry bytes",
    "zero_width": "zero-width characters that may carry bits",
}


class Watermarks:
    """The live scans of this dataset in its present state, one row a scan."""

    name = "watermarks"
    title = "Watermarks looked for"
    order = 95

    def query(self, view: "View") -> dict[str, Any]:
        root = f"sha256:{view.root.hex()}"
        scans = [
            entry
            for _, entry in view.claimed.of("scan")
            if entry.body.get("dataset") == view.dataset and entry.body["scan"] == "watermark"
        ]
        here = [entry for entry in scans if entry.body["content_root"] == root]
        if not here:
            return {"other_states": len(scans), "rows": []}
        registry = _Registry(view)
        rows: list[dict[str, Any]] = []
        for entry in here:
            row = {name: entry.body[name] for name in _RUN} | {
                "marks": [registry.row(mark) for mark in entry.body["marks"]],
                "outcomes": dict(entry.body["outcomes"]),
                "unicode": dict(entry.body["unicode"]),
            }
            if row not in rows:
                rows.append(row)
        rows.sort(key=lambda row: (row["parameters"], row["results"]))
        return {"other_states": len(scans) - len(here), "rows": rows}

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        rows, other = data["rows"], count(data, "other_states")
        earlier = (
            f"<p>{many(other, 'scan')} looked at another state of this dataset, with other "
            "documents in it, and is left out.</p>"
            if other
            else ""
        )
        if not rows:
            return (
                "<p>The ledger records no search for watermarks in this dataset as it stands. That "
                f"there are none is not said.</p>{earlier}"
            )
        parts = [_scan(row) for row in rows[:LISTED]]
        more = len(rows) - len(parts)
        rest = f"<p>{many(more)} more scans are listed in certificate.json.</p>" if more else ""
        return (
            "<p>Some providers of models hide a mark in the choice of words, which whoever has the "
            "key can find. A finding means that the text is consistent with that key, at the "
            "stated risk of a false alarm; whoever can detect a mark may be able to forge it. "
            "Where nothing was found, nothing is known: text of a model without a registered mark, "
            "or text that was rewritten, bears none.</p>" + "".join(parts) + rest + earlier
        )


class _Registry:
    """What the claims below the view's size say of marks."""

    def __init__(self, view: "View") -> None:
        from ledger.provenance.gather import named_keys
        from ledger.provenance.marks import mark_standing

        schemes = view.claimed.of("scheme")
        providers = named_keys(view.claimed.of("key"), "provider")
        self._said = {entry.claim_id: entry for _, entry in schemes}
        self._records = {entry.claim_id: entry for _, entry in view.claimed.of("calibration")}
        self._standing = {
            subject: mark_standing(
                [item for item in schemes if item[1].subject == subject], providers
            )
            for subject in {entry.subject for _, entry in schemes}
        }

    def row(self, mark: Mapping[str, Any]) -> dict[str, Any]:
        """A mark of a scan: what it was, how it stands now, what was found of it."""
        row = {name: mark[name] for name in ("mark", *_COUNTS)}
        said = self._said.get(mark["state"])
        if said is not None:
            row |= {name: said.body[name] for name in _STATE}
        standing = self._standing.get(mark["mark"])
        row["status"] = "not registered" if standing is None else standing.body["status"]
        if standing is not None and "forgeable_from" in standing.body:
            row["forgeable_from"] = standing.body["forgeable_from"]
        record = self._records.get(mark.get("calibration", ""))
        if record is not None:
            row["calibration"] = _record(record)
        return row


def _record(entry: "Entry") -> dict[str, Any]:
    return {name: entry.body[name] for name in _RECORD}


def _scan(row: Mapping[str, Any]) -> str:
    documents, tokens = count(row, "documents"), count(row, "tokens")
    level = _level(count(row, "alpha_milli"))
    marks = row["marks"]
    body = "".join(_mark(mark, documents) for mark in marks)
    caption = f"{many(len(marks), 'registered mark')} in {many(documents, 'document')}"
    heads = "".join(
        f'<th scope="col"{kind}>{head}</th>'
        for head, kind in (
            ("Mark", ""),
            ("Key", ""),
            ("Found in", ' class="n"'),
            ("Share of documents", ' class="share"'),
            ("Too short to tell", ' class="n"'),
            ("False alarms", ""),
        )
    )
    return (
        f"<h3>{caption}</h3><p>{many(tokens, 'token')}. A document counts as found if the risk of "
        f"a false alarm is at most {level}, divided by the number of marks looked for. It is too "
        "short to tell where not even a fully marked one of its length could reach that; repeated "
        "passages count once. False alarms are those of the key in older, sealed text, which "
        "cannot bear the mark.</p>"
        f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table>{_invisible(row['unicode'], documents)}"
    )


def _mark(row: Mapping[str, Any], documents: int) -> str:
    found, short = count(row, "detected"), count(row, "undecidable")
    least, kept = count(row, "least"), count(row, "fdr")
    ppm = found * _PPM // max(documents, 1)
    if "name" in row:
        called = f"{text(row['name'])} {text(row['version'])} of {text(row['provider'])}"
        called += f"<div><code>{text(row['algorithm'])}</code></div>"
        key = words(_CLASSES[row["key_class"]])
    else:
        called, key = f"<code>{text(row['mark'], 24)}</code>, whose registration is not here", ""
    if row["status"] != "active":
        key += f"; {words(row['status'])}"
    if "forgeable_from" in row:
        key += f"; others may have had it since {words(day_of(whole(row, 'forgeable_from')))}"
    pooled = count(row, "pooled_milli")
    corpus = (
        f"<div>all documents together, as one text: p ≤ {_level(pooled)}</div>"
        if pooled >= 5_000
        else ""
    )
    among = (
        f"<div>{many(kept)} if false ones among all that are found are limited instead</div>"
        if kept != found
        else ""
    )
    return (
        f'<tr><th scope="row">{called}</th><td>{key}</td>'
        f'<td class="n">{many(found)}{among}{corpus}</td>'
        f'<td class="share">{share_bar(ppm)}<span>{percent(ppm)}</span></td>'
        f'<td class="n">{many(short)}<div>under {many(least, "counted token")}</div></td>'
        f"<td>{_alarms(row)}</td></tr>\n"
    )


def _alarms(row: Mapping[str, Any]) -> str:
    if "calibration" not in row:
        return "no record: the key was not tried on a sealed reserve"
    record = row["calibration"]
    tested = count(record, "tested")
    return (
        f"of {many(tested, 'document')} of the reserve {text(record['reserve'])}, long enough to "
        f"test, {many(count(record, 'at_2'))} came to p ≤ 1e-2, {many(count(record, 'at_3'))} to "
        f"1e-3, {many(count(record, 'at_6'))} to 1e-6"
    )


def _invisible(found: Mapping[str, Any], documents: int) -> str:
    if not found:
        return "<p>No marks of invisible or look-alike characters were found in the raw text.</p>"
    items = "; ".join(
        f"{words(_UNICODE.get(kind, kind))}: {many(count(found, kind), 'document')}"
        for kind in sorted(found)
    )
    return (
        f"<p>Marks of invisible or look-alike characters in the raw text: {items}. They say how a "
        "text was handled, not who wrote it, and decide no label.</p>"
    )


def _level(milli: int) -> str:
    """A level or a p-value from thousandths of -log10."""
    exponent, rest = divmod(milli, 1000)
    return f"1e-{exponent}" if not rest else f"1e-{milli / 1000:g}"


SECTION = Watermarks()
