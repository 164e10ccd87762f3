"""headwater watermark import: what other programs and organisations say of marks."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...output import Output, pass_output

if TYPE_CHECKING:
    from ledger.watermarks.interchange.describing import Imported

__all__ = ["command"]

_MODEL = ("name", "mark_version", "provider", "vocab_size", "tokenizer", "key_class", "output")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--untrusted-log", is_flag=True, help="Take a bundle of a log you do not trust.")
@click.option("--name", metavar="NAME", help="What the mark of a model's config is called.")
@click.option("--mark-version", metavar="VERSION", help="Its version; 1 if absent.")
@click.option("--provider", metavar="WHO", help="Who makes it; your provider key's name if absent.")
@click.option(
    "--vocab-size",
    type=click.IntRange(2),
    metavar="N",
    help="The width of the logits; from config.json beside FILE if absent.",
)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The model's tokenizer.json; the one beside FILE if absent.",
)
@click.option(
    "--key-class",
    type=click.Choice(["public", "committed", "sealed"]),
    help="Who may know the key; committed if absent.",
)
@click.option(
    "--to", "recipients", multiple=True, metavar="WHO=hwr1…", help="Whom a sealed key is for."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the description here, which holds the key, and register nothing.",
)
@pass_output
def command(
    out: Output,
    /,
    file: Path,
    untrusted_log: bool,
    recipients: tuple[str, ...],
    **model: Any,
) -> None:
    """Take in what FILE says of marks.

    \b
    a bundle             its marks are merged, those of providers whose keys you trust
    a model's config     generation_config.json of transformers, or vLLM's watermark config:
                         its mark is registered as yours
    C2PA's list          of soft-binding algorithms: shows which of them are registered here

    \b
    Examples:
      headwater watermark import marks.bundle.json
      headwater watermark import model/generation_config.json --name example.org/chat
    """
    from ledger.watermarks.interchange.reading import kind_of_file

    kind = kind_of_file(file)
    given = [name for name in _MODEL if model[name] is not None] + ["to"] * bool(recipients)
    if kind != "config" and given:
        option = given[0].replace("_", "-")
        raise click.UsageError(f"found --{option}, which is for a model's config")
    if kind != "bundle" and untrusted_log:
        raise click.UsageError("found --untrusted-log, which is for a bundle")
    if kind == "bundle":
        _bundle(out, file, untrusted_log)
    elif kind == "config":
        _config(out, file, recipients, model)
    else:
        _soft_bindings(out, file)


def _bundle(out: Output, file: Path, untrusted_log: bool) -> None:
    from dataclasses import asdict

    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.interchange.federation import import_bundle

    from ._shown import day

    with open_ledger(out.ledger, write=True) as log:
        done = import_bundle(log, file, untrusted_log=untrusted_log)
    rows = [
        (state.mark, state.status, state.provider, state.outcome, state.index, state.because or "")
        for state in done.states
    ]
    counts = {name: len(done.having(name)) for name in ("new", "known", "refused")}
    lines = [
        f"{done.log_name} at {done.size:,} entries, exported {day(done.exported_at)}, "
        f"signed by {', '.join(done.signers)}",
        *([] if done.log_trusted else ["its log's key is not trusted here; you let it pass"]),
        ", ".join(f"{count:,} {name}" for name, count in counts.items()),
        "",
        out.table(["mark", "status", "provider", "outcome", "entry", "because"], rows),
    ]
    hints = dict.fromkeys(state.hint for state in done.having("refused") if state.hint)
    lines += [f"hint: {hint}" for hint in hints]
    out.result("\n".join(lines), asdict(done) | counts)


def _config(out: Output, file: Path, recipients: tuple[str, ...], model: dict[str, Any]) -> None:
    from ledger.log.keys import KeyRing
    from ledger.watermarks.interchange.describing import config_description

    if model["name"] is None:
        raise click.UsageError("found no --name, expected what the mark is to be called")
    named = {}
    for text in recipients:
        who, _, to = text.rpartition("=")
        if not who:
            raise click.UsageError(f"found --to {text}, expected WHO=hwr1…")
        named[who] = to
    made = config_description(
        file,
        name=model["name"],
        version=model["mark_version"] or "1",
        provider=model["provider"] or _provider(KeyRing()),
        vocab_size=model["vocab_size"],
        tokenizer=model["tokenizer"],
        key_class=model["key_class"],
        recipients=named,
    )
    if made.config.default_key:
        out.warn(f"{file} names no key, so the model marks with its engine's well-known one")
    if made.description.key_class != "public" and file.stat().st_mode & 0o077:
        out.warn(f"others can read {file}, which holds the key")
    if model["output"] is None:
        _register(out, made)
    else:
        _describe(out, made, model["output"])


def _register(out: Output, made: "Imported") -> None:
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.register import register_described

    from ._shown import registered_data, registered_lines

    with open_ledger(out.ledger, write=True) as log:
        done = register_described(log, made.description)
    lines = [*registered_lines(done), *_read_past(made)]
    out.result("\n".join(lines), registered_data(done) | {"ignored": list(made.config.ignored)})


def _describe(out: Output, made: "Imported", to: Path) -> None:
    from ledger.watermarks.interchange.describing import format_description, write_private

    write_private(to, format_description(made.description, to.absolute().parent))
    lines = [
        f"wrote {to}: {made.description.name}@{made.description.version}, "
        f"{made.description.algorithm}, with its key; only you can read it",
        *_read_past(made),
        f"register it: headwater watermark register {to}",
    ]
    data = {"file": str(to), "algorithm": made.description.algorithm}
    out.result("\n".join(lines), data | {"ignored": list(made.config.ignored)})


def _read_past(made: "Imported") -> list[str]:
    ignored = ", ".join(made.config.ignored)
    return [f"no part of a mark, and read past: {ignored}"] if ignored else []


def _provider(keys: Any) -> str:
    from ledger.errors import RefusedError

    names = {key.verifier.name for key in keys.own() if key.use == "provider"}
    if len(names) == 1:
        return str(names.pop())
    if names:
        raise click.UsageError(f"{len(names)} provider keys are here, expected --provider WHO")
    raise RefusedError(
        "no provider key is here, expected one to sign the mark with",
        hint="headwater key generate marks.example.org --use provider",
    )


def _soft_bindings(out: Output, file: Path) -> None:
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.interchange.soft_binding import compare, load_soft_bindings
    from ledger.watermarks.registry.states import marks

    entries = load_soft_bindings(file)
    with open_ledger(out.ledger) as log:
        found = compare(entries, marks(log))
    text = [item for item in found if item.entry.marks_text]
    known = [item for item in found if item.marks]
    shown = [item for item in found if item.entry.marks_text or item.marks]
    rows = [
        (
            item.entry.identifier,
            item.entry.alg,
            ", ".join(item.entry.media),
            "deprecated" if item.entry.deprecated else "",
            ", ".join(mark.label for mark in item.marks) or "not registered here",
        )
        for item in shown
    ]
    lines = [
        f"{len(found):,} algorithms, {len(text):,} watermarks of text, "
        f"{len(known):,} registered here",
        "nothing was recorded: the list names no key and no parameters",
    ]
    if rows:
        lines += ["", out.table(["number", "alg", "media", "", "mark"], rows)]
    data = [
        {
            "identifier": item.entry.identifier,
            "alg": item.entry.alg,
            "type": item.entry.type,
            "media": list(item.entry.media),
            "deprecated": item.entry.deprecated,
            "marks": [mark.label for mark in item.marks],
            "by": item.by,
        }
        for item in found
    ]
    out.result("\n".join(lines), data)
