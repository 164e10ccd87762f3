"""headwater reserve check: whether a text is in a sealed reserve, byte for byte."""

from pathlib import Path
from typing import Any

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("check")
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
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the proof here. For one document.",
)
@click.option("--no-near", is_flag=True, help="Do not look for near-duplicates.")
@pass_output
def command(
    out: Output, documents: tuple[str, ...], reserve: str, file: Path | None, no_near: bool
) -> None:
    """Ask whether texts are in a reserve, byte for byte.

    A FILE's bytes are the document; sha256: and 64 hex digits stand for one you do not have. Both
    answers come with a proof, which -o writes and `headwater verify` checks without the reserve.

    Near-duplicates are a hint for the reader and in no proof. They need the reserve's folder, whose
    texts are sketched on first use: hashes, no text, in $XDG_CACHE_HOME/headwater/sidecars, or
    ~/.cache; delete them any time. Of a .docx or .pdf the text is taken out and compared.

    The exit status is 0 for either answer; in --json, `answer` is `in` or `not_in`.

    \b
    Examples:
      headwater reserve check essay.txt --reserve sealed/
      headwater reserve check essay.txt --reserve sealed/ -o essay.proof.json
    """
    if file is not None and len(documents) != 1:
        raise click.UsageError(f"found -o with {len(documents)} documents, expected one of them")
    from ledger.reserves.membership.answers import answer_all, write_proof
    from ledger.reserves.membership.ask import open_reserve, read_asked

    asked = [read_asked(given) for given in documents]
    with open_reserve(reserve, out.ledger) as sealed, out.progress("looking") as advance:
        answers = answer_all(sealed, asked, near=not no_near, progress=advance)
    if file is not None:
        write_proof(answers[0], file)
    lines = [line for answer in answers for line in answer.lines()]
    data: list[dict[str, Any]] = [answer.data() for answer in answers]
    if file is not None:
        lines.append(f"wrote {file}; headwater verify {file}")
        data[0]["proof"] = str(file)
    out.result("\n".join(lines), data)
    sealed.raise_if_untrusted()
