"""headwater certify: a signed statement of what a dataset is made of."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.certificates.issue import Issued

__all__ = ["command"]


@click.command("certify")
@click.argument("dataset")
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder to write; an older certificate of the same dataset there is replaced.",
)
@click.option("--policy", default="clean-strict", show_default=True, help="Name or TOML file.")
@click.option("--cutoff", metavar="DATE", help="Instead of the policy's own, such as 2022-11-30.")
@click.option("--issuer", metavar="NAME", help="Your organisation. Else the ledger's name.")
@pass_output
def command(
    out: Output, dataset: str, folder: Path, policy: str, cutoff: str | None, issuer: str | None
) -> None:
    """Certify a dataset's composition as it stands now.

    DATASET is NAME@VERSION. The numbers are computed from the ledger, signed with its statement
    key, recorded in it, and written as certificate.json (what is signed), certificate.html (to
    read and print) and the proof that the ledger holds them.
    """
    from ledger.certificates.issue import certify
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.policy import load_policy, parse_cutoff

    rules = load_policy(policy)
    day = None if cutoff is None else parse_cutoff(cutoff)
    with open_ledger(out.ledger, write=True) as log:
        issued = certify(log, dataset, folder, policy=rules, cutoff=day, issuer=issuer)
    out.result(_text(out, issued), _data(issued))


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
            f"{statement.dataset}: {totals['documents']:,} documents, "
            f"{totals['occurrences']:,} occurrences, {totals['bytes']:,} bytes",
            f"content root {statement.content_root.hex()}",
            f"policy {policy['name']}@{policy['version']}, cut-off {policy['cutoff']}",
            "",
            out.table(["label", "basis", "documents", "share"], rows),
            "",
            *statement.limits,
            "",
            f"signed by {key_label(issued.signer)}; entry {issued.index}{again}",
            f"read    {issued.folder / 'certificate.html'}",
            f"verify  headwater verify {issued.folder}",
        ]
    )


def _data(issued: "Issued") -> dict[str, Any]:
    statement = issued.statement
    return {
        "composition": statement.composition,
        "content_root": f"sha256:{statement.content_root.hex()}",
        "dataset": statement.dataset,
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
