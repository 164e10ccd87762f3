"""What is refused before a model is loaded, and without anything that loads one."""

import socket
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ledger.errors import InputError, MissingExtraError
from ledger.verdicts.reference.causal import open_model
from ledger.verdicts.reference.columns import EXPLAINED, explain_columns
from tests.verdicts.signals.given import sample, table


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a look into the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    "name", ["gpt2", "org/model", "https://example.org/m", "", "x\x1b[31m", "x\0y"]
)
def test_a_name_is_no_path_and_is_not_looked_up(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="expected") as told:
        open_model(name)
    assert "nothing is downloaded" in (told.value.hint or "")
    assert "\x1b" not in str(told.value)


def test_a_file_that_is_no_gguf_and_a_folder_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "notes.gguf").write_text("GGU")
    with pytest.raises(InputError, match="not a GGUF file"):
        open_model(tmp_path / "notes.gguf")
    with pytest.raises(InputError, match=r"expected config\.json and \*\.safetensors"):
        open_model(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(InputError, match=r"expected config\.json and \*\.safetensors"):
        open_model(tmp_path)


def test_a_name_no_file_system_takes() -> None:
    with pytest.raises(InputError, match="too long"):
        open_model("x" * 5_000)


def test_options_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="dtype: found float8, expected float32 or bfloat16"):
        open_model(tmp_path, dtype="float8")
    with pytest.raises(InputError, match="threads: found 0"):
        open_model(tmp_path, threads=0)


@pytest.mark.parametrize("package", ["torch", "transformers", "gguf", "accelerate"])
def test_without_the_extra_its_name_is_told(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("torch", "transformers", "gguf", "accelerate"):
        monkeypatch.setitem(sys.modules, name, None if name == package else sys)
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(MissingExtraError, match=f"{package} is not installed") as told:
        open_model(tmp_path / "m.gguf")
    assert told.value.hint == "pip install 'headwater[lm]'"


def test_columns_without_a_model_load_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found = explain_columns(table(sample(1, 300), "", "Too short."))
    assert found.column_names == list(EXPLAINED)
    assert set(found.schema.types) == {pa.float64()}
    assert [column.null_count for column in found.columns] == [2, 2, 2, 1]
    assert found.num_rows == 3 and found["mattr_50"][0].as_py() > 0.3
