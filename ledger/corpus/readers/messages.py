"""Conversations and answer pairs, one JSON object per line: each message is a document.

Rows hold a list (`messages`, `conversations`, `conversation`) of {role, content} or {from, value},
or the fields `prompt` and `completion`, or `chosen` and `rejected`, each a text or such a list.
`part` counts the messages of a row from 0; `topic` is the role or the field's name, which is no
claim about who wrote it. Content in pieces is its pieces of text, joined by a newline. A message
that by its format holds none (a tool call, a picture) is passed over and counted.

The jsonl reader comes here by itself where a file's rows hold conversations, no text column is
there and nobody mapped one.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._columns import Plan, plan
from ledger.corpus.readers._jsonfile import BLOCK, Block, JsonFile, first_look
from ledger.corpus.readers._objects import BadLine, kind_of, read_line, read_object
from ledger.corpus.readers._schema import extract, source_schema, typed
from ledger.errors import MalformedError, printable

__all__ = ["READER", "conversation"]

_PAIRS = (("prompt", "chosen", "rejected"), ("prompt", "completion"))
_LISTS = ("messages", "conversations", "conversation")
_NEEDED = frozenset({"chosen", "rejected", "completion"})
_KEYS = (("role", "content"), ("from", "value"))
_MESSAGE = pa.struct([(key, pa.large_string()) for pair in _KEYS for key in pair])
_CALLS = ("tool_calls", "function_call", "refusal", "audio")  # what stands in content's place

Message = tuple[str | None, str | None]
"""(role, text); no text where the format has something else in its place."""


def conversation(seen: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that hold the messages of rows like `seen`; none where there are none."""
    for fields in (_PAIRS[0], *((name,) for name in _LISTS), _PAIRS[1]):
        used = tuple(field for field in fields if field in seen)
        whole = used and _NEEDED.intersection(fields) <= set(used)
        if whole and all(_holds(seen[field], field) for field in used):
            return used
    return ()


def _holds(value: object, field: str) -> bool:
    """Whether a first value is what a field of messages holds."""
    return isinstance(value, list) or (field not in _LISTS and isinstance(value, str))


class _Messages:
    name = "messages"
    version = 1
    suffixes = ()
    folders = False

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected | Passed]:
        """See Reader.read. Raises MalformedError where the first rows hold no messages."""
        seen = first_look(path, options)
        fields = conversation(seen)
        if not fields and seen:
            raise MalformedError(
                path,
                None,
                f"fields {printable(', '.join(seen), 120)}, expected messages",
                hint="such as messages, conversations, prompt and completion; else --format jsonl",
            )
        file = Conversations(path, options, seen, fields)
        yield from file.read(self._block)
        yield from file.passed()


