"""Captures that lie about their length, their digest, their coding or their charset."""

import gzip
import zlib
from base64 import b32encode
from hashlib import sha1, sha256

import brotli
import pyarrow as pa
import pytest
from fastwarc.warc import ArchiveIterator
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.corpus.document import Passed
from ledger.corpus.readers import ReadOptions, derivation, reader_for
from ledger.corpus.readers._digests import base_32, read_digest
from ledger.corpus.readers._languages import two_letters
from ledger.corpus.readers._records import Record, records
from ledger.errors import InputError, LedgerError, MalformedError, MissingExtraError
from tests.corpus.helpers import FIXTURES, read
from tests.fixtures.captures import (
    WARC_NAME,
    chunked,
    conversion,
    http,
    packed,
    page,
    record,
    request,
    response,
    urn,
    warcinfo,
)
from tests.fixtures.captures import (
    sha1 as digest_of,
)
from tests.fixtures.make import NOTES

PLAIN = {"Content-Type": "text/plain"}
SOURCE = ReadOptions(settings={"warc.html": "source"})


@pytest.fixture
def file(tmp_path):
    def write(*parts, name="f.warc.gz"):
        path = tmp_path / name
        path.write_bytes(packed(*parts) if name.endswith(".gz") else b"".join(parts))
        return path

    return write


def said(text, number=1, **more):
    """A response of plain text."""
    return response(text.encode(), number, fields=PLAIN, **more)


def rejected(path, options=None):
    """The reasons, of a file whose other documents are good."""
    _, bad = read(path, options)
    return [reason for _, reason in bad]


def passed(path):
    found = reader_for(path).read(path, ReadOptions())
    return {item.what: item.count for item in found if isinstance(item, Passed)}


# what becomes of a good file


def test_pages_become_their_main_content_and_nothing_else():
    rows, bad = read(FIXTURES / "warc" / WARC_NAME)
    assert bad == []
    assert [row["row"] for row in rows] == [2, 5, 8, 11, 14, 17]
    assert rows[5] == {
        "row": 17,
        "part": 0,
        "text": f"tee.txt\n\n{NOTES['kitchen/tee.txt'].strip()}",
        "site": "example.org",
        "content_type": "text/html",
        "crawler": "CC-MAIN-2021-43",
        "collected_at": 1_633_852_800,
        "url": "https://www.kitchen0.example.org/6",
        "record": urn(6),
    }
    assert not any("Terms and conditions" in row["text"] for row in rows)


def test_what_is_no_document_by_design_is_counted(file):
    image = response(b"\x89PNG", 3, fields={"Content-Type": "image/png"})
    gone = response(b"<p>gone</p>", 4, status="404 Not Found")
    dns = response(b"x", 5, {"Content-Type": "text/dns"})
    path = file(warcinfo(), request(1), said("a"), image, gone, gone, dns)
    assert passed(path) == {
        "request records": 1,
        "responses of image/png": 1,
        "responses of status 404": 2,
        "responses of text/dns": 1,
        "warcinfo records": 1,
    }
    assert len(read(path)[0]) == 1


def test_a_flood_of_kinds_is_summed_up(file):
    kinds = [response(b"x", n, fields={"Content-Type": f"a/b{n}"}) for n in range(80)]
    found = passed(file(*kinds))
    assert len(found) == 51
    assert found["other records"] == 30


@pytest.mark.parametrize("name", ["f.warc", "f.warc.gz", "F.WARC.GZ"])
def test_every_ending(name, tmp_path):
    data = said("one") + said("two", 2)
    if name.lower().endswith(".gz"):
        data = packed(said("one"), said("two", 2))
    (tmp_path / name).write_bytes(data)
    rows, bad = read(tmp_path / name)
    assert ([row["text"] for row in rows], bad) == (["one", "two"], [])


def test_wet_is_text_as_found_and_knows_its_warc_record():
    path = FIXTURES / "wet" / "notes.warc.wet.gz"
    rows, bad = read(path)
    assert bad == []
    assert rows[0]["text"].startswith("# Beans\n\n")
    assert rows[0]["record"] == urn(1)
    assert [row.get("language") for row in rows] == ["en"] * 5 + [None]  # two: none of them
    assert derivation(reader_for(path), path, ReadOptions()) == ()


