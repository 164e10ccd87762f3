"""What a label is made of: flags, dates per evidence level, AI share. Pure; knows no policy.

A profile is the tuple PROFILE_FIELDS. Merging is order-free (or of flags, least of dates), so a
document's profile is a function of the set of its live claims.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from ledger.corpus.evidence import level
from ledger.log.canonical import Entry

if TYPE_CHECKING:
    from ledger.provenance.marks import Detection

__all__ = [
    "ATTRIBUTE_FIELDS",
    "DATE_FIELDS",
    "FLAGS",
    "MIXED",
    "NO_DATES",
    "OWN_SYNTHETIC",
    "PROFILE_FIELDS",
    "Dates",
    "Standing",
    "authorship_flags",
    "content_id",
    "dates_of",
    "mark_flag",
    "merge_attributes",
    "merge_dates",
    "merge_standings",
    "profile_of",
]

FLAGS: Mapping[str, int] = {
    "declared_ai": 1,  # A2–A4, by anybody; or the dataset's channel is own_synthetic
    "declared_human": 2,  # A0 or A1 of the whole, unsigned or by a key this log does not name
    "attested": 4,  # A0 or A1 of the whole, signed by an author key this log named before
    "observed": 8,  # and its typing was observed
    "sourced_review": 16,  # two agreeing reviewers, each with a source outside the text
    "marked": 32,  # a mark of a key that nobody else had when the text was made
    "marked_public": 64,  # a mark that anybody could have put there
    "classified": 128,  # a calibrated classifier's like_ai_sample
    "classified_fdr": 512,  # and among those of its run of which few are expected to be false
    "conflict": 256,  # claims that cannot all be true
    "hinted_ai": 1024,  # A2–A4 in a form that tools write unasked, such as a co-author's line
}
_HUMAN = FLAGS["attested"] | FLAGS["observed"] | FLAGS["sourced_review"]

Dates = tuple[int | None, ...]  # checked E0–E5, then asserted E0–E5
Standing = tuple[Dates, bool]  # dates, and whether its dataset declares it own synthetic text
OWN_SYNTHETIC = "own_synthetic"
DATE_FIELDS = tuple(f"{how}_e{n}" for how in ("checked", "asserted") for n in range(6))
NO_DATES: Dates = (None,) * len(DATE_FIELDS)
PROFILE_FIELDS = (
    "flags", "ai_ppm", "marked_milli", "marked_public_milli", "generation", *DATE_FIELDS,
)  # fmt: skip
ATTRIBUTE_FIELDS = ("channel", "content_type", "language", "license", "topic")
MIXED = "mixed"


def content_id(values: Iterable[Any]) -> int:
    """63 bits of SHA-256 over the JSON list of `values`: the id of a profile or of attributes."""
    return int.from_bytes(sha256(orjson.dumps(list(values))).digest()[:8], "big") >> 1


def merge_dates(parts: Iterable[Dates]) -> Dates:
    """The least date per level and standing."""
    merged: list[int | None] = list(NO_DATES)
    for part in parts:
        for place, date in enumerate(part):
            known = merged[place]
            if date is not None and (known is None or date < known):
                merged[place] = date
    return tuple(merged)


def merge_standings(parts: Iterable[Standing]) -> Standing:
    """The least dates, and whether any of them is own synthetic."""
    known = list(parts)
    return merge_dates(dates for dates, _ in known), any(own for _, own in known)


def dates_of(entries: Iterable[Entry]) -> Dates:
    """Least `existed_by` per level over live evidence claims.

    What failed counts for nothing, and so does a date bound to an address only: other bytes may
    have stood there.
    """
    parts = []
    for entry in entries:
        if entry.kind != "evidence" or "existed_by" not in entry.body:
            continue
        outcome = str(entry.body["outcome"])
        if outcome not in ("checked", "asserted") or entry.body["binding"] == "url_only":
            continue
        dates = list(NO_DATES)
        place = level(str(entry.body["type"]), outcome) + (0 if outcome == "checked" else 6)
        dates[place] = int(entry.body["existed_by"])
        parts.append(tuple(dates))
    return merge_dates(parts)


def merge_attributes(parts: Iterable[tuple[str | None, ...]]) -> tuple[str | None, ...]:
    """Field by field: one known value, or "mixed" where occurrences differ."""
    merged: list[str | None] = []
    for values in zip(*parts, strict=True):
        known = {value for value in values if value is not None}
        merged.append(MIXED if len(known) > 1 else next(iter(known), None))
    return tuple(merged)


def profile_of(
    standing: Standing,
    authorship: Iterable[tuple[Entry, bool]] = (),
    detections: "Iterable[Detection]" = (),
    given: int = 0,
    generation: int | None = None,
) -> tuple[int | None, ...]:
    """The profile of a document: its dates, its authorship claims that stand, each with "attested",
    its detected marks, the flags that verdicts and reviews give it, and its generation.
    """
    dates, own_synthetic = standing
    flags, shares = given | (FLAGS["declared_ai"] if own_synthetic else 0), []
    for claim, attested in authorship:
        for name in authorship_flags(claim.body, attested):
            flags |= FLAGS[name]
        if "ai_ppm" in claim.body and "weight" not in claim.body:
            shares.append(int(claim.body["ai_ppm"]))
    written_by_ai = bool(flags & FLAGS["declared_ai"])
    strengths: dict[str, int] = {}
    for detection in detections:
        flag = mark_flag(detection, dates)
        if flag is None:
            continue
        flags |= FLAGS[flag]
        strengths[flag] = max(strengths.get(flag, 0), detection.milli)
        written_by_ai |= flag == "marked" and detection.detected
    if written_by_ai and flags & _HUMAN:
        flags |= FLAGS["conflict"]
    marked, public = strengths.get("marked"), strengths.get("marked_public")
    return (flags, max(shares, default=None), marked, public, generation, *dates)


def authorship_flags(body: Mapping[str, Any], attested: bool) -> tuple[str, ...]:
    """The flags that one live authorship claim gives its document.

    A text is as synthetic as any of its parts, and human only as a whole: A2–A4 of a span is of
    the document, A0 and A1 of spans that leave bytes out say nothing about it.
    """
    if body["assistance"] in ("A2", "A3", "A4"):
        return ("hinted_ai",) if "weight" in body else ("declared_ai",)
    whole = int(body.get("covered_ppm", 1_000_000)) == 1_000_000
    if body["assistance"] == "AX" or not whole or "weight" in body:
        return ()
    if not attested:
        return ("declared_human",)
    return ("attested", "observed") if body.get("evidence") == "observed" else ("attested",)


def mark_flag(detection: "Detection", dates: Dates) -> str | None:
    """Whose mark it can be, by when checked evidence of level E3 or better shows the text existed.

    Text that is older than the key is not marked with it, whatever the detector says.
    """
    known = [date for date in dates[3:6] if date is not None]
    existed_by = min(known, default=None)
    if existed_by is not None and detection.since is not None and existed_by < detection.since:
        return None
    if detection.public:
        return "marked_public"
    if detection.until is None or (existed_by is not None and existed_by < detection.until):
        return "marked"
    return "marked_public"
