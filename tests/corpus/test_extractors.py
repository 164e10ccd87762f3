"""Office files that are locked, armed, swollen or empty, and pages made to take for ever."""

import io
import zipfile

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.corpus.extractors import NoText, extractor_for, extractors
from ledger.corpus.extractors._apart import apart
from ledger.corpus.extractors.html import page_text
from ledger.corpus.readers import ReadOptions, derivation, reader_for
from ledger.errors import MissingExtraError
from tests.corpus.helpers import FIXTURES, read
from tests.fixtures.office import WORD, docx, paragraph, pdf, table


def text_of(name, data):
    return extractor_for(name).text(data)


def reason_of(name, data):
    with pytest.raises(NoText) as caught:
        text_of(name, data)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("extractor", extractors().values(), ids=lambda extractor: extractor.name)
def test_every_extractor_says_what_it_is(extractor):
    name, _, options = extractor.identity().partition(" ")
    assert name.partition("/")[2][0].isdigit()
    assert all("=" in option for option in options.split())
    assert all(suffix[0] == "." and suffix == suffix.lower() for suffix in extractor.suffixes)
    with pytest.raises(NoText):
        extractor.text(b"")


def test_a_folder_of_office_files_is_read_and_says_by_what():
    rows, bad = read(FIXTURES / "office")
    assert bad == []
    assert [(row["path"], row["content_type"].partition("/")[2][:4]) for row in rows] == [
        ("beans.md", "mark"),
        ("soup.pdf", "pdf"),
        ("water.docx", "vnd."),
    ]
    assert rows[2]["text"].endswith("\n\nWhat\tWhen\nbeans\tMay")
    assert rows[1]["text"].endswith("\n\nThen the carrots.")
    reader = reader_for(FIXTURES / "office")
    made = derivation(reader, FIXTURES / "office", ReadOptions())
    assert [name.partition("/")[0] for name in made] == ["pypdf", "python-docx"]
    assert derivation(reader, FIXTURES / "text", ReadOptions()) == ()


def test_an_archive_of_office_files_too(tmp_path):
    import tarfile

    path = tmp_path / "f.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(FIXTURES / "office", "office", recursive=True)
    rows, bad = read(path)
    assert bad == []
    assert len(rows) == 3
    assert len(derivation(reader_for(path), path, ReadOptions())) == 2


@pytest.mark.parametrize("name", ["docx", "pypdf"])
def test_without_the_extra_nothing_is_passed_over(name, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError) as caught:
        read(FIXTURES / "office")
    assert caught.value.hint == "pip install 'headwater[office]'"
    with pytest.raises(MissingExtraError):
        derivation(reader_for(FIXTURES / "office"), FIXTURES / "office", ReadOptions())


# Word


def test_paragraphs_and_tables_stand_in_their_order():
    inner = table([["in", "ner"]])
    body = (
        paragraph("one")
        + table([["a", "b"], ["c", ""]])
        + paragraph("two")
        + f"<w:tbl><w:tr><w:tc>{paragraph('x')}{inner}</w:tc><w:tc>{paragraph('y')}</w:tc></w:tr>"
        "</w:tbl>"
        f"<w:sdt><w:sdtContent>{paragraph('in a control')}</w:sdtContent></w:sdt>"
    )
    assert text_of("a.docx", docx(body)) == "one\na\tb\nc\t\ntwo\nx in ner\ty\nin a control"


def test_breaks_links_and_edits():
    run = "<w:r><w:t>{}</w:t></w:r>"
    body = (
        "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r>"
        f"<w:hyperlink>{run.format('link')}</w:hyperlink>"
        f"<w:ins>{run.format('+new')}</w:ins>"
        "<w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        "<w:r><w:instrText>HYPERLINK</w:instrText></w:r></w:p>"
    )
    assert text_of("a.docx", docx(body)) == "a\tb\nclink+new"


def test_a_docx_with_macros_is_refused():
    assert reason_of("a.docx", docx(paragraph("x"), {"word/vbaProject.bin": b"x"})) == (
        "a .docx with macros"
    )
    types = (
        b'<Types><Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>'
    )
    swapped = docx(paragraph("x"), {"[Content_Types].xml": types + b"</Types>"})
    assert reason_of("a.docm", swapped) == "a .docx with macros"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_a_parser_sees_them(encoding):
    lol = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'
    document = f'<?xml version="1.0" encoding="{encoding}"?>{lol}<d>&b;</d>'.encode(encoding)
    assert "document type" in reason_of("a.docx", docx("", {"word/document.xml": document}))
    assert "document type" in reason_of("a.docx", docx("", {"word/styles.xml": document}))


def test_an_external_relation_is_not_followed():
    relation = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="r" Type="t" Target="file:///etc/passwd" TargetMode="External"/>'
        b"</Relationships>"
    )
    data = docx(paragraph("x"), {"word/_rels/document.xml.rels": relation})
    assert text_of("a.docx", data) == "x"


