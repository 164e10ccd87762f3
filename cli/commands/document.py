"""headwater document: what the ledger knows of single texts."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..output import Output, pass_output

__all__ = ["command"]


def _policy_options(function: Any) -> Any:
    policy = click.option(
        "--policy", metavar="NAME|FILE", help="The label policy. Else the one in use."
    )
    cutoff = click.option("--cutoff", metavar="DATE", help="Instead of the policy's cut-off.")
    return policy(cutoff(function))


@click.group("document")
def command() -> None:
    """Ask about single documents."""


@command.command("list")
@click.option("--dataset", metavar="NAME@VERSION", help="Only members of this dataset.")
@click.option("--label", metavar="LABEL", help="Only documents with this label.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most."
)
@_policy_options
@pass_output
def list_(
    out: Output,
    dataset: str | None,
    label: str | None,
    limit: int,
    policy: str | None,
    cutoff: str | None,
) -> None:
    """List documents with their labels, in the order they were recorded."""
    from ledger.provenance.documents import list_documents
    from ledger.provenance.in_use import choose_policy
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.policy import parse_cutoff

    asked = parse_cutoff(cutoff) if cutoff else None
    with open_ledger(out.ledger) as log:
        chosen = choose_policy(log, policy)
        day = asked or chosen.cutoff
        found = list_documents(log, chosen, dataset=dataset, label=label, limit=limit, cutoff=day)
    headers = ["document", "label", "basis", "rule", "bytes", "language"]
    wide = len(headers) if dataset else 4  # without a dataset there is no one size or language
    rows = [[d.document, d.label, d.basis, d.rule, d.bytes, d.language][:wide] for d in found]
    note = chosen.sentence(day)
    text = out.table(headers[:wide], rows) if rows else "no documents"
    out.result(
        f"{text}\n\nnote: {note}" if note and rows else text,
        {
            "policy": chosen.reference,
            "cutoff": day.isoformat(),
            "note": note,
            "documents": [asdict(document) for document in found],
        },
    )
    if len(found) == limit:
        out.say(f"these are the first {limit:,}; --limit N shows more")


@command.command("show")
@click.argument("digest")
@_policy_options
@pass_output
def show(out: Output, digest: str, policy: str | None, cutoff: str | None) -> None:
    """Show a document's label, datasets and dates.

    DIGEST is sha256:… , its first 8 or more hex digits, or the path of a file to hash.
    """
    from ledger.provenance.report import summary_json, summary_lines

    explanation = _explain(out, digest, policy, cutoff)
    out.result("\n".join(summary_lines(explanation)), summary_json(explanation))


@command.command("explain")
@click.argument("digest")
@_policy_options
@click.option("--measures", is_flag=True, help="Of a file, show measures of its wording, too.")
@click.option(
    "--reference-model",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="With --measures: perplexity under this local language model, too.",
)
@pass_output
def explain(
    out: Output,
    digest: str,
    policy: str | None,
    cutoff: str | None,
    measures: bool,
    reference_model: Path | None,
) -> None:
    """Say why a document has its label: every claim, every rule, and which one decided.

    DIGEST is sha256:… , its first 8 or more hex digits, or the path of a file to hash.
    """
    if reference_model is not None and not measures:
        raise click.UsageError("found --reference-model without --measures")
    from ledger.provenance.report import report_json, report_lines

    explanation = _explain(out, digest, policy, cutoff)
    lines, data = [*report_lines(explanation)], report_json(explanation)
    if measures:
        from ledger.verdicts.reference.explained import explain_file

        found = explain_file(digest, reference_model)
        lines += ["", *found.lines()]
        data["measures"] = found.data()
    out.result("\n".join(lines), data)


@command.command("takedown")
@click.argument("digest", metavar="DIGEST|FILE")
@click.option(
    "--reason",
    required=True,
    type=click.Choice(["rights_holder", "privacy", "legal", "error", "other"]),
    help="Who or what asks for it.",
)
@click.option("--because", metavar="TEXT", help="In words; kept in the vault, not in the log.")
@pass_output
def takedown(out: Output, digest: str, reason: str, because: str | None) -> None:
    """Take a document down: what is sealed or selected from now on leaves it out.

    The document stays recorded, and so does its takedown. A reserve that holds it is sealed again
    with the same command as before; the new version names the old one, which then is superseded.
    """
    from ledger.manifests.forgetting import holding as selecting
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.resolve import resolve_document
    from ledger.provenance.takedown import take_down
    from ledger.reserves.sealed import holding

    with open_ledger(out.ledger, write=True) as log:
        document = resolve_document(log, digest)
        recorded = take_down(log, document, reason, because)
        sealed, selected = holding(log, document), selecting(log, document)
    state = "taken down" if recorded.new else "was taken down before"
    lines = [f"{document}: {state}; entry {recorded.index}"]
    lines += [
        f"it is in {name} version {version}: seal {name} again for a version without it"
        for name, version in sealed
    ]
    lines += [
        f"manifest {item.name}@{item.version} selects it"
        + (f", pulled by {', '.join(item.consumers)}" if item.consumers else "")
        + ": build it again for one without it, and ask what was trained on it"
        + (f", which is {', '.join(item.models)} as far as registered" if item.models else "")
        for item in selected
    ]
    if selected:
        lines.append(
            f"in which batches it came: headwater manifest audit DIR --document {document} "
            "--batch-size N"
        )
    out.result(
        "\n".join(lines),
        {
            "document": document,
            "index": recorded.index,
            "manifests": [asdict(item) for item in selected],
            "new": recorded.new,
            "reason": reason,
            "reserves": [{"name": name, "version": version} for name, version in sealed],
        },
    )


def _explain(out: Output, digest: str, policy: str | None, cutoff: str | None) -> Any:
    from ledger.provenance.explain import explain
    from ledger.provenance.in_use import choose_policy
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.policy import parse_cutoff
    from ledger.provenance.resolve import resolve_document

    day = parse_cutoff(cutoff) if cutoff else None
    with open_ledger(out.ledger) as log:
        chosen = choose_policy(log, policy)
        return explain(log, resolve_document(log, digest), chosen, day)