def test_the_extractor_and_all_its_options_are_named():
    path = FIXTURES / "warc" / WARC_NAME
    (made,) = derivation(reader_for(path), path, ReadOptions())
    assert made.startswith("resiliparse/")
    assert "main_content=true" in made and "preserve_formatting=true" in made
    everything = ReadOptions(settings={"warc.html": "all"})
    assert "main_content=false" in derivation(reader_for(path), path, everything)[0]
    assert derivation(reader_for(path), path, SOURCE) == ()


def test_html_as_found_or_whole_when_asked(file):
    path = file(response(page("Tea", "Two minutes.")))
    assert read(path, SOURCE)[0][0]["text"] == page("Tea", "Two minutes.").decode()
    whole = read(path, ReadOptions(settings={"warc.html": "all"}))[0][0]["text"]
    assert "All notes" in whole and "Terms and conditions" in whole
    with pytest.raises(InputError, match=r"warc\.html = 'some', expected main, all, source"):
        read(path, ReadOptions(settings={"warc.html": "some"}))


def test_without_the_extra_it_says_which(file, monkeypatch):
    import sys

    path = file(said("a"))
    monkeypatch.setitem(sys.modules, "fastwarc.stream_io", None)
    with pytest.raises(MissingExtraError) as caught:
        read(path)
    assert caught.value.hint == "pip install 'headwater[warc]'"


def test_angle_brackets_around_a_uri_are_not_part_of_it(file):
    rows, _ = read(file(said("a", url="<https://a.example.org/x>")))
    assert rows[0]["url"] == "https://a.example.org/x"


def test_a_resource_is_a_document_too(file):
    headers = {"WARC-Target-URI": "file:///a.txt", "Content-Type": "text/plain"}
    rows, bad = read(file(record("resource", b"kept", headers)))
    assert ([row["text"] for row in rows], bad) == (["kept"], [])


# digests


def test_a_wrong_payload_digest_names_both(file):
    wrong = digest_of(b"other")
    path = file(said("good", 1), said("bad", 2, headers={"WARC-Payload-Digest": wrong}))
    rows, bad = read(path)
    right = digest_of(b"bad")[5:]
    assert [row["text"] for row in rows] == ["good"]
    assert bad == [
        (":row 1", f"WARC-Payload-Digest says {wrong[5:]}, the bytes have {right}"),
    ]


def test_a_wrong_block_digest_is_rejected(file):
    (reason,) = rejected(file(said("a", headers={"WARC-Block-Digest": digest_of(b"a")})))
    assert reason.startswith("WARC-Block-Digest says ")


@pytest.mark.parametrize(
    "spelled",
    [
        digest_of(b"a").lower(),
        "SHA-1:" + sha1(b"a").hexdigest(),
        "sha1:" + sha1(b"a").hexdigest().upper(),
        "sha256:" + sha256(b"a").hexdigest(),
        "sha-256: " + b32encode(sha256(b"a").digest()).decode(),
        "sha256:" + b32encode(sha256(b"a").digest()).decode().rstrip("=").lower(),
    ],
)
def test_one_digest_has_many_spellings(spelled, file):
    assert rejected(file(said("a", headers={"WARC-Payload-Digest": spelled}))) == []
    assert len(rejected(file(said("b", headers={"WARC-Payload-Digest": spelled})))) == 1


@pytest.mark.parametrize(
    "spelled", ["sha1:", "sha1", "sha1:A_A", "crc32:00", ":", "sha1:" + "é" * 32]
)
def test_a_digest_nobody_can_compute_is_no_match(spelled, file):
    (reason,) = rejected(file(said("a", headers={"WARC-Payload-Digest": spelled})))
    assert "WARC-Payload-Digest" in reason
    assert reason.isprintable()


@given(st.binary(max_size=80))
def test_base_32_is_that_of_the_standard_library(data):
    digest = sha256(data).digest()
    assert base_32(digest) == b32encode(digest).decode().rstrip("=")
    assert read_digest(base_32(digest).encode(), 32) == digest
    assert read_digest(digest.hex().encode(), 32) == digest
    assert read_digest(base_32(digest)[:-1].encode(), 32) is None


