"""headwater certify: a signed statement of what a dataset or manifest is made of."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.certificates.issue import Issued

__all__ = ["command"]


@click.command("certify")
@click.argument("subject", metavar="DATASET|manifest:NAME|DIR")
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder to write; an older certificate of the same there is replaced.",
)
@click.option(
    "--policy", metavar="NAME|FILE", help="Else the manifest's own, or for a dataset that in use."
)
@click.option("--cutoff", metavar="DATE", help="Instead of the policy's own, such as 2022-11-30.")
@click.option("--issuer", metavar="NAME", help="Your organisation. Else the ledger's name.")
@pass_output
def command(
    out: Output,
    subject: str,
    folder: Path,
    policy: str | None,
    cutoff: str | None,
    issuer: str | None,
) -> None:
    """Certify what a dataset, or a manifest's documents, are made of as of now.

    DATASET is NAME@VERSION. manifest:NAME or manifest:NAME@VERSION is a manifest of the ledger, DIR
    the folder of one. The numbers are computed from the ledger, signed with its statement
    key, recorded in it, and written as certificate.json (what is signed), certificate.html (to
    read and print) and the proof that the ledger holds them.

    \b
    Examples:
      headwater certify diary@2026 -o certificate
      headwater certify manifest:continued@1 -o certificate
      headwater certify run-7 -o certificate
    """
    from ledger.certificates.issue import certify
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.policy import load_policy, parse_cutoff

    rules = None if policy is None else load_policy(policy)
    day = None if cutoff is None else parse_cutoff(cutoff)
    named, digest = _named(subject)
    with open_ledger(out.ledger, write=True) as log:
        issued = certify(
            log, named, folder, policy=rules, cutoff=day, issuer=issuer, manifest=digest
        )
    out.result(_text(out, issued), _data(issued))


def _named(subject: str) -> tuple[str, bytes | None]:
    """How the library calls what was named; of a folder the digest of its statement, too."""
    folder = Path(subject)
    if not folder.is_dir():
        return subject, None
    from hashlib import sha256

    from ledger.certificates.statement import MANIFEST
    from ledger.manifests.showing import read_statement

    statement, payload = read_statement(folder)
    return f"{MANIFEST}{statement.reference}", sha256(payload).digest()


def _text(out: Output, issued: "Issued") -> str:
    from ledger.certificates.markup import plain_percent
    from ledger.provenance.trust import key_label

    statement = issued.statement
    policy, totals = statement.policy, statement.composition["totals"]
    shown = {rule["number"]: (rule["shown"], rule["why"]) for rule in policy["rules"]}
    rows = [
        (*shown[row["rule"]], row["documents"], plain_percent(row["documents_ppm"]))
        for row in statement.composition["labels"]["rows"]
    ]
    again = "" if issued.new else ", issued before; nothing it says has changed"
    return "\n".join(
        [
            f"{statement.shown}: {totals['documents']:,} documents, "
            f"{totals['occurrences']:,} occurrences, {totals['bytes']:,} bytes",
            f"content root {statement.content_root.hex()}",
            f"policy {policy['name']}@{policy['version']}, cut-off {policy['cutoff']}",
            "",
            out.table(["label", "basis", "documents", "share"], rows),
            "",
            *_gates(statement.composition.get("manifest")),
            *statement.limits,
            "",
            f"signed by {key_label(issued.signer)}; entry {issued.index}{again}",
            f"read    {issued.folder / 'certificate.html'}",
            f"verify  headwater verify {issued.folder}",
        ]
    )


def _gates(selected: Mapping[str, Any] | None) -> list[str]:
    """A line a gate of the manifest, and an empty one after them."""
    if selected is None:
        return []
    from ledger.manifests.words import gate_line

    lines = [gate_line(row) for row in selected["gates"]]
    if selected["taken_down"]:
        lines.append(f"{selected['taken_down']:,} of its documents have been taken down")
    return [*lines, ""] if lines else []


def _data(issued: "Issued") -> dict[str, Any]:
    from ledger.certificates.statement import MANIFEST
    from ledger.certificates.subjects import kind_of

    statement = issued.statement
    return {
        "composition": statement.composition,
        "content_root": f"sha256:{statement.content_root.hex()}",
        kind_of(statement.subject): statement.subject.removeprefix(MANIFEST),
        "folder": str(issued.folder),
        "index": issued.index,
        "issued_at": statement.issued_at,
        "issuer": statement.issuer,
        "limits": list(statement.limits),
        "new": issued.new,
        "policy": {
            name: statement.policy[name] for name in ("name", "version", "digest", "cutoff")
        },
        "signer": issued.signer,
        "size": statement.head.size,
        "statement": issued.statement_digest,
    }
