"""headwater watermark check: whether this release decodes a mark as its provider says."""

from pathlib import Path
from typing import Any

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("check")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="An envelope with the key, which is kept if it fits.",
)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A tokenizer.json, to be compared with the mark's fingerprints.",
)
@click.pass_context
@pass_output
def command(
    out: Output, ctx: click.Context, name: str, key: Path | None, tokenizer: Path | None
) -> None:
    """Check that a mark is decoded as its provider does.

    Its signatures, its key, its conformance vectors and its tokenizer are checked. The exit status
    is 1 where it could not be verified: without the key a mark is only what somebody says.

    \b
    Examples:
      headwater watermark check example.org/chat
      headwater watermark check theirs --key theirs.key.json --tokenizer tokenizer.json
    """
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.check import check
    from ledger.watermarks.registry.register import load_envelope

    from ._shown import mark_data

    envelope = None if key is None else load_envelope(key)
    with open_ledger(out.ledger, write=envelope is not None) as log:
        found = check(log, name, key=envelope, tokenizer=tokenizer)
    why = "verified" if found.unverified is None else f"not verified: {found.unverified}"
    lines = [f"{found.state.label}: {why}"]
    if found.vectors:
        lines.append(
            f"conformance vectors reproduced: {len(found.vectors):,}, "
            f"{sum(vector.counted for vector in found.vectors):,} units of "
            f"{sum(vector.tokens for vector in found.vectors):,} tokens"
        )
    if found.commitment:
        lines.append("the key is the one that the provider committed to")
    if found.tokenizer:
        lines.append("the tokenizer is the mark's")
    if found.kept:
        lines.append("the key is kept, encrypted, in the ledger's vault")
    lines += [f"warning: {warning}" for warning in found.state.warnings]
    data: dict[str, Any] = {
        "mark": mark_data(found.state),
        "verified": found.verified,
        "unverified": found.unverified,
        "vectors": [dict(vars(vector)) for vector in found.vectors],
        "commitment": found.commitment,
        "demo_key": found.demo_key,
        "tokenizer": found.tokenizer,
        "kept": found.kept,
    }
    out.result("\n".join(lines), data)
    if not found.verified:
        ctx.exit(1)
