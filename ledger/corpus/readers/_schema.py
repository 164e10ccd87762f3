"""A column plan as the Arrow schema a JSON source is parsed with, and back out of its tables."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.readers._columns import Plan, Source
from ledger.errors import InputError, printable

__all__ = ["extract", "source_schema", "typed"]

_DATES = ("collected_at", "claimed_at")


def typed(plan: Plan, seen: Mapping[str, Any]) -> Plan:
    """`plan` without the columns nobody vouched for whose sampled value has another type.

    `seen` maps a source name (dotted) to its first value that is not null.
    """
    keep: dict[str, Source] = {}
    for name, source in plan.sources.items():
        value = seen.get(source.name)
        wanted = int if name == "tokens" else str
        fits = value is None or (isinstance(value, wanted) and not isinstance(value, bool))
        if fits or source.explicit or name == "text":
            keep[name] = source
    return replace(plan, sources=keep)


def source_schema(plan: Plan, seen: Mapping[str, Any]) -> pa.Schema:
    """The nested schema with one leaf per source. Raises InputError if one holds another."""
    tree: dict[str, Any] = {}
    for name, source in plan.sources.items():
        leaf = _leaf(name, seen.get(source.name))
        node = tree
        for key in source.path[:-1]:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                raise _clash(source)
        last = source.path[-1]
        if isinstance(node.get(last), dict) or (last in node and node[last] != leaf):
            raise _clash(source)
        node[last] = leaf
    return pa.schema(_fields(tree))


def _leaf(name: str, value: object) -> pa.DataType:
    if name == "tokens" or (name in _DATES and isinstance(value, int)):
        return pa.int64()
    return pa.large_string()


def _fields(tree: Mapping[str, Any]) -> list[pa.Field]:
    return [
        pa.field(key, pa.struct(_fields(node)) if isinstance(node, dict) else node)
        for key, node in tree.items()
    ]


def _clash(source: Source) -> InputError:
    return InputError(
        f"column {printable(source.name)!r} is asked for both as a value and as something else"
    )


def extract(table: pa.Table, plan: Plan) -> dict[str, pa.Array]:
    """One array per planned DOCUMENT name, from a table of `source_schema`."""
    found = {}
    for name, source in plan.sources.items():
        column = table.column(source.path[0])
        array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        for key in source.path[1:]:
            array = pc.struct_field(array, key)  # honours the nulls of what holds it
        found[name] = array
    return found
