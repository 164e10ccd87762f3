"""Tables whose quotes break, whose rows have the wrong width, whose bytes are no text."""

import csv as standard
import io
import random
import tracemalloc

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.corpus.document import Rejected
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.corpus.readers import csv as module
from ledger.errors import InputError, MalformedError
from tests.corpus.helpers import FIXTURES, read, texts


@pytest.fixture
def file(tmp_path):
    def write(data, name="f.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def asked(**settings):
    return ReadOptions(settings={f"csv.{key}": value for key, value in settings.items()})


def test_the_fixture_is_read_as_tickets():
    rows, bad = read(FIXTURES / "csv" / "tickets.csv")
    assert bad == []
    assert rows[0]["record"] == "1001"
    assert {row["topic"] for row in rows} >= {"agent", "customer", "agent/drafter"}
    assert all("author" in row and "claimed_at" in row for row in rows)


def test_quotes_newlines_and_delimiters_in_a_field(file):
    path = file('id,text\n1,"a, ""b""\r\n\nc"\r\n2,plain\n\n3,""""\n')
    rows, bad = read(path)
    assert bad == []
    assert [(r["row"], r["text"]) for r in rows] == [(0, 'a, "b"\r\n\nc'), (1, "plain"), (2, '"')]


def test_a_ticket_with_a_broken_quote_costs_its_own_line(file):
    path = file('id,text\n1,"good"\n2,"he said "no" to me"\n3,"also\ngood"\n4,fine\n')
    rows, bad = read(path)
    assert [(r["row"], r["text"]) for r in rows] == [(0, "good"), (2, "also\ngood"), (3, "fine")]
    assert bad == [(":3", "more text after a closing quote")]


def test_a_quote_that_never_closes_does_not_swallow_the_file(file):
    many = "".join(f'{n},"text {n}"\n' for n in range(1000))
    path = file(f'id,text\n{many}x,"open\n{many}')
    rows, bad = read(path)
    assert len(rows) == 2000
    assert bad == [(":1002", "more text after a closing quote")]
    rows, bad = read(file('id,text\n1,a\n2,"open\n3,b\n'))
    assert [r["text"] for r in rows] == ["a", "b"]
    assert bad == [(":3", "a quote that never closes")]


def test_a_quote_inside_plain_text_is_a_character(file):
    assert texts(file('id,text\n1,a 5" pipe\n2, "x"\n')) == ['a 5" pipe', ' "x"']


def test_a_row_of_the_wrong_width_is_rejected_at_its_line(file):
    rows, bad = read(file('id,text\n1,"a\nb"\n2,b,c\n3\n4,d\n'))
    assert [(r["row"], r["text"]) for r in rows] == [(0, "a\nb"), (3, "d")]
    assert bad == [(":4", "3 fields, expected 2"), (":5", "1 field, expected 2")]


def test_mixed_encodings_are_rejected_row_by_row(file):
    data = "id,text\n1,grün\n".encode() + "2,grün\n".encode("latin-1") + "3,ж\n".encode()
    rows, bad = read(file(data))
    assert [r["text"] for r in rows] == ["grün", "ж"]
    assert bad == [(":3", "invalid UTF-8 at byte 5 of the record")]


def test_invalid_bytes_in_a_column_nobody_reads_are_rejected(file):
    _, bad = read(file(b"text,z\na,\xff\n"))
    assert [where for where, _ in bad] == [":2"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_refused_with_a_way_out(encoding, file):
    with pytest.raises(MalformedError, match="UTF-16, expected UTF-8") as caught:
        read(file("id,text\n1,a\n".encode(encoding)))
    assert "UTF-8" in caught.value.hint


def test_a_byte_order_mark_is_not_a_column_name(file):
    assert texts(file(b"\xef\xbb\xbftext,id\na,1\n")) == ["a"]


def test_zero_bytes_and_other_controls_are_text_as_found(file):
    wild = "a\x00b\x1b[31m\u202e\ud7ff\U0001f600 \ufeff"
    assert texts(file(f'id,text\n1,"{wild}"\n2,{wild}\n')) == [wild, wild]


@pytest.mark.parametrize("data", ["id,text\ra,b\rc,d\r", "id,te\rxt\n1,a\n"])
def test_lines_that_end_in_bare_returns_are_one_clear_error(data, file):
    with pytest.raises(MalformedError, match=r"carriage return|expected text"):
        read(file(data))


def test_a_bare_return_in_a_field_is_text(file):
    assert texts(file("id,text\n1,a\rb\n2,c\n")) == ["a\rb", "c"]


def test_a_column_alone_and_an_empty_row_in_quotes(file):
    rows, bad = read(file('text\na\n""\n\nb\n'))
    assert [(r["row"], r["text"]) for r in rows] == [(0, "a"), (2, "b")]
    assert bad == [(":3", "empty text")]


def test_windows_line_ends_and_no_end_at_all(file):
    assert texts(file("id,text\r\n1,a\r\n\r\n2,b\r\n3,c")) == ["a", "b", "c"]
    assert texts(file('id,text\r\n1,"a"')) == ["a"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("", "no header"),
        ("\n\n", "no header"),
        ("a,b\n1,2\n", "columns a, b, expected text"),
        ("text,text\n1,2\n", "two columns called 'text'"),
        ('"text,id\n1,2\n', "a quote that never closes"),
        ("x" * (1 << 21), "a header over 1048576 bytes"),
    ],
)
def test_a_header_that_is_none(data, what, file):
    with pytest.raises(MalformedError, match=what):
        read(file(data))


def test_a_mapped_column_that_is_not_there(file):
    with pytest.raises(MalformedError, match="expected claimed_at in 'when'"):
        read(file("text\na\n"), ReadOptions(columns={"claimed_at": "when"}))


def test_a_map_of_other_names(file):
    columns = {"text": "Kommentar", "claimed_at": "Datum", "author": "Wer", "topic": "Rolle"}
    path = file("Nr;Wer;Rolle;Datum;Kommentar\n7;Ute;Support;2021-05-06 07:08;Guten Tag, Frau Ü\n")
    rows, bad = read(path, ReadOptions(columns=columns))
    assert bad == []
    assert rows == [
        {
            "row": 0,
            "part": 0,
            "text": "Guten Tag, Frau Ü",
            "topic": "Support",
            "claimed_at": 1620284880,
            "author": "Ute",
        }
    ]


def test_a_mapped_date_that_is_none_is_rejected_and_unix_seconds_are_read(file):
    path = file("text,t\na,soon\nb,1556197074\nc,\nd,2019-04-25T12:57:54Z\n")
    rows, bad = read(path, ReadOptions(columns={"claimed_at": "t"}))
    assert [(r["text"], r.get("claimed_at")) for r in rows] == [
        ("b", 1556197074),
        ("c", None),
        ("d", 1556197074),
    ]
    assert bad == [(":2", "claimed_at 'soon': a date that is none")]


def test_a_mapped_token_count_that_is_none(file):
    rows, bad = read(file("text,n\na,3\nb,-1\nc,x\n"), ReadOptions(columns={"tokens": "n"}))
    assert [r["tokens"] for r in rows] == [3]
    assert [where for where, _ in bad] == [":3", ":4"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("text;id\na,b;1\n", "f.csv"),
        ("text\tid\na,b\t1\n", "f.csv"),
        ("text\tid\na,b\t1\n", "f.tsv"),
        ("text|id\na,b|1\n", "f.csv"),
        ('text,id\n"a,b",1\n', "f.csv"),
    ],
)
def test_what_stands_between_fields_is_told_by_the_header(data, name, file):
    assert texts(file(data, name)) == ["a,b"]


