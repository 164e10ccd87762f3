"""headwater watermark list: the registered marks."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("list")
@pass_output
def command(out: Output) -> None:
    """List the registered marks.

    `verified` says that the key is at hand here and decodes what its provider's does.

    \b
    Example:
      headwater watermark list
    """
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.states import marks

    from ._shown import mark_data

    with open_ledger(out.ledger) as log:
        found = marks(log)
    rows = [
        (
            state.name,
            state.version,
            state.provider,
            state.algorithm,
            state.key_class,
            state.status if state.counts else "does not count",
            "yes" if state.verified else "no",
            ", ".join(warning.partition(":")[0] for warning in state.warnings),
        )
        for state in found
    ]
    headers = ["mark", "version", "provider", "scheme", "key", "status", "verified", "warnings"]
    none = "no registered marks; headwater watermark register FILE"
    out.result(out.table(headers, rows) if rows else none, [mark_data(state) for state in found])
