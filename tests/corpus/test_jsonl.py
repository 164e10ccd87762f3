"""Bad lines, odd files, and the two paths that must mean the same."""

import gzip
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers import jsonl as module
from ledger.errors import InputError, MalformedError, UnknownNameError
from tests.corpus.helpers import read, texts

GOOD = b'{"text": "good"}'


@pytest.fixture
def file(tmp_path):
    def write(data, name="f.jsonl"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


BAD_LINES = {
    "null_text": (b'{"text": null}', "missing or null"),
    "missing_text": (b'{"body": "x"}', "missing or null"),
    "empty_text": (b'{"text": ""}', "empty text"),
    "number_for_text": (b'{"text": 12}', "'text' is a number, expected a string"),
    "list_for_text": (b'{"text": ["a"]}', "'text' is an array"),
    "true_for_text": (b'{"text": true}', "'text' is true or false"),
    "two_objects": (b'{"text": "a"}{"text": "b"}', "more after the first value at column 14"),
    "two_objects_with_a_space": (b'{"text": "a"} {"text": "b"}', "more after the first value"),
    "object_then_words": (b'{"text": "a"} }', "more after the first value"),
    "half_an_object": (b'{"text": "a"', "not JSON"),
    "an_array": (b'[{"text": "a"}]', "an array, expected an object"),
    "a_string": (b'"text"', "a string, expected an object"),
    "null": (b"null", "null, expected an object"),
    "no_json": (b"text: a", "not JSON"),
    "invalid_utf8": (b'{"text": "a\xffb"}', "invalid UTF-8 at byte 12"),
    "invalid_utf8_in_a_field_nobody_reads": (b'{"text": "a", "z": "\xff"}', "invalid UTF-8"),
    "utf8_of_a_surrogate": (b'{"text": "\xed\xa0\x80"}', "invalid UTF-8"),
    "overlong_utf8": (b'{"text": "\xc0\xaf"}', "invalid UTF-8"),
    "lone_high_surrogate": (b'{"text": "a\\ud800b"}', "a lone surrogate"),
    "lone_low_surrogate": (b'{"text": "\\udc00"}', "a lone surrogate"),
    "surrogate_in_a_field_nobody_reads": (b'{"text": "a", "z": "\\ud800"}', "a lone surrogate"),
    "text_twice": (b'{"text": "a", "text": "b"}', "field 'text' appears twice"),
    "tab_in_a_string": (b'{"text": "a\tb"}', "not JSON: invalid control character"),
    "zero_byte": (b'{"text": "a"}\x00', "more after the first value"),
    "single_quotes": (b"{'text': 'a'}", "not JSON"),
    "trailing_comma": (b'{"text": "a",}', "not JSON"),
    "depth": (b'{"text": 1, "z": ' + b"[" * 9000 + b"]" * 9000 + b"}", "nested too deeply"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_bad_line_is_rejected_at_its_physical_line(name, file):
    line, reason = BAD_LINES[name]
    path = file(b"\n".join([GOOD, b"", line, GOOD]) + b"\n")
    rows, bad = read(path)
    assert [(r["row"], r["text"]) for r in rows] == [(0, "good"), (2, "good")]
    assert [where for where, _ in bad] == [":3"]
    assert reason in bad[0][1]


def test_an_object_over_two_lines_does_not_hide_two_on_one(file):
    path = file(b'{"text": "a"\n}\n{"text": "b"}{"text": "c"}\n' + GOOD + b"\n")
    rows, bad = read(path)
    assert [row["text"] for row in rows] == ["good"]
    assert [where for where, _ in bad] == [":1", ":2", ":3"]


def test_an_object_over_two_braced_lines_does_not_hide_two_on_one(file):
    path = file(b'{"text": "a", "z": {}\n}\n{"text": "b"}{"text": "c"}\n')
    rows, bad = read(path)
    assert (rows, len(bad)) == ([], 3)


def test_a_bare_return_does_not_end_a_line(file):
    rows, bad = read(file(b'{"text": "a"}\r{"text": "b"}\n'))
    assert (rows, [where for where, _ in bad]) == ([], [":1"])


def test_byte_order_mark_of_the_file_is_not_text(file):
    assert texts(file(b"\xef\xbb\xbf" + GOOD + b"\n")) == ["good"]


def test_a_file_of_a_byte_order_mark_is_empty(file):
    assert read(file(b"\xef\xbb\xbf")) == ([], [])


def test_byte_order_mark_in_a_text_is_kept(file):
    assert texts(file('{"text": "\ufeffa"}\n'.encode())) == ["\ufeffa"]


def test_windows_line_ends(file):
    assert texts(file(b'{"text": "a"}\r\n\r\n{"text": "b"}\r\n')) == ["a", "b"]


def test_no_newline_at_the_end(file):
    assert texts(file(b'{"text": "a"}\n{"text": "b"}')) == ["a", "b"]


def test_white_space_around_an_object(file):
    assert texts(file(b'  {"text": "a"}\t\n   \n{"text": "b"} \n')) == ["a", "b"]


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\r\n\n"])
def test_no_lines_are_no_documents(data, file):
    assert read(file(data)) == ([], [])


def test_text_is_as_found(file):
    wild = "e\u0301 \u00e9\x00\u200b\u202e\r\n\U0001f600 \ud7ff\uffff"
    assert texts(file(json.dumps({"text": wild}).encode())) == [wild]
    assert texts(file(json.dumps({"text": wild}, ensure_ascii=False).encode())) == [wild]


def test_a_field_nobody_reads_may_say_nan_or_repeat(file):
    assert texts(file(b'{"text": "a", "z": NaN, "z": [1, {"text": "inner"}]}\n')) == ["a"]


def test_an_escaped_key_is_the_key(file):
    assert texts(file(b'{"te\\u0078t": "a"}\n')) == ["a"]


# sizes


def test_a_document_at_the_limit_passes_and_one_over_is_rejected(file):
    options = ReadOptions(max_document_bytes=10)
    path = file(b'{"text": "0123456789"}\n{"text": "0123456789x"}\n')
    rows, bad = read(path, options)
    assert [row["text"] for row in rows] == ["0123456789"]
    assert bad == [(":2", "text of 11 bytes, expected at most 10")]


def test_the_limit_counts_bytes_not_characters(file):
    rows, bad = read(file('{"text": "üüüüüü"}\n'.encode()), ReadOptions(max_document_bytes=10))
    assert (rows, bad) == ([], [(":1", "text of 12 bytes, expected at most 10")])


@pytest.mark.parametrize("block", [7, 64, 1000, module.BLOCK])
def test_a_line_longer_than_the_block_is_read(block, file):
    long = "x" * 5000
    path = file(b"\n".join([GOOD, json.dumps({"text": long}).encode(), GOOD]))
    rows, bad = read(path, reader=module._Jsonl(block))
    assert ([row["text"] for row in rows], bad) == (["good", long, "good"], [])


@pytest.mark.parametrize("block", [7, 64, 1000, module.BLOCK])
def test_a_line_beyond_any_document_is_passed_over_whole(block, file):
    long = json.dumps({"text": "x" * 5000}).encode()
    path = file(b"\n".join([GOOD, long, GOOD, long]))
    rows, bad = read(path, ReadOptions(max_document_bytes=500), module._Jsonl(block))
    assert [(row["row"], row["text"]) for row in rows] == [(0, "good"), (2, "good")]
    assert [where for where, _ in bad] == [":2", ":4"]
    assert {reason for _, reason in bad} <= {
        "a line over 1000 bytes",
        "text of 5000 bytes, expected at most 500",
    }


def test_the_limit_must_be_a_size():
    with pytest.raises(InputError, match="max document bytes 0"):
        ReadOptions(max_document_bytes=0)


# gzip


def test_gzip_of_several_members(file):
    data = gzip.compress(b'{"text": "a"}\n{"te') + gzip.compress(b'xt": "b"}\n')
    assert texts(file(data, "f.jsonl.gz")) == ["a", "b"]


@pytest.mark.parametrize("cut", [0, 1, 9, 30, -9, -8, -1])
def test_truncated_gzip_is_malformed_as_a_whole(cut, file):
    data = gzip.compress(b"".join(b'{"text": "%d"}\n' % i for i in range(500)))
    path = file(data[:cut], "f.jsonl.gz")
    with pytest.raises(MalformedError, match=r"f\.jsonl\.gz: (truncated|0 bytes|broken)") as caught:
        read(path)
    assert caught.value.exit_code == 3


def test_damaged_gzip_is_malformed(file):
    data = bytearray(gzip.compress(os.urandom(4000).hex().encode()))
    data[-6] ^= 1  # the checksum
    with pytest.raises(MalformedError, match="broken gzip"):
        read(file(bytes(data), "f.jsonl.gz"))


def test_plain_text_called_gz_is_malformed(file):
    with pytest.raises(MalformedError, match="broken gzip"):
        read(file(GOOD + b"\n", "f.jsonl.gz"))


def test_gzip_called_jsonl_is_rejected_not_crashed_on(file):
    rows, bad = read(file(gzip.compress(GOOD)))
    assert rows == []
    assert bad[0][0] == ":1"


# columns


def test_dolma_names(file):
    line = {
        "id": "1",
        "text": "a",
        "source": "cc",
        "added": "2023-04-11T09:57:03.044571+00:00",
        "created": "2019-04-25T12:57:54Z",
        "metadata": {"url": "http://www.example.co.uk/", "title": "T", "n": [1]},
    }
    rows, bad = read(file(json.dumps(line).encode()))
    assert bad == []
    assert rows == [
        {
            "row": 0,
            "part": 0,
            "text": "a",
            "collected_at": 1681207023,
            "claimed_at": 1556197074,
            "url": "http://www.example.co.uk/",
            "title": "T",
            "site": "example.co.uk",
        }
    ]


def test_c4_names(file):
    line = {"text": "a", "timestamp": "2019-04-25T12:57:54Z", "url": "https://a.example.com/x"}
    rows, _ = read(file(json.dumps(line).encode()))
    assert rows[0]["collected_at"] == 1556197074
    assert "claimed_at" not in rows[0]
    assert rows[0]["site"] == "example.com"


def test_redpajama_names(file):
    line = {
        "raw_content": "a",
        "url": "http://x.org",
        "date_download": "2023-02-01T00:00:00Z",
        "title": "T",
        "language": "fr",
    }
    rows, _ = read(file(json.dumps(line).encode()))
    assert rows[0]["text"] == "a"
    assert (rows[0]["language"], rows[0]["collected_at"]) == ("fr", 1675209600)


@pytest.mark.parametrize("name", ["text", "content", "document"])
def test_plain_names(name, file):
    line = {name: "a", "date": "2020-02-29", "license": "MIT", "lang": "en", "author": "A. N."}
    rows, _ = read(file(json.dumps(line).encode()))
    assert rows == [
        {
            "row": 0,
            "part": 0,
            "text": "a",
            "claimed_at": 1582934400,
            "license_stated": "MIT",
            "language": "en",
            "author": "A. N.",
        }
    ]


def test_a_map_overrides_and_steps_into_objects(file):
    options = ReadOptions(columns={"text": "body.plain.now", "topic": "kind"})
    line = {"text": "no", "kind": "k", "body": {"plain": {"now": "yes"}}}
    rows, bad = read(file(json.dumps(line).encode()), options)
    assert (rows, bad) == ([{"row": 0, "part": 0, "text": "yes", "topic": "k"}], [])


def test_a_mapped_text_that_is_not_there_is_named(file):
    rows, bad = read(file(GOOD), ReadOptions(columns={"text": "body"}))
    assert (rows, bad) == ([], [(":1", "no text: 'body' is missing or null")])


def test_a_map_of_an_unknown_column_is_refused(file):
    with pytest.raises(UnknownNameError, match="unknown document column: txet") as caught:
        read(file(GOOD), ReadOptions(columns={"txet": "a"}))
    assert "text" in str(caught.value.hint)


@pytest.mark.parametrize("columns", [{"text": ""}, {"text": "a..b"}, {"text": "a", "url": "a.b"}])
def test_a_map_that_means_nothing_is_refused(columns, file):
    with pytest.raises(InputError):
        read(file(b'{"q": {"b": "x"}}'), ReadOptions(columns=columns))


def test_metadata_of_another_type_is_unknown_not_wrong(file):
    lines = (
        b'{"text": "a", "url": "http://b.org", "lang": "en"}\n{"text": "b", "url": 7, "lang": 1}\n'
    )
    rows, bad = read(file(lines))
    assert bad == []
    assert rows[1] == {"row": 1, "part": 0, "text": "b"}


def test_mapped_metadata_of_another_type_is_rejected(file):
    lines = b'{"text": "a", "u": "http://b.org"}\n{"text": "b", "u": 7}\n'
    _, bad = read(file(lines), ReadOptions(columns={"url": "u"}))
    assert bad == [(":2", "'u' is a number, expected a string")]


def test_a_date_that_is_none_is_unknown_unless_mapped(file):
    lines = b'{"text": "a", "date": "2021-02-30T00:00:00Z"}\n{"text": "b", "date": "soon"}\n'
    rows, bad = read(file(lines))
    assert ([row.get("claimed_at") for row in rows], bad) == ([None, None], [])
    rows, bad = read(file(lines), ReadOptions(columns={"claimed_at": "date"}))
    assert rows == []
    assert bad == [
        (":1", "claimed_at '2021-02-30T00:00:00Z': a date that is none"),
        (":2", "claimed_at 'soon': a date that is none"),
    ]


def test_a_mapped_number_is_unix_seconds(file):
    rows, _ = read(
        file(b'{"text": "a", "t": 1556197074}'), ReadOptions(columns={"claimed_at": "t"})
    )
    assert rows[0]["claimed_at"] == 1556197074


@pytest.mark.parametrize("count", ["-1", "9007199254740992", "1" * 5000, "1.5", '"many"'])
def test_a_token_count_that_is_none(count, file):
    data = b'{"text": "a", "n": 3}\n{"text": "b", "n": %s}\n' % count.encode()
    rows, bad = read(file(data), ReadOptions(columns={"tokens": "n"}))
    assert [row["tokens"] for row in rows] == [3]
    assert [where for where, _ in bad] == [":2"]


@pytest.mark.parametrize(
    "code", ["e\nn", "e\x00n", "e\x7fn", "en\u202e", "e\u200bn", "\u2028", "\ufeffen", "x" * 201]
)
def test_a_public_code_holds_no_control_character_and_is_short(code, file):
    data = json.dumps({"text": "a", "language": code}).encode() + b"\n" + GOOD
    rows, bad = read(file(data))
    assert [row["text"] for row in rows] == ["good"]
    assert bad[0][1].startswith("language ")
    assert bad[0][1].isprintable()


def test_an_empty_code_is_unknown(file):
    rows, _ = read(file(b'{"text": "a", "language": ""}'))
    assert rows == [{"row": 0, "part": 0, "text": "a"}]


def test_a_junk_url_names_no_site(file):
    rows, bad = read(file(b'{"text": "a", "url": "http://\\u202e\\n.com/"}'))
    assert bad == []
    assert "site" not in rows[0]


# the two paths


def by_hand(data, limit):
    """What the rules say of each line, told by the standard library's parser."""
    rows, bad, row = [], [], 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip(b" \t\r"):
            continue
        try:
            found = json.loads(line.decode().strip(" \t\r"), object_pairs_hook=list)
            assert isinstance(found, list)
            assert all(isinstance(pair, tuple) for pair in found)
            values = [value for key, value in found if key == "text"]
            assert len(values) == 1
            assert isinstance(values[0], str)
            assert 0 < len(values[0].encode()) <= limit
            json.dumps(found, ensure_ascii=False).encode()
            rows.append((row, values[0]))
        except (ValueError, AssertionError, RecursionError):
            bad.append(number)
        row += 1
    return rows, bad


objects = st.builds(
    lambda text, more: json.dumps(
        {**more, "text": text}, ensure_ascii=len(str(text)) % 2 == 0
    ).encode(errors="surrogatepass"),
    st.text(st.characters(exclude_categories=[]), max_size=12) | st.none() | st.integers(),
    st.dictionaries(st.sampled_from(["z", "y"]), st.none() | st.text(max_size=3), max_size=2),
)
JSON_PIECES = [b"{", b"}", b'"', b"{}", b",", b" ", b"\r", b"\t", b"\n", b"null", b"[]", b"\\"]
JSON_PIECES += [b"\xff", b'"text": ', b'{"text": "a"}', b'{"text": "b", "z": {']
JSON_PIECES += [b'{"text": "a", "text": "a"}', b"\xef\xbb\xbf", b"NaN", b"\x00"]
pieces = st.sampled_from(JSON_PIECES)
lines = st.lists(
    objects | st.lists(pieces, max_size=5).map(b"".join) | st.binary(max_size=6), max_size=12
)


@settings(max_examples=300, deadline=None)
@given(lines, st.sampled_from([1, 9, 40, module.BLOCK]), st.sampled_from([b"\n", b"\r\n"]))
def test_what_is_read_depends_on_no_block_and_no_path(tmp_path_factory, found, block, end):
    data = end.join([b'{"text": "first"}', *found])
    path = tmp_path_factory.getbasetemp() / "property.jsonl"
    path.write_bytes(data)
    rows, bad = read(path, ReadOptions(max_document_bytes=1000), module._Jsonl(block))
    expected = by_hand(data, 1000)
    assert ([(row["row"], row["text"]) for row in rows], [int(w[1:]) for w, _ in bad]) == expected


def test_a_bad_line_among_many_blocks(file):
    many = [b'{"text": "%d", "url": "http://s%d.example.com/"}' % (i, i % 7) for i in range(3000)]
    many[1234] = b'{"text": "\\ud800"}'
    rows, bad = read(file(b"\n".join(many)), reader=module._Jsonl(4096))
    assert bad == [(":1235", "a lone surrogate, which is no Unicode text")]
    assert [row["row"] for row in rows] == [i for i in range(3000) if i != 1234]


def test_leaving_early_ends_the_threads(file):
    import threading

    before = threading.active_count()
    path = file(b"\n".join(GOOD for _ in range(5000)))
    reading = module._Jsonl(64).read(path, ReadOptions())
    next(reading)
    assert threading.active_count() > before
    reading.close()
    assert threading.active_count() == before