def test_a_payload_digest_may_be_over_the_chunks_or_what_is_in_them(file):
    body = b"a text in many little chunks"
    for digest in (digest_of(chunked(body)), digest_of(body)):
        coded = response(
            chunked(body),
            1,
            {"WARC-Payload-Digest": digest},
            fields=PLAIN | {"Transfer-Encoding": "chunked"},
        )
        rows, bad = read(file(coded))
        assert ([row["text"] for row in rows], bad) == ([body.decode()], [])


# records that are no documents


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (
            record("revisit", http(b""), {"WARC-Target-URI": "https://a.example.org/"}),
            "a revisit record, it holds no payload",
        ),
        (
            record("continuation", b"more", {"WARC-Segment-Number": 2}),
            "a continuation record, segments are not joined",
        ),
        (said("a", headers={"WARC-Segment-Number": 1}), "the first of several segments, which"),
        (
            said("a", headers={"WARC-Truncated": "length"}),
            "truncated when it was captured (length)",
        ),
        (said("a", headers={"WARC-Date": None}), "no header warc-date"),
        (said("a", headers={"WARC-Target-URI": None}), "no header warc-target-uri"),
        (said("a", headers={"WARC-Date": "2021-13-45T00:00:00Z"}), "collected_at '2021-13-45T"),
        (said("a", headers={"WARC-Date\r\nwarc-date": "2021-10-10T08:00:00Z"}), "header warc-date"),
        (said(""), "empty text"),
        (response(b"<html><body></body></html>"), "no main text in 26 characters of HTML"),
        (response(b"x", fields={"Content-Type": ""}), "no HTTP content-type"),
        (response(b"x", status=""), "an HTTP response without a status"),
        (conversion(b"caf\xe9"), "bytes that are not utf-8, which the page declares"),
    ],
)
def test_what_should_be_a_document_and_is_none_is_rejected(bad, reason, file):
    rows, found = read(file(warcinfo(), said("good", 1), bad, said("fine", 2)))
    assert [row["text"] for row in rows] == ["good", "fine"]
    assert [where for where, _ in found] == [":row 2"]
    assert found[0][1].startswith(reason)


def test_a_long_block_is_passed_over_not_kept(file):
    for name in ("f.warc", "f.warc.gz"):
        path = file(said("a"), said("b" * 3000, 2), said("c", 3), name=name)
        rows, bad = read(path, ReadOptions(max_document_bytes=1000))
        assert [row["text"] for row in rows] == ["a", "c"]
        assert bad[0][0] == ":row 1"
        assert "expected at most 1000" in bad[0][1]


# lengths that lie


LIES = [-1, "abc", "1e3", "9" * 20, "+5", "", "0x10", 5, 40, 400, 100_000, "5\r\ncontent-length: 9"]


@pytest.mark.parametrize("length", LIES)
def test_a_lying_length_costs_its_own_record_only(length, file):
    """In gzip every record has a member of its own, so the next one is where it was."""
    lie = said("x" * 20, 2, headers={"Content-Length": length})
    rows, bad = read(file(warcinfo(), said("a"), lie, said("c", 3)))
    assert [(row["row"], row["text"]) for row in rows] == [(1, "a"), (3, "c")]
    assert [where for where, _ in bad] == [":row 2"]
    assert "Content-Length" in bad[0][1]


@pytest.mark.parametrize("length", LIES)
def test_without_members_a_lying_length_is_one_clear_error(length, file):
    lie = said("x" * 20, 2, headers={"Content-Length": length})
    path = file(warcinfo(), said("a"), lie, said("c", 3), name="f.warc")
    with pytest.raises(MalformedError, match=r"f\.warc: record [23]: ") as caught:
        read(path)
    assert str(caught.value).isprintable()


def test_a_length_that_swallows_the_next_record_exactly(file):
    """Neither stream nor digest shows it; that a member begins inside does."""
    inner = said("hidden", 2)
    headers = {"WARC-Payload-Digest": None, "WARC-Block-Digest": None}
    outer = said("x", 1, headers=headers)
    size = len(outer.split(b"\r\n\r\n", 1)[1]) - 4 + len(inner)
    lie = said("x", 1, headers={**headers, "Content-Length": size})
    rows, bad = read(file(warcinfo(), lie, inner, said("c", 3)))
    assert [row["text"] for row in rows] == ["hidden", "c"]
    assert [where for where, _ in bad] == [":row 1"]


