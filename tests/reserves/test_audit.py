"""A dataset against a sealed reserve in a folder: only a seal that holds, only its own texts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.corpus.ingest import ingest
from ledger.errors import InputError, UntrustedSignerError, VerificationError
from ledger.provenance.opening import open_ledger
from ledger.reserves.audit import audit_overlap, reserve_reference
from ledger.reserves.layout import CONTENT, STATEMENT, SUMS, shard_name
from ledger.reserves.opening.recorded import TrustedKeys
from tests.corpus.neardup_helpers import Writer, digest
from tests.reserves.folders import Made, make_reserve

DESCRIBED = 'license = "CC0-1.0"\nchannel = "other_private"\nlanguage = "en"\n'


@pytest.fixture
def texts() -> list[str]:
    writer = Writer(31)
    return [writer.text(100 + 20 * number) for number in range(6)]


@pytest.fixture
def made(own_place: Path, texts: list[str]) -> Made:
    sealed = make_reserve(Path("sealed"), texts)
    Path("new").mkdir()
    Path("new/dataset.toml").write_text(DESCRIBED)
    Path("new/same.txt").write_text(texts[0])
    Path("new/near.txt").write_text(Writer(1).edited(texts[3], 0.02))
    Path("new/other.txt").write_text(Writer(2).text(80))
    with open_ledger(sealed.location, write=True) as log:
        ingest(log, [Path("new")], dataset="new@1")
    return sealed


def test_a_reserve_is_not_compared(made: Made, texts: list[str]) -> None:
    with open_ledger(made.location, write=True) as log:
        found = audit_overlap(log, "new@1", "sealed")
        again = audit_overlap(log, "new@1", "sealed/")
        body = log.entry(found.entry).body
    assert (found.counts.exact, found.counts.near_80, found.counts.against_documents) == (1, 2, 6)
    assert (body["against"], body["against_root"]) == (
        "reserve:old@1",
        f"sha256:{found.against_root.hex()}",
    )
    assert digest(texts[3]) in found.pairs["reference"].to_pylist()
    assert (again.entry, again.new) == (found.entry, False)


def test_a_folder_that_is_no_reserve_is_read(made: Made) -> None:
    with (
        open_ledger(made.location, write=True) as log,
        pytest.raises(InputError, match="no sealed"),
    ):
        audit_overlap(log, "new@1", "new")


def test_texts_are_put_under_a_seal(made: Made) -> None:
    shard = Path("sealed", CONTENT, shard_name(0))
    table = pq.read_table(shard)
    shard.chmod(0o644)
    shard.parent.chmod(0o755)
    pq.write_table(table.set_column(1, "text", pa.array(["x"] * 6, pa.large_string())), shard)
    with open_ledger(made.location, write=True) as log:
        size = log.size
        with pytest.raises(VerificationError, match="recorded was"):
            audit_overlap(log, "new@1", "sealed")
        assert log.size == size


def test_a_list_or_statement_that_was_changed_is_believed(made: Made) -> None:
    sums, statement = Path("sealed", CONTENT, SUMS), Path("sealed", STATEMENT)
    for file in (sums, statement):
        right = file.read_bytes()
        for folder in (file.parent, file.parent.parent):
            folder.chmod(0o755)
        file.chmod(0o644)
        file.write_bytes(right.replace(b"0", b"1", 1))
        with pytest.raises(VerificationError):
            reserve_reference(Path("sealed"))
        file.write_bytes(right)
    assert reserve_reference(Path("sealed")).documents == 6


def test_a_seal_by_a_stranger_is_believed(made: Made) -> None:
    with pytest.raises(UntrustedSignerError):
        reserve_reference(Path("sealed"), TrustedKeys())