def test_what_stands_between_fields_can_be_said(file):
    path = file("text:id\na,b:1\n")
    assert texts(path, asked(delimiter=":")) == ["a,b"]
    assert texts(file("text\tid\na\t1\n"), asked(delimiter="tab")) == ["a"]
    for wrong in ("::", '"', "\n", "ü"):
        with pytest.raises(InputError, match=r"csv\.delimiter"):
            read(path, asked(delimiter=wrong))


def test_quotes_can_be_characters(file):
    assert texts(file('id\ttext\n1\t"a\n2\tb"\n', "f.tsv"), asked(quote="none")) == ['"a', 'b"']
    with pytest.raises(InputError, match=r"csv\.quote"):
        read(file("text\na\n"), asked(quote="single"))


def test_a_field_beyond_any_document_is_passed_over(file):
    path = file("id,text\n1,a\n2," + "x" * 5000 + '\n3,b\n4,"' + "y\n" * 3000 + '"\n5,c\n')
    for block in (100, 1000, module.BLOCK):
        rows, bad = read(path, ReadOptions(max_document_bytes=500), module._Csv(block))
        assert [r["text"] for r in rows] == ["a", "b", "c"], block
        assert bad[0][0] == ":3"


def test_many_broken_quotes_do_not_take_forever(file):
    lines = ['1,"x', '2,"a""', '3,""b"', '4,"c"d', '5,"""', '6,e"', '7,"f""g"']
    chosen = random.Random(3).choices(lines, k=40_000)
    rows, bad = read(file("id,text\n" + "\n".join(chosen)))
    assert len(rows) + len(bad) > 10_000


