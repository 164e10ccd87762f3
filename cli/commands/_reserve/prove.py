"""headwater reserve prove: proofs for many documents at once."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("prove")
@click.argument("documents", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--reserve",
    "reserve",
    required=True,
    metavar="DIR|NAME",
    help="The reserve's folder; or its NAME or NAME@VERSION in the ledger.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the proofs, one file for each document: its SHA-256 and .proof.json.",
)
@pass_output
def command(out: Output, documents: tuple[str, ...], reserve: str, folder: Path) -> None:
    """Write a proof for each of many documents: in the reserve, or not.

    As `reserve check`, which is for reading; nobody looks for near-duplicates here. A file of
    an earlier proof is replaced. `headwater verify FILE` checks one without the reserve.

    \b
    Example:
      headwater reserve prove essays/*.txt --reserve sealed/ -o proofs/
    """
    from ledger.reserves.membership.answers import answer_all, write_proofs
    from ledger.reserves.membership.ask import open_reserve, read_asked

    asked = [read_asked(given) for given in documents]
    with open_reserve(reserve, out.ledger) as sealed:
        answers = answer_all(sealed, asked, near=False, progress=lambda *_: None)
    paths = write_proofs(answers, folder)
    present = sum(answer.present for answer in answers)
    out.result(
        f"proofs in {folder}: {len(set(paths)):,}; "
        f"documents in: {present:,}, not in: {len(answers) - present:,}",
        [
            {**answer.data(), "proof": str(path)}
            for answer, path in zip(answers, paths, strict=True)
        ],
    )
    sealed.raise_if_untrusted()
