"""One JSON object per line (.jsonl, .ndjson, either packed): a document each, or a conversation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._columns import TEXTS, plan
from ledger.corpus.readers._jsonfile import BLOCK, Block, JsonFile, first_look
from ledger.corpus.readers._objects import read_line
from ledger.corpus.readers._packed import packed_suffixes
from ledger.corpus.readers._schema import extract, source_schema, typed
from ledger.corpus.readers.messages import Conversations, conversation

__all__ = ["READER"]


class _Jsonl:
    name = "jsonl"
    version = 2
    suffixes = packed_suffixes(".jsonl", ".ndjson")
    folders = False

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected | Passed]:
        """See Reader.read. A blank line counts as a line and is no row."""
        seen = first_look(path, options)
        texts = "text" in options.columns or any(seen.get(name) is not None for name in TEXTS)
        if not texts and (fields := conversation(seen)):
            talk = Conversations(path, options, seen, fields)
            yield from talk.read(self._block)
            yield from talk.passed()
        else:
            yield from _Rows(path, options, seen).read(self._block)


class _Rows(JsonFile):
    """A document per line. The column plan is fixed by the first lines."""

    def __init__(self, path: Path, options: ReadOptions, seen: dict[str, Any]) -> None:
        self._plan = typed(plan(seen, options.columns), seen)
        super().__init__(path, options, source_schema(self._plan, seen))

    def rows(self, block: Block, table: pa.Table, first: int) -> Iterator[pa.Table | Rejected]:
        good, bad = assemble(
            extract(table, self._plan),
            pa.array(np.arange(first, first + table.num_rows)),
            self._plan,
            self._options,
            lambda i: f"{self._path}:{block.number(i)}",
        )
        yield from bad
        if good.num_rows:
            yield good

    def row(self, line: bytes, number: int, first: int) -> Iterator[pa.Table | Rejected]:
        table = read_line(line, self._plan, self._schema)
        yield from self.rows(Block(number, line, np.zeros(1, np.intp), table), table, first)


READER = _Jsonl()
