"""Reads files that other programs wrote: JSON, taken apart strictly, and which form it has."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

from ledger.errors import InputError, printable

__all__ = ["LARGEST", "Kind", "kind_of", "kind_of_file", "parse_json", "read_file"]

Kind = Literal["bundle", "config", "soft-bindings"]

LARGEST: Final = 4 << 20  # bytes of JSON that others wrote: parsed it may take thirty times that
_HINT: Final = "headwater watermark import --help says which files it reads"
_BUNDLE: Final = b'{"payload"'  # canonical JSON, so a bundle begins no other way
_DIGITS = 400  # of a whole number: a key may be long, and Python takes quadratic time for longer
_CONFIG = {
    "algorithm", "greenlist_ratio", "hashing_key", "ngram_len", "seeding_scheme",
    "transformers_version", "watermarking_config",
}  # fmt: skip


def read_file(path: Path, largest: int = LARGEST) -> bytes:
    """A file's bytes. Raises InputError where it cannot be read or has more than `largest`."""
    data = _begin(path, largest + 1)
    if len(data) > largest:
        raise InputError(f"{printable(path)}: over {largest:,} bytes, expected at most that many")
    return data


def kind_of_file(path: Path) -> Kind:
    """What a file is. A bundle is told by its first bytes. Raises as `parse_json`, `kind_of`."""
    if _begin(path, len(_BUNDLE)) == _BUNDLE:
        return "bundle"
    where = printable(path)
    return kind_of(parse_json(read_file(path), where), where)


def parse_json(data: bytes, where: str) -> Any:
    """One JSON document, whole numbers exact. No message quotes a value: it may be a key.

    Raises InputError for what is no JSON, for a name that stands twice in an object, for NaN and
    infinities, and for nesting or numbers that only an attack needs.
    """
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_whole,
        )
    except _Refused as error:
        raise InputError(f"{where}: {error}", hint=_HINT) from None
    except RecursionError:
        raise InputError(f"{where}: nested too deeply", hint=_HINT) from None
    except UnicodeDecodeError:
        raise InputError(f"{where}: invalid UTF-8, expected JSON", hint=_HINT) from None
    except json.JSONDecodeError as error:
        raise InputError(f"{where}:{error.lineno}: not JSON", hint=_HINT) from None


def kind_of(document: Any, where: str) -> Kind:
    """What a parsed file is. Raises InputError for none of ours."""
    if isinstance(document, list):
        return "soft-bindings"
    if isinstance(document, dict):
        if "payloadType" in document:
            return "bundle"
        if str(document.get("format", "")).startswith("headwater watermark entry"):
            raise InputError(
                f"{where}: one entry, expected a bundle, a list or a generation config",
                hint=f"headwater watermark register {where}",
            )
        if not _CONFIG.isdisjoint(document):
            return "config"
    raise InputError(
        f"{where}: none of a bundle, a generation config, vLLM's watermark config, "
        "a C2PA soft-binding list"
    )


def _begin(path: Path, length: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(length)
    except OSError as error:
        raise InputError(f"{printable(path)}: {(error.strerror or str(error)).lower()}") from error


class _Refused(Exception):
    """Why a document is refused; it says no value."""


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Refused(f"{printable(twice, 60)} stands twice in one object")
    return found


def _constant(text: str) -> NoReturn:
    raise _Refused(f"{text}, expected numbers that JSON has")


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise _Refused(f"a number of {len(text):,} digits, expected at most {_DIGITS}")
    return int(text)
