"""MDS to the byte: against a layout written out by hand."""

import json
import struct
from hashlib import sha256

import pyarrow as pa
import pytest

from ledger.manifests.formats import find_format
from tests.manifests.formats.helpers import epoch, table, tree, write
from tests.manifests.formats.readers import mds


def test_a_shard_by_hand(tmp_path):
    rows = table(["one", "é"], strata=["a", "bb"], tokens=[7, 0])
    find_format("mds").write(
        iter([rows]), tmp_path / "out", columns=("tokens", "text", "stratum", "sha256")
    )
    head = (
        b'{"column_encodings": ["str", "str", "str", "int64"], '
        b'"column_names": ["sha256", "stratum", "text", "tokens"], '
        b'"column_sizes": [null, null, null, 8], "compression": null, "format": "mds", '
        b'"hashes": ["sha256"], "size_limit": 67108864, "version": 2}'
    )
    digests = [sha256(text.encode()).hexdigest().encode() for text in ("one", "é")]
    samples = [
        struct.pack("<III", 64, 1, 3) + digests[0] + b"a" + b"one" + struct.pack("<q", 7),
        struct.pack("<III", 64, 2, 2) + digests[1] + b"bb" + "é".encode() + struct.pack("<q", 0),
    ]
    start = 4 * 4 + len(head)
    middle = start + len(samples[0])
    bounds = struct.pack("<IIII", 2, start, middle, middle + len(samples[1]))
    shard = (tmp_path / "out" / "shard.00000.mds").read_bytes()
    assert shard == bounds + head + b"".join(samples)
    index = json.loads((tmp_path / "out" / "index.json").read_bytes())
    assert index == {
        "version": 2,
        "shards": [
            {
                **json.loads(head),
                "samples": 2,
                "raw_data": {
                    "basename": "shard.00000.mds",
                    "bytes": len(shard),
                    "hashes": {"sha256": sha256(shard).hexdigest()},
                },
                "zip_data": None,
            }
        ],
    }


def test_packed_shards_hold_the_plain_ones(tmp_path):
    write("mds", tmp_path / "plain")
    write("mds-zstd", tmp_path / "packed")
    assert mds(tmp_path / "plain") == mds(tmp_path / "packed")
    plain, packed = tree(tmp_path / "plain"), tree(tmp_path / "packed")
    shards = [name for name in packed if name.endswith(".mds.zstd")]
    assert len(shards) > 3
    for name in shards:
        assert packed[name][:4] == b"\x28\xb5\x2f\xfd"  # RFC 8878
        assert packed[name][4] & 0xE0  # the frame says how long its content is
    index = json.loads(packed["index.json"])
    for shard in index["shards"]:
        data = packed[shard["zip_data"]["basename"]]
        assert shard["compression"] == "zstd"
        assert shard["zip_data"]["hashes"] == {"sha256": sha256(data).hexdigest()}
        raw = pa.decompress(data, shard["raw_data"]["bytes"], "zstd", asbytes=True)
        assert shard["raw_data"]["hashes"] == {"sha256": sha256(raw).hexdigest()}
    assert [shard["samples"] for shard in index["shards"]] == [
        shard["samples"] for shard in json.loads(plain["index.json"])["shards"]
    ]


def test_a_shard_is_filled_to_its_limit(tmp_path):
    """Head, count and the offset past the end are counted: one byte less and it would not fit."""
    texts = ["x" * 200] * 40
    rows = [table(texts, strata=["s"] * 40)]
    find_format("mds").write(iter(rows), tmp_path / "a", shard_bytes=10_000)
    shard = (tmp_path / "a" / "shard.00000.mds").read_bytes()
    (count,) = struct.unpack_from("<I", shard)
    each = 4 + 12 + 64 + 1 + 200
    assert len(shard) <= 10_000 < len(shard) + each
    find_format("mds").write(iter(rows), tmp_path / "b", shard_bytes=len(shard))
    exact = struct.unpack_from("<I", (tmp_path / "b" / "shard.00000.mds").read_bytes())
    # a limit of fewer digits makes the head shorter
    assert exact == (count,)
    find_format("mds").write(iter(rows), tmp_path / "c", shard_bytes=len(shard) - 2)
    less = struct.unpack_from("<I", (tmp_path / "c" / "shard.00000.mds").read_bytes())
    assert less == (count - 1,)


@pytest.mark.parametrize("name", ["mds", "mds-zstd"])
def test_digests_in_the_index_find_a_changed_byte(name, tmp_path):
    written = write(name, tmp_path / "out", epoch())
    index = json.loads((tmp_path / "out" / "index.json").read_bytes())
    said = {}
    for shard in index["shards"]:
        file = shard["zip_data"] or shard["raw_data"]
        said[file["basename"]] = file["hashes"]["sha256"]
    assert {file.path: file.sha256.hex() for file in written if file.rows} == said
