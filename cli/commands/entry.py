"""headwater entry: what was recorded, one claim at a time."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.provenance.entries import ShownEntry

__all__ = ["command"]

_SECONDS = ("at", "claimed_at", "collected_at", "existed_by", "issued_at")


@click.group("entry")
def command() -> None:
    """Read entries: one claim each, numbered from 0."""


@command.command("list")
@click.option("--kind", metavar="KIND", help="Only this kind, such as dataset or certificate.")
@click.option("--from", "start", type=click.IntRange(0), default=0, show_default=True, metavar="I",
              help="The first index.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N",
              help="At most this many.")  # fmt: skip
@pass_output
def list_(out: Output, kind: str | None, start: int, limit: int) -> None:
    """List entries in the order they were recorded.

    \b
    Example:
      headwater entry list --kind dataset
    """
    from ledger.provenance.conditions import moment
    from ledger.provenance.entries import list_entries
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        found = list_entries(log, kind=kind, start=start, limit=limit)
        size = log.size
    rows = [(str(e.index), e.kind, moment(e.at), e.words) for e in found]
    text = out.table(["entry", "kind", "recorded", "says"], rows) if rows else "no such entries"
    out.result(text, {"size": size, "entries": [asdict(entry) for entry in found]})
    if len(found) == limit and found[-1].index + 1 < size:
        out.say(f"more follow: --from {found[-1].index + 1}")


@command.command("show")
@click.argument("index", type=click.IntRange(0))
@pass_output
def show(out: Output, index: int) -> None:
    """Show one entry: every field, and the private values behind its commitments.

    A private value is in the vault, not in the log; the log holds a commitment that only that
    value opens. Where the vault does not have it, it shows as withheld.

    \b
    Example:
      headwater entry show 0
    """
    from ledger.provenance.entries import show_entry
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        found = show_entry(log, index)
    out.result("\n".join(_text(found)), _data(found))


def _text(found: "ShownEntry") -> Iterator[str]:
    from ledger.errors import printable
    from ledger.provenance.conditions import moment

    entry = found.entry
    yield f"entry {found.index} of {printable(found.log_name)}: {printable(entry.kind)}"
    yield f"says       {found.words}"
    yield f"recorded   {moment(entry.at)} by {printable(entry.actor)}"
    if found.withdrawn_by is not None:
        yield f"withdrawn  by entry {found.withdrawn_by}"
    signed = "not yet; the next command that writes signs it"
    if found.checkpoint is not None:
        signed = f"in the checkpoint of {found.checkpoint:,} entries"
    yield f"signed     {signed}"
    yield f"about      {entry.subject}"
    yield f"claim      {entry.claim_id}"
    yield f"leaf hash  sha256:{found.leaf_hash.hex()}"
    yield ""
    yield "fields"
    fields = list(_fields(entry.body, ""))
    width = max((len(name) for name, _ in fields), default=0)
    for name, value in fields:
        shown = value if isinstance(value, str) else json.dumps(value)
        if name.rpartition(".")[2] in _SECONDS and isinstance(value, int):
            shown = f"{moment(value)} ({value})"
        yield f"  {printable(name):<{width}}  {printable(shown, 2000)}"
        private = name.removeprefix("private.")
        if private in found.values:
            held = found.values[private]
            opened = "withheld" if held is None else f"opens to {printable(held, 2000)}"
            yield f"  {'':<{width}}  {opened}"
        if name in found.attachments:
            size = found.attachments[name]
            held = "withheld" if size is None else f"{size:,} bytes in the vault"
            yield f"  {'':<{width}}  {held}"
    for signature in entry.sigs:
        yield f"  signature of {printable(signature.get('keyid', 'an unnamed key'))}"


def _fields(body: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in sorted(body.items()):
        if isinstance(value, Mapping):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _data(found: "ShownEntry") -> dict[str, Any]:
    entry = found.entry
    return {
        "index": found.index,
        "log_name": found.log_name,
        "entry": json.loads(found.text),
        "text": found.text.decode(),
        "leaf_hash": found.leaf_hash.hex(),
        "claim_id": entry.claim_id,
        "words": found.words,
        "disclosed": dict(found.values),
        "attachments": dict(found.attachments),
        "withdrawn_by": found.withdrawn_by,
        "checkpoint_size": found.checkpoint,
    }


@command.command("prove")
@click.argument("index", type=click.IntRange(0))
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the proof here instead of printing it.",
)
@pass_output
def prove(out: Output, index: int, file: Path | None) -> None:
    """Prove that an entry is in the log.

    The proof is a C2SP tlog-proof: the hashes that lead from the entry to the root of the newest
    signed checkpoint, and that checkpoint. Who has it and the entry's text needs no ledger.

    \b
    Example:
      headwater entry prove 0 -o entry-0.tlog-proof
    """
    from ledger.log.proofs import format_proof
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        proof = log.prove(index)
        size = log.checkpoint()[0].size
    text = format_proof(proof)
    shown = text.removesuffix("\n")
    if file is not None:
        from ledger.corpus.atomic import whole_file

        with whole_file(file) as target:
            target.write(text.encode())
        shown = (
            f"wrote {file}: entry {index} is in the checkpoint of {size:,} entries, "
            f"{len(proof.hashes)} hashes"
        )
    out.result(
        shown,
        {
            "index": index,
            "size": size,
            "hashes": [digest.hex() for digest in proof.hashes],
            "checkpoint": proof.checkpoint_note,
            "proof": text,
            "file": str(file) if file is not None else None,
        },
    )
