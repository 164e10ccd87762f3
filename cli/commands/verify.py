"""headwater verify: one door for everything that is signed or chained."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.log.verify import LogReport


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH…]")
@click.option(
    "--tsa-root",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="PEM",
    help="The root of a time-stamp authority that you trust.",
)
@pass_output
def command(output: Output, paths: tuple[Path, ...], tsa_root: Path | None) -> None:
    """Verify the ledger, or what was signed with it.

    Without PATH: every stored byte of the ledger is hashed again, every signature checked, and
    every table that is derived from the log compared with it. With PATH: the certificate, sealed
    reserve, manifest or its export in that folder, or the proof in that file; compared with the
    ledger if it is at hand.

    \b
    Examples:
      headwater verify
      headwater verify out/
      headwater verify reserve/ --tsa-root tsa.pem
      headwater verify proof.json
    """
    if not paths:
        _ledger(output)
        return
    roots = None if tsa_root is None else tsa_root.read_bytes()
    reports = [_one(output, path, roots) for path in paths]
    output.result(
        "\n".join(report.text() for report in reports), [report.data() for report in reports]
    )


class _Report(Protocol):
    def text(self) -> str: ...
    def data(self) -> dict[str, Any]: ...


def _one(output: Output, path: Path, tsa_roots: bytes | None) -> _Report:
    """The report on whatever signed thing lies at `path`."""
    from ledger.certificates.open import verify_directory as verify_certificate
    from ledger.manifests.exports.verify import is_export
    from ledger.manifests.exports.verify import verify_directory as verify_export
    from ledger.manifests.verifying import is_manifest
    from ledger.manifests.verifying import verify_directory as verify_manifest
    from ledger.reserves.membership.verify_proof import verify_proof_file
    from ledger.reserves.opening.open import is_reserve
    from ledger.reserves.opening.open import verify_directory as verify_reserve

    if path.is_file():
        return verify_proof_file(path, output.ledger)
    if is_manifest(path):
        return verify_manifest(path, output.ledger)
    if is_export(path):
        return verify_export(path, output.ledger)
    if not is_reserve(path):
        return verify_certificate(path, output.ledger)
    with output.progress("hashing texts") as advance:
        return verify_reserve(path, output.ledger, tsa_roots=tsa_roots, progress=advance)


def _ledger(output: Output) -> None:
    from ledger.log.verify import raise_if_untrusted, verify_log
    from ledger.provenance.opening import open_ledger

    with open_ledger(output.ledger) as log, output.progress("verifying") as advance:
        report = verify_log(log, progress=lambda done, total: advance(done, total, done))
    output.result(_text(report), _data(report))
    for warning in report.warnings:
        output.warn(warning)
    raise_if_untrusted(report)


def _text(report: "LogReport") -> str:
    signer = "+".join(report.signer.split("+", 2)[:2])
    batches = f"{report.batches:,} batch{'' if report.batches == 1 else 'es'}"
    lines = [
        f"ok: {report.size:,} entries in {batches} are as they were signed",
        f"log {report.log_name}, signed by {signer}",
        "tables derived from the log equal what it says",
    ]
    if report.signed < report.size:
        lines.append(
            f"the last {report.size - report.signed:,} entries are not signed yet; "
            "the next command that writes signs them"
        )
    if report.vault.present:
        lines.append(
            f"vault: {report.vault.opened:,} private values open their commitments, "
            f"{report.vault.without_key:,} have lost their key, "
            f"{report.vault.attachments:,} attachments match"
        )
    else:
        lines.append("vault: withheld; commitments stand, their values cannot be shown")
    if report.pinned is not None:
        lines.append(f"continues the {report.pinned:,} entries you had seen before")
    lines.append("whether the claims are true is not checked")
    return "\n".join(lines)


def _data(report: "LogReport") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(report), "root": report.root.hex()}
