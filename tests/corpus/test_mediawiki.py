"""Exports of wikis: which revision counts, and XML that means harm."""

import bz2
import subprocess
import sys
from hashlib import sha1
from xml.sax.saxutils import escape

import pytest

from ledger.corpus.document import Passed
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.errors import InputError, MalformedError
from tests.corpus.helpers import FIXTURES, read

HEAD = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">\n'
    "<siteinfo><base>https://wiki.example.org/wiki/Main_Page</base></siteinfo>\n"
)


def base36(data):
    number, out = int(sha1(data.encode()).hexdigest(), 16), ""
    while number:
        number, digit = divmod(number, 36)
        out = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + out
    return out.rjust(31, "0")


def revision(number, when, text, *, who="<username>Ann</username>", digest=None, attributes=""):
    digest = base36(text) if digest is None else digest
    return (
        f"<revision><id>{number}</id><timestamp>{when}</timestamp>"
        f"<contributor>{who}<id>3</id></contributor><comment>c</comment>"
        f"<model>wikitext</model><format>text/x-wiki</format>"
        f'<text bytes="{len(text.encode())}" xml:space="preserve"{attributes}>{escape(text)}</text>'
        f"<sha1>{digest}</sha1></revision>"
    )


def page(title, *revisions, ns=0, number=7, more=""):
    return (
        f"<page>\n<title>{escape(title)}</title><ns>{ns}</ns><id>{number}</id>{more}"
        + "\n".join(revisions)
        + "</page>\n"
    )


@pytest.fixture
def file(tmp_path):
    def write(*pages, name="f.xml", whole=None):
        path = tmp_path / name
        data = whole if whole is not None else HEAD + "".join(pages) + "</mediawiki>\n"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def asked(**settings):
    return ReadOptions(settings={f"mediawiki.{key}": value for key, value in settings.items()})


def passed(path, options=None):
    found = reader_for(path).read(path, options or ReadOptions())
    return {one.what: one.count for one in found if isinstance(one, Passed)}


OLD = revision(1, "2019-05-01T10:00:00Z", "old\n''text''")
NEW = revision(2, "2023-05-01T10:00:00Z", "new text & more", who="<ip>192.0.2.7</ip>")


def test_the_fixture_is_read():
    path = FIXTURES / "mediawiki" / "wiki.xml"
    rows, bad = read(path)
    assert bad == []
    assert len(rows) >= 3
    assert set(passed(path)) == {"pages of other namespaces", "redirects"}


def test_the_last_revision_counts(file):
    rows, bad = read(file(page("Café Ü", NEW, OLD)))
    assert bad == []
    assert rows == [
        {
            "row": 0,
            "part": 0,
            "text": "new text & more",
            "site": "example.org",
            "content_type": "text/x-wiki",
            "claimed_at": 1682935200,
            "url": "https://wiki.example.org/wiki/Caf%C3%A9_%C3%9C",
            "title": "Café Ü",
            "author": "192.0.2.7",
            "record": "7/2",
        }
    ]


def test_the_last_revision_before_a_day_counts(file):
    path = file(page("A", OLD, NEW), page("B", NEW))
    rows, bad = read(path, asked(before="2022-11-30"))
    assert bad == []
    assert [(row["text"], row["record"], row["author"]) for row in rows] == [
        ("old\n''text''", "7/1", "Ann")
    ]
    assert passed(path, asked(before="2022-11-30")) == {"pages with no revision before the day": 1}
    assert read(path, asked(before="2023-05-01"))[0] == rows
    assert len(read(path, asked(before="2023-05-02"))[0]) == 2
    for wrong in ("2022", "2022-13-01", "soon", "2022-11-30T00:00:00Z"):
        with pytest.raises(InputError, match=r"mediawiki\.before"):
            read(path, asked(before=wrong))


def test_redirects_are_counted_and_a_page_that_became_one_later_is_not(file):
    moved = revision(2, "2023-05-01T10:00:00Z", "#REDIRECT [[B]]")
    path = file(page("A", OLD, moved, more='<redirect title="B" />'), page("C", moved))
    assert read(path) == ([], [])
    assert passed(path) == {"redirects": 2}
    rows, _ = read(path, asked(before="2022-11-30"))
    assert [row["text"] for row in rows] == ["old\n''text''"]


def test_namespaces_are_chosen(file):
    path = file(page("A", OLD), page("Talk:A", NEW, ns=1), page("Help:A", OLD, ns=12))
    assert [row["row"] for row in read(path)[0]] == [0]
    assert passed(path) == {"pages of other namespaces": 2}
    assert [row["row"] for row in read(path, asked(namespaces="1, 12"))[0]] == [1, 2]
    assert len(read(path, asked(namespaces="all"))[0]) == 3
    for wrong in ("", "main", "0,", "0;1"):
        with pytest.raises(InputError, match=r"mediawiki\.namespaces"):
            read(path, asked(namespaces=wrong))


def test_a_text_that_is_not_its_sha1_is_rejected(file):
    path = file(
        page("A", revision(1, "2019-05-01T10:00:00Z", "text", digest=base36("tex"))), page("B", OLD)
    )
    rows, bad = read(path)
    assert [row["row"] for row in rows] == [1]
    assert bad == [(":3", f"SHA-1 {base36('text')}, but the export says {base36('tex')}")]


