"""The Parquet inside a Hugging Face folder, and the YAML that names it."""

import re

import pyarrow.parquet as pq

from ledger.manifests.formats import find_format
from tests.manifests.formats.helpers import COLUMNS, epoch, expected, table, write


def test_the_yaml_counts_rows_and_bytes_and_names_the_columns(tmp_path):
    written = write("hf", tmp_path / "out")
    rows = expected(epoch())
    front = (tmp_path / "out" / "README.md").read_text().split("---\n")[1]
    assert f"    num_examples: {len(rows)}\n" in front
    assert f"    num_bytes: {sum(len(row['text'].encode()) for row in rows)}\n" in front
    assert f"  download_size: {sum(file.size for file in written if file.rows)}\n" in front
    assert re.findall(r"- name: (\w+)\n    dtype: (\w+)", front) == [
        *((name, "int64" if name == "tokens" else "large_string") for name in COLUMNS)
    ]
    assert "    path: data/train-*.parquet\n" in front


def test_columns_stand_as_asked_and_say_nothing_of_the_text(tmp_path):
    write("hf", tmp_path / "out")
    for path in (tmp_path / "out" / "data").iterdir():
        file = pq.ParquetFile(path)
        assert file.schema_arrow.names == list(COLUMNS)
        assert all(str(kind) in ("large_string", "int64") for kind in file.schema_arrow.types)
        text = file.metadata.row_group(0).column(0)
        assert (text.path_in_schema, text.statistics, text.compression) == ("text", None, "ZSTD")


def test_row_groups_are_bounded(tmp_path):
    big = [chr(97 + at) * (5 << 20) for at in range(8)]
    find_format("hf").write(iter([table(big)]), tmp_path / "out", shard_bytes=1 << 30)
    file = pq.ParquetFile(tmp_path / "out" / "data" / "train-00000.parquet")
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert groups == [3, 3, 2]  # 16 MiB each at most
    assert file.read().column("text").to_pylist() == big
