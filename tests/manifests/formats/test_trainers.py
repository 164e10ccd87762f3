"""What we write, opened by the libraries that trainers use, each in an environment of its own.

`build/trainers/rows` has datasets, mlcroissant and webdataset, `build/trainers/torch`
mosaicml-streaming, whose pins clash with ours, and megatron-core. Nothing there imports the ledger:
it prints rows, and we compare.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from ledger.manifests.exports.sign import sign_export
from ledger.manifests.formats import find_format
from tests.manifests.building.corpus import make_corpus
from tests.manifests.building.test_build import MIX
from tests.manifests.formats.helpers import COLUMNS, Rows, epoch, expected, tree, write
from tests.manifests.making import make_manifest

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent / "libraries"


def python(environment: str) -> Path:
    return ROOT / "build" / "trainers" / environment / "bin" / "python"


def group(environment: str) -> list[pytest.MarkDecorator]:
    reason = f"build/trainers/{environment} is not made: `make trainers`"
    absent = not python(environment).exists()
    return [pytest.mark.trainers, pytest.mark.skipif(absent, reason=reason)]


def ask(environment: str, script: str, *arguments: object, given: bytes = b"") -> bytes:
    command = [python(environment), HERE / script, *arguments]
    done = subprocess.run(
        [str(part) for part in command],
        input=given,
        capture_output=True,
        env=os.environ
        | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(Path.cwd() / "hf"), "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    return done.stdout


def rows_of(said: bytes) -> Rows:
    return [json.loads(line) for line in said.splitlines()]


class TestRows:
    pytestmark = group("rows")

    def test_datasets_opens_the_folder(self, tmp_path):
        write("hf", tmp_path / "out")
        said = ask("rows", "read_hf.py", tmp_path / "out", ",".join(COLUMNS))
        assert rows_of(said) == expected(epoch())

    def test_datasets_refuses_a_folder_that_lost_a_shard(self, tmp_path):
        write("hf", tmp_path / "out")
        (tmp_path / "out" / "data" / "train-00001.parquet").unlink()
        with pytest.raises(AssertionError, match="NonMatchingSplitsSizesError"):
            ask("rows", "read_hf.py", tmp_path / "out", ",".join(COLUMNS))

    def test_datasets_opens_a_signed_export(self, tmp_path):
        written = write("hf", tmp_path / "out")
        made = make_manifest(tmp_path / "run", ["one", "two"])
        signer = made.signer
        sign_export(made.open(), find_format("hf"), tmp_path / "out", written, signer, epoch=0,
                    issued_at=1)  # fmt: skip
        said = ask("rows", "read_hf.py", tmp_path / "out", ",".join(COLUMNS))
        assert rows_of(said) == expected(epoch())

    def test_mlcroissant_reads_the_description(self, tmp_path):
        made = make_corpus(tmp_path / "corpus").build(MIX, tmp_path / "run")
        said = json.loads(ask("rows", "read_croissant.py", tmp_path / "run" / "croissant.json"))
        assert said["errors"] == said["warnings"] == []
        assert said["conforms"] == [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ]
        assert len(said["rows"]) == made.statement.rows
        assert said["strata"] == [
            [row[name] for name in ("documents", "selected", "target_ppm", "achieved_ppm")]
            for row in made.strata["strata"]
        ]
        assert said["derived"] == [row["name"] for row in made.statement.datasets]

    def test_webdataset_opens_the_archives(self, tmp_path):
        write("webdataset", tmp_path / "out")
        said = ask("rows", "read_webdataset.py", tmp_path / "out")
        assert rows_of(said) == expected(epoch())


class TestTorch:
    pytestmark = group("torch")

    @pytest.mark.parametrize("name", ["mds", "mds-zstd"])
    def test_streaming_opens_the_folder(self, name, tmp_path):
        write(name, tmp_path / "out")
        said = ask("torch", "read_mds.py", tmp_path / "out", tmp_path / "cache")
        assert rows_of(said) == expected(epoch())

    @pytest.mark.parametrize("name", ["mds", "mds-zstd"])
    def test_streaming_finds_a_changed_byte_where_it_is_asked_to(self, name, tmp_path):
        write(name, tmp_path / "out")
        (shard,) = (tmp_path / "out").glob("shard.00002.*")
        data = bytearray(shard.read_bytes())
        data[-1] ^= 1
        shard.write_bytes(data)
        with pytest.raises(AssertionError, match="Checksum failure"):
            ask("torch", "read_mds.py", tmp_path / "out", tmp_path / "cache")

    def test_its_own_writer_gives_our_bytes(self, tmp_path):
        write("mds", tmp_path / "ours")
        columns = {name: "int64" if name == "tokens" else "str" for name in COLUMNS}
        lines = b"".join(json.dumps(row).encode() + b"\n" for row in expected(epoch()))
        arguments = (tmp_path / "theirs", 8192, json.dumps(columns))
        ask("torch", "write_mds.py", *arguments, given=lines)
        ours = tree(tmp_path / "ours")
        del ours["README.md"], ours["strata.json"]
        assert ours == tree(tmp_path / "theirs")

    def test_megatron_draws_sequences_in_the_shares_of_the_list(self, tmp_path):
        write("megatron", tmp_path / "out")
        said = ask("torch", "read_blend.py", tmp_path / "out", tmp_path / "cache", 300)
        drawn = json.loads(said)
        weights = {
            prefix: int(weight)
            for weight, prefix in map(
                str.split, (tmp_path / "out/blend.txt").read_text().splitlines()
            )
        }
        assert list(drawn) == list(weights)
        sequences, tokens = sum(drawn.values()), sum(weights.values())
        assert sequences >= 300
        for prefix, count in drawn.items():
            assert abs(count - sequences * weights[prefix] / tokens) <= 1
