"""What `dataset list`, `dataset show` and `status` say, against what was ingested."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.claims import Evidence, Withdrawal
from ledger.corpus.ingest import ingest
from ledger.errors import InputError, UnknownNameError
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.log.verify import verify_log
from ledger.provenance.datasets import list_datasets, overlap, show_dataset
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.provenance.policy import load_policy
from ledger.provenance.status import status_of

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
def log(own_place: Path) -> Iterator[Log]:
    """Two datasets that share four documents; verified again when the test is over."""
    create_ledger("h.db")
    with open_ledger("h.db", write=True) as opened:
        ingest(opened, [FIXTURES / "archive" / "notes-1.tar.gz"], dataset="archive@1")
        ingest(opened, [FIXTURES / "text"], dataset="text@1")
        yield opened
        verify_log(opened)


def test_a_dataset_is_not_counted(log: Log) -> None:
    counted = {d.dataset: (d.documents, d.occurrences, d.bytes) for d in list_datasets(log)}
    files = [path for path in (FIXTURES / "text").glob("*/*") if path.is_file()]
    sizes = [path.stat().st_size for path in files]
    assert counted["text@1"] == (len(sizes), len(sizes), sum(sizes))
    assert set(counted) == {"archive@1", "text@1"}
    assert {(d.channel, d.license) for d in list_datasets(log)} == {("other_private", "CC0-1.0")}


def test_an_input_is_not_shown(log: Log) -> None:
    shown = show_dataset(log, "archive@1")
    (read,) = shown.inputs
    assert read.path == str(FIXTURES / "archive" / "notes-1.tar.gz")
    assert (read.reader, read.rows, read.rejected) == ("archive", 4, 0)
    assert read.bytes == (FIXTURES / "archive" / "notes-1.tar.gz").stat().st_size
    assert shown.fields["include"] == ["*/docs/**/*.txt", "*/docs/**/*.md"]


def test_a_checked_date_looks_like_an_asserted_one(log: Log) -> None:
    shown = show_dataset(log, "archive@1")
    (dating,) = shown.evidence
    assert (dating.standing, dating.level) == ("date checked", 3)
    said = Evidence(
        type="somebody_says",
        binding="exact_bytes",
        outcome="asserted",
        checker="test/1",
        existed_by=1_600_000_000,
    )
    failed = Evidence(type="somebody_says", binding="derived", outcome="failed", checker="test/1")
    undated = said.model_copy(update={"existed_by": None})
    subject = shown.inputs[0].digest
    record(log, [Claim("evidence", subject, body) for body in (said, failed, undated)])
    found = show_dataset(log, "archive@1").evidence
    assert [(e.standing, e.level) for e in found] == [
        ("date checked", 3),
        ("date asserted", 1),
        ("check failed", 0),
        ("no date", 1),
    ]


def test_a_withdrawn_input_is_shown(log: Log) -> None:
    shown = show_dataset(log, "archive@1")
    operation = log.entry(shown.inputs[0].entry)
    evidence = log.entry(shown.evidence[0].entry)
    for entry in (operation, evidence):
        body = Withdrawal(claim=entry.claim_id)
        record(log, [Claim("withdrawal", entry.subject, body)])
    after = show_dataset(log, "archive@1")
    assert (after.inputs, after.evidence) == ((), ())


def test_an_overlap_counts_other_documents(log: Log) -> None:
    members = []
    for name in ("archive@1", "text@1"):
        rows = log.connection.execute(
            "SELECT e.subject FROM member m JOIN dataset d ON d.id = m.dataset "
            "JOIN entry e ON e.idx = m.document WHERE d.name || '@' || d.version = ?",
            (name,),
        ).fetchall()
        members.append({row[0] for row in rows})
    shared = len(members[0] & members[1])
    assert 0 < shared < len(members[1])
    assert overlap(log, "archive@1", "text@1") == overlap(log, "text@1", "archive@1") == shared
    (found,) = show_dataset(log, "text@1").overlaps
    assert (found.dataset, found.documents) == ("archive@1", shared)


def test_a_dataset_nobody_recorded_is_shown(log: Log) -> None:
    with pytest.raises(UnknownNameError, match="unknown dataset: text@2") as caught:
        show_dataset(log, "text@2")
    assert caught.value.hint is not None and "text@1" in caught.value.hint
    with pytest.raises(InputError, match="found no version"):
        show_dataset(log, "text")


def test_a_path_is_shown_without_its_vault(log: Log) -> None:
    with open_ledger("h.db") as reader:
        assert reader.vault is not None
        reader.vault.close()
        reader.vault = None
        assert show_dataset(reader, "text@1").inputs[0].path is None


def test_status_says_what_is_not_so(log: Log) -> None:
    policy = load_policy("clean-strict")
    status = status_of(log, policy)
    assert (status.size, status.signed, status.pinned) == (log.size,) * 3
    assert status.trusted and status.vault and status.current
    assert status.datasets is not None and status.labels is not None
    documents = {log.entry(i).subject for i in range(log.size) if log.entry(i).kind == "origin"}
    assert sum(row.documents for row in status.labels) == len(documents)


def test_a_strangers_ledger_looks_like_ours(log: Log, tmp_path: Path) -> None:
    with open_ledger("h.db", keys=KeyRing(tmp_path / "other")) as reader:
        status = status_of(reader, load_policy("clean-strict"))
    assert (status.trusted, status.pinned) == (False, None)


def test_stale_tables_are_counted(log: Log) -> None:
    """Labels of a projection that is behind, or of another version, would be wrong numbers."""
    policy = load_policy("clean-strict")
    for change, state in (
        ("UPDATE projection SET size = size - 1 WHERE name = 'provenance'", "behind"),
        ("UPDATE projection SET schema_digest = 'x' WHERE name = 'provenance'", "other version"),
        ("DELETE FROM projection WHERE name = 'provenance'", "missing"),
    ):
        log.connection.execute(change)
        status = status_of(log, policy)
        assert [p.state for p in status.projections if p.name == "provenance"] == [state]
        assert (status.current, status.datasets, status.labels) == (False, None, None)
    log.rebuild()
    assert status_of(log, policy).current
