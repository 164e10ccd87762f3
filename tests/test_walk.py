"""The main job on every reader's fixture: init, ingest, certify, verify, verify the certificate."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran

FIXTURES = Path(__file__).parent / "fixtures"
READERS = sorted(folder.name for folder in FIXTURES.iterdir() if folder.is_dir())


@pytest.mark.parametrize("reader", READERS)
def test_files_in_certificate_out(headwater: Callable[..., Ran], reader: str) -> None:
    for arguments in (
        ("init",),
        ("ingest", FIXTURES / reader, "--dataset", "r@1"),
        ("certify", "r@1", "-o", "out"),
        ("verify",),
        ("verify", "out"),
    ):
        done = headwater(*arguments)
        assert done.code == 0, done.stderr

    report = json.loads(headwater("--json", "verify", "out").stdout)
    assert report[0]["level"] == 3
    again = headwater("--json", "ingest", FIXTURES / reader, "--dataset", "r@1")
    assert json.loads(again.stdout)["recorded"] == 0


def test_every_reader_has_a_fixture() -> None:
    from ledger.corpus.readers import readers

    assert len(READERS) >= len(readers())


def test_the_certificate_is_enough_without_the_ledger(
    headwater: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A stranger with the folder and two public keys reaches level 2; without the keys, none."""
    headwater("init")
    headwater("ingest", FIXTURES / "jsonl", "--dataset", "r@1")
    headwater("certify", "r@1", "-o", "out")
    keys = json.loads(headwater("--json", "key", "list").stdout)
    (tmp_path / "elsewhere").mkdir()
    Path("out").rename(tmp_path / "elsewhere" / "out")
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HEADWATER_CONFIG", str(tmp_path / "stranger"))

    unknown = headwater("verify", "out")
    for key in keys if isinstance(keys, list) else keys["keys"]:
        headwater("key", "trust", key["vkey"], "--use", key["use"])
    known = headwater("--json", "verify", "out")

    assert unknown.code == 1
    assert "not trusted" in unknown.stderr
    assert "headwater key trust" in unknown.stderr
    assert known.code == 0, known.stderr
    assert json.loads(known.stdout)[0]["level"] == 2
