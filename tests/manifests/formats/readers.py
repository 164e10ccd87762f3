"""Small readers of what the formats write, from their descriptions: none shares code with them."""

import json
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.manifests.formats.helpers import Rows


def hf(folder: Path) -> Rows:
    rows: Rows = []
    for path in sorted((folder / "data").glob("train-*.parquet")):
        rows += pq.read_table(path).to_pylist()
    return rows


def mds(folder: Path) -> Rows:
    index = json.loads((folder / "index.json").read_bytes())
    assert index["version"] == 2
    rows: Rows = []
    for shard in index["shards"]:
        plain, packed = shard["raw_data"], shard["zip_data"]
        if packed is None:
            data = (folder / plain["basename"]).read_bytes()
        else:
            data = (folder / packed["basename"]).read_bytes()
            assert len(data) == packed["bytes"]
            data = pa.decompress(data, plain["bytes"], "zstd", asbytes=True)
        assert len(data) == plain["bytes"]
        (count,) = struct.unpack_from("<I", data)
        assert count == shard["samples"]
        bounds = struct.unpack_from(f"<{count + 1}I", data, 4)
        head = json.loads(data[4 * (count + 2) : bounds[0]])
        assert all(shard[key] == value for key, value in head.items())
        assert bounds[-1] == len(data)
        for start in bounds[:-1]:
            rows.append(_sample(data, start, head))
    return rows


def _sample(data: bytes, start: int, head: dict[str, list[str]]) -> dict[str, str | int]:
    encodings = dict(zip(head["column_names"], head["column_encodings"], strict=True))
    variable = [name for name, encoding in encodings.items() if encoding == "str"]
    sizes = dict(zip(variable, struct.unpack_from(f"<{len(variable)}I", data, start), strict=True))
    at = start + 4 * len(variable)
    row: dict[str, str | int] = {}
    for name in encodings:
        size = sizes.get(name, 8)
        value = data[at : at + size]
        row[name] = value.decode() if name in sizes else struct.unpack("<q", value)[0]
        at += size
    return row


def webdataset(folder: Path) -> Rows:
    rows: Rows = []
    for path in sorted(folder.glob("train-*.tar")):
        with tarfile.open(path, "r:", encoding="ascii", errors="strict") as archive:
            members = archive.getmembers()
            for text, rest in zip(members[::2], members[1::2], strict=True):
                assert text.name.removesuffix(".txt") == rest.name.removesuffix(".json")
                row = {"text": archive.extractfile(text).read().decode()}  # type: ignore[union-attr]
                row |= json.loads(archive.extractfile(rest).read())  # type: ignore[union-attr]
                assert text.name == f"{len(rows):012}-{row['sha256']}.txt"
                rows.append(row)
    return rows


def megatron(folder: Path) -> Rows:
    """By stratum: its order is the files'."""
    rows: Rows = []
    for path in sorted(folder.glob("stratum-*.jsonl")):
        rows += [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    return rows


READERS: dict[str, Callable[[Path], Rows]] = {
    "hf": hf,
    "mds": mds,
    "mds-zstd": mds,
    "megatron": megatron,
    "webdataset": webdataset,
}
