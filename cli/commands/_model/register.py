"""headwater model register: a model, what it was tuned from and what it was trained on."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("register")
@click.argument("model", metavar="NAME@VERSION")
@click.option("--base", metavar="NAME@VERSION", help="The model that it was tuned from.")
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    metavar="NAME[@VERSION]|DIR",
    help="A manifest that it was trained on; may be repeated.",
)
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="NAME",
    help="What tools call it in tags; may be repeated.",
)
@pass_output
def command(
    out: Output,
    model: str,
    base: str | None,
    manifests: tuple[str, ...],
    aliases: tuple[str, ...],
) -> None:
    """Register a model, in place of what was said of it before.

    Documents tagged with NAME@VERSION or an alias carry the model's generation: one more than the
    greatest known among its training documents, and no less than its base's. What is known of
    those is looked up now; register again when more has become known.

    \b
    Examples:
      headwater model register notes-lm@1 --manifest notes@1
      headwater model register notes-chat@1 --base notes-lm@1 --alias notes-chat-latest
    """
    from ledger.manifests.training import register_model
    from ledger.provenance.models.lineage import share_words
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger, write=True) as log:
        done = register_model(log, model, base=base, trained_on=manifests, aliases=aliases)
    if not done.recorded.new:
        state = "was registered before, the same"
    else:
        state = "registered anew" if done.replaced else "registered"
    lines = [
        f"{done.reference}: {state}; entry {done.recorded.index}",
        f"its texts are of generation {done.generation} or later",
    ]
    if done.strange:
        lines.append("nobody registered its base, so nothing is known of that one")
    if done.trained_on:
        lines.append(f"trained on {share_words(done.trained_on)}")
    out.result(
        "\n".join(lines),
        {
            "claim": done.recorded.claim_id,
            "generation": done.generation,
            "index": done.recorded.index,
            "model": done.reference,
            "new": done.recorded.new,
            "replaced": done.replaced,
            "trained_on": [
                {"documents": share.documents, "generation": share.generation}
                for share in done.trained_on
            ],
        },
    )