# pooling


def pooled(path, **settings):
    rows, bad = read(path, asked(pool="agent-month", **settings))
    assert bad == []
    return rows


TICKETS = "id,created_at,author,author_type,body,channel,tool\n"


def test_short_comments_of_one_agent_in_one_month_are_one_document(file):
    path = file(
        TICKETS
        + "1,2021-03-31T23:59:59Z,ann,agent,third,mail,\n"
        + "2,2021-03-01T00:00:00Z,ann,agent,first,mail,\n"
        + "3,2021-03-02T00:00:00Z,bob,agent,other agent,mail,\n"
        + "4,2021-04-01T00:00:00Z,ann,agent,next month,mail,\n"
        + "5,2021-03-02T00:00:00Z,ann,customer,as a customer,mail,\n"
        + "6,2021-03-02T00:00:00Z,ann,agent,drafted,mail,drafter\n"
        + f"7,2021-03-02T00:00:00Z,ann,agent,{'long ' * 50},mail,\n"
        + "8,2021-03-05T00:00:00Z,ann,agent,second,mail,\n"
        + "9,,ann,agent,no date,mail,\n"
    )
    found = {row["row"]: row for row in pooled(path)}
    assert found[1]["text"] == "first\n\nsecond\n\nthird"
    assert found[1]["claimed_at"] == 1617235199
    assert (found[1]["author"], found[1]["topic"]) == ("ann", "agent")
    assert "record" not in found[1]
    assert sorted(found) == [1, 2, 3, 4, 5, 6, 8]
    assert found[5]["topic"] == "agent/drafter"
    assert found[8]["text"] == "no date"


def test_the_limit_of_pooling_is_a_setting(file):
    path = file(
        TICKETS
        + "1,2021-03-01,a,agent,12345,,\n2,2021-03-02,a,agent,123,,\n3,2021-03-03,a,agent,12,,\n"
    )
    assert [row["text"] for row in pooled(path, pool_below="5")] == ["12345", "123\n\n12"]
    for wrong in ("-1", "x", "²", "9" * 12):
        with pytest.raises(InputError, match=r"csv\.pool_below"):
            pooled(path, pool_below=wrong)
    with pytest.raises(InputError, match=r"csv\.pool ="):
        read(path, asked(pool="year"))


def test_a_pool_never_exceeds_a_document(file):
    path = file(TICKETS + "".join(f"{n},2021-03-01,a,agent,{n:05d},,\n" for n in range(10)))
    options = ReadOptions(settings={"csv.pool": "agent-month"}, max_document_bytes=20)
    rows, bad = read(path, options)
    assert bad == []
    assert [row["text"].count("\n\n") for row in rows] == [2, 2, 2, 0]
    assert "".join(row["text"] for row in rows).replace("\n", "") == "".join(
        f"{n:05d}" for n in range(10)
    )


def test_pooling_depends_on_no_block(file):
    chance = random.Random(5)
    lines = [
        f"{n},2021-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d},a{chance.randint(1, 9)},"
        f"agent,{'w' * chance.randint(1, 300)},,\n"
        for n in range(2000)
    ]
    path = file(TICKETS + "".join(lines))
    options = asked(pool="agent-month")
    expected = sorted((r["row"], r["text"]) for r in read(path, options)[0])
    assert sum(len(text.replace("\n", "")) for _, text in expected) == sum(
        line.count("w") for line in lines
    )
    found = sorted((r["row"], r["text"]) for r in read(path, options, module._Csv(700))[0])
    assert found == expected


