"""headwater demo: the whole tool on two real corpora, in a folder of its own."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.demo import Demo
    from ledger.provenance.datasets import ShownDataset

__all__ = ["command"]


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
    """Try it all: ingest two corpora, label, certify, verify.

    Fetches with pip the documentation of Django 4.1 (2022) and of Django 5.2 (2025). With no
    network it uses texts of the packages installed here, and says so. Your own keys and ledgers
    are not touched.

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
            (shown.summary.dataset, shown.summary.documents, shown.summary.bytes, *_dated(shown))
            for shown in (demo.first, demo.second)
        ],
    )
    yield ""
    if demo.evidence:
        yield from (f"{item.detail[:1].upper()}{item.detail[1:]}." for item in demo.evidence)
        if any(item.outcome == "asserted" for item in demo.evidence):
            yield "An asserted date moves no label: the policy asks for one that was checked."
        yield ""
    yield (
        f"{demo.shared:,} of {second.documents:,} documents of {second.dataset} are byte for byte "
        f"in {first.dataset}."
    )
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
                plain_percent(row.documents * 1_000_000 // second.documents),
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
        f"verified     {demo.verified.size:,} ledger entries and the certificate, "
        f"level {demo.certificate.level} of 3: its numbers were computed again"
    )
    yield f"certificate  {demo.issued.folder / 'certificate.html'}"
    yield ""
    yield "Look further:"
    yield (
        f"  export HEADWATER_LEDGER={demo.folder / 'ledger.db'} "
        f"HEADWATER_CONFIG={demo.folder / 'config'}"
    )
    yield "  headwater status"
    yield f"  headwater document list --dataset {second.dataset}"
    yield f"  headwater dataset show {first.dataset}"
    yield f"  headwater verify {demo.issued.folder}"


def _dated(shown: "ShownDataset") -> tuple[str | None, str]:
    from ledger.provenance.conditions import moment

    for dating in shown.evidence:
        if dating.existed_by is not None:
            return moment(dating.existed_by)[:10], f"{dating.standing} (E{dating.level})"
    return None, "no evidence of a date"


def _data(demo: "Demo") -> dict[str, Any]:
    return {
        "folder": str(demo.folder),
        "downloaded": demo.instead is None,
        "instead": demo.instead,
        "datasets": [_dataset(demo.first), _dataset(demo.second)],
        "shared": demo.shared,
        "policy": demo.policy.reference,
        "cutoff": demo.policy.cutoff.isoformat(),
        "labels": [asdict(row) for row in demo.labels],
        "entries": demo.verified.size,
        "certificate": {"folder": str(demo.issued.folder), **demo.certificate.data()},
        "seconds": round(demo.seconds, 1),
    }


def _dataset(shown: "ShownDataset") -> dict[str, Any]:
    evidence = [{**asdict(item), "standing": item.standing} for item in shown.evidence]
    return {**asdict(shown.summary), "evidence": evidence}
