"""headwater audit overlap: what a dataset has in common with other text."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...output import Output, pass_output
from .._options import engine_options, roots_option

if TYPE_CHECKING:
    from ledger.engines import Workers
    from ledger.provenance.overlap import Measured
    from ledger.provenance.pairs import Named

__all__ = ["command"]

_EXAMPLES = 5


@click.command("overlap")
@click.argument("dataset", metavar="NAME@VERSION")
@click.option(
    "--against",
    required=True,
    metavar="NAME@VERSION|DIR",
    help="Another dataset of the ledger, or the folder of a sealed reserve.",
)
@click.option(
    "--pairs",
    "pairs_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write every matched pair here, as .csv or .parquet.",
)
@click.option("--paths", is_flag=True, help="In --pairs, name the paths that the vault has, too.")
@roots_option
@engine_options
@pass_output
def command(
    out: Output,
    dataset: str,
    against: str,
    pairs_file: Path | None,
    paths: bool,
    roots: tuple[Path, ...],
    workers: "Workers",
) -> None:
    """Find the documents of a dataset that stand in another set: whole, altered or as excerpts.

    Texts are compared by their word 5-grams, exactly. For a team that publishes what models write:
    the share of a new crawl that is its own text come back. The counts are recorded in the ledger,
    the pairs in its vault.

    Sketches of the texts are kept in LEDGER.sidecars, so that the next comparison need not read
    everything again: digests and hashes, no text. Whoever guesses a passage can find out there
    that you have it, so keep the folder as you keep the texts, or delete it: nothing is lost.

    \b
    Examples:
      headwater audit overlap crawl@2025 --against outputs@2025
      headwater audit overlap crawl@2025 --against sealed/ --pairs pairs.csv
    """
    if paths and pairs_file is None:
        raise click.UsageError("found --paths without --pairs FILE")
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.pairs import check_name, examples, path_finder, write_pairs
    from ledger.reserves.audit import audit_overlap

    if pairs_file is not None:
        check_name(pairs_file)
    with open_ledger(out.ledger, write=True) as log:
        with out.progress(f"{dataset} against {against}") as advance:
            found = audit_overlap(
                log, dataset, against, roots=roots, workers=workers, progress=advance
            )
        finders = (path_finder(log, dataset), path_finder(log, found.against))
        shown = examples(found.pairs, *finders, _EXAMPLES)
        if pairs_file is not None:
            write_pairs(pairs_file, found.pairs, finders if paths else None)
    lines = _text(out, found, shown)
    if pairs_file is not None:
        lines.append(f"wrote {found.pairs.num_rows:,} pairs to {pairs_file}")
    out.result("\n".join(lines), _data(found, shown, pairs_file))


def _text(out: Output, found: "Measured", shown: "list[Named]") -> list[str]:
    from ledger.provenance.overlap import KEPT_PAIRS

    counts = found.counts
    rows = [
        ("byte for byte", counts.exact),
        ("same words", counts.normalised),
        ("near (J ≥ 0.8)", counts.near_80),
        ("similar (J ≥ 0.5)", counts.near_50),
        ("contained, and not near", counts.contained),
        ("new (J < 0.2)", counts.novel),
    ]
    lines = [
        f"{found.dataset}, {counts.documents:,} documents, against {found.against}, "
        f"{counts.against_documents:,} documents",
        "",
        out.table(
            ["match", "documents", "share"],
            [(name, count, _share(count, counts.documents)) for name, count in rows],
        ),
        "",
        f"came back: {found.came_back:,} of {counts.documents:,} documents "
        f"({_share(found.came_back, counts.documents)}), near or contained",
        "each row down to similar counts those above it; J is exact Jaccard of word 5-grams",
    ]
    if found.capped:
        lines.append(
            f"{found.capped:,} documents are made of passages that stand in many others; "
            "they may have more matches than were looked at"
        )
    if shown:
        lines += ["", "closest pairs that are not the same text"]
        lines.append(
            out.table(
                ["J", "document", "matched"],
                [(f"{pair.figures['jaccard_ppm'] / 1e6:.3f}", *_names(pair)) for pair in shown],
            )
        )
    lines += ["", f"{'recorded as' if found.new else 'already recorded as'} entry {found.entry:,}"]
    if found.kept < found.pairs.num_rows:
        lines.append(
            f"the vault keeps {found.kept:,} of {found.pairs.num_rows:,} pairs, "
            f"the closest of each document, at most {KEPT_PAIRS:,}; --pairs FILE writes all"
        )
    return lines


def _names(pair: "Named") -> tuple[str, str]:
    return (
        pair.candidate_path or f"sha256:{pair.candidate.hex()}",
        pair.reference_path or f"sha256:{pair.reference.hex()}",
    )


def _share(part: int, whole: int) -> str:
    """Rounded down, as everywhere: 100 % is said of the whole alone."""
    return f"{part * 100 // whole}.{part * 1000 // whole % 10} %" if whole else "-"


def _data(found: "Measured", shown: "list[Named]", pairs_file: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "dataset": found.dataset,
        "content_root": f"sha256:{found.root.hex()}",
        "against": found.against,
        "against_root": f"sha256:{found.against_root.hex()}",
        "method": found.method,
        **asdict(found.counts),
        "came_back": found.came_back,
        "capped": found.capped,
        "pairs": found.pairs.num_rows,
        "pairs_kept": found.kept,
        "pairs_file": None if pairs_file is None else str(pairs_file),
        "examples": [pair.data() for pair in shown],
        "entry": found.entry,
        "new": found.new,
    }
