"""headwater status: how the ledger stands, at a glance."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.manifests.training import Feedbacks
    from ledger.provenance.rules import Policy
    from ledger.provenance.status import Status
    from ledger.reserves.sealed import Listed

__all__ = ["command"]


@click.command("status")
@click.option("--policy", metavar="NAME|FILE", help="The label policy. Else the one in use.")
@pass_output
def command(out: Output, policy: str | None) -> None:
    """Show how the ledger stands: signature, datasets, marks, scans, reserves, labels, generations.

    Reads and changes nothing; `headwater verify` checks what is shown here.

    \b
    Example:
      headwater status
    """
    from ledger.manifests.training import Feedbacks, feedback
    from ledger.provenance.in_use import choose_policy
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.status import status_of
    from ledger.reserves.sealed import list_reserves

    with open_ledger(out.ledger) as log:
        chosen = choose_policy(log, policy)
        status = status_of(log, chosen)
        reserves = list_reserves(log) if status.current else []
        fed_back = feedback(log) if status.current else Feedbacks((), ())
    text = _text(out, status, chosen, reserves, fed_back)
    out.result(text, _data(out, status, chosen, reserves, fed_back))


def _text(
    out: Output,
    status: "Status",
    policy: "Policy",
    reserves: "list[Listed]",
    fed_back: "Feedbacks",
) -> str:
    from ledger.provenance.conditions import moment

    lines = [
        f"ledger      {out.ledger}",
        f"log         {status.log_name}",
        f"entries     {status.size:,}, the last recorded {moment(status.recorded_at)}",
        f"signed      {_signed(status)}",
        f"pinned      {_pinned(status)}",
        f"vault       {'at hand' if status.vault else 'not here: private values are withheld'}",
        f"derived     {_derived(status)}",
    ]
    if status.datasets is None or status.labels is None:
        return "\n".join(lines)
    lines += ["", _datasets(out, status), *_marks(out, status), *_reserves(out, reserves)]
    lines += ["", *_labels(out, status, policy), *_generations(status), *_alarms(fed_back)]
    return "\n".join(lines)


def _signed(status: "Status") -> str:
    if status.signed is None:
        return "nothing yet; the next command that writes signs"
    by = "a key you trust" if status.trusted else "a key that nobody here trusts"
    unsigned = status.size - status.signed
    rest = f"; {unsigned:,} newer not yet" if unsigned else ""
    return f"the first {status.signed:,} entries, by {by}{rest}"


def _pinned(status: "Status") -> str:
    if status.pinned is None:
        return "nothing: you have not verified or extended this log before"
    return f"you have seen its first {status.pinned:,} entries; a log that lost any is noticed"


def _derived(status: "Status") -> str:
    if status.current:
        return "tables are up to date"
    states = ", ".join(f"{p.name} is {p.state}" for p in status.projections)
    return f"tables are not up to date ({states}); headwater db rebuild"


def _datasets(out: Output, status: "Status") -> str:
    if not status.datasets:
        return "no datasets yet; headwater ingest PATH --dataset NAME@VERSION"
    return out.table(
        ["dataset", "documents", "occurrences", "bytes"],
        [(d.dataset, d.documents, d.occurrences, d.bytes) for d in status.datasets],
    )


def _marks(out: Output, status: "Status") -> list[str]:
    from ledger.provenance.conditions import moment

    lines = []
    if status.marks is not None and status.marks.registered:
        counts = {"retired": status.marks.retired, "revoked": status.marks.revoked}
        ended = "".join(f", {count:,} {word}" for word, count in counts.items() if count)
        lines += ["", f"watermarks registered: {status.marks.registered:,}{ended}"]
    if status.scans:
        rows = [
            (s.dataset, s.scan, str(s.entry), moment(s.at), s.documents, s.marks, s.found)
            for s in status.scans
        ]
        headers = ["last scan of", "for", "entry", "recorded", "documents", "marks", "found"]
        lines += ["", out.table(headers, rows)]
    return lines


def _reserves(out: Output, reserves: "list[Listed]") -> list[str]:
    if not reserves:
        return []
    rows = [
        (
            row.name,
            row.version,
            row.documents,
            row.bytes,
            row.before or _UNDATED[row.stage],
            _standing(row),
        )
        for row in reserves
    ]
    headers = ["reserve", "version", "documents", "bytes", "existed before", "stands"]
    return ["", out.table(headers, rows)]


_UNDATED = {"any": "withheld", "final": "not asked: anchor"}


def _standing(row: "Listed") -> str:
    return "superseded" if row.superseded else "newest version"


def _labels(out: Output, status: "Status", policy: "Policy") -> list[str]:
    from ledger.provenance.labels import basis_words, label_words

    if not status.labels:
        return ["no documents yet"]
    rows = [
        (label_words(policy, row.label, row.basis), basis_words(row.basis, policy.cutoff),
         row.documents)
        for row in status.labels
    ]  # fmt: skip
    lines = [
        f"every document once, by policy {policy.reference}, cut-off {policy.cutoff}",
        out.table(["label", "basis", "documents"], rows),
    ]
    note = policy.sentence()
    return [*lines, f"note: {note}"] if note else lines


def _generations(status: "Status") -> list[str]:
    from ledger.provenance.models.lineage import share_words

    known = [share for share in status.generations or () if share.generation]
    if not known:  # no text that models are known to have written
        return []
    return ["", f"generations: {share_words(status.generations or ())}"]


def _alarms(fed_back: "Feedbacks") -> list[str]:
    from ledger.errors import printable

    lines = []
    for alarm in fed_back.found:
        many, were = ("document", "was") if alarm.documents == 1 else ("documents", "were")
        by = ", ".join(printable(name) for name in alarm.by)
        lines += [
            "",
            f"ALARM: {printable(alarm.model)} learned from its own texts: {alarm.documents:,} "
            f"{many} of manifest {printable(alarm.manifest)} {were} written by {by},",
            f"       such as {alarm.examples[0]}",
        ]
    if fed_back.unseen:
        names = ", ".join(printable(name) for name in fed_back.unseen)
        lines += ["", f"not looked through for models' own texts: {names}"]
    return lines


def _data(
    out: Output,
    status: "Status",
    policy: "Policy",
    reserves: "list[Listed]",
    fed_back: "Feedbacks",
) -> dict[str, Any]:
    return {
        "ledger": out.ledger,
        **asdict(status),
        "reserves": [asdict(row) for row in reserves],
        "fed_back": asdict(fed_back),
        "root": status.root.hex() if status.root is not None else None,
        "policy": policy.reference,
        "cutoff": policy.cutoff.isoformat(),
        "note": policy.sentence(),
    }
