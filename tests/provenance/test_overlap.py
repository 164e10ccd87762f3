"""`overlap` claims: of the members, as they were recorded, once, with what they matched."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ledger.claims import Withdrawal
from ledger.corpus.ingest import ingest
from ledger.corpus.neardup import PAIRS
from ledger.errors import DocumentMismatchError, InputError, UnknownNameError
from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.log.verify import verify_log
from ledger.provenance import overlap as overlaps
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.provenance.overlap import dataset_reference, measure, sidecar_folder
from ledger.provenance.pairs import examples, path_finder, write_pairs
from tests.corpus.neardup_helpers import Writer, digest

DESCRIBED = 'license = "CC0-1.0"\nchannel = "other_private"\nlanguage = "en"\n'


@pytest.fixture
def texts() -> dict[str, str]:
    """Two folders: a/copy is b/copy, a/near is b/near edited, a/new and b/old are nothing alike."""
    writer = Writer(21)
    near, copy = writer.text(200), writer.text(90)
    return {
        "a/copy.txt": copy,
        "a/near.txt": writer.edited(near, 0.015),
        "a/=new.txt": writer.text(120),
        "a/whole.txt": f"{writer.text(150)} {near}",
        "b/copy.txt": copy,
        "b/near.txt": near,
        "b/old.txt": writer.text(100),
    }


@pytest.fixture
def log(own_place: Path, texts: dict[str, str]) -> Iterator[Log]:
    """Datasets a@1 and b@1 of those folders; verified again when the test is over."""
    for name, text in texts.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    create_ledger("h.db", log_name="example.org/corpus")
    with open_ledger("h.db", write=True) as opened:
        for side in ("a", "b"):
            Path(side, "dataset.toml").write_text(DESCRIBED)
            ingest(opened, [Path(side)], dataset=f"{side}@1")
        yield opened
        verify_log(opened)


def test_counts_are_not_those_of_the_texts(log: Log, texts: dict[str, str]) -> None:
    found = measure(log, "a@1", "b@1")
    counts = found.counts
    assert (counts.documents, counts.against_documents) == (4, 3)
    assert (counts.exact, counts.normalised, counts.near_80, counts.contained) == (1, 1, 2, 1)
    assert found.came_back == 3
    body = log.entry(found.entry).body
    assert log.entry(found.entry).kind == "overlap"
    assert {name: body[name] for name in ("dataset", "against", "exact", "near_80", "novel")} == {
        "dataset": "a@1", "against": "b@1", "exact": 1, "near_80": 2, "novel": counts.novel
    }  # fmt: skip
    assert body["content_root"] == f"sha256:{dataset_reference(log, 'a@1').root.hex()}"
    assert body["against_root"] == f"sha256:{dataset_reference(log, 'b@1').root.hex()}"
    assert log.vault is not None
    attached = log.vault.attachment(parse_digest(body["pairs"]))
    assert attached is not None
    assert pq.read_table(io.BytesIO(attached)).equals(found.pairs)
    assert found.pairs.schema.equals(PAIRS)


def test_the_same_comparison_is_recorded_twice(log: Log) -> None:
    first = measure(log, "a@1", "b@1")
    size = log.size
    again = measure(log, "a@1", "b@1", workers=1)
    assert (again.entry, first.new, again.new, log.size) == (first.entry, True, False, size)
    back = measure(log, "b@1", "a@1")
    assert back.new and back.counts.documents == 3


def test_lost_sketches_change_what_is_recorded(log: Log) -> None:
    first = measure(log, "a@1", "b@1")
    for file in sidecar_folder("h.db").iterdir():
        file.unlink()
    assert measure(log, "a@1", "b@1").entry == first.entry


def test_text_that_changed_since_is_compared(log: Log) -> None:
    Path("a/near.txt").write_text("another text than the one that was recorded")
    with pytest.raises(DocumentMismatchError, match="recorded was"):
        measure(log, "a@1", "b@1")


def test_a_withdrawn_document_is_counted(log: Log, texts: dict[str, str]) -> None:
    subject = f"sha256:{digest(texts['a/copy.txt']).hex()}"
    before = measure(log, "a@1", "b@1")
    (index,) = (i for i in log.find(subject) if log.entry(i).body.get("dataset") == "a@1")
    claim = Withdrawal(claim=log.entry(index).claim_id)
    record(log, [Claim("withdrawal", subject, claim)])
    found = measure(log, "a@1", "b@1")
    assert (found.counts.documents, found.counts.exact) == (3, 0)
    assert found.root != before.root and found.new


def test_a_set_is_compared_with_itself_or_with_nothing_known(log: Log) -> None:
    with pytest.raises(InputError, match="against itself"):
        measure(log, "a@1", "a@1")
    with pytest.raises(UnknownNameError, match="c@1"):
        measure(log, "a@1", "c@1")


def test_members_that_no_input_holds_go_unnoticed(log: Log) -> None:
    missing = replace(dataset_reference(log, "b@1"), name="reserve:b@1", documents=4)
    with pytest.raises(DocumentMismatchError, match=r"3 documents found .* expected 4"):
        measure(log, "a@1", missing)


def test_an_input_that_moved_is_not_found(log: Log) -> None:
    Path("elsewhere").mkdir()
    Path("b").rename("elsewhere/b")
    with pytest.raises(InputError, match="no such file"):
        measure(log, "a@1", "b@1")
    assert measure(log, "a@1", "b@1", roots=[Path("elsewhere")]).counts.exact == 1


def test_too_many_pairs_fill_the_vault(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlaps, "KEPT_PAIRS", 2)
    found = measure(log, "a@1", "b@1")
    assert found.pairs.num_rows > found.kept == 2
    body = log.entry(found.entry).body
    assert log.vault is not None
    kept = pq.read_table(io.BytesIO(log.vault.attachment(parse_digest(body["pairs"])) or b""))
    assert kept["candidate"].to_pylist() == sorted(set(found.pairs["candidate"].to_pylist()))[:2]


def test_paths_are_those_of_other_documents(log: Log, texts: dict[str, str]) -> None:
    found = measure(log, "a@1", "b@1")
    finders = path_finder(log, "a@1"), path_finder(log, "b@1")
    assert finders[0](digest(texts["a/near.txt"])) == "near.txt"
    assert finders[1](digest(texts["a/near.txt"])) is None
    (shown, *_) = examples(found.pairs, *finders, 5)
    assert (shown.candidate_path, shown.reference_path) == ("near.txt", "near.txt")
    assert shown.data()["candidate"] == f"sha256:{digest(texts['a/near.txt']).hex()}"


def test_a_spreadsheet_runs_a_file_name(log: Log, texts: dict[str, str]) -> None:
    found = measure(log, "a@1", "b@1")
    bad = ["=cmd()", "+1", "-1", "@x", "\tx", "\rx", "\nx", 'quote"d, "x', "plain"]
    for number, name in enumerate(bad):
        finders = (lambda _digest, name=name: name), (lambda _digest: None)
        write_pairs(Path(f"{number}.csv"), found.pairs, finders)
        rows = list(csv.DictReader(io.StringIO(Path(f"{number}.csv").read_bytes().decode())))
        assert len(rows) == found.pairs.num_rows
        cell = rows[0]["candidate_path"]
        assert cell == (name if number > 6 else f"'{name}")
        assert rows[0]["reference_path"] == ""
        assert rows[0]["candidate"] == found.pairs["candidate"][0].as_py().hex()


def test_a_pairs_file_holds_something_else(log: Log) -> None:
    found = measure(log, "a@1", "b@1")
    write_pairs(Path("pairs.parquet"), found.pairs)
    assert pq.read_table("pairs.parquet").equals(found.pairs)
    write_pairs(Path("none.csv"), PAIRS.empty_table())
    assert Path("none.csv").read_text().strip() == ",".join(PAIRS.names)
    with pytest.raises(InputError, match=r"\.csv or \.parquet"):
        write_pairs(Path("pairs.txt"), found.pairs)
