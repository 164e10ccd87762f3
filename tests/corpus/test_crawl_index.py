"""An index that disagrees, lacks records, or has nothing to say about the text at all."""

import json
from datetime import datetime
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.corpus.evidence import NotCheckedError, Reading, _crawl_rows, check, checkers, level
from ledger.corpus.readers import ReadOptions, _pages
from ledger.errors import InputError, MalformedError, VerificationError
from tests.corpus.helpers import FIXTURES, read
from tests.fixtures.captures import (
    INDEX,
    WARC_NAME,
    archive,
    index_file,
    index_of,
    packed,
    page,
    record,
    response,
)
from tests.fixtures.make import FINEWEB, NOTES

AT = 1_633_852_800  # 2021-10-10 08:00
RECORDS = archive(NOTES)


@pytest.fixture
def crawl(tmp_path):
    """A WARC file and a way to look it up in an index of these rows."""

    class Crawl:
        path = tmp_path / WARC_NAME

        def look(self, rows, **settings):
            data = rows if isinstance(rows, bytes) else index_file(rows)
            (tmp_path / "index.parquet").write_bytes(data)
            return check("crawl_index", self.path, {"index": "index.parquet", **settings}, tmp_path)

    crawl = Crawl()
    crawl.path.write_bytes(packed(*RECORDS))
    return crawl


def test_a_warc_whose_every_record_is_in_the_index_is_dated_as_a_whole(crawl):
    rows = index_of(RECORDS)
    rows[3]["fetch_time"] = datetime(2021, 10, 10, 8)
    found = crawl.look(rows, issuer="crawl.example.org")
    assert (found.outcome, found.binding, found.existed_by) == ("checked", "derived", AT)
    assert (found.documents, found.issuer) == (None, "crawl.example.org")
    assert found.detail.startswith("payload digest, place, URL and time of all 6 records")
    assert level(found.type, found.outcome) == 4


def test_the_stored_rows_are_enough_to_check_again(crawl, tmp_path):
    found = crawl.look(index_of(RECORDS))
    (tmp_path / "rows").write_bytes(found.response)
    again = check("crawl_index", crawl.path, {"rows": "rows"}, tmp_path)
    assert again == found
    assert checkers()["crawl_index"].proof_setting == "rows"
    other = index_of(RECORDS)[0]["content_digest"].encode()
    (tmp_path / "rows").write_bytes(found.response.replace(other, b"A" * 32))
    with pytest.raises(VerificationError):
        check("crawl_index", crawl.path, {"rows": "rows"}, tmp_path)


def test_the_stored_rows_do_not_depend_on_how_the_index_is_cut(crawl, tmp_path):
    rows = index_of(RECORDS)
    whole = crawl.look(rows)
    (tmp_path / "parts").mkdir()
    for number, row in enumerate(reversed(rows)):
        (tmp_path / "parts" / f"{number}.parquet").write_bytes(index_file([row]))
    for index in ("parts", "parts/*.parquet"):
        assert check("crawl_index", crawl.path, {"index": index}, tmp_path) == whole


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("content_digest", "A" * 32, "digest"),
        ("content_digest", None, "digest"),
        ("url", "https://else.example.org/", "url https://www.kitchen1.example.org/1, but the"),
        ("fetch_time", datetime(2021, 10, 10, 8, 0, 1), "fetch time 1633852800, but the index has"),
    ],
)
def test_an_index_row_that_disagrees_is_one_clear_error(column, value, said, crawl):
    rows = index_of(RECORDS)
    rows[0][column] = value
    with pytest.raises(VerificationError, match=r"\.warc\.gz:row 2: ") as caught:
        crawl.look(rows)
    assert said in str(caught.value)
    assert "at byte 462" in str(caught.value)


def test_records_the_index_lacks_leave_the_others_dated_one_by_one(crawl):
    found = crawl.look(index_of(RECORDS)[:2])
    assert found.existed_by is None
    assert "2 of 6 records" in found.detail
    texts = [row["text"] for row in read(crawl.path)[0]][:2]
    assert found.documents == {sha256(text.encode()).digest(): AT for text in texts}


