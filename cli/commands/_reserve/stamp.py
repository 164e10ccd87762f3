"""headwater reserve stamp: a time stamp on a seal, asked for and put in. Calls no server."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("stamp")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("token", metavar="[TOKEN]", required=False, type=_FILE)
@click.option("--request", type=click.Path(path_type=Path), metavar="FILE", help="Write a query.")
@click.option("--tsa-root", type=_FILE, metavar="PEM", help="The authority's root, that you trust.")
@pass_output
def command(
    out: Output, folder: Path, token: Path | None, request: Path | None, tsa_root: Path | None
) -> None:
    """Put a time stamp (RFC 3161) on the seal in DIR.

    First write a query and send it to an authority of your choice; nothing is sent from here.
    Then give its answer, TOKEN, with the authority's root certificate. The stamp proves that the
    seal has not changed since; it does not make its texts older.

    \b
    Examples:
      headwater reserve stamp DIR --request seal.tsq
      curl -H 'Content-Type: application/timestamp-query' --data-binary @seal.tsq URL -o seal.tsr
      headwater reserve stamp DIR seal.tsr --tsa-root tsa.pem
    """
    if (token is None) == (request is None):
        raise click.UsageError("found neither or both of TOKEN and --request, expected one of them")
    if request is not None:
        _request(out, folder, request)
        return
    if token is None or tsa_root is None:
        raise click.UsageError("found no --tsa-root: a token is checked up to a root you trust")
    _add(out, folder, token, tsa_root)


def _request(out: Output, folder: Path, target: Path) -> None:
    from ledger.reserves.receipts.stamp import request_of

    data = request_of(folder)
    target.write_bytes(data)
    out.result(
        f"wrote {target}, a query over {folder}\n"
        "send it to a time-stamp authority of your choice:\n"
        "  curl -H 'Content-Type: application/timestamp-query' "
        f"--data-binary @{target} URL -o {target.with_suffix('.tsr')}\n"
        "then\n"
        f"  headwater reserve stamp {folder} {target.with_suffix('.tsr')} --tsa-root PEM",
        {"request": str(target), "bytes": len(data)},
    )


def _add(out: Output, folder: Path, token: Path, tsa_root: Path) -> None:
    from ledger.provenance.conditions import moment
    from ledger.reserves.receipts.stamp import MAX_TOKEN, add_stamp

    with token.open("rb") as file:
        data = file.read(MAX_TOKEN + 1)
    stamp, new = add_stamp(folder, data, tsa_root.read_bytes())
    when = moment(stamp.at or 0)
    out.result(
        f"{'added' if new else 'already there:'} a time stamp of {when} by {stamp.issuer}\n"
        f"it proves that the seal in {folder} has not changed since, not that its texts are older",
        {"at": stamp.at, "digest": stamp.digest.hex(), "issuer": stamp.issuer, "new": new},
    )
