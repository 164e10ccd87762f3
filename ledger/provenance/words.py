"""One entry as a sentence for people. Decides wording only; what counts is decided elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.corpus.evidence import level
from ledger.errors import printable
from ledger.log.canonical import Entry
from ledger.provenance.conditions import moment

__all__ = ["ASSISTANCE_WORDS", "FIELD_WORDS", "TAKEDOWN_WORDS", "claim_words"]

ASSISTANCE_WORDS = {
    "A0": "no AI",
    "A1": "AI made surface edits",
    "A2": "AI edited content",
    "A3": "mostly AI, prompted",
    "A4": "autonomous AI",
    "AX": "AI use unknown",
}

TAKEDOWN_WORDS = {
    "error": "it should not have been recorded",
    "legal": "by law or order of a court",
    "other": "for another reason",
    "privacy": "for a person's privacy",
    "rights_holder": "its rights holder asks",
}

FIELD_WORDS = {
    "channel": "channel",
    "content_type": "content type",
    "crawler": "crawler",
    "language": "language",
    "license": "licence",
    "license_stated": "licence stated",
    "site": "site",
    "tokenizer": "tokenizer",
    "topic": "topic",
}


def claim_words(entry: Entry, taken: Sequence[int] = ()) -> str:
    """What the claim says. Text from outside is escaped. `taken`: what a withdrawal took back."""
    body = entry.body
    if entry.kind == "origin":
        return _origin(body)
    if entry.kind == "authorship":
        return _authorship(body)
    if entry.kind == "evidence":
        return _evidence(body)
    if entry.kind == "withdrawal":
        reason = f": {printable(body['reason'])}" if "reason" in body else ""
        if not taken:
            return f"takes back claim {body['claim']}, of which none stood{reason}"
        named = "entry" if len(taken) == 1 else "entries"
        return f"takes back {named} {', '.join(map(str, taken))}{reason}"
    if entry.kind == "operation":
        return (
            f"read as an input of {printable(body['dataset'])}: {body['rows']:,} rows recorded, "
            f"{body['rejected']:,} rejected"
        )
    if entry.kind == "takedown":
        return f"takes the document down: {TAKEDOWN_WORDS.get(body['reason'], 'for a reason')}"
    if entry.kind == "watermark":
        return _watermark(body)
    if entry.kind == "scheme":
        return (
            f"registers {printable(body['name'])} {printable(body['version'])} of "
            f"{printable(body['provider'])}: {printable(body['algorithm'])}, "
            f"{body['key_class']} key, {body['status']}"
        )
    if entry.kind == "scan":
        return (
            f"looks for {len(body['marks']):,} registered marks in {body['documents']:,} documents "
            f"of {printable(body['dataset'])}, at 1e-{body['alpha_milli'] / 1000:g} per document: "
            f"{body['outcomes'].get('detected', 0):,} detected"
        )
    if entry.kind == "calibration":
        return (
            f"looks for the mark in {body['documents']:,} documents of reserve "
            f"{printable(body['reserve'])}: {body['at_2']:,} at p ≤ 1e-2, {body['at_3']:,} at "
            f"1e-3, {body['at_6']:,} at 1e-6"
        )
    if entry.kind == "overlap":
        return (
            f"compares {printable(body['dataset'])} with {printable(body['against'])}: of "
            f"{body['documents']:,} documents {body['exact']:,} are there exactly, "
            f"{body['near_80']:,} nearly"
        )
    if entry.kind == "reserve":
        return (
            f"seals reserve {printable(body['name'])}@{body['version']:,}: "
            f"{body['documents']:,} documents, root {body['content_root']}"
        )
    said = ", ".join(
        f"{name} {printable(value, 100)}"
        for name, value in sorted(body.items())
        if isinstance(value, str | int)
    )
    return said or "says nothing that this program knows"


def _origin(body: Mapping[str, Any]) -> str:
    locator = body["locator"]
    part = f", part {locator['part']:,}" if locator["part"] else ""
    said = [
        f"in {printable(body['dataset'])}, file {locator['file']}, row {locator['row']:,}{part}",
        f"{body['bytes']:,} bytes",
    ]
    said += [
        f"{words} {printable(body[name])}" for name, words in FIELD_WORDS.items() if name in body
    ]
    if "tokens" in body:
        said.append(f"{body['tokens']:,} tokens")
    if "collected_at" in body:
        said.append(f"collected {moment(body['collected_at'])}")
    if "claimed_at" in body:
        said.append(f"its source claims {moment(body['claimed_at'])}")
    return "; ".join(said)


def _authorship(body: Mapping[str, Any]) -> str:
    grade = body["assistance"]
    said = [
        f"declares {grade}: {ASSISTANCE_WORDS.get(grade, 'a grade this program does not know')}"
    ]
    if "model" in body:
        said.append(f"model {printable(body['model'])}")
    elif grade in ("A2", "A3", "A4"):
        said.append("model undisclosed")
    if "ai_ppm" in body:
        said.append(f"AI share {body['ai_ppm'] / 10_000:g} %")
    if "issued_at" in body:
        said.append(f"issued {moment(body['issued_at'])}")
    if "supersedes" in body:
        said.append(f"supersedes claim {body['supersedes']}")
    return "; ".join(said)


def _watermark(body: Mapping[str, Any]) -> str:
    if "unicode" in body:
        count = body.get("marks", 0)
        return f"holds {count:,} marks of invisible characters ({printable(body['unicode'])})"
    if "neg_log10_p_milli" in body:
        power = f"p = 10^-{body['neg_log10_p_milli'] / 1000:g}"
    else:
        power = f"p at or below 10^-{body.get('bucket_milli', 0) / 1000:g}, corrected"
    said = [f"consistent with the key of mark {printable(body['mark'])}, {power}"]
    if body["decision"] == "below_alpha":
        said.append(f"too weak for the level of 10^-{body.get('alpha_milli', 0) / 1000:g}")
    if "counted" in body:  # of a public key's; how much was counted would help to forge another's
        said.append(f"{body['counted']:,} units counted")
    said.append(
        f"{body.get('keys', 1):,} marks looked for; whoever can detect may be able to forge"
    )
    return ", ".join(said)


def _evidence(body: Mapping[str, Any]) -> str:
    said = [f"{printable(body['type'])}, binding {printable(body['binding'])}"]
    if body["outcome"] == "failed":
        said.append(f"failed when checked by {printable(body['checker'])}, counts for nothing")
        return "; ".join(said)
    grade = level(str(body["type"]), str(body["outcome"]))
    said.append(f"{printable(body['outcome'])} (by {printable(body['checker'])}): level E{grade}")
    date = f"existed by {moment(body['existed_by'])}" if "existed_by" in body else "gives no date"
    said.append(date)
    if "issuer" in body:
        said.append(f"issuer {printable(body['issuer'])}")
    return "; ".join(said)