def test_a_capture_the_index_marks_as_truncated_is_not_dated(crawl):
    rows = index_of(RECORDS)
    rows[5]["content_truncated"] = "length"
    found = crawl.look(rows)
    assert found.existed_by is None
    assert len(found.documents) == 5
    assert "1 are marked there as truncated and not dated" in found.detail


def test_an_index_of_other_files_refutes_nothing(crawl):
    rows = index_of(RECORDS, "OTHER.warc.gz")
    with pytest.raises(NotCheckedError, match="lists none of the 6 records"):
        crawl.look(rows)
    assert crawl.look(rows, filename="OTHER.warc.gz").existed_by == AT
    with pytest.raises(NotCheckedError, match="without an index"):
        check("crawl_index", crawl.path, {})


def test_records_that_share_a_member_are_found_by_url_and_time(crawl):
    import gzip

    made = [response(page("a", "One."), 1), response(page("b", "Two."), 2)]
    crawl.path.write_bytes(gzip.compress(b"".join(made)))
    rows = index_of(made)
    rows[1]["warc_record_offset"] = 7
    assert crawl.look(rows).existed_by == AT
    rows[1]["content_digest"] = "A" * 32
    assert len(crawl.look(rows).documents) == 1


def test_a_plain_warc_is_found_by_its_offsets(crawl, tmp_path):
    crawl.path = tmp_path / "plain.warc"
    crawl.path.write_bytes(b"".join(RECORDS))
    rows, offset = index_of(RECORDS, "plain.warc"), 0
    for one in RECORDS:
        if b"WARC-Type: response" in one:
            row = next(r for r in rows if r["url"].encode() in one)
            row["warc_record_offset"] = offset
        offset += len(one)
    assert crawl.look(rows).existed_by == AT


def test_a_record_without_a_digest_of_its_own_is_hashed(crawl):
    made = [record_of := response(page("a", "One."), 1)]
    digest = index_of(made)[0]["content_digest"]
    bare = response(page("a", "One."), 1, {"WARC-Payload-Digest": None})
    crawl.path.write_bytes(packed(bare))
    rows = index_of([record_of])
    assert crawl.look(rows).existed_by == AT
    rows[0]["content_digest"] = digest.lower()
    assert crawl.look(rows).existed_by == AT
    rows[0]["content_digest"] = "B" * 32
    with pytest.raises(VerificationError):
        crawl.look(rows)


def test_rejected_records_do_not_stand_in_the_way(crawl):
    revisit = record("revisit", b"", {"WARC-Target-URI": "https://a.example.org/"})
    crawl.path.write_bytes(packed(*RECORDS, revisit))
    assert crawl.look(index_of(RECORDS)).existed_by == AT


# text without its payload


def test_wet_text_is_not_bound_by_the_index(crawl, tmp_path):
    crawl.path = FIXTURES / "wet" / "notes.warc.wet.gz"
    found = crawl.look(index_of(RECORDS))
    assert (found.binding, found.existed_by) == ("url_only", AT)
    assert "no digest of a text" in found.detail


def test_fineweb_rows_are_not_bound_by_the_index(crawl):
    crawl.path = FIXTURES / "parquet" / "notes.parquet"
    rows = [
        index_of(RECORDS)[0]
        | {
            "url": row["url"],
            "fetch_time": datetime.fromisoformat(row["date"]).replace(tzinfo=None),
        }
        for row in FINEWEB
    ]
    found = crawl.look(rows)
    assert (found.binding, found.documents) == ("url_only", None)
    assert crawl.look(rows[:2]).documents.keys() == {
        sha256(row["text"].encode()).digest() for row in FINEWEB[:2]
    }
    later = [row | {"fetch_time": datetime(2022, 1, 1)} for row in rows]
    with pytest.raises(NotCheckedError):
        crawl.look(later)


def test_text_no_crawl_collected_is_not_this_kind_of_input(crawl):
    crawl.path = FIXTURES / "text"
    with pytest.raises(InputError, match="without a URL and the time they were collected"):
        crawl.look(index_of(RECORDS))


