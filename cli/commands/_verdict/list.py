"""headwater verdict list: the detectors that can be asked, and their calibrations."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("list")
@pass_output
def command(out: Output) -> None:
    """List the detectors, and the calibrations on known human text.

    A live calibration is the newest of its name, made with the weights of this release, and not
    expired. Without a name, `headwater scan` takes the newest live one.

    \b
    Example:
      headwater verdict list
    """
    from ledger.provenance.opening import open_ledger
    from ledger.verdicts.calibration.find import HINT, day_of
    from ledger.verdicts.calibration.listing import list_detectors, list_profiles

    with open_ledger(out.ledger) as log:
        detectors, profiles = list_detectors(log), list_profiles(log)
    lines = [
        out.table(
            ["detector", "version", "source", "calibrations"],
            [(row.name, row.version, row.source, len(row.calibrations)) for row in detectors],
        ),
        "",
    ]
    rows = [
        (
            row.standing.label,
            row.standing.body.source,
            sum(source.documents for source in row.standing.body.human),
            row.standing.body.synthetic,
            day_of(row.standing.at),
            day_of(row.standing.body.expires_at),
            row.status,
            ", ".join(source.source for source in row.standing.body.human),
        )
        for row in profiles
    ]
    headers = ["calibration", "of", "human", "AI", "made", "expires", "status", "human text"]
    lines.append(out.table(headers, rows) if rows else f"no calibration; {HINT}")
    out.result(
        "\n".join(lines),
        {
            "detectors": [
                {
                    "source": row.source,
                    "name": row.name,
                    "version": row.version,
                    "weights": row.weights,
                    "calibrations": list(row.calibrations),
                }
                for row in detectors
            ],
            "calibrations": [
                {
                    **row.standing.body.plain(),
                    "claim_id": row.standing.claim_id,
                    "entry": row.standing.index,
                    "at": row.standing.at,
                    "status": row.status,
                }
                for row in profiles
            ],
        },
    )