def test_a_page_about_warc_files_is_not_a_record_inside_a_record(file):
    text = "It begins so:\r\n\r\nWARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9\r\n\r\n"
    rows, bad = read(file(warcinfo(), said(text), said("b", 2)))
    assert ([row["text"] for row in rows], bad) == ([text, "b"], [])


def test_junk_between_members_is_rejected_by_place(file):
    rows, bad = read(file(warcinfo(), said("a"), b"junk", said("b", 2)))
    assert [row["text"] for row in rows] == ["a", "b"]
    assert bad == [(":row 2", "4 bytes, expected a record's header to end")]


def test_a_huge_header_is_not_read(file):
    huge = said("x", 2, headers={"X": "y" * 100_000})
    rows, bad = read(file(warcinfo(), said("a"), huge, said("b", 3)))
    assert [row["text"] for row in rows] == ["a", "b"]
    assert bad[0][1] == "over 65536 bytes, expected a record's header to end"


def test_huge_http_headers_are_rejected(file):
    (reason,) = rejected(file(said("a"), response(b"x", 2, fields={"X": "y" * 70_000})))
    assert reason == "no end of the HTTP headers within 65536 bytes"


def test_every_truncation_of_a_packed_file_is_malformed(tmp_path):
    whole, last = packed(warcinfo(), said("a"), said("b", 2)), len(packed(said("b", 2)))
    for cut in (1, 4, 8, 9, 30, 100, last - 1, last + 3):
        (tmp_path / "f.warc.gz").write_bytes(whole[:-cut])
        with pytest.raises(MalformedError, match="truncated gzip"):
            read(tmp_path / "f.warc.gz")


def test_every_truncation_of_a_plain_file_is_malformed(tmp_path):
    whole, last = said("a") + said("b", 2), len(said("b", 2))
    for cut in range(1, last):
        (tmp_path / "f.warc").write_bytes(whole[:-cut])
        with pytest.raises(MalformedError, match="record 1: "):
            read(tmp_path / "f.warc")


def test_damaged_gzip_is_malformed(tmp_path):
    whole = bytearray(packed(warcinfo(), said("a"), said("b", 2)))
    whole[len(packed(warcinfo(), said("a"))) - 6] ^= 1  # a checksum
    (tmp_path / "f.warc.gz").write_bytes(whole)
    with pytest.raises(MalformedError, match="broken gzip"):
        read(tmp_path / "f.warc.gz")


def test_a_bomb_is_not_unpacked(file):
    bomb = said("x", 2).replace(b"\r\n\r\nx\r\n", b"\r\n\r\n" + bytes(100 << 20) + b"\r\n")
    with pytest.raises(MalformedError, match="200 times"):
        read(file(warcinfo(), bomb))


@pytest.mark.parametrize("data", [b"", b"hello world, this is text", b"<html>" * 99])
def test_what_is_no_warc_is_malformed(data, tmp_path):
    for name, packing in (("f.warc", bytes), ("f.warc.gz", gzip.compress)):
        if not data and name == "f.warc":
            continue
        (tmp_path / name).write_bytes(packing(data) if data else data)
        with pytest.raises(MalformedError):
            read(tmp_path / name)


def test_padding_after_the_last_member_is_not_a_record(tmp_path):
    (tmp_path / "f.warc.gz").write_bytes(packed(said("a")) + bytes(700))
    assert len(read(tmp_path / "f.warc.gz")[0]) == 1
    assert len(list(records(tmp_path / "f.warc.gz", ReadOptions(), offsets=True))) == 1


def test_one_member_may_hold_all_records(tmp_path):
    (tmp_path / "f.warc.gz").write_bytes(gzip.compress(said("a") + said("b", 2)))
    assert [row["text"] for row in read(tmp_path / "f.warc.gz")[0]] == ["a", "b"]
    broken = gzip.compress(said("a") + b"x" + said("b", 2))
    (tmp_path / "f.warc.gz").write_bytes(broken)
    with pytest.raises(MalformedError, match="record 1: "):
        read(tmp_path / "f.warc.gz")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 900), st.binary(max_size=3), st.integers(0, 3)),
        max_size=3,
    )
)
def test_streams_and_members_give_the_same_records(tmp_path_factory, edits):
    """Whatever is done to the records, it does not matter which way they are cut."""
    parts = [warcinfo(), said("a"), said("b" * 40, 2), request(3)]
    for part, place, new, length in edits:
        data = parts[part]
        parts[part] = data[: place % len(data)] + new + data[place % len(data) + length :]
    path = tmp_path_factory.mktemp("w") / "f.warc.gz"
    path.write_bytes(packed(*parts))
    assert outcome(path, offsets=False) == outcome(path, offsets=True)


