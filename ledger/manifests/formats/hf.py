"""A folder that Hugging Face `datasets` opens: Parquet files, and a README that names them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.manifests.formats import COLUMNS, SHARD_BYTES, Written
from ledger.manifests.formats.folder import Folder, whole_folder
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

__all__ = ["FORMAT", "HuggingFace"]

_GROUP = 1 << 24  # bytes of a row group before compression: what a reader holds at least
_PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "data_page_version": "1.0",
    "write_statistics": False,
}
_USE = """\
```python
from datasets import load_dataset

rows = load_dataset("PATH OF THIS FOLDER", split="train")  # streaming=True reads as it goes
```

A trainer that mixes by rows (`interleave_datasets`) mixes by documents: probabilities for this
folder's strata are their weights, and none are needed for the folder as a whole.
"""


class HuggingFace:
    """data/train-00000.parquet …, in row groups of about 16 MiB; the README's YAML lists `data/`.

    Columns stand in the order asked for, strings as large_string, integers as int64. The YAML also
    says how many rows there are: `datasets` refuses a folder that has lost a file.
    """

    name = "hf"
    unit = "documents"

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
        with whole_folder(folder) as new:
            shards = cut(checked(rows, columns, tally), _cost, shard_bytes)
            kinds: list[str] = []
            for number, shard in enumerate(shards):
                kinds = kinds or _kinds(shard.schema)
                with new.file(f"data/train-{shard_number(number)}.parquet", shard.num_rows) as file:
                    _write_shard(file, shard)
            front = _front(kinds, new, tally)
            describe(
                new,
                self.name,
                self.unit,
                tally,
                title="Documents for training",
                use=_USE,
                front=front,
            )
        return new.written


def _cost(table: pa.Table) -> Ints:
    """Bytes of n rows: their strings, and 8 for an integer or a length."""
    total = np.full(table.num_rows, 8 * table.num_columns, np.int64)
    for column in table.columns:
        if pa.types.is_large_string(column.type):
            total += lengths(column)
    return total


def _write_shard(file: Any, shard: pa.Table) -> None:
    coded = [
        field.name
        for field in shard.schema
        if pa.types.is_large_string(field.type) and field.name not in ("text", "sha256")
    ]
    with pq.ParquetWriter(file, shard.schema, use_dictionary=coded, **_PARQUET) as parquet:
        for group in cut([shard], _cost, _GROUP):
            parquet.write_table(group, row_group_size=group.num_rows)


def _kinds(schema: pa.Schema) -> list[str]:
    return [f"  - name: {field.name}\n    dtype: {field.type}\n" for field in schema]


def _front(kinds: list[str], folder: Folder, tally: Tally) -> str:
    """The YAML before the README: nothing in it comes from a text or a stratum's name."""
    size = sum(file.size for file in folder.written)
    total = sum(share.bytes for share in tally.strata.values())
    return (
        "---\n"
        "configs:\n"
        "- config_name: default\n"
        "  data_files:\n"
        "  - split: train\n"
        "    path: data/train-*.parquet\n"
        "dataset_info:\n"
        "  features:\n"
        f"{''.join(kinds)}"
        "  splits:\n"
        "  - name: train\n"
        f"    num_bytes: {total}\n"
        f"    num_examples: {tally.documents}\n"
        f"  download_size: {size}\n"
        f"  dataset_size: {total}\n"
        "---\n\n"
    )


FORMAT = HuggingFace()
