"""Single entries: listed, shown with what the vault holds, never with what it does not."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.claims import Withdrawal
from ledger.corpus.ingest import ingest
from ledger.errors import InputError, UnknownNameError
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.log.verify import verify_log
from ledger.provenance.entries import list_entries, show_entry
from ledger.provenance.opening import create_ledger, open_ledger

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
def log(own_place: Path) -> Iterator[Log]:
    create_ledger("h.db")
    with open_ledger("h.db", write=True) as opened:
        ingest(opened, [FIXTURES / "archive" / "notes-1.tar.gz"], dataset="archive@1")
        yield opened
        verify_log(opened)


def test_a_page_of_entries_skips_one(log: Log) -> None:
    pages = [list_entries(log, start=start, limit=4) for start in range(0, log.size, 4)]
    assert [entry.index for page in pages for entry in page] == list(range(log.size))
    for page in pages:
        for entry in page:
            assert (entry.kind, entry.subject) == (
                log.entry(entry.index).kind,
                log.entry(entry.index).subject,
            )


@pytest.mark.parametrize("kind", ["origin", "key", "operation"])
def test_another_kind_is_listed(log: Log, kind: str) -> None:
    expected = [i for i in range(log.size) if log.entry(i).kind == kind]
    assert expected
    assert [e.index for e in list_entries(log, kind=kind, limit=99)] == expected
    assert [e.index for e in list_entries(log, kind=kind, start=expected[0] + 1, limit=1)] == (
        expected[1:2]
    )


def test_a_list_of_nothing_looks_empty(log: Log) -> None:
    assert list_entries(log, kind="authorship") == []
    with pytest.raises(UnknownNameError, match="unknown kind of entry: orgin") as caught:
        list_entries(log, kind="orgin")
    assert caught.value.hint == "did you mean origin?"
    with pytest.raises(InputError, match=f"entry {log.size} is beyond the last, {log.size - 1}"):
        list_entries(log, start=log.size)


def test_an_entry_is_shown_with_other_bytes(log: Log) -> None:
    for index in range(log.size):
        shown = show_entry(log, index)
        assert shown.text == log.entry_bytes(index)
        assert shown.leaf_hash == sha256(b"\0" + shown.text).digest()
        assert (shown.withdrawn_by, shown.checkpoint) == (None, log.size)


def test_a_private_value_is_lost_or_leaks(log: Log) -> None:
    (index, *_) = [e.index for e in list_entries(log, kind="origin")]
    shown = show_entry(log, index)
    value = shown.values["path"]
    assert value is not None and value.startswith("notes-1/docs/")
    assert value.encode() not in shown.text
    with open_ledger("h.db") as reader:
        assert reader.vault is not None
        reader.vault.close()
        reader.vault = None
        assert show_entry(reader, index).values == {"path": None}


def test_an_attachment_is_lost(log: Log) -> None:
    (evidence,) = list_entries(log, kind="evidence")
    size = (FIXTURES / "archive" / "index.json").stat().st_size
    assert show_entry(log, evidence.index).attachments == {"proof": size}


def test_a_withdrawn_entry_looks_live(log: Log) -> None:
    (dataset,) = list_entries(log, kind="dataset")
    claim = log.entry(dataset.index).claim_id
    (taken,) = record(log, [Claim("withdrawal", dataset.subject, Withdrawal(claim=claim))])
    assert show_entry(log, dataset.index).withdrawn_by == taken.index
    assert show_entry(log, taken.index).withdrawn_by is None


def test_an_entry_nobody_recorded_is_shown(log: Log) -> None:
    with pytest.raises(InputError, match=f"the log has {log.size} entries"):
        show_entry(log, log.size)
