"""headwater watermark show: one registered mark, with its history."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("show")
@click.argument("name", metavar="NAME[@VERSION]")
@pass_output
def command(out: Output, name: str) -> None:
    """Show a mark, its history and its false alarms.

    NAME may also be the beginning of its subject. No key is shown.

    \b
    Example:
      headwater watermark show example.org/chat
    """
    from dataclasses import asdict

    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.states import find_mark
    from ledger.watermarks.scanning.calibrate import newest_calibration

    from ._shown import day, mark_data, mark_lines

    with open_ledger(out.ledger) as log:
        state = find_mark(log, name)
        record = newest_calibration(log, state.subject)
    rows = [
        (item.index, item.status, day(item.issued_at), item.because, item.refused or "yes")
        for item in state.states
    ]
    headers = ["entry", "status", "issued", "because", "counts"]
    lines = [*mark_lines(state, entry=False), "", out.table(headers, rows)]
    if record is None:
        lines += [
            "",
            "no false-alarm record: the key was not tried on sealed text "
            f"(headwater watermark calibrate {state.label} --reserve NAME)",
        ]
    else:
        lines += ["", f"false alarms: {record.words}; entry {record.index:,}"]
    data = mark_data(state) | {"calibration": None if record is None else asdict(record)}
    out.result("\n".join(lines), data)
