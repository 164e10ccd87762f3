"""One entry as a sentence for people. Decides wording only; what counts is decided elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.corpus.evidence import level
from ledger.errors import printable
from ledger.log.canonical import Entry
from ledger.provenance.conditions import moment
from ledger.provenance.tags.words import GRADE_WORDS

__all__ = ["ASSISTANCE_WORDS", "FIELD_WORDS", "TAKEDOWN_WORDS", "claim_words"]

ASSISTANCE_WORDS = GRADE_WORDS

_CLAIM = len("sha256:") + 12  # of a claim_id, to tell one from another

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
    if entry.kind == "review":
        return _review(body)
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
    if entry.kind == "verdict":
        return _verdict(body)
    if entry.kind == "verdict_calibration":
        count = sum(source["documents"] for source in body["human"])
        return (
            f"calibrates {printable(body['detector'])} {printable(body['detector_version'])} on "
            f"{count:,} documents of {_many(len(body['human']), 'source')} that are known to be "
            f"human, until {moment(body['expires_at'])}"
        )
    if entry.kind == "audit":
        return _audit(body)
    if entry.kind == "scan" and body["scan"] == "verdict":
        return (
            f"asks {printable(body['version'])} about {body['documents']:,} documents of "
            f"{printable(body['dataset'])}: {body['outcomes'].get('like_ai_sample', 0):,} like its "
            "samples of AI text"
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
    if entry.kind == "erasure":
        return "says that what the vault knew of a person was destroyed"
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
    if "covered_ppm" in body:
        where = "listed in its spans" if "spans" in body else "which ones is not known here"
        said.append(f"of {body['covered_ppm'] / 10_000:g} % of the bytes, {where}")
    if "reviewed" in body:
        said.append("a person read it and answers for it" if body["reviewed"] else "read by nobody")
    if "evidence" in body:
        said.append(_EVIDENCE_CLASSES.get(body["evidence"], "of a class not known to this program"))
    if "convention" in body:
        said.append(f"in the form {printable(body['convention'])}")
    if "weight" in body:
        said.append(f"{printable(body['weight'])} weight: by itself it decides nothing")
    if "issued_at" in body:
        said.append(f"issued {moment(body['issued_at'])}")
    if "supersedes" in body:
        said.append(f"supersedes claim {body['supersedes']}")
    if "repeats" in body:
        said.append(f"repeats claim {body['repeats'][:_CLAIM]} of another rendering of the text")
    return "; ".join(said)


_EVIDENCE_CLASSES = {
    "observed": "the writing was observed",
    "imported": "read from a file or commit",
}
_STAGES = {
    "blind": "before the evidence was shown",
    "informed": "with the evidence shown",
    "adjudication": "as the third word where two disagree",
}
_REASONS = {
    "known_source": "a known source",
    "author_known": "knowing its author",
    "process_seen": "having seen it made",
    "style": "its style",
    "factual": "what it says of facts",
    "artefact": "traces of a tool",
    "other": "something else",
}


def _review(body: Mapping[str, Any]) -> str:
    stage = _STAGES.get(str(body["stage"]), "at a stage this program does not know")
    reason = _REASONS.get(str(body["reason"]), "something this program does not know")
    said = [f"decides {printable(body['decision'])}, {stage}, going by {reason}"]
    if "source" in body:
        said.append("cites a source outside the text")
    if "inclusion_ppb" in body:
        said.append(f"drawn with a chance of {body['inclusion_ppb'] / 10_000_000:g} %")
    if "tool" in body:
        said.append(f"decided in {printable(body['tool'])}, so it counts in statistics only")
    if "supersedes" in body:
        said.append(f"supersedes claim {printable(body['supersedes'])[:_CLAIM]}")
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


def _verdict(body: Mapping[str, Any]) -> str:
    said = [f"{printable(body['detector'])} {printable(body['version'])}: {body['outcome']}"]
    if body["source"] != "headwater":
        said[0] = f"{printable(body['source'])}, {said[0]}"
    if "stated" in body:
        said.append(f"in its own words {printable(body['stated'])}")
    if "p_human_ppm" in body:
        said.append(
            f"{body['p_human_ppm'] / 10_000:g} % of known human documents score as high or higher"
        )
    if "p_ai_ppm" in body:
        said.append(f"{body['p_ai_ppm'] / 10_000:g} % of its AI samples as low or lower")
    if "q_ppm" in body:
        said.append(f"found at a false-discovery rate of {body['q_ppm'] / 10_000:g} %")
    if "calibration" not in body:
        said.append("not calibrated, so it counts for nothing")
    else:
        said.append(f"ranked in calibration {printable(body['calibration'])[:_CLAIM]}")
    return "; ".join(said)


def _audit(body: Mapping[str, Any]) -> str:
    named = printable(body["dataset"])
    share, batches = body.get("contamination"), body.get("batches")
    if share is not None:
        return (
            f"measures {share['sampled']:,} documents of {named}: "
            f"{-(-share['estimate_ppm'] // 1000) / 10:.1f} % [{share['low_ppm'] // 1000 / 10:.1f}, "
            f"{-(-share['high_ppm'] // 1000) / 10:.1f}] resemble AI text"
        )
    if batches is not None:
        return f"looks at {batches['batches']:,} batches of {named}: {batches['held']:,} held"
    return f"measures {named}"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


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