def test_a_zip_bomb_is_not_unpacked():
    bomb = docx("x", {"word/media/image.bin": bytes(20 << 20)})
    assert len(bomb) < 100_000
    assert "bytes that unpack to" in reason_of("a.docx", bomb)
    many = docx("x", {f"word/{n}.bin": b"" for n in range(10_001)})
    assert "10004 parts" in reason_of("a.docx", many)


def test_an_encrypted_docx_is_refused():
    assert reason_of("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)) == (
        "an encrypted .docx, or an old .doc under another name"
    )
    locked = bytearray(docx(paragraph("x")))
    at = locked.index(b"PK\x01\x02")
    locked[at + 8] |= 1
    assert reason_of("a.docx", bytes(locked)) == "an encrypted .docx"


def test_a_docx_that_is_none():
    assert reason_of("a.docx", docx("")) == "a .docx without text"
    assert "cannot be read" in reason_of("a.docx", docx("", {"word/document.xml": b"<a>"}))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert "cannot be read" in reason_of("a.docx", buffer.getvalue())


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_anywhere_in_a_docx_is_a_reason_or_a_text(edits):
    data = bytearray(docx(paragraph("hello there") + table([["a"]])))
    for place, value in edits:
        data[place % len(data)] = value
    try:
        assert isinstance(text_of("a.docx", bytes(data)), str)
    except NoText as reason:
        assert str(reason).isprintable()


def test_nesting_without_end_is_a_reason():
    deep = f'<w:sdt xmlns:w="{WORD}"><w:sdtContent>' * 5000
    reason_of("a.docx", docx(deep))


# PDF


def test_pages_are_joined_and_empty_ones_are_not():
    assert text_of("a.pdf", pdf([["one", "two"], [], ["three"]])) == "one\ntwo\n\nthree"


def test_a_scan_is_no_text_and_says_how_many_pages():
    assert reason_of("a.pdf", pdf([[], []])) == "no text in 2 pages"
    assert reason_of("a.pdf", pdf([[]])) == "no text in 1 page"


def test_an_encrypted_pdf_is_refused():
    writer = pypdf.PdfWriter(io.BytesIO(pdf([["secret"]])))
    writer.encrypt("key", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    assert reason_of("a.pdf", buffer.getvalue()) == "an encrypted PDF"


def test_what_is_no_pdf():
    assert reason_of("a.pdf", b"hello") == "no PDF header"
    assert "cannot be read" in reason_of("a.pdf", b"%PDF-1.4 hello")
    assert "cannot be read" in reason_of("a.pdf", pdf([["x"]])[:200])


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_anywhere_in_a_pdf_is_a_reason_or_a_text(edits):
    data = bytearray(pdf([["hello"], ["there"]]))
    for place, value in edits:
        data[place % len(data)] = value
    try:
        assert isinstance(text_of("a.pdf", bytes(data)), str)
    except NoText as reason:
        assert str(reason).isprintable()


def test_a_parser_that_never_ends_is_stopped_and_the_next_file_is_read():
    with pytest.raises(NoText, match=r"took over 0\.5 s"):
        apart(f"{__name__}:_for_ever", b"x", 0.5)
    assert text_of("a.pdf", pdf([["next"]])) == "next"


def _for_ever(_data):
    while True:
        continue


def test_a_parser_that_dies_is_a_reason():
    with pytest.raises(NoText, match="more memory"):
        apart(f"{__name__}:_die", b"x", 20.0)
    with pytest.raises(NoText, match="memory"):
        apart(f"{__name__}:_swell", b"x", 60.0)


def _die(_data):
    import os

    os._exit(9)


def _swell(_data):
    return bytes(6 << 30).decode()


# pages


def test_a_page_keeps_its_text_and_drops_its_frame():
    page = "<nav>Home</nav><main><h1>Tea</h1><p>Two minutes.</p></main><footer>Terms</footer>"
    assert page_text(f"<html><body>{page}</body></html>") == "Tea\n\nTwo minutes."


@pytest.mark.parametrize("tag", ["div", "span", "b", "blockquote", "x-y"])
def test_elements_inside_each_other_without_end(tag):
    """The extractor's time grows with the square of the depth."""
    with pytest.raises(NoText, match="over 2000 elements inside each other"):
        page_text(f"<{tag}>" * 300_000 + "text")
    assert "text" in page_text(f"<p>text</p><{tag}>a</{tag}>" * 3000)


def test_a_tag_with_attributes_without_end():
    many = " ".join(f"a{n}=x" for n in range(100_000))
    with pytest.raises(NoText, match="a tag of over 2000 attributes"):
        page_text(f"<p>text</p><p {many}>more</p>")
    assert page_text(f'<p>text</p><img src="data:{"A" * 500_000}"/>', main_content=False) == "text"


def test_pages_without_closing_tags_are_not_deep():
    assert page_text("<ul>" + "<li>one" * 5000 + "</ul><p>text" * 3, main_content=False)