# packed


@pytest.mark.parametrize("ending", ["", ".gz", ".zst", ".bz2"])
def test_packed_tables(ending, tmp_path):
    path = tmp_path / f"f.csv{ending}"
    path.write_bytes(pack(b"id,text\n1,a\n2,b\n", ending))
    assert texts(path) == ["a", "b"]


def pack(data, ending):
    import bz2
    import gzip

    if ending == ".zst":
        return pa.Codec("zstd").compress(data, asbytes=True)
    return {".gz": gzip.compress, ".bz2": bz2.compress, "": bytes}[ending](data)


# the two paths


cells = st.text(st.sampled_from(list('a"\n\r,; é\x00')), max_size=6)


def oracle(data):
    """What the standard library makes of a table by the rules."""
    found = standard.reader(io.StringIO(data, newline=""), strict=True)
    return [row for row in found if row][1:]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(cells, cells, st.booleans()), max_size=8), st.sampled_from(["\n", "\r\n"])
)
def test_a_table_by_the_rules_is_what_the_standard_library_reads(tmp_path_factory, rows, end):
    def cell(text, quoted):
        if quoted or any(c in text for c in '"\n\r,'):
            return '"' + text.replace('"', '""') + '"'
        return text

    data = end.join(["id,text", *(f"{cell(a, q)},{cell(b, not q)}" for a, b, q in rows)])
    path = tmp_path_factory.getbasetemp() / "rules.csv"
    path.write_bytes(data.encode())
    expected = [(i, row[1]) for i, row in enumerate(oracle(data)) if row[1]]
    for block in (1, 7, module.BLOCK):
        found, _ = read(path, reader=module._Csv(block))
        assert [(r["row"], r["text"]) for r in found] == expected


wild = st.text(st.sampled_from(list('a"\n\r,')), max_size=60)


@settings(max_examples=500, deadline=None)
@given(wild, st.booleans())
def test_what_is_read_depends_on_no_block_and_no_path(tmp_path_factory, body, valid):
    path = tmp_path_factory.getbasetemp() / "wild.csv"
    path.write_bytes(b"id,text\n" + body.encode() + (b"" if valid else b"\xff"))
    results = []
    for reader in (module._Csv(1), module._Csv(9), module._Csv(), _Slow()):
        rows, bad = read(path, reader=reader)
        results.append(([(r["row"], r["text"]) for r in rows], sorted(bad)))
    assert results[1:] == results[:1] * 3


class _Slow(module._Csv):
    """The same file through the rules for single records only."""

    def read(self, path, options):
        stream = module.unpacked(path, options)
        table = module._Table(path, options, stream, 1 << 20)
        while table._data or not table._last:
            yield from table._one_by_one(table._data, True) if table._last else table._more() or ()
        stream.close()


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from(list('a"\n\r;')), max_size=60))
def test_quotes_as_characters_depend_on_no_block_and_no_path(tmp_path_factory, body):
    path = tmp_path_factory.getbasetemp() / "plain.csv"
    path.write_bytes(b"id;text\n" + body.encode())
    results = []
    for reader in (module._Csv(1), module._Csv(), _Slow()):
        rows, bad = read(path, asked(quote="none"), reader)
        results.append(([(r["row"], r["text"]) for r in rows], sorted(bad)))
    assert results[1:] == results[:1] * 2
    *lines, last = body.split("\n")
    count = sum(line not in ("", "\r") for line in lines) + (last != "")
    assert len(results[0][0]) + len(results[0][1]) == count


def test_memory_is_bounded_by_the_block_not_the_file(file):
    path = file("id,text\n" + "".join(f'{n},"{"word " * 200}"\n' for n in range(20_000)))
    tracemalloc.start()
    count = sum(
        found.num_rows
        for found in reader_for(path).read(path, ReadOptions())
        if not isinstance(found, Rejected)
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < path.stat().st_size
