"""Megatron-LM: JSON lines by stratum, and the weighted list of what it makes of them.

Megatron reads token files that its own tools/preprocess_data.py makes; a blend is a list of their
prefixes, each after its weight. It draws sequences of equal length, so a weight is a share of
tokens, not of documents: the weight of a file is its tokens as the manifest counts them, and rows
without token counts are refused. What Megatron adds at a document's end is not counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from ledger.errors import InputError
from ledger.manifests.formats import COLUMNS, SHARD_BYTES, Written
from ledger.manifests.formats.buffers import contents, join, json_objects
from ledger.manifests.formats.folder import Folder, Growing, whole_folder
from ledger.manifests.formats.rows import (
    Ints,
    Tally,
    check_request,
    checked,
    cut,
    lengths,
    shard_number,
)
from ledger.manifests.formats.words import describe

__all__ = ["BLEND", "FORMAT", "Megatron"]

BLEND = "blend.txt"
_MOST_FILES = 32_766  # Megatron numbers a blend's data sets in 16 bits, signed
_ENDING = "_text_document"  # preprocess_data.py: key, then level
_HELD = 1 << 26  # bytes of lines that wait, of all strata
_USE = """\
Make Megatron's token files here, beside the lines, with the tokenizer that the manifest counted
with, then give it the list; its paths are relative to this folder.

```sh
for lines in stratum-*.jsonl; do
    python MEGATRON/tools/preprocess_data.py --input "$lines" --output-prefix "${lines%.jsonl}" \\
        --json-keys text --append-eod --workers 8 --tokenizer-type TYPE --tokenizer-model MODEL
done
python MEGATRON/pretrain_gpt.py --data-args-path blend.txt --split 100,0,0 …
```

`blend.txt` has a line `weight prefix` for each file with tokens. A weight is the tokens of that
file: Megatron draws sequences of equal length, so weights in documents would give other shares.
"""


class Megatron:
    """stratum-00000-00000.jsonl …: the strata by first appearance, each in files of `shard_bytes`.

    blend.txt lists `tokens prefix` by stratum and file; strata.json has the `files` of each
    stratum, which is what their names begin with.
    """

    name = "megatron"
    unit = "tokens"

    def write(
        self,
        rows: Iterator[pa.Table],
        folder: Path,
        *,
        shard_bytes: int = SHARD_BYTES,
        columns: Sequence[str] = COLUMNS,
    ) -> list[Written]:
        check_request(shard_bytes, columns)
        tally = Tally()
        strata: dict[str, _Stratum] = {}
        needed = [*columns, *({"stratum", "tokens"}.difference(columns))]
        with whole_folder(folder) as new:
            for table in cut(checked(rows, needed, tally), _cost, _HELD):
                for name, part in _by_stratum(table):
                    if name not in strata:
                        strata[name] = _Stratum(new, f"stratum-{shard_number(len(strata))}")
                    lines = _json_lines(part.select(list(columns)))
                    strata[name].add(lines, part.column("tokens").to_numpy(), shard_bytes)
                if sum(len(stratum.files) for stratum in strata.values()) > _MOST_FILES:
                    raise InputError(
                        f"over {_MOST_FILES} files, expected as many as Megatron can blend",
                        hint="ask for larger shards, or for fewer strata",
                    )
            for stratum in strata.values():
                stratum.settle()
            new.put(BLEND, _blend(strata.values()))
            describe(
                new,
                self.name,
                self.unit,
                tally,
                title="Documents for training, for Megatron-LM",
                use=_USE,
                more={name: {"files": stratum.stem} for name, stratum in strata.items()},
            )
        return new.written


@dataclass
class _Stratum:
    """The files of a stratum, the last of which still grows; `files` are (prefix, tokens)."""

    folder: Folder
    stem: str
    files: list[tuple[str, int]] = field(default_factory=list)
    open: Growing | None = None

    def add(self, lines: pa.Array, tokens: Ints, most: int) -> None:
        """Append n lines, on to the next file where the last would exceed `most` bytes."""
        ends = np.cumsum(lengths(lines))
        start = 0
        while start < len(lines):
            if self.open is None:
                prefix = f"{self.stem}-{shard_number(len(self.files))}"
                self.open = self.folder.growing(f"{prefix}.jsonl")
                self.files.append((prefix, 0))
            before = int(ends[start - 1]) if start else 0
            stop = int(np.searchsorted(ends, before + most - self.open.size, "right"))
            if stop <= start:
                if self.open.size:
                    self.settle()
                    continue
                stop = start + 1
            self.open.append(contents(lines[start:stop]), stop - start)
            prefix, counted = self.files[-1]
            self.files[-1] = prefix, counted + int(tokens[start:stop].sum())
            start = stop

    def settle(self) -> None:
        """End the file that grows."""
        if self.open is not None:
            self.open.settle()
            self.open = None


def _by_stratum(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each stratum in order, the strata by first appearance."""
    coded = table.column("stratum").combine_chunks().dictionary_encode()
    order = np.argsort(coded.indices.to_numpy(), kind="stable")
    ends = np.cumsum(np.bincount(coded.indices.to_numpy(), minlength=len(coded.dictionary)))
    start = 0
    for name, end in zip(coded.dictionary.to_pylist(), ends.tolist(), strict=True):
        yield name, table.take(pa.array(order[start:end]))
        start = end


def _json_lines(table: pa.Table) -> pa.Array:
    """n JSON objects as `json_objects` makes them, each with its line's end."""
    return join([json_objects(table), b"\n"])


def _cost(table: pa.Table) -> Ints:
    """About the bytes of n lines."""
    total = np.full(table.num_rows, 16 * table.num_columns, np.int64)
    for column in table.columns:
        if pa.types.is_large_string(column.type):
            total += lengths(column)
    return total


def _blend(strata: Iterable[_Stratum]) -> bytes:
    """`weight prefix` lines, without files that have no tokens: Megatron takes no weight of 0."""
    files = [(prefix, tokens) for stratum in strata for prefix, tokens in stratum.files if tokens]
    if not files:
        raise InputError("found no tokens in any document, expected some to weigh")
    return "".join(f"{tokens} {prefix}{_ENDING}\n" for prefix, tokens in files).encode()


FORMAT = Megatron()