def test_the_sha1_of_the_text_itself_goes_before_that_of_the_revision(file):
    text = revision(
        1, "2019-05-01T10:00:00Z", "text", digest="x", attributes=f' sha1="{base36("text")}"'
    )
    assert read(file(page("A", text)))[1] == []


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        (page("A"), "a page without a revision"),
        (page("A", revision(1, "soon", "x")), "timestamp 'soon': a date that is none"),
        (page("A", revision(1, "2019-05-01T10:00:00Z", "")), "empty text"),
        (page("A", OLD.replace("old\n''text''", "")), "no text: a dump of stubs"),
        (page("A</title><title>B", OLD).replace("&lt;", "<").replace("&gt;", ">"), "two elements"),
        (page("A" * 70_000, OLD), "an element <title> over"),
    ],
)
def test_a_bad_page_is_rejected_at_its_line(pages, reason, file):
    rows, bad = read(file(pages, page("Good", NEW)))
    assert [row["title"] for row in rows] == ["Good"]
    assert bad[0][0] == ":3"
    assert bad[0][1].startswith(reason)


def test_a_revision_whose_text_was_deleted_is_counted(file):
    gone = "<revision><id>1</id><timestamp>2019-05-01T10:00:00Z</timestamp>"
    gone += '<text deleted="deleted"/></revision>'
    assert passed(file(page("A", gone))) == {"revisions whose text was deleted": 1}


def test_a_text_over_the_limit_is_rejected(file):
    path = file(page("A", revision(1, "2019-05-01T10:00:00Z", "ü" * 6)))
    assert read(path, ReadOptions(max_document_bytes=12))[1] == []
    _, bad = read(path, ReadOptions(max_document_bytes=11))
    assert bad == [(":3", "text of 12 bytes, expected at most 11")]


def test_packed_dumps_of_several_streams(file):
    whole = (HEAD + page("A", OLD) + page("B", NEW) + "</mediawiki>").encode()
    cut = whole.index(b"<page>")
    path = file(name="f.xml.bz2", whole=bz2.compress(whole[:cut]) + bz2.compress(whole[cut:]))
    assert [row["title"] for row in read(path)[0]] == ["A", "B"]


def test_a_damaged_stream_after_a_good_one_is_malformed(file):
    whole = (HEAD + page("A", OLD) + "</mediawiki>").encode()
    for tail in (b"garbage", bz2.compress(b" ")[:-3]):
        with pytest.raises(MalformedError, match=r"(broken|truncated) bzip2"):
            read(file(name="f.xml.bz2", whole=bz2.compress(whole) + tail))


# XML that means harm


BOMB = '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "prolog",
    [
        BOMB,
        '<!DOCTYPE mediawiki SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE m [<!ENTITY % p SYSTEM "http://example.org/x"> %p;]>',
        "<!DOCTYPE mediawiki>",
    ],
)
def test_a_document_type_is_refused(prolog, file):
    with pytest.raises(MalformedError, match="a document type, expected none"):
        read(file(whole='<?xml version="1.0"?>' + prolog + HEAD + "</mediawiki>"))


def test_an_entity_nobody_defined(file):
    with pytest.raises(MalformedError, match="not XML: undefined entity"):
        read(file(page("A", OLD.replace("text", "&xxe;"))))


def test_other_xml_is_one_clear_error(file):
    for whole in ("<html><body/></html>", '<rss version="2.0"></rss>'):
        with pytest.raises(MalformedError, match="expected <mediawiki>"):
            read(file(whole=whole))
    for whole in ("", "text", "<mediawiki>", HEAD + page("A", OLD)):
        with pytest.raises(MalformedError, match="not XML"):
            read(file(whole=whole))


def test_every_truncation_is_malformed(file):
    whole = HEAD + page("A", OLD) + "</mediawiki>"
    for cut in (5, 60, len(HEAD) + 20, len(whole) - 20, len(whole) - 1):
        with pytest.raises(MalformedError, match="not XML"):
            read(file(whole=whole[:cut]))


def test_bytes_that_are_no_utf8_are_malformed_at_their_line(file):
    data = (HEAD + page("A", OLD)).encode().replace(b"text''", b"\xff")
    with pytest.raises(MalformedError, match=r"f\.xml:5: not XML"):
        read(file(whole=data + b"</mediawiki>"))


def test_depth_is_bounded(file):
    with pytest.raises(MalformedError, match="nested over 32 deep"):
        read(file("<a>" * 100_000))


HUGE = """
import sys
from pathlib import Path
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.errors import MalformedError
from tests.corpus.helpers import peak_mib
path = Path(sys.argv[1])
try:
    for found in reader_for(path).read(path, ReadOptions()):
        print(type(found).__name__, getattr(found, "reason", ""))
except MalformedError as error:
    print(str(error)[-80:])
print(peak_mib() < 350)
"""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("<page><title>", "</title></page></mediawiki>", "an element <title> over 65536"),
        ('<page a="', '"></page></mediawiki>', "a tag over 4194304 bytes"),
        ("<!--", "--></mediawiki>", "a tag over 4194304 bytes"),
    ],
)
def test_huge_markup_stays_in_bounded_memory(before, after, expected, tmp_path, root):
    path = tmp_path / "huge.xml"
    with open(path, "wb") as out:
        out.write((HEAD + before).encode())
        for _ in range(300):
            out.write(b"a" * (1 << 20))
        out.write(after.encode())
    done = subprocess.run(
        [sys.executable, "-c", HUGE, str(path)], cwd=root, capture_output=True, text=True
    )
    assert expected in done.stdout, done
    assert done.stdout.endswith("True\n"), done