class Conversations(JsonFile):
    """A file whose rows are conversations, in `fields`."""

    def __init__(
        self, path: Path, options: ReadOptions, seen: dict[str, Any], fields: Sequence[str]
    ) -> None:
        columns = {name: source for name, source in options.columns.items() if name != "text"}
        chosen = typed(plan(seen, columns), seen)
        self._plan = Plan({k: v for k, v in chosen.sources.items() if k != "text"})
        self._about = source_schema(self._plan, seen)
        self._fields = tuple(fields)
        self._passed = 0
        lists = [field for field in fields if not isinstance(seen[field], str)]
        kinds = {f: pa.list_(_MESSAGE) if f in lists else pa.large_string() for f in fields}
        super().__init__(path, options, pa.schema([*self._about, *kinds.items()]))

    def passed(self) -> Iterator[Passed]:
        """How many messages held no text by their format."""
        if self._passed:
            yield Passed("messages without text", self._passed)

    def rows(
        self, block: Block, table: pa.Table, first: int
    ) -> Iterator[pa.Table | Rejected | Passed]:
        odd = self._odd(table)
        lines = block.data.split(b"\n") if odd.any() else []
        cuts = np.flatnonzero(np.diff(odd, prepend=odd[:1]) | odd).tolist()
        for start, end in pairwise(sorted({0, *cuts, len(odd)})):
            if not odd[start]:
                yield from self._plain(block, table.slice(start, end - start), start, first)
                continue
            number = block.number(start)
            try:
                yield from self.row(lines[int(block.lines[start])], number, first + start)
            except BadLine as bad:
                yield self.bad(number, str(bad))

    def _plain(
        self, block: Block, table: pa.Table, start: int, first: int
    ) -> Iterator[pa.Table | Rejected]:
        """The documents of rows that hold a text in every message, the `start`-th of a block on."""
        parents, parts, roles, texts = self._flat(table)
        yield from self._documents(
            extract(table, self._plan),
            parents,
            np.arange(first + start, first + start + table.num_rows),
            parts,
            roles,
            texts,
            [block.number(row) for row in range(start, start + table.num_rows)],
        )

    def row(self, line: bytes, number: int, first: int) -> Iterator[pa.Table | Rejected | Passed]:
        found = read_object(
            line, {*self._fields, *(s.path[0] for s in self._plan.sources.values())}
        )
        messages: list[Message] = []
        for field in self._fields:
            messages += _messages(field, found.get(field))
        if not messages:
            raise BadLine(f"no {' and '.join(self._fields)}")
        about = read_line(line, self._plan, self._about)
        kept = [part for part, (_, text) in enumerate(messages) if text is not None]
        self._passed += len(messages) - len(kept)
        if kept:
            yield from self._documents(
                extract(about, self._plan),
                np.zeros(len(kept), np.int64),
                np.array([first]),
                np.array(kept, np.int32),
                pa.array([messages[part][0] for part in kept], pa.string()),
                pa.array([messages[part][1] for part in kept], pa.large_string()),
                [number],
            )

    def _odd(self, table: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Rows that the rules for single lines must see: without a plain text in every message."""
        odd = np.zeros(table.num_rows, np.bool_)
        for field in self._fields:
            column = _whole(table, field)
            if not pa.types.is_list(column.type):
                if field in _NEEDED:
                    odd |= pc.is_null(column).to_numpy(zero_copy_only=False)
                continue
            if field in _LISTS or field in _NEEDED:
                lengths = pc.fill_null(pc.list_value_length(column), 0)
                odd |= lengths.to_numpy(zero_copy_only=False) == 0
            _, texts = _parts(column)
            absent = pc.fill_null(pc.equal(pc.binary_length(texts), 0), True)
            odd[pc.list_parent_indices(column).filter(absent).to_numpy()] = True
        return odd

    def _flat(self, table: pa.Table) -> tuple[Any, Any, pa.Array, pa.Array]:
        """(row, part, role, text) of every message, by row and part."""
        parents, roles, texts = [], [], []
        for field in self._fields:
            column = _whole(table, field)
            if pa.types.is_list(column.type):
                role, text = _parts(column)
                parents.append(pc.list_parent_indices(column).to_numpy())
                roles.append(_topic(field, role))
            else:
                parents.append(np.flatnonzero(column.is_valid()))
                text = column.drop_null()
                roles.append(pa.repeat(pa.scalar(field, pa.string()), len(text)))
            texts.append(text)
        parent = np.concatenate(parents)
        order = np.argsort(parent, kind="stable")
        parent = parent[order]
        part = np.arange(len(parent)) - np.searchsorted(parent, parent)
        role, text = pa.concat_arrays(roles), pa.concat_arrays(texts)
        if len(self._fields) > 1:
            role, text = role.take(pa.array(order)), text.take(pa.array(order))
        return parent, part.astype(np.int32), role, text

    def _documents(
        self,
        about: Mapping[str, pa.Array],
        parents: np.ndarray[Any, Any],
        ordinals: np.ndarray[Any, Any],
        parts: np.ndarray[Any, Any],
        roles: pa.Array,
        texts: pa.Array,
        lines: Sequence[int],
    ) -> Iterator[pa.Table | Rejected]:
        indices = pa.array(parents)
        found = {name: column.take(indices) for name, column in about.items()}
        found |= {"text": texts, "part": pa.array(parts)}
        found.setdefault("topic", roles)
        asked: list[int] = []

        def where(index: int) -> str:
            asked.append(int(parts[index]))
            return f"{self._path}:{lines[int(parents[index])]}"

        rows = pa.array(ordinals[parents].astype(np.int64))
        good, bad = assemble(found, rows, self._plan, self._options, where)
        for rejected, part in zip(bad, asked, strict=True):
            yield Rejected(rejected.where, f"message {part}: {rejected.reason}")
        if good.num_rows:
            yield good


def _whole(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _parts(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """(role, text) of the messages of a list column, one after the other."""
    flat = column.flatten()
    role, text = (
        pc.coalesce(*(pc.struct_field(flat, keys[index]) for keys in _KEYS)) for index in (0, 1)
    )
    return role.cast(pa.string()), text


def _topic(field: str, role: pa.Array) -> pa.Array:
    """The role; of a message in an answer's field, with the field's name before it."""
    if field in _LISTS:
        return role
    return pc.fill_null(pc.binary_join_element_wise(field, role, "/"), field)


def _messages(field: str, value: object) -> list[Message]:
    """The messages of one field's value. Raises BadLine for what is none."""
    if isinstance(value, str) and field not in _LISTS:
        return [(field, value)]
    if value is None and field not in _NEEDED:
        return []
    if not isinstance(value, list):
        raise BadLine(f"{field!r} is {kind_of(value)}, expected messages")
    found = []
    for part, message in enumerate(value):
        if not isinstance(message, dict):
            raise BadLine(f"message {part} of {field!r} is {kind_of(message)}, expected an object")
        role, content = _said(message)
        if role is not None and not isinstance(role, str):
            raise BadLine(f"the role of message {part} is {kind_of(role)}, expected a string")
        text = _text(content, message, f"the content of message {part}")
        if field not in _LISTS:
            role = f"{field}/{role}" if role is not None else field
        found.append((role, text))
    return found


def _said(message: Mapping[str, Any]) -> tuple[object, object]:
    """(role, content), each by the first of its names that has a value."""
    role, content = (
        next((message[keys[index]] for keys in _KEYS if message.get(keys[index]) is not None), None)
        for index in (0, 1)
    )
    return role, content


def _text(content: object, message: Mapping[str, Any], place: str) -> str | None:
    """A message's text; None where its format has something else instead. Raises BadLine."""
    if isinstance(content, list):
        pieces = []
        for piece in content:
            if isinstance(piece, str):
                pieces.append(piece)
            elif not isinstance(piece, dict):
                raise BadLine(f"{place} holds {kind_of(piece)}, expected pieces of text")
            elif piece.get("type", "text") in ("text", "input_text", "output_text"):
                text = piece.get("text")
                if not isinstance(text, str):
                    raise BadLine(f"{place} holds text that is {kind_of(text)}")
                pieces.append(text)
        content = "\n".join(pieces) if pieces else None
        return content
    if not content and any(message.get(key) for key in _CALLS):
        return None
    if not isinstance(content, str):
        raise BadLine(f"{place} is {kind_of(content)}, expected a string")
    return content


READER = _Messages()
