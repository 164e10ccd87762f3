"""Texts are found again as they were read, or an error says which are not."""

import pickle
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from ledger.corpus.ingest import ingest
from ledger.corpus.texts import TEXTS, text_sources
from ledger.errors import DocumentMismatchError, InputError, RefusedError, UnknownNameError
from ledger.log.keys import KeyRing
from ledger.provenance.documents import list_documents
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.provenance.policy import load_policy
from tests.corpus.helpers import FIXTURES

READERS = ("text", "jsonl", "jsonl_gz", "parquet", "archive")


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "config")


@pytest.fixture
def log(tmp_path: Path, keys: KeyRing):
    create_ledger(str(tmp_path / "x.db"), log_name="example.org/log", keys=keys)
    with open_ledger(str(tmp_path / "x.db"), write=True, keys=keys) as opened:
        yield opened


def copied(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURES / name, tmp_path / "here" / name))


@pytest.mark.parametrize("name", READERS)
def test_every_recorded_document_is_found_again(name, log, tmp_path):
    ingest(log, [copied(name, tmp_path)], dataset="r@1")
    policy = load_policy("clean-strict")
    recorded = {row.document for row in list_documents(log, policy, dataset="r@1", limit=99)}
    (source,) = text_sources(log, "r@1")
    source.check()
    tables = list(pickle.loads(pickle.dumps(source)).tables())
    found = pa.concat_tables(tables)
    assert found.schema.equals(TEXTS)
    assert {f"sha256:{d.hex()}" for d in found.column("sha256").to_pylist()} == recorded
    assert found.num_rows == source.rows


def test_a_changed_input_passes_for_the_recorded_one(log, tmp_path):
    folder = copied("jsonl", tmp_path)
    ingest(log, [folder], dataset="r@1")
    (source,) = text_sources(log, "r@1")
    with open(source.path, "ab") as file:
        file.write(b'{"text":"one more"}\n')
    with pytest.raises(DocumentMismatchError, match="recorded was"):
        source.check()


def test_a_moved_input_is_lost(log, tmp_path):
    ingest(log, [copied("text", tmp_path)], dataset="r@1")
    (tmp_path / "here").rename(tmp_path / "there")
    with pytest.raises(InputError, match="no such file or folder") as caught:
        text_sources(log, "r@1")
    assert "--root" in str(caught.value.hint)
    (source,) = text_sources(log, "r@1", [tmp_path / "elsewhere", tmp_path / "there"])
    source.check()
    assert source.path == tmp_path / "there" / "text"


def test_columns_and_globs_are_forgotten(log, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"body":"the words", "text":"not these"}\n')
    (folder / "dataset.toml").write_text(
        'name="r"\nversion="1"\nchannel="other"\ncolumns={text="body"}\n'
    )
    ingest(log, [folder / "a.jsonl"])
    (source,) = text_sources(log, "r@1")
    (table,) = source.tables()
    assert table.column("text").to_pylist() == ["the words"]


def test_a_dataset_nobody_read(log, tmp_path):
    ingest(log, [copied("text", tmp_path)], dataset="r@1")
    with pytest.raises(UnknownNameError):
        text_sources(log, "s@1")


def test_a_withheld_path_is_guessed(log, tmp_path, keys):
    ingest(log, [copied("text", tmp_path)], dataset="r@1")
    log.close()
    (tmp_path / "x.vault.db").rename(tmp_path / "gone")
    with (
        open_ledger(str(tmp_path / "x.db"), keys=keys) as opened,
        pytest.raises(RefusedError, match="withheld"),
    ):
        text_sources(opened, "r@1")


def test_an_input_read_twice_comes_twice(log, tmp_path):
    folder = copied("jsonl", tmp_path)
    ingest(log, [folder], dataset="r@1")
    shutil.copytree(folder, tmp_path / "copy")
    ingest(log, [tmp_path / "copy"], dataset="r@1")
    assert len(text_sources(log, "r@1")) == 1


def test_another_release_reads_it_in_another_way(log, tmp_path, monkeypatch):
    from ledger.corpus.readers import jsonl

    ingest(log, [copied("jsonl", tmp_path)], dataset="r@1")
    (source,) = text_sources(log, "r@1")
    monkeypatch.setattr(type(jsonl.READER), "version", 99)
    with pytest.raises(RefusedError, match="version 2, this is version 99"):
        source.check()
