"""headwater tag read: what files disclose of who wrote them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...output import Output, pass_output

if TYPE_CHECKING:
    from ledger.provenance.conventions import Disclosure

__all__ = ["command"]


@click.command("read")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@pass_output
def command(out: Output, files: tuple[Path, ...]) -> None:
    """Show what files disclose of who wrote them.

    Looks for front matter, ai-disclosure in HTML, JSON-LD source types, C2PA manifests, and a
    FILE.prov.json beside. What stands in a file was put there by whoever could write it; a
    sidecar says who signed it. A file that says nothing is of unknown origin. Nothing is
    recorded: headwater tag FILE --read does that.

    \b
    Examples:
      headwater tag read page.html notes.md
      headwater --json tag read page.html
    """
    from ledger.log.keys import KeyRing
    from ledger.provenance.conventions.reading import read_file

    trusted = KeyRing().verifiers("claim")
    found = [(str(path), read_file(path, trusted)) for path in files]
    lines = [line for name, disclosures in found for line in _lines(name, disclosures)]
    data = [{"file": name, "disclosures": list(map(_data, said))} for name, said in found]
    out.result("\n".join(lines), {"files": data})


def _lines(name: str, disclosures: "list[Disclosure]") -> list[str]:
    from ledger.errors import printable

    if not disclosures:
        return [f"{printable(name)}: says nothing: unknown"]
    return [_line(one) for one in disclosures]


def _line(one: "Disclosure") -> str:
    from ledger.provenance.conventions.words import disclosure_words

    return f"{one.where}: {disclosure_words(one)}"


def _data(one: "Disclosure") -> dict[str, Any]:
    return {
        "convention": one.convention,
        "assistance": one.assistance,
        "model": one.model,
        "ranges": None if one.ranges is None else [list(each) for each in one.ranges],
        "weight": one.weight,
        "reviewed": one.reviewed,
        "at": one.at,
        "where": one.where,
        "note": one.note,
    }
