"""headwater dataset evidence: what dates a dataset, as recorded and as it checks out now."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..output import Output, pass_output
from ._options import roots_option

if TYPE_CHECKING:
    from ledger.provenance.evidence import Dated, Piece
    from ledger.provenance.findings import Finding, Verified

__all__ = ["command"]

_MOST = 200  # pieces of evidence in the text; --json has them all
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("evidence")
def command() -> None:
    """Ask what shows when a dataset's texts existed."""


@command.command("list")
@click.argument("dataset")
@pass_output
def list_(out: Output, dataset: str) -> None:
    """List the evidence that is recorded about a dataset.

    DATASET is NAME@VERSION. "Checked" means that a proof from somebody else gives the date;
    "asserted" that only the input itself, or whoever supplied it, does. Nothing is checked here.

    \b
    Example:
      headwater dataset evidence list news@2022
    """
    from ledger.provenance.evidence import dated_documents, list_evidence
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.policy import DEFAULT_CUTOFF

    with open_ledger(out.ledger) as log:
        pieces = list_evidence(log, dataset)
        dated = dated_documents(log.connection, dataset)
        before = dated_documents(log.connection, dataset, DEFAULT_CUTOFF)
    text = [*_pieces(out, pieces, dated), "", *_dated(dated, before)]
    data = {
        "dataset": dataset,
        "evidence": [asdict(piece) for piece in pieces],
        **_counts(dated, before),
    }
    out.result("\n".join(text), data)


@command.command("verify")
@click.argument("dataset")
@click.option(
    "--describe",
    "describe_with",
    type=_FILE,
    metavar="FILE",
    help="A dataset.toml whose [[evidence]] tables are looked at too.",
)
@click.option(
    "--index",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="A crawl's columnar index: a Parquet file, or a folder of them.",
)
@click.option("--tsa-root", type=_FILE, metavar="FILE", help="The time-stamp root to trust (PEM).")
@click.option("--keyring", type=_FILE, metavar="FILE", help="OpenPGP public keys to trust.")
@click.option(
    "--allowed-signers",
    type=_FILE,
    metavar="FILE",
    help="SSH signers to trust (ssh-keygen's form).",
)
@roots_option
@click.option("--no-record", is_flag=True, help="Only look: nothing is written to the ledger.")
@pass_output
@click.pass_context
def verify(
    ctx: click.Context,
    out: Output,
    dataset: str,
    describe_with: Path | None,
    index: Path | None,
    tsa_root: Path | None,
    keyring: Path | None,
    allowed_signers: Path | None,
    roots: tuple[Path, ...],
    no_record: bool,
) -> None:
    """Check a dataset's evidence again, offline.

    Reads the inputs, checks each against its stored proof, and records what came out differently.
    Ends with exit status 1 if any check fails. What cannot be checked here (an input that is gone,
    a key that nobody pinned) is counted apart and changes nothing; so is what somebody signed whom
    the pin you give does not name, and that ends with exit status 1 too.

    \b
    Example:
      headwater dataset evidence verify news@2022 --tsa-root tsa.pem
    """
    from ledger.provenance.findings import OTHER_SIGNER
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.recheck import verify_evidence

    pins = {
        "index": index,
        "tsa_root": tsa_root,
        "keyring": keyring,
        "allowed_signers": allowed_signers,
    }
    with (
        open_ledger(out.ledger, write=not no_record) as log,
        out.progress(f"evidence of {dataset}") as advance,
    ):
        found = verify_evidence(
            log,
            dataset,
            roots=roots,
            pins={name: path for name, path in pins.items() if path is not None},
            describe_with=describe_with,
            recording=not no_record,
            progress=advance,
        )
    out.result("\n".join(_verified(found)), _data(found))
    if found.count("failed") or found.count(OTHER_SIGNER):
        ctx.exit(1)


