"""headwater dataset: what was recorded as belonging together, and where it came from."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output
from ._dataset_evidence import command as evidence

if TYPE_CHECKING:
    from ledger.provenance.datasets import ShownDataset
    from ledger.provenance.evidence import Piece
    from ledger.provenance.inputs import InputRead
    from ledger.provenance.scans import LastScan

__all__ = ["command"]

_MOST = 20  # inputs or pieces of evidence in the text; --json has them all


@click.group("dataset")
def command() -> None:
    """Ask about datasets."""


@command.command("list")
@pass_output
def list_(out: Output) -> None:
    """List the datasets.

    An occurrence is a place where a document was found; one document may have several. Bytes are
    of distinct documents.

    \b
    Example:
      headwater dataset list
    """
    from ledger.provenance.datasets import list_datasets
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        found = list_datasets(log)
    rows = [(d.dataset, d.documents, d.occurrences, d.bytes, d.channel, d.license) for d in found]
    headers = ["dataset", "documents", "occurrences", "bytes", "channel", "licence"]
    text = out.table(headers, rows) if rows else "no datasets yet; headwater ingest PATH"
    out.result(text, {"datasets": [asdict(summary) for summary in found]})


@command.command("show")
@click.argument("dataset")
@pass_output
def show(out: Output, dataset: str) -> None:
    """Show a dataset: what it declares, what was read, what dates it, what was looked for in it.

    DATASET is NAME@VERSION. "Date checked" means that a proof from somebody else gives the date;
    "date asserted" that only the input itself, or whoever supplied it, does.

    \b
    Example:
      headwater dataset show news@2022
    """
    from ledger.provenance.datasets import show_dataset
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        found = show_dataset(log, dataset)
    out.result("\n".join(_text(out, found)), _data(found))


def _text(out: Output, found: "ShownDataset") -> Iterator[str]:
    from ledger.errors import printable

    summary = found.summary
    occurrences = "occurrence" if summary.occurrences == 1 else "occurrences"
    yield (
        f"{summary.dataset}: {_many(summary.documents, 'document')}, "
        f"{summary.occurrences:,} {occurrences}, {summary.bytes:,} bytes"
    )
    yield ""
    if found.fields:
        yield f"declared in entry {summary.declared}"
        width = max(map(len, found.fields))
        for name, value in sorted(found.fields.items()):
            shown = value if isinstance(value, str) else json.dumps(value)
            yield f"  {name:<{width}}  {printable(shown, 1000)}"
    else:
        yield "declared nowhere: only its documents name it"
    yield ""
    yield from _inputs(out, found.inputs)
    yield ""
    yield from _evidence(out, found.evidence)
    yield ""
    yield from _scans(out, found.scans)
    yield ""
    if found.overlaps:
        yield "shared with other datasets, byte for byte"
        rows = [(o.dataset, o.documents) for o in found.overlaps]
        yield out.table(["dataset", "documents"], rows)
    else:
        yield "shares no document with another dataset, byte for byte"


def _inputs(out: Output, inputs: "tuple[InputRead, ...]") -> Iterator[str]:
    from ledger.provenance.conditions import moment

    if not inputs:
        yield "no input was read"
        return
    yield _many(len(inputs), "input") + " read"
    rows = [
        (str(i.entry), moment(i.at), i.reader, i.rows, i.rejected, i.bytes,
         "withheld" if i.path is None else i.path)
        for i in inputs[:_MOST]
    ]  # fmt: skip
    yield out.table(["entry", "read", "reader", "rows", "rejected", "bytes", "path"], rows)
    yield from _rest(len(inputs))


def _evidence(out: Output, evidence: "tuple[Piece, ...]") -> Iterator[str]:
    from ledger.provenance.conditions import moment

    if not evidence:
        yield "no evidence of when its inputs existed"
        return
    yield "evidence of when its inputs existed"
    rows = [
        (str(e.entry), e.type, f"E{e.level}", e.standing,
         None if e.existed_by is None else moment(e.existed_by),
         f"{e.documents:,} files" if e.documents else "input", e.issuer)
        for e in evidence[:_MOST]
    ]  # fmt: skip
    yield out.table(["entry", "type", "level", "outcome", "existed by", "about", "issuer"], rows)
    yield from _rest(len(evidence))


def _scans(out: Output, scans: "tuple[LastScan, ...]") -> Iterator[str]:
    from ledger.provenance.conditions import moment

    if not scans:
        yield "no scan has looked through it"
        return
    yield "last looked through"
    rows = [(str(s.entry), moment(s.at), s.scan, s.documents, s.marks, s.found) for s in scans]
    yield out.table(["entry", "recorded", "for", "documents", "marks", "found"], rows)


def _rest(count: int) -> Iterator[str]:
    if count > _MOST:
        yield f"and {count - _MOST:,} more; --json lists all"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _data(found: "ShownDataset") -> dict[str, Any]:
    return {
        **asdict(found.summary),
        "fields": dict(found.fields),
        "inputs": [asdict(item) for item in found.inputs],
        "evidence": [{**asdict(item), "standing": item.standing} for item in found.evidence],
        "scans": [asdict(item) for item in found.scans],
        "overlaps": [asdict(item) for item in found.overlaps],
    }


command.add_command(evidence)