def outcome(path, *, offsets):
    found = []
    try:
        for item in records(path, ReadOptions(), offsets=offsets):
            if isinstance(item, Record):
                data = item.data[item.start : item.stop]
                found.append((item.row, item.size, item.whole, item.head - item.start, data))
            else:
                found.append(item)
    except LedgerError as error:
        found.append(str(error))
    return found


def test_offsets_are_where_members_begin(file):
    parts = [warcinfo(), said("a"), said("b", 2)]
    found = list(records(file(*parts), ReadOptions(), offsets=True))
    assert [item.offset for item in found] == [
        0,
        len(packed(parts[0])),
        len(packed(parts[0], parts[1])),
    ]


def test_a_good_file_reads_as_fastwarc_reads_it():
    """The cutting is ours, because FastWARC takes a truncated file for a whole one."""
    path = FIXTURES / "warc" / WARC_NAME
    theirs = []
    for one in ArchiveIterator(str(path), parse_http=False):
        theirs.append((one.stream_pos, one.headers.get("WARC-Record-ID"), one.reader.read()))
    ours = []
    for item in records(path, ReadOptions(), offsets=True):
        head = item.data[item.start : item.head].decode()
        (identifier,) = [line[16:] for line in head.split("\r\n") if "WARC-Record-ID" in line]
        ours.append((item.offset, identifier, item.data[item.head + 4 : item.stop]))
    assert ours == theirs
    assert len(theirs) == 19


def test_a_server_that_ends_lines_by_line_feeds(file):
    block = http(b"a text\r\n\r\nof two paragraphs", PLAIN).replace(b"\r\n", b"\n", 3)
    headers = {"WARC-Block-Digest": None, "WARC-Payload-Digest": None}
    one = response(b"x", 1, headers)
    head = one.partition(b"\r\n\r\n")[0].replace(b"Content-Length: ", b"Content-Length: %d\r\nX: ")
    rows, bad = read(file(head % len(block) + b"\r\n\r\n" + block + b"\r\n\r\n"))
    assert ([row["text"] for row in rows], bad) == (["a text\r\n\r\nof two paragraphs"], [])


# codings


def coded(body, coding, **more):
    return response(body, 1, fields=PLAIN | {"Content-Encoding": coding}, **more)


@pytest.mark.parametrize(
    ("coding", "undo"),
    [
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("br", brotli.compress),
        ("identity", bytes),
        ("gzip", bytes),  # undone by the crawler, which left the header
    ],
)
def test_content_codings_are_undone(coding, undo, file):
    rows, bad = read(file(coded(undo(b"a text " * 50), coding)))
    assert ([row["text"] for row in rows], bad) == (["a text " * 50], [])


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("gzip", gzip.compress(b"a text " * 50, mtime=0)[:-9], "truncated gzip"),
        ("gzip", gzip.compress(b"a text", mtime=0)[:-5] + b"\xff" * 5, "broken gzip"),
        ("br", brotli.compress(b"a text " * 50)[:-4], "broken br"),
        ("zstd", b"x", "content-encoding 'zstd', expected gzip, deflate or br"),
        ("gzip", gzip.compress(bytes(9 << 20)), "a body that gives over 1000000 bytes, by gzip"),
        ("br", brotli.compress(bytes(9 << 20)), "a body that gives over 1000000 bytes, by br"),
    ],
)
def test_a_coding_that_cannot_be_undone_is_rejected(coding, body, reason, file):
    (found,) = rejected(file(coded(body, coding)), ReadOptions(max_document_bytes=1_000_000))
    assert found.startswith(reason)


@pytest.mark.parametrize("body", [chunked(b"a text in chunks")[:-9], b"5\r\nab\r\n0\r\n\r\n"])
def test_chunks_that_end_early_are_rejected(body, file):
    fields = PLAIN | {"Transfer-Encoding": "chunked"}
    (reason,) = rejected(file(response(body, fields=fields)))
    assert reason.startswith("broken chunks")


