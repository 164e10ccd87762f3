"""One line at a time: the rules for lines that Arrow's parser did not take, and the first look."""

import json
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from math import inf
from typing import Any

import orjson
import pyarrow as pa

from ledger.corpus.readers._assemble import LARGEST_COUNT
from ledger.corpus.readers._columns import Plan, Source
from ledger.errors import printable

__all__ = ["BadLine", "first_values", "kind_of", "read_line", "read_object"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_INTEGER = 19  # digits; longer ones fit no column
_KINDS = {dict: "an object", list: "an array", str: "a string", bool: "true or false"}


class BadLine(Exception):
    """A line that is no document; its text is the reason."""


def first_values(lines: Iterable[bytes]) -> dict[str, Any]:
    """Name → first value that is not null (or None), over the objects among `lines`.

    Keys of objects inside stand as `outer.inner`, one level deep.
    """
    seen: dict[str, Any] = {}
    for line in lines:
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(found, dict):
            for key, value in found.items():
                _note(seen, key, value)
                if isinstance(value, dict):
                    for inner, nested in value.items():
                        _note(seen, f"{key}.{inner}", nested)
    return seen


def _note(seen: dict[str, Any], name: str, value: object) -> None:
    if seen.get(name) is None:
        seen[name] = value


def read_line(line: bytes, plan: Plan, schema: pa.Schema) -> pa.Table:
    """A table of one row in `schema`. Raises BadLine.

    A value of the wrong type becomes null unless a person mapped its column or it is the text.
    """
    found = read_object(line, {source.path[0] for source in plan.sources.values()})
    row: dict[str, Any] = {}
    for name, source in plan.sources.items():
        node = row
        for key in source.path[:-1]:
            node = node.setdefault(key, {})
        node[source.path[-1]] = _value(name, source, found, schema)
    return pa.Table.from_pylist([row], schema)


def read_object(line: bytes, read: Container[str]) -> dict[str, Any]:
    """The object on a line. Raises BadLine, also where a key that will be `read` stands twice."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise BadLine(f"invalid UTF-8 at byte {error.start + 1} of the line") from None
    pairs = _pairs(text)
    twice = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    for key in twice:
        if key in read:
            raise BadLine(f"field {printable(key, 60)!r} appears twice")
    found = dict(pairs)
    if _SURROGATE.search(json.dumps(found, ensure_ascii=False)):
        raise BadLine("a lone surrogate, which is no Unicode text")
    return found


def _pairs(text: str) -> list[tuple[str, Any]]:
    outermost: list[tuple[str, Any]] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal outermost
        outermost = pairs  # objects close from the inside out: the last one is the outermost
        return dict(pairs)

    try:
        found = json.loads(text, object_pairs_hook=note, parse_int=_integer)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            raise BadLine(
                f"more after the first value at column {error.colno}, expected one object a line"
            ) from None
        raise BadLine(f"not JSON: {error.msg.lower()} at column {error.colno}") from None
    except RecursionError:
        raise BadLine("not JSON that can be read: nested too deeply") from None
    if not isinstance(found, dict):
        raise BadLine(f"{kind_of(found)}, expected an object")
    return outermost if found else []


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER + 1 else inf


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    return "null" if value is None else _KINDS.get(type(value), "a number")


def _value(name: str, source: Source, found: Mapping[str, Any], schema: pa.Schema) -> Any:
    value: Any = found
    kind: pa.DataType = pa.struct(list(schema))
    for key in source.path:
        value = value.get(key) if isinstance(value, dict) else None
        kind = kind.field(key).type
    if value is None:
        return None
    if pa.types.is_integer(kind):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if whole and -LARGEST_COUNT < value < LARGEST_COUNT:
            return value
        expected = "a whole number below 2^53"
    else:
        if isinstance(value, str):
            return value
        expected = "a string"
    if name == "text" or source.explicit:
        raise BadLine(f"{printable(source.name, 60)!r} is {kind_of(value)}, expected {expected}")
    return None
