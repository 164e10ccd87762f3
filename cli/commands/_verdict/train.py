"""headwater verdict train: fit the detector on labelled rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...output import Output, pass_output

if TYPE_CHECKING:
    from ledger.verdicts.core.model import Model

__all__ = ["command"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("train")
@click.argument("rows", type=_FILE, metavar="ROWS.parquet")
@click.option(
    "-o", "--output", required=True, type=_FILE, metavar="FILE", help="Where the weights go."
)
@click.option("--card", type=_FILE, metavar="FILE", help="Write the model card here, as Markdown.")
@pass_output
def command(out: Output, rows: Path, output: Path, card: Path | None) -> None:
    """Fit the detector on rows known to be human or AI text, and write its weights.

    ROWS has the columns text and label (human or synthetic). Where it has pair_group, rows that
    share one are never divided between fitting and measuring; domain, generator, source_dataset
    and licence go into the model card. The same rows give the same bytes, in any order. FILE has
    digests of the texts and their scores, no text.

    The figures printed are out of fold: each row scored by models that saw nothing of its
    pair_group. On kinds of text that are not among the rows they are worse; the card says by how
    much for each domain and each generator left out.

    \b
    Examples:
      headwater verdict train labelled.parquet -o own.safetensors --card own.md
      headwater verdict evaluate others.parquet --weights own.safetensors
    """
    from ledger.corpus.atomic import whole_file
    from ledger.verdicts.core.card import page
    from ledger.verdicts.core.model import dump_model
    from ledger.verdicts.core.train import train
    from ledger.verdicts.evaluation.rows import read_rows

    read = read_rows(rows)
    left_out = read.repeated + read.contradictory
    if left_out:
        out.warn(
            f"{left_out:,} rows left out: {read.repeated:,} repeat a text, {read.contradictory:,} "
            "have a text under both labels"
        )
    with out.progress(f"fitting {read.table.num_rows:,} texts"):
        model = train(read.table)
    with whole_file(output) as file:
        file.write(dump_model(model))
    if card is not None:
        with whole_file(card) as file:
            file.write(page(model.card, model.digest).encode())
    out.result("\n".join(_lines(out, model, output)), _data(model, output, card, left_out))


def _lines(out: Output, model: "Model", output: Path) -> list[str]:
    figures = [row for row in model.card["groups"] if row["by"] == "all"]
    return [
        f"{model.name} {model.version}, of {model.card['human']:,} human and "
        f"{model.card['synthetic']:,} AI texts",
        "",
        out.table(
            ["out of fold", "AUC", "human flagged", "AI flagged"],
            [
                (
                    row["name"],
                    f"{row['auc']:.3f}",
                    _share(row["human_flagged"]),
                    _share(row["synthetic_flagged"]),
                )
                for row in figures
            ],
        ),
        "",
        f"flagged: a score above {model.cut_1pct:.4f}",
        f"digest: {model.digest}",
        f"wrote {output}",
    ]


def _share(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.1f} %"


def _data(model: "Model", output: Path, card: Path | None, left_out: int) -> dict[str, Any]:
    return {
        "file": str(output),
        "card_file": None if card is None else str(card),
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
        "cut_1pct": model.cut_1pct,
        "left_out": left_out,
        "card": dict(model.card),
    }