def test_a_body_whose_chunks_were_undone_by_the_crawler(file):
    fields = PLAIN | {"Transfer-Encoding": "chunked"}
    assert read(file(response(b"a text", fields=fields)))[0][0]["text"] == "a text"


# charsets


@pytest.mark.parametrize(
    ("body", "header", "text"),
    [
        ("zäh".encode(), "utf-8", "zäh"),
        ("zäh".encode("latin-1"), "ISO-8859-1", "zäh"),
        ("“zäh”".encode("cp1252"), '"iso-8859-1"', "“zäh”"),  # as browsers read it
        ("日本".encode("shift_jis"), "x-sjis", "日本"),
        ("zäh".encode(), None, "zäh"),
        ("\ufeffzäh".encode(), "iso-8859-1", "\ufeffzäh"),  # the mark decides, and stays
        ("zäh".encode("utf-16-le"), "utf-16", "zäh"),
    ],
)
def test_the_declared_charset_decides(body, header, text, file):
    kind = "text/plain" if header is None else f"text/plain; charset={header}"
    rows, bad = read(file(response(body, fields={"Content-Type": kind})))
    assert ([row["text"] for row in rows], bad) == ([text], [])


def test_a_page_declares_its_own_charset(file):
    body = b'<html><head><meta charset="iso-8859-2"></head><body><p>\xb3\xf3d\xbc</p></body></html>'
    assert read(file(response(body, fields={"Content-Type": "text/html"})))[0][0]["text"] == "łódź"
    lied = response(body, fields={"Content-Type": "text/html; charset=utf-8"})
    assert read(file(lied))[0][0]["text"] == "łódź"


@pytest.mark.parametrize(
    ("body", "header", "reason"),
    [
        (b"z\xe4h", "utf-8", "bytes that are not utf-8, which the page declares"),
        (b"z\xe4h", "klingon", "bytes that are not klingon (unknown), which the page declares"),
        (b"\xff\xfez", None, "bytes that are not utf-16-le, which the page declares"),
    ],
)
def test_text_that_cannot_be_decoded_is_rejected_not_guessed(body, header, reason, file):
    kind = "text/plain" if header is None else f"text/plain; charset={header}"
    assert rejected(file(response(body, fields={"Content-Type": kind}))) == [reason]


def test_languages_are_spelled_as_elsewhere():
    assert [two_letters(code) for code in ("eng", "deu", "zho", "ceb", None)] == [
        "en",
        "de",
        "zh",
        "ceb",
        None,
    ]


def test_hostile_names_do_not_reach_a_message_raw(file):
    bad = said("a", headers={"WARC-Truncated": "\u202elength\u200b"})
    kind = response(b"x", 2, fields={"Content-Type": "text/\u202eplain\x1b[31m"})
    path = file(bad, kind)
    assert all(reason.isprintable() and "\u202e" not in reason for reason in rejected(path))
    assert all(what.isprintable() for what in passed(path))


def test_a_batch_is_bounded(tmp_path):
    path = tmp_path / "f.warc"
    path.write_bytes(b"".join(said(f"{n}", n) for n in range(1500)))
    tables = [t for t in reader_for(path).read(path, ReadOptions()) if isinstance(t, pa.Table)]
    assert [table.num_rows for table in tables] == [1024, 476]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["f.warc", "f.warc.gz"]),
    st.lists(
        st.tuples(st.integers(0, 10**6), st.binary(max_size=4), st.integers(0, 4)), max_size=6
    ),
)
def test_whatever_is_done_to_a_file_ends_in_rows_reasons_or_one_error(
    tmp_path_factory, name, edits
):
    parts = [warcinfo(), response(page("a", "One.")), conversion(b"two", 2), said("c", 3)]
    data = b"".join(parts)
    for place, new, length in edits:
        data = data[: place % len(data)] + new + data[place % len(data) + length :]
    path = tmp_path_factory.mktemp("w") / name
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    try:
        _, bad = read(path)
    except MalformedError as error:
        assert str(error).isprintable()
    else:
        assert all(reason.isprintable() for _, reason in bad)
