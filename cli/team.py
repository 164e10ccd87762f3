"""`./.headwater.toml`: what a team commits beside its corpus.

ledger = "provenance.db"

[tag]                        # what `headwater tag` takes where nothing is said on its command line
model = "Model 1"
sign = true
key = "ada.example.org"      # an own key of use claim, or the file of an SSH key
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import InputError, MalformedError, printable

__all__ = ["FILE", "TagSettings", "team_ledger", "team_tag"]

FILE = ".headwater.toml"
_KEYS = ("ledger", "tag")
_LARGEST = 65_536  # bytes


@dataclass(frozen=True)
class TagSettings:
    """`[tag]`: the model that writes here, whether tags are signed, and with which key."""

    model: str | None = None
    sign: bool = False
    key: str | None = None


def team_ledger(folder: Path) -> str | None:
    """The ledger that `folder`'s team config names; None without one.

    Raises MalformedError for anything but the known keys, InputError if it cannot be read.
    """
    named = _table(folder).get("ledger")
    return None if named is None else _text("ledger", named, "a path or url in quotes")


def team_tag(folder: Path) -> TagSettings:
    """What `folder`'s team config says of tags. Raises as `team_ledger`."""
    table = _table(folder).get("tag", {})
    if not isinstance(table, dict):
        raise MalformedError(FILE, None, "tag is no table, expected [tag]")
    for key in table:
        if key not in ("model", "sign", "key"):
            raise MalformedError(
                FILE, None, f"unknown key tag.{printable(key)}", hint="known: model, sign, key"
            )
    sign = table.get("sign", False)
    if not isinstance(sign, bool):
        raise MalformedError(
            FILE, None, f"tag.sign is {printable(repr(sign))}, expected true or false"
        )
    model, key = table.get("model"), table.get("key")
    return TagSettings(
        None if model is None else _text("tag.model", model, "a model's name in quotes"),
        sign,
        None if key is None else _text("tag.key", key, "a key's name or file in quotes"),
    )


def _text(name: str, value: object, wanted: str) -> str:
    if not isinstance(value, str) or not value:
        raise MalformedError(FILE, None, f"{name} is {printable(repr(value))}, expected {wanted}")
    return value


def _table(folder: Path) -> dict[str, Any]:
    """The whole config; empty without one."""
    import tomllib

    try:
        with (folder / FILE).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{FILE}: {(error.strerror or 'unreadable').lower()}") from error
    if len(content) > _LARGEST:
        raise MalformedError(FILE, None, f"more than {_LARGEST} bytes")
    try:
        table = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MalformedError(FILE, line, "bytes that are not utf-8") from error
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", reason)
        line = int(at[1]) if at and at[1] else content.count(b"\n") + 1
        reason = reason[: at.start()] if at else reason
        raise MalformedError(
            FILE, line, f"not toml: {printable(reason[:1].lower() + reason[1:])}"
        ) from error
    for key in table:
        if key not in _KEYS:
            raise MalformedError(
                FILE, None, f"unknown key {printable(key)}", hint=f"known: {', '.join(_KEYS)}"
            )
    return table
