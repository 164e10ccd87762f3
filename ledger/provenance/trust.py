"""The command by which a person trusts a key, spelled once."""

from shlex import quote

__all__ = ["key_label", "trust_line"]


def trust_line(vkey: str, use: str) -> str:
    """`vkey` may be anybody's text: quoted for a shell here, escaped where it is shown."""
    return f"headwater key trust --use {use} {quote(vkey)}"


def key_label(vkey: str) -> str:
    """`name+hash8` of a verifier key, whose base64 may itself hold a plus sign."""
    return "+".join(vkey.split("+", 2)[:2])
