"""What the commands of `headwater git` print."""

from dataclasses import asdict
from typing import Any

from ledger.provenance.git.blame import Blamed, Part
from ledger.provenance.git.exporting import Exported
from ledger.provenance.git.importing import Imported

__all__ = [
    "blamed_data", "blamed_rows", "exported_data", "exported_lines", "imported_data",
    "imported_lines",
]  # fmt: skip

_DEGREES = {
    "A0": "none",
    "A1": "grammar",
    "A2": "edits",
    "A3": "mostly AI",
    "A4": "all AI",
    "AX": "unknown",
}


def imported_lines(done: Imported) -> list[str]:
    """The summary of an import."""
    lines = [
        f"commits: {done.commits:,}; with notes: {done.notes:,}, with trailers: {done.trailers:,}",
        f"claims recorded: {done.new:,}; recorded before: {done.again:,}",
    ]
    if done.explained:
        lines.append(f"commits whose trailers a finer claim explains: {done.explained:,}")
    if done.withdrawn:
        lines.append(f"withdrawn before, and left so: {done.withdrawn:,}")
    if done.no_text:
        lines.append(f"files that are no text of at most 64 MiB: {done.no_text:,}")
    if done.quarantined:
        lines.append(f"notes, or files of notes, set aside: {len(done.quarantined):,}")
    lines.append("lines that nothing covers are unknown")
    return lines


def imported_data(done: Imported) -> dict[str, Any]:
    """As JSON: every count, and all that was set aside."""
    return asdict(done)


def exported_lines(done: Exported, dry_run: bool) -> list[str]:
    """The summary of an export."""
    verb = "would be written" if dry_run else "written"
    lines = [
        f"commits: {done.commits:,}",
        f"notes {verb}: {done.written:,}; joined to others' notes: {done.joined:,}; "
        f"as they should be: {done.unchanged:,}",
        f"lines in them: {done.lines:,}",
    ]
    if done.removed:
        lines.append(f"notes removed, as nobody says so any more: {done.removed:,}")
    if done.left:
        lines.append(f"left: {len(done.left):,}")
    return lines


def exported_data(done: Exported, dry_run: bool) -> dict[str, Any]:
    """As JSON: every count, and all that was left."""
    left = [{"what": what, "reason": reason} for what, reason in done.left]
    return {**asdict(done), "left": left, "dry_run": dry_run}


def blamed_rows(blamed: Blamed) -> list[list[object]]:
    """Lines, bytes, assistance, model, evidence, entry, remarks."""
    return [_row(part) for part in blamed.parts]


def _row(part: Part) -> list[object]:
    first, last = part.lines
    lines = f"{first}" if first == last else f"{first}-{last}"
    said = part.said
    if said is None:
        return [lines, f"{part.start}-{part.end}", "unknown", None, None, None, ""]
    remarks = []
    if part.commit is not None:
        remarks.append(f"in {part.commit[:12]}")
    if said.again:
        remarks.append("moved")
    if said.weight is not None:
        remarks.append(f"{said.weight} hint")
    if part.others:
        remarks.append(f"see also {', '.join(str(index) for index in part.others[:8])}")
    degree = f"{said.assistance} {_DEGREES[said.assistance]}"
    evidence = f"{said.evidence}, {said.convention}" if said.convention else said.evidence
    return [
        lines, f"{part.start}-{part.end}", degree, said.model, evidence, said.index,
        "; ".join(remarks),
    ]  # fmt: skip


def blamed_data(blamed: Blamed) -> dict[str, Any]:
    """As JSON: every part, unknown ones with assistance AX and no entry."""
    return {
        "path": blamed.path,
        "withheld": list(blamed.withheld),
        "parts": [
            {
                "first_line": part.lines[0],
                "last_line": part.lines[1],
                "start": part.start,
                "end": part.end,
                "commit": part.commit,
                "others": list(part.others),
                **(
                    {"assistance": "AX", "entry": None}
                    if part.said is None
                    else {
                        "assistance": part.said.assistance,
                        "entry": part.said.index,
                        "claim": part.said.claim_id,
                        "model": part.said.model,
                        "evidence": part.said.evidence,
                        "convention": part.said.convention,
                        "weight": part.said.weight,
                        "moved": part.said.again,
                    }
                ),
            }
            for part in blamed.parts
        ],
    }
