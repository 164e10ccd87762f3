"""headwater demo: the whole tool on two real corpora, in a folder of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.demo import Demo
    from ledger.provenance.datasets import ShownDataset
    from ledger.provenance.evidence import Piece

__all__ = ["command"]

_BAR = 30


@click.command("demo")
@click.option(
    "-o",
    "--output",
    "folder",
    default="headwater-demo",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where everything goes; an earlier demo there is replaced.",
)
@pass_output
def command(out: Output, folder: Path) -> None:
    """Try it all: ingest two corpora, seal, compare, certify, verify.

    Fetches with pip the documentation of Django 4.1 (2022) and of Django 5.2 (2025), seals the
    first as a reserve and counts what of it comes back in the second. Drafts with a watermark,
    made on the spot, are mixed into the second and found again; so are texts that a language model
    wrote, and their share is estimated. With no network it uses texts of
    the packages installed here, and says so. Your own keys and ledgers are not touched.

    \b
    Example:
      headwater demo
    """
    from ledger.demo import run_demo

    demo = run_demo(folder, out.say)
    out.result("\n".join(_text(out, demo)), _data(demo))
    out.say(f"all of it took {demo.seconds:.1f} s")


def _text(out: Output, demo: "Demo") -> Iterator[str]:
    from ledger.certificates.markup import plain_percent
    from ledger.provenance.labels import basis_words, label_words

    first, second = demo.first.summary, demo.second.summary
    if demo.instead is None:
        yield "Two corpora: the documentation of Django 4.1 (2022) and of Django 5.2 (2025)."
    else:
        yield f"Two corpora of text that was already on this machine: {demo.instead}."
    yield ""
    yield out.table(
        ["dataset", "documents", "bytes", "existed by", "how sure"],
        [
            (shown.summary.dataset, shown.summary.documents, shown.summary.bytes, *_dated(pieces))
            for shown, pieces in zip((demo.first, demo.second), demo.dated, strict=True)
        ],
    )
    yield ""
    if demo.evidence:
        yield from (f"{item.detail[:1].upper()}{item.detail[1:]}." for item in demo.evidence)
        if any(item.outcome == "asserted" for item in demo.evidence):
            yield "An asserted date moves no label: the policy asks for one that was checked."
        yield ""
    yield from _sealed(demo)
    yield ""
    yield (
        f"How much of {second.dataset} comes back from {first.dataset}; each row but the last "
        "includes those above it:"
    )
    yield ""
    yield out.table(
        ["closest match", "documents", "share", ""],
        [
            (
                said,
                found,
                plain_percent(_ppm(found, second.documents)),
                _bar(found, second.documents),
            )
            for said, found in _found_again(demo)
        ],
    )
    yield ""
    yield from _marked(demo)
    yield ""
    yield from _share(demo)
    yield ""
    yield from _selected(demo)
    yield ""
    yield f"What {second.dataset} is made of, by policy {demo.policy.reference}:"
    yield ""
    yield out.table(
        ["label", "basis", "documents", "share", "bytes"],
        [
            (
                label_words(demo.policy, row.label, row.basis),
                basis_words(row.basis, demo.policy.cutoff),
                row.documents,
                plain_percent(_ppm(row.documents, second.documents)),
                row.bytes,
            )
            for row in demo.labels
        ],
    )
    yield ""
    yield (
        '"Author unknown" is not "human": no claim, mark or date says who wrote these texts, '
        "or only a date does."
    )
    yield ""
    yield (
        f"verified     {demo.verified.size:,} ledger entries; the certificate, "
        f"level {demo.certificate.level} of 3: its numbers were computed again; "
        f"the seal, level {demo.reserve.level} of 4: every text was hashed again"
    )
    yield f"certificate  {demo.issued.folder / 'certificate.html'}"
    yield f"reserve      {demo.sealed.folder}"
    if demo.selected.built is not None:
        yield f"manifest     {demo.folder / 'selected' / 'manifest'}"
    if demo.share.chart is not None:
        yield f"batches      {demo.share.chart}"
    yield ""
    yield "Look further:"
    yield (
        f"  export HEADWATER_LEDGER={demo.folder / 'ledger.db'} "
        f"HEADWATER_CONFIG={demo.folder / 'config'}"
    )
    yield "  headwater status"
    yield f"  headwater document list --dataset {second.dataset}"
    yield f"  headwater dataset show {first.dataset}"
    yield f"  headwater dataset evidence list {first.dataset}"
    yield f"  headwater verify {demo.issued.folder} {demo.sealed.folder}"


def _found_again(demo: "Demo") -> list[tuple[str, int]]:
    counts = demo.overlap.counts
    return [
        ("byte for byte", counts.exact),
        ("same words", counts.normalised),
        ("near (J ≥ 0.8)", counts.near_80),
        ("similar (J ≥ 0.5)", counts.near_50),
        ("new (J < 0.2)", counts.novel),
    ]


def _ppm(part: int, whole: int) -> int:
    return part * 1_000_000 // whole


def _bar(part: int, whole: int) -> str:
    """A picture of the share, in ASCII so that every terminal shows it."""
    return "#" * (_BAR * part // whole)


def _sealed(demo: "Demo") -> Iterator[str]:
    """What the seal says of itself, and which dates it rests on."""
    from ledger.reserves.sealing.seal import left_out

    statement = demo.sealed.statement
    totals = statement.totals
    yield (
        f"Sealed as the reserve {statement.name}: {totals['documents']:,} of "
        f"{demo.first.summary.documents:,} documents of {demo.first.summary.dataset}, "
        f"{totals['bytes']:,} bytes of text."
    )
    yield statement.limits[0]
    for row in totals["levels"]:
        yield f"{row['documents']:,} of them by {row['standing']} evidence, E{row['level']}."
    yield from (f"Left out: {line}" for line in left_out(statement.contamination))


def _marked(demo: "Demo") -> Iterator[str]:
    """Who was caught, and what else there was to catch."""
    mark, second = demo.mark, demo.second.summary
    record = mark.record.body
    drafts = mark.marked | mark.unmarked
    yield (
        f"A small model learnt from {demo.first.summary.dataset} wrote {len(drafts)} drafts that "
        f"were mixed into {second.dataset}, {len(mark.marked)} of them with the registered mark "
        f"{mark.state.label}. Documents in which it was found (p ≤ 1e-9):"
    )
    yield ""
    others = second.documents - len(drafts)
    for said, found, of in (
        ("drafts with the mark", len(mark.caught & mark.marked), len(mark.marked)),
        (
            "drafts of the same model without it",
            len(mark.caught & mark.unmarked),
            len(mark.unmarked),
        ),
        ("everything else", len(mark.caught - drafts), others),
    ):
        yield f"  {said:<36}{found:>4,} of {of:,}"
    yield ""
    yield (
        f"False alarms of the key in {record.reserve}, sealed text older than it: of "
        f"{record.tested:,} documents {record.at_2:,} at 1e-2, {record.at_3:,} at 1e-3, "
        f"{record.at_6:,} at 1e-6."
    )


def _share(demo: "Demo") -> Iterator[str]:
    """The measured share of AI text beside the planted one."""
    from ledger.verdicts.contamination.page import bar, interval, percent, percent_up

    share, second = demo.share, demo.second.summary
    yield (
        f"{share.planted:,} AI texts of our own are in {second.dataset} now, the drafts among "
        f"them; {share.measurable:,} are English prose of 150 words or more. Known AI text: "
        f"{share.samples:,} others by the same language model. Known human text: "
        f"{demo.sealed.statement.name}."
    )
    if share.audited is None or share.truth is None:
        yield f"Their share was not measured: {share.why_not}."
        return
    found = share.audited.found
    estimate = found.estimate
    yield (
        f"Of {found.counts.documents:,} documents, {found.counts.measurable:,} could be measured. "
        f"An estimated {percent_up(estimate.point)} % {interval(estimate)} of those resemble AI "
        f"text; in truth {percent(share.truth)} % "
        f"are planted, which the interval {'holds' if share.covered else 'does not hold'}."
    )
    yield ""
    yield from bar(found)
    yield ""
    yield (
        "Paraphrased, back-translated and base-model text is mostly missed; what sets "
        f"{second.dataset} apart from the known human text is not in the interval. The gate at "
        f"10 % (25 % for the upper end) {'passed' if found.passed else 'failed'}."
    )
    if share.batches is not None:
        from ledger.verdicts.batches.page import reason, sparkline

        audited = share.batches.audited
        yield ""
        yield (
            "In batches, in the order of reading, with the AI texts in the last ones, "
            f"{len(audited.held):,} of {len(audited.judged):,} are held for review:"
        )
        yield ""
        yield from sparkline(audited)
        yield from (f"{one.batch.name}: {reason(one)}" for one in audited.held)


def _selected(demo: "Demo") -> Iterator[str]:
    """What was drawn for a training run, and that a changed byte stops it."""
    found = demo.selected
    if found.built is None:
        yield f"No manifest was drawn: {found.why_not}."
        return
    yield (
        f"A manifest was drawn of {demo.second.summary.dataset} and the reserve, which gives a "
        f"quarter or more of it: {found.streamed:,} documents, each hashed as it was read. Batch 0 "
        f"held {found.audited:,} documents that the manifest alone names. In a copy with one "
        f"changed byte, reading stops: {found.stopped}"
    )


def _dated(pieces: "Sequence[Piece]") -> tuple[str | None, str]:
    from ledger.provenance.conditions import moment

    for piece in pieces:
        if piece.existed_by is not None:
            return moment(piece.existed_by)[:10], f"{piece.standing} (E{piece.level})"
    return None, "no evidence of a date"


def _data(demo: "Demo") -> dict[str, Any]:
    return {
        "folder": str(demo.folder),
        "downloaded": demo.instead is None,
        "instead": demo.instead,
        "datasets": [_dataset(demo.first), _dataset(demo.second)],
        "watermark": {
            "mark": demo.mark.state.label,
            "marked": sorted(demo.mark.marked),
            "unmarked": sorted(demo.mark.unmarked),
            "caught": sorted(demo.mark.caught),
            "exact": demo.mark.exact,
            "calibration": demo.mark.record.body.plain(),
        },
        "contamination": _share_data(demo),
        "manifest": {
            "streamed": demo.selected.streamed,
            "audited": demo.selected.audited,
            "stopped": demo.selected.stopped,
            "why_not": demo.selected.why_not,
        },
        "overlap": {"against": demo.overlap.against, **asdict(demo.overlap.counts)},
        "reserve": demo.reserve.data(),
        "policy": demo.policy.reference,
        "cutoff": demo.policy.cutoff.isoformat(),
        "labels": [asdict(row) for row in demo.labels],
        "entries": demo.verified.size,
        "certificate": {"folder": str(demo.issued.folder), **demo.certificate.data()},
        "seconds": round(demo.seconds, 1),
    }


def _share_data(demo: "Demo") -> dict[str, Any]:
    from ledger.verdicts.batches.page import plain

    share = demo.share
    return {
        "planted": share.planted,
        "measurable": share.measurable,
        "samples": share.samples,
        "truth": None if share.truth is None else round(share.truth, 6),
        "covered": share.covered,
        "why_not": share.why_not,
        "chart": None if share.chart is None else str(share.chart),
        "batches": None if share.batches is None else plain(share.batches),
        "audit": None if share.audited is None else share.audited.data(),
    }


def _dataset(shown: "ShownDataset") -> dict[str, Any]:
    evidence = [{**asdict(item), "standing": item.standing} for item in shown.evidence]
    return {**asdict(shown.summary), "evidence": evidence}
