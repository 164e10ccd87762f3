"""How a scan for registered marks is said: in text, and in JSON."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..output import Output

if TYPE_CHECKING:
    from ledger.watermarks.scanning.scan import FoundMark, Scanned

__all__ = ["many", "marks_data", "marks_text"]

_LISTED = 10


def marks_text(out: Output, found: "Scanned") -> Iterator[str]:
    """Lines about the marks that were looked for and found."""
    from ledger.errors import printable
    from ledger.provenance.marks import correction_milli
    from ledger.watermarks.scanning.scan import FDR_MILLI

    from ._watermark._shown import plain_p

    keys, level = len(found.marks), f"1e-{found.alpha_milli / 1000:g}"
    shared = f", corrected for {keys:,} marks looked for" if keys > 1 else ""
    yield f"{found.dataset}: {many(found.documents, 'distinct document')}, {found.tokens:,} tokens"
    yield f"found: p at or below {level} for a document{shared}"
    yield ""
    yield out.table(
        ["mark", "key", "found", "undecidable", "needed", "by e-BH", "p of all, pooled"],
        [
            (
                mark.target.name,
                mark.target.key_class,
                mark.detected,
                mark.undecidable,
                mark.least,
                mark.fdr,
                plain_p(_pooled(mark)),
            )
            for mark in sorted(found.marks, key=lambda mark: mark.target.name)
        ],
    )
    yield ""
    yield f"undecidable: fewer tokens counted than `needed` to reach {level}, if all were marked"
    yield (
        "by e-BH: documents found if false ones among the found are held to "
        f"{10 ** (2 - FDR_MILLI / 1000):g} %"
    )
    yield "not found: says nothing of who wrote a document"
    hits = sorted(found.hits, key=lambda item: -item[1].neg_log10_p_milli)
    if hits:
        spent = correction_milli(keys)
        yield ""
        yield out.table(
            ["document", "consistent with key", "p", "outcome"],
            [
                (
                    hit.document,
                    target.name,
                    plain_p(min(spent - hit.neg_log10_p_milli, 0) / 1000),
                    "found"
                    if hit.neg_log10_p_milli - spent >= found.alpha_milli
                    else "weaker, recorded",
                )
                for target, hit in hits[:_LISTED]
            ],
        )
        if len(hits) > _LISTED:
            yield f"and {len(hits) - _LISTED:,} more; --json lists them all"
        yield "whoever can detect may be able to forge"
    if found.unicode:
        yield ""
        yield "marks of characters, which decide no label:"
        yield from (
            f"  {kind}: {many(count, 'document')}" for kind, count in sorted(found.unicode.items())
        )
    warnings = [
        f"warning: {printable(mark.target.name)}: {printable(warning, 400)}"
        for mark in found.marks
        if mark.detected
        for warning in mark.target.warnings
    ]
    if warnings:
        yield ""
        yield from warnings
    yield ""
    yield (
        f"{many(found.fresh, 'new claim')} about documents; "
        f"{'recorded as' if found.new else 'already recorded as'} entry {found.entry:,}"
    )


def many(number: int, noun: str) -> str:
    """`1 document`, `2 documents`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _pooled(mark: "FoundMark") -> float:
    """log10 of p; its natural logarithm may be above 0 by a rounding."""
    return min(mark.pooled / 2.302585092994046, 0.0)


def marks_data(found: "Scanned") -> dict[str, Any]:
    """The same as JSON values."""
    return {
        "dataset": found.dataset,
        "content_root": f"sha256:{found.root.hex()}",
        "results": f"sha256:{found.results.hex()}",
        "documents": found.documents,
        "tokens": found.tokens,
        "alpha_milli": found.alpha_milli,
        "outcomes": dict(found.outcomes),
        "unicode": dict(found.unicode),
        "marks": [
            {
                "mark": mark.target.name,
                "subject": mark.target.subject,
                "key_class": mark.target.key_class,
                "detected": mark.detected,
                "undecidable": mark.undecidable,
                "least": mark.least,
                "fdr": mark.fdr,
                "pooled_log10_p": round(_pooled(mark), 3),
                "calibration": mark.target.calibration,
                "warnings": list(mark.target.warnings),
            }
            for mark in found.marks
        ],
        "hits": [
            {
                "document": hit.document,
                "mark": target.name,
                "tokens": hit.tokens,
                "counted": hit.counted,
                "neg_log10_p_milli": hit.neg_log10_p_milli,
                "spans": [span.plain() for span in hit.spans],
            }
            for target, hit in found.hits
        ],
        "claims": found.claims,
        "fresh": found.fresh,
        "entry": found.entry,
        "new": found.new,
    }