# an index that is none


@pytest.mark.parametrize("data", [b"", b"PAR1", b"hello" * 99])
def test_an_index_that_is_no_parquet_is_malformed(data, crawl):
    with pytest.raises(MalformedError, match=r"index\.parquet: broken Parquet"):
        crawl.look(data)


def test_a_table_that_is_no_index_is_malformed(crawl, tmp_path):
    pq.write_table(pa.table({"url": ["x"]}), tmp_path / "t.parquet")
    with pytest.raises(MalformedError, match="no column fetch_time, expected a crawl index"):
        crawl.look((tmp_path / "t.parquet").read_bytes())
    odd = pa.Table.from_pylist(index_of(RECORDS), INDEX)
    names = odd.schema.names
    texts = pa.array(["x"] * odd.num_rows)
    for name in ("fetch_time", "warc_record_offset"):
        swapped = odd.set_column(names.index(name), name, texts)
        pq.write_table(swapped, tmp_path / "t.parquet")
        with pytest.raises(MalformedError):
            crawl.look((tmp_path / "t.parquet").read_bytes())


def test_an_index_that_is_not_there(crawl, tmp_path):
    for name in ("gone.parquet", "gone/*.parquet"):
        with pytest.raises(InputError, match="no such file"):
            check("crawl_index", crawl.path, {"index": name}, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        check("crawl_index", crawl.path, {"index": "empty"}, tmp_path)


@pytest.mark.parametrize("line", [b"x", b"{}", b"[]", b'{"digest": 1}'])
def test_stored_rows_that_are_none_are_malformed(line, crawl, tmp_path):
    (tmp_path / "rows").write_bytes(line)
    with pytest.raises(MalformedError):
        check("crawl_index", crawl.path, {"rows": "rows"}, tmp_path)
    whole = json.dumps(dict.fromkeys(["offset", "url", "fetch_time", "digest", "record"])).encode()
    (tmp_path / "rows").write_bytes(whole)
    with pytest.raises(MalformedError):
        check("crawl_index", crawl.path, {"rows": "rows"}, tmp_path)


def test_a_record_id_is_kept_where_the_index_has_one(crawl, tmp_path):
    rows = pa.Table.from_pylist(index_of(RECORDS), INDEX)
    ids = pa.array([bytes(15) + bytes([n]) for n in range(rows.num_rows)], pa.binary(16))
    pq.write_table(rows.append_column("warc_record_id", ids), tmp_path / "t.parquet")
    found = crawl.look((tmp_path / "t.parquet").read_bytes())
    assert json.loads(found.response.splitlines()[0])["record"].startswith("00000000-0000-0000-")


def test_how_it_was_read_decides_which_documents_are_dated(crawl, tmp_path):
    (tmp_path / "index.parquet").write_bytes(index_file(index_of(RECORDS)[:1]))
    source = Reading("warc", ReadOptions(settings={"warc.html": "source"}))
    found = check("crawl_index", crawl.path, {"index": "index.parquet"}, tmp_path, source)
    texts = [row["text"] for row in read(crawl.path, source.options)[0]]
    assert list(found.documents) == [sha256(texts[0].encode()).digest()]


def test_a_small_index_decodes_to_any_amount_of_text(tmp_path, monkeypatch):
    """A dictionary holds a long URL once, and every row repeats it by number."""
    count = 1000
    columns = {
        "url": ["https://example.org/" + "a" * 1000] * count,
        "fetch_time": pa.array([0] * count, pa.timestamp("s")),
        "content_digest": ["A" * 32] * count,
        "warc_filename": ["a.warc.gz"] * count,
        "warc_record_offset": list(range(count)),
    }
    pq.write_table(pa.table(columns), tmp_path / "index.parquet")
    monkeypatch.setattr(_pages, "_DECODED", 100_000)
    sizes = [batch.num_rows for batch in _crawl_rows._batches(tmp_path / "index.parquet")]
    assert sum(sizes) == count
    assert max(sizes) < 100