def _pieces(out: Output, pieces: "list[Piece]", dated: "Dated") -> Iterator[str]:
    from ledger.provenance.conditions import moment

    if not pieces:
        yield "no evidence of when its inputs existed"
        if dated.undated < dated.documents:
            yield "its documents are dated by other datasets that hold them too"
        return
    rows = [
        (str(p.entry), p.type, f"E{p.level}", p.outcome, p.binding,
         None if p.existed_by is None else moment(p.existed_by),
         f"{p.documents:,} files" if p.documents else Path(p.path).name if p.path else "withheld",
         p.issuer)
        for p in pieces[:_MOST]
    ]  # fmt: skip
    headers = ["entry", "type", "level", "outcome", "binding", "existed by", "about", "issuer"]
    yield out.table(headers, rows)
    if len(pieces) > _MOST:
        yield f"and {len(pieces) - _MOST:,} more; --json lists all"


def _verified(found: "Verified") -> Iterator[str]:
    from ledger.provenance.findings import OTHER_SIGNER

    findings = sorted(found.findings[:_MOST], key=lambda finding: finding.input)
    shown = None
    for finding in findings:
        if finding.input != shown:
            shown = finding.input
            yield shown or "inputs that are not at hand"
        yield from _finding(finding)
    if len(found.findings) > _MOST:
        yield f"and {len(found.findings) - _MOST:,} more; --json lists all"
    if not findings:
        yield f"{found.dataset}: no evidence is recorded, and none was brought along"
    yield ""
    counts = [f"{o} {found.count(o):,}" for o in ("checked", "asserted", "failed", "not checked")]
    if others := found.count(OTHER_SIGNER):
        counts.append(f"signed by others than pinned {others:,}")
    yield "evidence   " + ", ".join(counts)
    yield from _dated(found.dated, found.before)
    entries = "1 entry" if found.recorded == 1 else f"{found.recorded:,} entries"
    yield f"recorded   {entries}" if found.recorded else "recorded   nothing new"


def _finding(finding: "Finding") -> Iterator[str]:
    from ledger.errors import printable
    from ledger.provenance.conditions import moment

    said = [f"  {printable(finding.type)}", finding.outcome]
    if finding.outcome in ("checked", "asserted"):
        said[1] = f"E{finding.level} {finding.outcome}"
        said.append(finding.binding)
        date = "no date" if finding.existed_by is None else moment(finding.existed_by)
        said.append(f"existed by {date}" if finding.existed_by is not None else date)
    if finding.documents:
        said.append(f"{finding.documents:,} files or documents")
    if finding.issuer is not None:
        said.append(f"issuer {printable(finding.issuer)}")
    if finding.changed:
        said.append("new" if finding.entry is None else "changed")
    yield ", ".join(said)
    yield f"    {printable(finding.why, 1000)}"


def _dated(dated: "Dated", before: "Dated") -> Iterator[str]:
    from ledger.provenance.policy import DEFAULT_CUTOFF

    def by_level(counts: Mapping[int, int]) -> str:
        levels = ", ".join(f"E{level} {count:,}" for level, count in sorted(counts.items()))
        return f"{sum(counts.values()):,}" + (f" ({levels})" if levels else "")

    yield (
        f"documents  {dated.documents:,}: date checked {by_level(dated.checked)}, "
        f"only asserted {by_level(dated.asserted)}, undated {dated.undated:,}"
    )
    yield (
        f"before {DEFAULT_CUTOFF}: date checked {by_level(before.checked)}, "
        f"only asserted {by_level(before.asserted)}"
    )


def _counts(dated: "Dated", before: "Dated") -> dict[str, object]:
    return {
        "dated": asdict(dated) | {"undated": dated.undated},
        "dated_before_cutoff": asdict(before) | {"undated": before.undated},
    }


def _data(found: "Verified") -> dict[str, object]:
    from ledger.provenance.findings import OTHER_SIGNER

    return {
        "dataset": found.dataset,
        "checked": found.count("checked"),
        "asserted": found.count("asserted"),
        "failed": found.count("failed"),
        "not_checked": found.count("not checked"),
        "other_signer": found.count(OTHER_SIGNER),
        "recorded": found.recorded,
        "evidence": [asdict(finding) for finding in found.findings],
        **_counts(found.dated, found.before),
    }
