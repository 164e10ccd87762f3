"""headwater watermark export: marks in the forms that other programs and organisations read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...output import Output, pass_output

if TYPE_CHECKING:
    from ledger.log.log import Log

__all__ = ["command"]

_FORMS = ("entry", "bundle", "transformers", "vllm", "c2pa")


@click.command("export")
@click.argument("name", metavar="[NAME[@VERSION]]", required=False)
@click.option("--as", "form", type=click.Choice(_FORMS), required=True, help="The form to write.")
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write.",
)
@click.option(
    "--with-key",
    is_flag=True,
    help="Put your own key into a model's config. FILE must be new, and only you can read it.",
)
@click.option("--contact", metavar="MAIL", help="For c2pa: whom readers of the list may ask.")
@click.option("--url", metavar="https://…", help="For c2pa: a page about the mark.")
@pass_output
def command(
    out: Output,
    name: str | None,
    form: str,
    file: Path,
    with_key: bool,
    contact: str | None,
    url: str | None,
) -> None:
    """Write a mark for others to read.

    \b
    entry          its newest state, signed; a sealed key goes along, encrypted
    bundle         all marks, or NAME, with their histories, in one signed and proved file
    transformers   a generation config, with which a model makes the mark
    vllm           what vllm serve --watermark-config takes
    c2pa           all marks, or NAME, in the form of C2PA's list of soft-binding algorithms

    A key that is not public leaves only --with-key. Without it a model's config has null where
    the key goes, and no model runs with that.

    \b
    Examples:
      headwater watermark export --as bundle -o marks.bundle.json
      headwater watermark export example.org/chat --as vllm --with-key -o watermark.json
    """
    from ledger.provenance.opening import open_ledger

    if name is None and form not in ("bundle", "c2pa"):
        raise click.UsageError(f"found no NAME, expected the mark to export --as {form}")
    if with_key and form not in ("transformers", "vllm"):
        raise click.UsageError(f"found --with-key --as {form}, expected transformers or vllm")
    if (form == "c2pa") != (contact is not None) or (form == "c2pa") != (url is not None):
        raise click.UsageError("--contact and --url are for --as c2pa, which needs both")
    with open_ledger(out.ledger) as log:
        if form == "bundle":
            lines, data = _bundle(log, name, file)
        elif form == "c2pa":
            lines, data = _c2pa(log, name, file, str(contact), str(url))
        elif form == "entry":
            lines, data = _entry(log, str(name), file)
        else:
            lines, data = _engine(log, str(name), form, file, with_key)
    out.result("\n".join(lines), {"as": form, "file": str(file), **data})


def _write(file: Path, data: bytes) -> None:
    from ledger.corpus.atomic import whole_file

    with whole_file(file) as to:
        to.write(data)


def _bundle(log: "Log", name: str | None, file: Path) -> tuple[list[str], dict[str, Any]]:
    from ledger.watermarks.interchange.federation import export_bundle

    done = export_bundle(log, None if name is None else [name])
    _write(file, done.data)
    lines = [
        f"wrote {file}: {len(done.marks):,} marks, {done.states:,} states, proved in "
        f"{done.log_name} at {done.size:,} entries"
    ]
    lines += [f"left out {mark}: {why}" for mark, why in done.left_out]
    return lines, {
        "marks": list(done.marks),
        "states": done.states,
        "left_out": [{"mark": mark, "because": why} for mark, why in done.left_out],
        "log_name": done.log_name,
        "size": done.size,
    }


def _entry(log: "Log", name: str, file: Path) -> tuple[list[str], dict[str, Any]]:
    from ledger.errors import VerificationError
    from ledger.watermarks.registry.changes import entry_file
    from ledger.watermarks.registry.entry import format_entry_file
    from ledger.watermarks.registry.states import find_mark

    state = find_mark(log, name)
    if not state.counts:
        raise VerificationError(f"mark {state.label}: {state.refused}")
    _write(file, format_entry_file(entry_file(log, state)))
    lines = [f"wrote {file}: {state.label}, {state.status}"]
    counting = sum(item.refused is None for item in state.states)
    if counting > 1:
        lines.append(
            f"it follows {counting - 1} earlier states; who has none of them needs --as bundle"
        )
    return lines, {"marks": [state.label], "states": 1}


def _engine(
    log: "Log", name: str, form: str, file: Path, with_key: bool
) -> tuple[list[str], dict[str, Any]]:
    from ledger.watermarks.interchange.describing import write_private
    from ledger.watermarks.interchange.engine_config import engine_file
    from ledger.watermarks.registry.states import find_mark

    state = find_mark(log, name)
    made = engine_file(log, state, form, with_key=with_key)
    if made.has_key and made.secret:
        write_private(file, made.data)
        words = "with its key: whoever reads it can make the mark"
    else:
        _write(file, made.data)
        words = "its key is public" if made.has_key else "without its key: null where it goes"
    lines = [f"wrote {file}: {state.label}, {words}"]
    if state.algorithm.startswith("synthid-table/"):
        lines.append("SynthIDTextWatermarkingConfig.from_dict reads its fields")
    return lines, {"marks": [state.label], "has_key": made.has_key}


def _c2pa(
    log: "Log", name: str | None, file: Path, contact: str, url: str
) -> tuple[list[str], dict[str, Any]]:
    from ledger.errors import RefusedError
    from ledger.watermarks.interchange.soft_binding import format_soft_bindings, soft_binding_of
    from ledger.watermarks.registry.states import find_mark, marks

    found = marks(log) if name is None else [find_mark(log, name)]
    counting = [state for state in found if state.counts]
    if not counting:
        raise RefusedError(f"{log.location}: no mark of which a state counts")
    entries = [soft_binding_of(state, contact=contact, url=url) for state in counting]
    _write(file, format_soft_bindings(entries))
    lines = [f"wrote {file}: {len(entries):,} marks, without a number, which C2PA assigns"]
    lines += [entry.alg for entry in entries]
    return lines, {
        "marks": [state.label for state in counting],
        "algs": [entry.alg for entry in entries],
    }
