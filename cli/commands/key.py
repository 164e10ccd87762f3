"""headwater key: the keys you sign with, and those you trust. Never prints a private one."""

from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.log.keys import KeyRing, PublicKey

__all__ = ["command"]

_USES = "log checkpoints, statement certificates, claim what authors sign, provider, seal"


@click.group("key")
def command() -> None:
    """Make, list and trust keys.

    A key has one use: `log` signs checkpoints, `statement` certificates, `claim` what authors say,
    `provider` registered watermarks, `seal` reserves. Keys lie in $HEADWATER_CONFIG, or in the
    user's config folder.
    """


@command.command("generate")
@click.argument("name")
@click.option("--use", required=True, metavar="USE", help=f"What it signs: {_USES}.")
@pass_output
def generate(out: Output, name: str, use: str) -> None:
    """Make a key.

    NAME is yours to choose, without spaces and +. A ledger's own two keys are made by `init`.

    \b
    Example:
      headwater key generate ada.example.org --use claim
    """
    from ledger.log.keys import KeyRing

    ring = KeyRing()
    key = ring.generate(name, use)
    out.result("\n".join(_lines(ring, key)), _data(ring, key))


@command.command("list")
@pass_output
def list_(out: Output) -> None:
    """List your keys and those you trust.

    \b
    Example:
      headwater key list
    """
    from ledger.log.keys import KeyRing

    ring = KeyRing()
    keys = ring.trusted()
    rows = [(key.verifier.label, key.use, "yours" if key.own else "trusted") for key in keys]
    text = out.table(["key", "use", "whose"], rows) if rows else "no keys; headwater init"
    out.result(text, {"folder": str(ring.folder), "keys": [_data(ring, key) for key in keys]})


@command.command("show")
@click.argument("name")
@pass_output
def show(out: Output, name: str) -> None:
    """Show a public key.

    NAME is the key's name, or its label (name+hash8) where several share a name.

    \b
    Example:
      headwater key show ada.example.org
    """
    from ledger.log.keys import KeyRing

    ring = KeyRing()
    key = ring.find(name)
    out.result("\n".join(_lines(ring, key)), _data(ring, key))


@command.command("trust")
@click.argument("vkey")
@click.option(
    "--use", default="log", show_default=True, metavar="USE", help=f"What it may sign: {_USES}."
)
@pass_output
def trust(out: Output, vkey: str, use: str) -> None:
    """Trust a public key for one use.

    Get the VKEY from its owner over a channel you trust: not from the file that it is to vouch for.

    \b
    Example:
      headwater key trust 'example.org/log+0123abcd+AbC…=' --use log
    """
    from ledger.log.keys import KeyRing

    ring = KeyRing()
    key = ring.trust(vkey, use)
    out.result(f"{key.verifier.label} is trusted for use {use}", _data(ring, key))


def _lines(ring: "KeyRing", key: "PublicKey") -> list[str]:
    lines = [f"key   {key.verifier.label}", f"use   {key.use}", f"vkey  {key.verifier.vkey}"]
    if key.own:
        lines.append(f"file  {ring.path(key)}, the private half: share only the vkey")
    else:
        lines.append("whose private half is not here: you trust it, you cannot sign with it")
    return lines


def _data(ring: "KeyRing", key: "PublicKey") -> dict[str, Any]:
    return {
        "name": key.verifier.name,
        "label": key.verifier.label,
        "use": key.use,
        "vkey": key.verifier.vkey,
        "own": key.own,
        "file": str(ring.path(key)) if key.own else None,
    }
