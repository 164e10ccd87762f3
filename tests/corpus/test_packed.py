"""gzip, zstd and bzip2: cut short, damaged, several in a row, and grown beyond reason."""

import bz2
import gzip
import os
import random
import subprocess
import sys

import pyarrow as pa
import pytest

from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._packed import packing, unpacked
from ledger.errors import MalformedError
from tests.corpus.helpers import FIXTURES, read, texts


def zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


PACK = {".gz": gzip.compress, ".zst": zstd, ".bz2": bz2.compress}
ENDINGS = sorted(PACK)
LINES = b"".join(b'{"text": "%d"}\n' % number for number in range(500))


@pytest.fixture
def file(tmp_path):
    def write(data, name):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def taken(path, size=1 << 16):
    stream = unpacked(path, ReadOptions())
    try:
        return b"".join(iter(lambda: stream.read(size), b""))
    finally:
        stream.close()


def test_the_fixture_is_what_the_unpacked_one_is():
    packed = texts(FIXTURES / "jsonl_zst" / "notes.jsonl.zst")
    assert packed == texts(FIXTURES / "jsonl" / "notes.jsonl")


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_packed_comes_out(ending, file):
    data = random.Random(1).randbytes(300_000) + bytes(300_000)
    path = file(PACK[ending](data), f"f{ending}")
    for size in (1000, 65_536, 1 << 20):
        assert taken(path, size) == data


@pytest.mark.parametrize("ending", ENDINGS)
def test_several_packed_one_after_the_other(ending, file):
    path = file(PACK[ending](LINES[:777]) + PACK[ending](LINES[777:]), f"f.jsonl{ending}")
    assert texts(path) == [str(number) for number in range(500)]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("cut", [0, 1, 9, 30, -9, -1])
def test_every_truncation_is_malformed_as_a_whole(ending, cut, file):
    path = file(PACK[ending](LINES)[:cut], f"f.jsonl{ending}")
    with pytest.raises(MalformedError, match=r"(truncated|0 bytes|broken)") as caught:
        read(path)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_truncated_second_piece_is_malformed(ending, file):
    path = file(PACK[ending](LINES) + PACK[ending](LINES)[:-5], f"f.jsonl{ending}")
    with pytest.raises(MalformedError, match=r"(truncated|broken)"):
        read(path)


@pytest.mark.parametrize("ending", [".zst", ".bz2"])
def test_what_follows_the_packed_bytes_is_not_ignored(ending, file):
    path = file(PACK[ending](LINES) + b"and something else", f"f.jsonl{ending}")
    with pytest.raises(MalformedError, match=r"broken"):
        read(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_damage_is_malformed(ending, file):
    data = bytearray(PACK[ending](os.urandom(4000).hex().encode()))
    data[len(data) // 2] ^= 1
    if ending == ".zst":  # a frame of zstd has a checksum only where its writer asked for one
        data[2] ^= 1
    with pytest.raises(MalformedError, match=r"broken|truncated"):
        taken(file(bytes(data), f"f{ending}"))


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_name_decides_and_what_it_names_must_be_there(ending, file):
    with pytest.raises(MalformedError, match="broken"):
        read(file(LINES, f"f.jsonl{ending}"))
    assert taken(file(PACK[ending](LINES), "f.jsonl")) == PACK[ending](LINES)


def test_the_last_ending_counts_in_any_case(tmp_path):
    assert packing(tmp_path / "a.JSONL.ZST") == "zstd"
    assert packing(tmp_path / "a.zst.jsonl") is None


BOMB = """
import sys
from pathlib import Path
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.errors import MalformedError
from tests.corpus.helpers import peak_mib
path = Path(sys.argv[1])
try:
    for _ in reader_for(path).read(path, ReadOptions()):
        pass
except MalformedError as error:
    print(error)
    print(peak_mib() < 500)
"""


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_bomb_is_refused_in_bounded_memory(ending, kind, tmp_path, root):
    path = tmp_path / f"bomb.{kind}{ending}"
    piece = {"jsonl": b'{"text": "a"}\n', "csv": b"text\n"}[kind] * (1 << 18)
    with open(path, "wb") as out:
        packed = PACK[ending](piece)
        if len(piece) < 200 * len(packed):
            pytest.skip("too little to gain from packing these lines")
        for _ in range(200):
            out.write(packed)
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path)], cwd=root, capture_output=True, text=True
    )
    assert "expected at most 200 times as many" in done.stdout, done
    assert done.stdout.endswith("True\n")
