"""From an engine's config to a description of a mark: what the config does not say is added here.

The width of the logits and the tokenizer are taken from config.json and tokenizer.json beside the
config, where transformers keeps them, if nobody says otherwise.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.corpus.atomic import storage_error
from ledger.errors import InputError, RefusedError, printable
from ledger.watermarks.interchange.generation_config import EngineConfig, parse_config
from ledger.watermarks.interchange.reading import parse_json, read_file
from ledger.watermarks.registry.describe import MarkDescription
from ledger.watermarks.registry.recipients import parse_recipient

__all__ = [
    "Imported",
    "config_description",
    "format_description",
    "load_config",
    "write_private",
]

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_TEXTS = ("name", "version", "provider", "provider_key", "algorithm", "model")


@dataclass(frozen=True)
class Imported:
    """What came of a config: the description, with the config it was made from."""

    config: EngineConfig
    description: MarkDescription


def load_config(path: Path) -> EngineConfig:
    """Read a config. Raises as `read_file`, `parse_json` and `parse_config`."""
    where = printable(path)
    return parse_config(parse_json(read_file(path), where), where)


def config_description(
    path: Path,
    *,
    name: str,
    version: str,
    provider: str,
    provider_key: str | None = None,
    vocab_size: int | None = None,
    tokenizer: Path | None = None,
    key_class: str | None = None,
    recipients: Mapping[str, str] | None = None,
    model: str | None = None,
) -> Imported:
    """A description of the mark that a config makes; it says nothing that is not given or found.

    `vocab_size` is the width of the model's logits, and `tokenizer` a tokenizer.json; both are
    looked for beside the config. A key is `committed`, or `sealed` where there are recipients,
    unless `key_class` says otherwise. Raises InputError where something is not to be found, where
    config.json says another width, and as `load_config`.
    """
    config = load_config(path)
    width = _vocab_size(path, vocab_size)
    chosen = tokenizer or path.with_name("tokenizer.json")
    if not chosen.is_file():
        raise InputError(
            f"{printable(chosen)}: no such file, expected the model's tokenizer",
            hint="give it: --tokenizer FILE",
        )
    named = dict(recipients or {})
    for recipient in named.values():
        parse_recipient(recipient)
    description = MarkDescription(
        name=name,
        version=version,
        provider=provider,
        provider_key=provider_key,
        algorithm=config.algorithm,
        vocab_size=width,
        key_class=key_class or ("sealed" if named else "committed"),
        parameters=config.parameters,
        key=config.key,
        tokenizer=chosen,
        model=model,
        recipients=named,
        where=printable(path),
    )
    return Imported(config, description)


def format_description(description: MarkDescription, folder: Path) -> bytes:
    """The description as TOML that lies in `folder`; `load_description` reads it back.

    It holds the key: `write_private` is how it becomes a file.
    """
    lines = [
        f"{name} = {_toml(value)}"
        for name in _TEXTS
        if (value := getattr(description, name)) is not None
    ]
    lines.append(f"vocab_size = {description.vocab_size}")
    if isinstance(description.tokenizer, Path):
        lines.append(f"tokenizer = {_toml(os.path.relpath(description.tokenizer, folder))}")
    lines.append(f"key_class = {_toml(description.key_class)}")
    for title in ("parameters", "key", "recipients"):
        table = getattr(description, title)
        if table:
            lines += ["", f"[{title}]"]
            lines += [f"{_toml_name(name)} = {_toml(value)}" for name, value in table.items()]
    return ("\n".join(lines) + "\n").encode()


def write_private(path: Path, data: bytes) -> None:
    """A new file that only its owner can read; never beside it under another name, never over one.

    Raises RefusedError where something has that name, StorageError where the disk refuses.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise RefusedError(
            f"{printable(path)}: is there already, expected a new name for a file with a key",
            hint="delete it first, or name another",
        ) from None
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise storage_error(path, error) from error


def _vocab_size(path: Path, given: int | None) -> int:
    """The width given or found. Raises InputError for none, and for two that differ."""
    beside = path.with_name("config.json")
    found = (
        _width(parse_json(read_file(beside), printable(beside)))
        if (beside != path and beside.is_file())
        else None
    )
    if given is None and found is None:
        raise InputError(
            f"{printable(path)}: does not say how wide the model's logits are",
            hint="give it: --vocab-size N, which config.json of the model calls vocab_size",
        )
    if None not in (given, found) and given != found:
        raise InputError(
            f"vocab_size: found {given}, but {printable(beside)} says {found}",
            hint="a list of another width is another mark; the model's config.json decides",
        )
    return given if given is not None else found  # type: ignore[return-value]


def _width(document: Any) -> int | None:
    if not isinstance(document, dict):
        return None
    text = document.get("text_config")
    size = (text if isinstance(text, dict) else document).get("vocab_size")
    if size is None:
        size = document.get("vocab_size")
    return size if type(size) is int and 2 <= size < 2**31 else None


def _toml_name(name: str) -> str:
    return name if _BARE.fullmatch(name) else _toml(name)


def _toml(value: Any) -> str:
    """A value in TOML. JSON's strings are TOML's, but for the one control character it leaves."""
    if isinstance(value, Mapping):
        raise TypeError("a table inside a table")  # no description has one
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)
