"""headwater init: a new ledger and the two keys that sign for it."""

import click

from ..output import Output, pass_output

__all__ = ["command"]

_SIGNS = {"log": "signs the log's checkpoints", "statement": "signs certificates"}


@click.command("init")
@click.option(
    "--name",
    metavar="LOG-NAME",
    help="The log's name, such as example.org/corpus. Else local.invalid/ and a random number.",
)
@pass_output
def command(out: Output, name: str | None) -> None:
    """Create a ledger.

    Makes the database, its vault (private values lie there, beside the log) and two keys. The
    private keys go to $HEADWATER_CONFIG, or to the user's config folder: never beside the ledger.

    \b
    Example:
      headwater init --name example.org/corpus
    """
    from ledger.log.vault import vault_location
    from ledger.provenance.opening import create_ledger

    created = create_ledger(out.ledger, log_name=name)
    keys = [
        {"use": key.use, "vkey": key.verifier.vkey, "file": str(file)}
        for key, file in zip(created.keys, created.key_files, strict=True)
    ]
    lines = [
        f"created {created.location}, with {vault_location(created.location)} for private values",
        f"log name  {created.log_name}",
        "",
        "private keys, which only you may read; keep a copy in a safe place:",
        *(f"  {key['file']}  {_SIGNS[key['use']]}" for key in keys),
        "",
        "public keys, for those who are to check what this ledger says:",
        *(f"  {key['use']:<9}  {key['vkey']}" for key in keys),
    ]
    out.result(
        "\n".join(lines),
        {
            "ledger": created.location,
            "vault": vault_location(created.location),
            "log_name": created.log_name,
            "vkey": created.keys[0].verifier.vkey,
            "keys": keys,
        },
    )
