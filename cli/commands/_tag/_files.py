"""headwater tag FILE…: what the group does where no command of it is named."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...output import Output, pass_output

if TYPE_CHECKING:
    from ledger.provenance.signing import ClaimSigner
    from ledger.provenance.tags.make import Tag
    from ledger.provenance.tags.tagging import Said, Text

__all__ = ["command"]

_FILE = click.Path(path_type=Path)
_ASKED = ("none", "grammar", "edits", "mostly", "all", "unknown")
_NO_VALUE = "\0"  # of --sign alone: no key has this name


class _Context(click.Context):
    """Has no word of its own: people call the command by its group's name."""

    @property
    def command_path(self) -> str:
        assert self.parent is not None  # the group's
        return self.parent.command_path


class _Files(click.Command):
    context_class = _Context


@click.command("tag", cls=_Files)
@click.argument("files", nargs=-1, metavar="FILE…", type=_FILE)
@click.option(
    "--ai",
    type=click.Choice(_ASKED),
    help="How much AI wrote: none, grammar (surface edits), edits (of content), mostly, all.",
)
@click.option("--model", metavar="NAME", help="Which model. Else what the team config names.")
@click.option("--lines", metavar="N-M,…", help="Only these lines, from 1, both included.")
@click.option("--bytes", "ranges", metavar="N-M,…", help="Only these bytes, from 0, M left out.")
@click.option("--reviewed", is_flag=True, help="A person read the AI's text and answers for it.")
@click.option("--observed", is_flag=True, help="For editors: the writing itself was watched.")
@click.option(
    "--sign",
    is_flag=False,
    flag_value=_NO_VALUE,
    metavar="[KEY]",
    help="Sign, with an own key of use claim or the file of an SSH key.",
)
@click.option("--no-sign", is_flag=True, help="Do not sign, whatever the team config says.")
@click.option("--supersedes", metavar="CLAIM", help="The tag that this one takes the place of.")
@click.option("--stdin", is_flag=True, help="Tag what comes from standard input.")
@click.option("--read", is_flag=True, help="Tag what FILE itself discloses, as imported.")
@click.option("--batch", type=_FILE, metavar="FILE", help='JSON lines: {"file":…,"ai":…}.')
@click.option("--receipt", type=_FILE, metavar="FILE", help="Write the receipt here, too.")
@pass_output
def command(
    out: Output,
    files: tuple[Path, ...],
    ai: str | None,
    model: str | None,
    lines: str | None,
    ranges: str | None,
    reviewed: bool,
    observed: bool,
    sign: str | None,
    no_sign: bool,
    supersedes: str | None,
    stdin: bool,
    read: bool,
    batch: Path | None,
    receipt: Path | None,
) -> None:
    """Tag files."""
    from ledger.provenance.tags.tagging import Said, grade_of, parse_pairs, read_text

    from ...team import team_tag

    if bool(files) + stdin + (batch is not None) != 1:
        raise click.UsageError("found none or several of FILE, --stdin and --batch, expected one")
    told = bool(ai or model or lines or ranges or reviewed or observed or supersedes)
    if told and batch is not None:
        raise click.UsageError("found --batch and what is said of a text, expected it in the batch")
    if read and (told or not files):
        raise click.UsageError("found --read and what is said by you, expected one of them")
    settings = team_tag(Path.cwd())
    signer = None if no_sign else _signer(sign, settings.sign, settings.key)
    wanted: list[tuple[Text, Said]] = []
    if batch is not None:
        from ledger.provenance.tags.batch import read_batch

        wanted = read_batch(batch)
    elif read:
        from ledger.provenance.tags.disclosing import read_disclosures

        for file in files:
            text = read_text(file)
            found, notes = read_disclosures(text)
            for note in notes:
                out.say(note)
            wanted += [(text, said) for said in found]
    else:
        if not ai and (stdin or not sys.stdin.isatty()):
            raise click.UsageError(
                f"found no --ai, expected one of {', '.join(_ASKED)}: nothing is taken for granted"
            )
        texts = [_standard_input()] if stdin else [read_text(file) for file in files]
        grade = grade_of(ai or _ask(files))
        said = Said(
            grade,
            model=model or (settings.model if grade not in ("A0", "AX") else None),
            lines=parse_pairs(lines, "--lines") if lines else None,
            ranges=parse_pairs(ranges, "--bytes") if ranges else None,
            reviewed=reviewed or None,
            evidence="observed" if observed else None,
            supersedes=supersedes,
        )
        wanted = [(text, said) for text in texts]
    _finish(out, wanted, signer, receipt)


def _finish(
    out: Output,
    wanted: "list[tuple[Text, Said]]",
    signer: "ClaimSigner | None",
    receipt: Path | None,
) -> None:
    """Make every tag before the first goes into the spool: one bad text stops them all."""
    from ledger.provenance.tags.receipt import format_receipt
    from ledger.provenance.tags.spool import spool_folder
    from ledger.provenance.tags.tagging import prepare, put

    if receipt is not None and len(wanted) != 1:
        raise click.UsageError(f"found --receipt with {len(wanted)} tags, expected one")
    spool, now = spool_folder(Path.cwd()), int(time.time())
    tags = [(text, prepare(text, said, spool, now, signer)) for text, said in wanted]
    shown = []
    for text, tag in tags:
        path = put(text, tag, spool)
        shown.append((text.place, tag, path))
    if receipt is not None:
        receipt.write_bytes(format_receipt(tags[0][1]))
    out.result(
        "\n".join(line for item in shown for line in _lines(*item)),
        {"spool": str(spool), "tags": [_data(*item) for item in shown]},
    )


def _lines(place: str, tag: "Tag", path: Path) -> list[str]:
    from ledger.errors import printable
    from ledger.provenance.tags.words import tag_words

    return [
        f"{printable(place)}: {tag_words(tag.body)}",
        f"  claim    {tag.claim_id}",
        f"  signed   {tag.sigs[0]['keyid'] if tag.sigs else 'by nobody: declared'}",
        f"  receipt  {path}",
    ]


def _data(place: str, tag: "Tag", path: Path) -> dict[str, Any]:
    return {
        "file": place,
        "document": tag.subject,
        "claim": tag.claim_id,
        "body": tag.body.plain(),
        "signed_by": tag.sigs[0]["keyid"] if tag.sigs else None,
        "receipt": str(path),
    }


def _signer(named: str | None, always: bool, key: str | None) -> "ClaimSigner | None":
    if named is None and not always:
        return None
    from ledger.log.keys import KeyRing
    from ledger.provenance.tags.signers import find_signer

    return find_signer(KeyRing(), key if named in (None, _NO_VALUE) else named)


def _ask(files: tuple[Path, ...]) -> str:
    what = str(files[0]) if len(files) == 1 else f"these {len(files)} files"
    answer: str = click.prompt(
        f"How much of {what} did AI write?", type=click.Choice(_ASKED), err=True
    )
    return answer


def _standard_input() -> "Text":
    from ledger.errors import InputError
    from ledger.provenance.tags.make import MAX_CONTENT
    from ledger.provenance.tags.tagging import Text

    content = sys.stdin.buffer.read(MAX_CONTENT + 1)
    if len(content) > MAX_CONTENT:
        raise InputError(f"standard input: more than {MAX_CONTENT} bytes")
    return Text(content, "standard input")
