"""Pages: which bytes inherit what, and what is no tag at all."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.provenance.conventions import Disclosure
from ledger.provenance.conventions._elements import DEEPEST, elements
from ledger.provenance.conventions._markup import tags
from ledger.provenance.conventions.html import CONVENTION


def _read(page: str) -> dict[str, list[str] | None]:
    """By degree and model, the bytes that say so; None for the whole page."""
    data = page.encode()
    found = {}
    for one in CONVENTION.read(data, "x"):
        if one.assistance != "AX":
            key = one.assistance + (f" {one.model}" if one.model else "")
            cut = [data[a:b].decode() for a, b in one.ranges] if one.ranges is not None else None
            found[key] = cut
    return found


def test_children_do_not_inherit() -> None:
    page = '<body><div ai-disclosure="ai-assisted" ai-model="M"><p>a<b>c</b></p></div><p>d</p>'
    assert _read(page) == {
        "A2 M": ['<div ai-disclosure="ai-assisted" ai-model="M"><p>a<b>c</b></p></div>']
    }


def test_a_child_cannot_override() -> None:
    page = (
        '<div ai-disclosure="ai-generated" ai-model=M>a<p ai-disclosure="none">b</p>c'
        '<p ai-disclosure="ai-autonomous">d</p><p ai-model=N>e</p></div>'
    )
    assert _read(page) == {
        "A3 M": ['<div ai-disclosure="ai-generated" ai-model=M>a', "c", "</div>"],
        "A0": ['<p ai-disclosure="none">b</p>'],
        "A4 M": ['<p ai-disclosure="ai-autonomous">d</p>'],
        "A3 N": ["<p ai-model=N>e</p>"],
    }


def test_the_pages_word_is_lost() -> None:
    head = "<head><meta name=AI-Disclosure content=AI-Generated><meta name=ai-model content=M>"
    assert _read(f"{head}</head><p>a</p>") == {"A3 M": None}
    page = f"{head}</head><p>a</p><p ai-disclosure=none>b</p>c"
    assert _read(page) == {
        "A3 M": [f"{head}</head><p>a</p>", "c"],
        "A0": ["<p ai-disclosure=none>b</p>"],
    }


def test_the_root_is_a_part_of_the_page() -> None:
    root = "<!doctype html>\n<html ai-disclosure=none ai-model=M>"
    assert _read(f"{root}<p>a</p></html>\n") == {"A0": None}
    page = f"{root}<p ai-disclosure=ai-generated>a</p></html>\n"
    assert _read(page) == {
        "A0": [root, "</html>\n"],
        "A3 M": ["<p ai-disclosure=ai-generated>a</p>"],
    }


def test_mixed_is_an_elements_word() -> None:
    mixed = "<meta name=ai-disclosure content=mixed>"
    assert _read(f"{mixed}<p>a</p>") == {"A2": None}
    (one,) = CONVENTION.read(f"{mixed}<p>a</p>".encode(), "x")
    assert one.note == "says mixed, and not which parts"
    page = f"{mixed}<p ai-disclosure=ai-generated>a</p>b"
    assert _read(page) == {"A3": ["<p ai-disclosure=ai-generated>a</p>"]}
    assert _read("<p ai-disclosure=mixed>a</p>") == {}


@pytest.mark.parametrize(
    "page",
    [
        "<p ai-disclosure=perhaps>a</p>",
        "<p ai-disclosure>a</p>",
        "<p ai-disclosure=''>a</p>",
        "<div ai-disclosure=none-at-all>a</div>",
    ],
)
def test_an_invalid_word_is_a_word(page: str) -> None:
    (one,) = CONVENTION.read(page.encode(), "x")
    assert one.assistance == "AX"
    inside = page.replace("</", "<b ai-disclosure=none>b</b></", 1)
    around = f"<section ai-disclosure=ai-generated>{page}</section>"
    assert set(_read(inside)) == {"A0"}
    assert _read(around) == {"A3": None}


@pytest.mark.parametrize(
    "page",
    [
        "<p aidisclosure=autonomous aimodel=M>a</p>",
        "<meta name=aidisclosure content=autonomous><meta name=aimodel content=M><p>a</p>",
    ],
)
def test_an_older_spelling_is_unknown(page: str) -> None:
    assert _read(page) == {"A4 M": None}


@pytest.mark.parametrize(
    "page",
    [
        "<!-- <p ai-disclosure=none>a</p> -->",
        "<script>'<p ai-disclosure=none>a</p>'</script>",
        "<SCRIPT>'<p ai-disclosure=none>a</p>'</scripty></SCRIPT>",
        "<style><p ai-disclosure=none></style>",
        "<textarea><p ai-disclosure=none></textarea>",
        "<title><p ai-disclosure=none></title>",
        "&lt;p ai-disclosure=none&gt;a&lt;/p&gt;",
        "<p title='<p ai-disclosure=none>'>a</p>",
        "<p title='ai-disclosure=none'>a</p>",
        "<!doctype ai-disclosure=none>",
        "<p ai-disclosure=none",
        '<p title="a ai-disclosure=none>',
        "a < p ai-disclosure=none> b",
        "</p ai-disclosure=none>",
        "<p data-ai-disclosure=none>a</p>",
        "<img ai-disclosure=ai-generated src=x>",
        "<p>a</p><div><meta name=ai-disclosure content=none></div>",
        "<plaintext><p ai-disclosure=none>",
    ],
)
def test_what_is_no_element_says_something(page: str) -> None:
    assert _read(page) == {}


@pytest.mark.parametrize(
    ("page", "element"),
    [
        ("<p ai-disclosure=none>a<div>b</div>", "<p ai-disclosure=none>a"),
        ("<p ai-disclosure=none>a<p>b", "<p ai-disclosure=none>a"),
        ("<ul><li ai-disclosure=none>a<li>b</ul>", "<li ai-disclosure=none>a"),
        ("<ul><li ai-disclosure=none>a<ul><li>b</ul><li>c</ul>",
         "<li ai-disclosure=none>a<ul><li>b</ul>"),
        ("<table><tr><td ai-disclosure=none>a<td>b<tr>", "<td ai-disclosure=none>a"),
        ("<table><tr ai-disclosure=none><td>a<tr><td>b", "<tr ai-disclosure=none><td>a"),
        ("<dl><dt ai-disclosure=none>a<dd>b</dl>", "<dt ai-disclosure=none>a"),
        ("<div><b ai-disclosure=none>a</div>b</b>", "<b ai-disclosure=none>a"),
        ("<b ai-disclosure=none>a</i>b</b>c", "<b ai-disclosure=none>a</i>b</b>"),
        ("<p ai-disclosure=none>a<br>b<br/>c</p>d", "<p ai-disclosure=none>a<br>b<br/>c</p>"),
        ("<svg><g ai-disclosure=none /><g>a</g></svg>b", "<g ai-disclosure=none />"),
        ("<b ai-disclosure='none'/>a</b>b", "<b ai-disclosure='none'/>a</b>"),
        ("<b\nAI-DISCLOSURE\n=\n'none'>ü</B >c", "<b\nAI-DISCLOSURE\n=\n'none'>ü</B >"),
    ],
)  # fmt: skip
def test_an_element_ends_elsewhere(page: str, element: str) -> None:
    expected = [element] if element != page else None
    assert _read(page) == {"A0": expected}


def test_a_page_is_too_deep() -> None:
    deep = b"<b>" * (DEEPEST + 1) + b"<p ai-disclosure=none>"
    (one,) = CONVENTION.read(deep, "x")
    assert (one.assistance, one.note) == ("AX", "over 512 elements inside each other: not read")


def test_a_line_is_another() -> None:
    (one, _) = CONVENTION.read(b"<p>\n\n<b ai-disclosure=none>a</b>\n<i ai-disclosure=mixed>", "x")
    assert one.where == "x:3"


def test_parts_are_written_otherwise() -> None:
    page = "<html><head><title>t</title></head><body><p>one two</p><p id=a>three</p></body></html>"
    data = page.encode()
    at = [(page.index(text), page.index(text) + len(text)) for text in ("two", "<p id=a>three</p>")]
    said = [
        Disclosure("a", "A2", "M", (at[0],)),
        Disclosure("a", "A3", "N & <O>", (at[1],)),
    ]
    written = CONVENTION.write(data, said)
    assert b'<head><meta name="ai-disclosure" content="mixed">\n<title>' in written
    assert _read(written.decode()) == {
        "A2 M": ['<span ai-disclosure="ai-assisted" ai-model="M">two</span>'],
        "A3 N & <O>": [
            '<p ai-disclosure="ai-generated" ai-model="N &amp; &lt;O&gt;" id=a>three</p>'
        ],
    }


def test_a_part_of_a_page_that_is_all_ai_is_written_otherwise() -> None:
    page = b"<head></head><p>one two</p>"
    said = [Disclosure("a", "A2", "M"), Disclosure("a", "A3", "N", ((16, 19),))]
    written = CONVENTION.write(page, said).decode()
    head, _, rest = written.partition('<span ai-disclosure="ai-generated" ai-model="N">')
    assert _read(written) == {
        "A2 M": [head, " two</p>"],
        "A3 N": ['<span ai-disclosure="ai-generated" ai-model="N">one</span>'],
    }
    assert '<meta name="ai-disclosure" content="ai-assisted">' in head and rest
    with pytest.raises(InputError, match="several disclosures are of all of it"):
        CONVENTION.write(page, [*said, Disclosure("a", "A4")])


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a <b>c</b></p>", "a <b>c"),
        ("<!-- abc --><p>d</p>", "abc"),
        ("<script>abc</script>", "abc"),
        ("<p title='abc'>d</p>", "abc"),
        ("<p title=abc>d</p>", "abc"),
        ("<p>abc</p>", "<p>"),
        ("<textarea>abc</textarea>", "abc"),
    ],
)
def test_a_mark_lands_where_nobody_reads_it(page: str, text: str) -> None:
    at = page.index(text)
    with pytest.raises(InputError, match="no whole element, and not text alone"):
        CONVENTION.write(page.encode(), [Disclosure("a", "A3", None, ((at, at + len(text)),))])


def test_an_elements_own_word_is_overwritten() -> None:
    with pytest.raises(InputError, match="says ai-disclosure already"):
        CONVENTION.write(b"<p ai-disclosure=none>a</p>", [Disclosure("a", "A3")])


_WORDS = st.lists(st.sampled_from(["one", "two ", "é", " "]), min_size=1, max_size=3)


@given(st.lists(st.tuples(_WORDS, st.sampled_from([None, "A2", "A3", "A4"])), max_size=6))
def test_text_changes_where_it_is_marked(parts: list[tuple[list[str], str | None]]) -> None:
    """The text between the tags is as it was, and each part says what it was given."""
    page, ranges = "<head></head><p>", []
    for words, degree in parts:
        start = len(page.encode())
        page += "".join(words)
        if degree is not None:
            ranges.append((degree, (start, len(page.encode()))))
    page += "</p>"
    said = [Disclosure("a", degree, f"M{degree}", (at,)) for degree, at in ranges]
    if not said:
        return
    written = CONVENTION.write(page.encode(), said).decode()
    assert re.sub("<[^>]*>", "", written).strip("\n") == re.sub("<[^>]*>", "", page)
    found = {
        key: "".join(re.sub("<[^>]*>", "", text) for text in texts or [])
        for key, texts in _read(written).items()
    }
    expected: dict[str, str] = {}
    for degree, (start, end) in ranges:
        key = f"{degree} M{degree}"
        expected[key] = expected.get(key, "") + page.encode()[start:end].decode()
    assert found == expected


class _Theirs(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[tuple[bool, str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((False, tag, dict(reversed(attrs))))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append((True, tag, {}))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)


_NAMES = st.sampled_from(["p", "div", "b", "li", "td", "br"])
_VALUES = st.sampled_from(["", "a", "x y", "<b>", "&amp;", "é"])
_PIECES = st.one_of(
    st.sampled_from(["text", "a < b", "<!-- <p> -->", "<!doctype html>", "&lt;p&gt;", "é\n"]),
    st.builds(lambda n: f"</{n}>", _NAMES),
    st.builds(lambda n, v: f'<{n} a="{v}" B=c>', _NAMES, _VALUES),
    st.builds(lambda n, v: f"<{n}\n a = '{v}' ai-disclosure >", _NAMES, _VALUES),
    st.builds(lambda n: f"<{n}/>", _NAMES),
    st.builds(lambda n: f"<script>'<{n} a=b>'</script>", _NAMES),
)


@given(st.lists(_PIECES, max_size=12))
def test_another_parser_sees_other_tags(pieces: list[str]) -> None:
    page = "".join(pieces)
    theirs = _Theirs()
    theirs.feed(page)
    theirs.close()
    ours = [
        (tag.closing, tag.name.decode(), {} if tag.closing else
         {name.decode(): tag.value(name) or "" for name in tag.attributes})
        for tag in tags(page.encode())
    ]  # fmt: skip
    assert ours == [
        (end, name, {key: value or "" for key, value in values.items()})
        for end, name, values in theirs.seen
    ]


@given(st.lists(_PIECES, max_size=12))
def test_an_element_is_opened_and_not_closed(pieces: list[str]) -> None:
    page = "".join(pieces).encode()
    stack: list[int] = []
    last = 0
    for one in elements(page):
        assert one.at >= last
        last = one.at
        if one.opened:
            assert one.depth == len(stack)
            stack.append(one.tag.start)
        else:
            assert stack.pop() == one.tag.start
    assert stack == []
