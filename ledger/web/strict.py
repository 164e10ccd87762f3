"""JSON from strangers: UTF-8, no name twice in an object, no more structure than we ask for."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from ledger.errors import MalformedError, printable
from ledger.web.limits import SKELETON_BYTES

__all__ = ["fields", "parse_json"]

# one that does not end takes all the rest: whoever looks again behind every quote never ends
_TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_WHERE: Final = "body"


class _Twice(ValueError):
    """A name that an object has twice."""


def parse_json(data: bytes) -> Any:
    """The value. Raises MalformedError.

    What is between quotes may be long; brackets and numbers may not be many, so that no small
    body becomes a large heap.
    """
    skeleton = len(_TEXTS.sub(b'""', data)) if len(data) > SKELETON_BYTES else len(data)
    if skeleton > SKELETON_BYTES:
        raise MalformedError(
            _WHERE,
            None,
            f"{skeleton:,} bytes beside its texts, expected at most {SKELETON_BYTES:,}",
        )
    try:
        orjson.loads(data)  # UTF-8, no lone surrogates, no NaN, and no deeper than it can say
        return json.loads(data.decode(), object_pairs_hook=_once)
    except RecursionError:
        raise MalformedError(_WHERE, None, "nested too deep") from None
    except ValueError as error:
        reason = printable(str(error).partition("\n")[0][:1].lower() + str(error)[1:], 120)
        raise MalformedError(_WHERE, None, f"not JSON: {reason}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(f"{printable(name, 60)} stands twice in one object")
        found[name] = value
    return found


def fields(value: Any, where: str, kinds: Mapping[str, type], required: set[str]) -> dict[str, Any]:
    """An object with these members and no other. Raises MalformedError naming `where`."""
    if not isinstance(value, dict):
        raise MalformedError(where, None, f"{_kind(value)}, expected an object")
    strange = sorted(set(value) - set(kinds))
    if strange:
        raise MalformedError(
            where, None, f"unknown member {printable(strange[0], 60)}",
            hint=f"known: {', '.join(sorted(kinds))}",
        )  # fmt: skip
    missing = sorted(required - set(value))
    if missing:
        raise MalformedError(where, None, f"found no {missing[0]}")
    for name, item in value.items():
        wanted = kinds[name]
        if not isinstance(item, wanted) or (isinstance(item, bool) and wanted is not bool):
            raise MalformedError(where, None, f"{name}: {_kind(item)}, expected {_WORDS[wanted]}")
    return value


_WORDS: Mapping[type, str] = {
    str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object",
}  # fmt: skip


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return _WORDS.get(type(value), "a number")
