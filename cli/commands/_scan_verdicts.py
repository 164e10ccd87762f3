"""How a classifier's run is said: in text, and in JSON."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..output import Output
from ._scan_marks import many

if TYPE_CHECKING:
    from ledger.verdicts.scanning.scan import Scanned

__all__ = ["verdicts_data", "verdicts_text"]

_LISTED = 10
_WORDS = {
    "like_ai_sample": "like AI samples",
    "unlike_ai_sample": "unlike AI samples",
    "uncertain": "uncertain",
    "too_short": "not asked: fewer than {words} words of prose",
    "not_english": "not asked: not English",
    "not_prose": "not asked: no prose",
    "no_result": "not asked: its vendor said nothing of them",
    "in_calibration": "not tested: the known human text itself",
    "in_training": "not tested: the detector was made from them",
}


def verdicts_text(out: Output, found: "Scanned") -> Iterator[str]:
    """Lines about how many documents are like AI samples, and which."""
    from ledger.errors import printable
    from ledger.verdicts.calibration.find import day_of
    from ledger.verdicts.outcomes import ALPHA_AI, ALPHA_HUMAN, FDR, MIN_WORDS

    profile = found.profile
    body = profile.body
    human = sum(source.documents for source in body.human)
    yield f"{found.dataset}: {many(found.documents, 'distinct document')}, {found.detector}"
    yield (
        f"calibration {printable(profile.label)} of {day_of(profile.at)}, "
        f"valid until {day_of(body.expires_at)}: {human:,} human, {body.synthetic:,} AI documents"
    )
    yield ""
    rows = [(words, found.outcomes.get(name, 0)) for name, words in _WORDS.items()]
    yield out.table(
        ["outcome", "documents", "share"],
        [
            (words.format(words=MIN_WORDS), count, _share(count, found.documents))
            for (words, count), name in zip(rows, _WORDS, strict=True)
            if count or name in ("like_ai_sample", "unlike_ai_sample", "uncertain")
        ],
    )
    yield ""
    yield (
        f"like AI samples: p ≤ {100 * ALPHA_AI:g} %, the share of known human documents that score "
        "as high"
    )
    yield (
        f"of these, found among all {found.tested:,} tested: {found.kept:,}, with false ones held "
        f"to {100 * FDR:g} %; only these are suspected"
    )
    yield (
        f"unlike AI samples: at most {100 * ALPHA_HUMAN:g} % of AI samples score as low; says "
        "nothing of who wrote a document"
    )
    if not found.own_source:
        yield (
            "the calibration holds no text of this source: each document is ranked in the one that "
            "suspects it least of those it holds"
        )
    if found.known:
        yield (
            f"in the calibration, too, and not tested: {many(found.known, 'document')}: "
            f"{found.known_shown}"
        )
    if found.found:
        yield ""
        yield out.table(
            ["document", "score", "p", "outcome"],
            [
                (
                    item.document,
                    f"{item.score_milli / 1000:.2f}",
                    f"{item.p_human_ppm / 1e6:.4f}",
                    "suspected" if item.kept else "weaker, recorded",
                )
                for item in _strongest(found)[:_LISTED]
            ],
        )
        if len(found.found) > _LISTED:
            yield f"and {len(found.found) - _LISTED:,} more; --json lists them all"
    yield ""
    yield (
        f"{many(found.fresh, 'new claim')} about documents; "
        f"{'recorded as' if found.new else 'already recorded as'} entry {found.entry:,}"
    )


def _strongest(found: "Scanned") -> list[Any]:
    return sorted(found.found, key=lambda item: (item.p_human_ppm, -item.score_milli))


def _share(part: int, whole: int) -> str:
    """Rounded down, as everywhere: 100 % is said of the whole alone."""
    return f"{part * 100 // whole}.{part * 1000 // whole % 10} %" if whole else "-"


def verdicts_data(found: "Scanned") -> dict[str, Any]:
    """The same as JSON values."""
    body = found.profile.body
    return {
        "dataset": found.dataset,
        "content_root": f"sha256:{found.root.hex()}",
        "results": f"sha256:{found.results.hex()}",
        "documents": found.documents,
        "tested": found.tested,
        "outcomes": dict(found.outcomes),
        "found_fdr": found.kept,
        "detector": {
            "source": body.source,
            "name": body.detector,
            "version": body.detector_version,
            "weights": body.weights,
        },
        "calibration": {
            "name": body.name,
            "version": body.version,
            "claim_id": found.profile.claim_id,
            "expires_at": body.expires_at,
        },
        "own_source": found.own_source,
        "known_elsewhere": found.known,
        "hits": [
            {
                "document": item.document,
                "score": item.score_milli / 1000,
                "words": item.words,
                "p_human": item.p_human_ppm / 1e6,
                "p_ai": item.p_ai_ppm / 1e6,
                "q": item.q_ppm / 1e6,
                "suspected": item.kept,
            }
            for item in found.found
        ],
        "claims": found.claims,
        "fresh": found.fresh,
        "entry": found.entry,
        "new": found.new,
    }
