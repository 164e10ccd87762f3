"""The page: what it says, and that nobody's text can make it say or do anything else."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from ledger.certificates.markup import many, percent, size, text
from ledger.certificates.page import render_page
from ledger.certificates.sections import built_in_sections
from ledger.certificates.statement import Statement, limits
from ledger.errors import VerificationError
from tests.certificates.test_statement import STATEMENT

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u200b&amp;'
SHARES = {
    "bytes": 3, "bytes_ppm": 999_999, "documents": 1, "documents_ppm": 999_999, "occurrences": 1
}  # fmt: skip


def statement(said: str = "plain", **changes: Any) -> Statement:
    """A statement in which `said` stands wherever a text may stand."""
    rule = {"basis": said, "label": said, "number": said, "shown": said, "why": said, "words": said}
    rows = [{"value": said, **SHARES}, {"value": "mixed", **SHARES}, dict(SHARES)]
    composition: dict[str, dict[str, Any]] = {
        "totals": {"bytes": 1_234_567, "documents": 1200, "occurrences": 1},
        "labels": {"rows": [{"label": said, "basis": said, "rule": said, **SHARES}]},
        "evidence": {
            "lifted_elsewhere": SHARES,
            "rows": [{"standing": "checked", "level": 3, **SHARES}, dict(SHARES)],
        },
        "license": {"rows": rows},
        "language": {"rows": rows},
        "channel": {"rows": rows},
        "period": {
            "earlier_elsewhere": SHARES,
            "rows": [{"standing": "asserted", "year": -44, **SHARES}, dict(SHARES)],
        },
    }
    policy = dict(STATEMENT.policy, name=said, title=said, version=said, rules=[rule])
    made = replace(
        STATEMENT,
        dataset=said,
        issuer=said,
        limits=limits(said, said),
        composition=composition,
        policy=policy,
        log_vkeys=(said,),
        statement_vkeys=(said,),
        head=replace(STATEMENT.head, log_name=said),
    )
    return replace(made, **changes)


def render(of: Statement) -> str:
    return render_page(of, built_in_sections(), "here").decode()


class Outline(HTMLParser):
    """Elements and attributes; raises if an element is not closed in order."""

    VOID = ("meta", "rect", "circle")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


@pytest.mark.parametrize("said", ["plain", HOSTILE])
def test_nobodys_text_adds_an_element_or_an_attribute(said: str) -> None:
    found = outline(render(statement(said)))
    shape = [(tag, sorted(attributes)) for tag, attributes in found.seen]
    plain = outline(render(statement("plain")))
    assert shape == [(tag, sorted(attributes)) for tag, attributes in plain.seen]
    assert not {tag for tag, _ in found.seen} & {"script", "img", "iframe", "link", "object", "a"}
    assert not any(name.startswith("on") for _, names in shape for name in names)


def test_invisible_characters_are_shown() -> None:
    page = render(statement(HOSTILE))
    assert "\u202e" not in page
    assert "\u200b" not in page
    assert r"\u202e\u200b" in page


def test_nothing_is_loaded_from_anywhere() -> None:
    page = render(statement())
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert not re.search(r"(?:https?:)?//", page)
    assert not re.search(r"\b(?:src|href|action)\s*=|@import|url\((?!#)", page)


def test_title_and_limits_are_said_in_the_words_of_the_design() -> None:
    said = " ".join("".join(outline(render(statement())).text).split())
    for sentence in limits("plain", None):
        assert sentence in said


def test_the_policys_warning_stands_beside_the_labels() -> None:
    of = statement(limits=limits("x", "here 'verified' means dated before 2022-11-30"))
    labels = render(of).partition("<h2>Who wrote it</h2>")[2].partition("</section>")[0]
    assert "here &#x27;verified&#x27; means dated before 2022-11-30" in labels
    assert '<p class="warning">' not in render(statement(limits=limits("x", None)))


def test_the_chart_is_told_in_words_too() -> None:
    page = render(statement())
    assert 'role="img" aria-labelledby="chart-title chart-desc"' in page
    assert '<title id="chart-title">Shares of 1 document by label and basis</title>' in page
    assert '<desc id="chart-desc">A: plain, plain: 99.9 %.</desc>' in page


def test_long_tables_end_in_one_row_that_says_how_many_more() -> None:
    rows = [{"value": f"l{n:03}", **SHARES} for n in range(100)]
    of = statement()
    page = render(replace(of, composition={**of.composition, "language": {"rows": rows}}))
    assert "77 more languages, listed in certificate.json" in page
    assert "l022" in page
    assert "l023" not in page


@pytest.mark.parametrize(
    ("section", "data"),
    [
        ("totals", {}),
        ("totals", {"documents": "9", "occurrences": 1, "bytes": 1}),
        ("totals", {"documents": -1, "occurrences": 1, "bytes": 1}),
        ("labels", {"rows": 7}),
        ("labels", {"rows": [{"rule": "99", **SHARES}]}),
        ("evidence", {"lifted_elsewhere": SHARES, "rows": [{"standing": "sworn", **SHARES}]}),
        (
            "evidence",
            {"lifted_elsewhere": SHARES, "rows": [{"standing": "checked", "level": 9, **SHARES}]},
        ),
        ("language", {"rows": [{"value": "x"}]}),
        ("language", {"rows": [None]}),
        ("period", {"rows": [{"standing": "checked", "year": "x", **SHARES}]}),
    ],
)
def test_numbers_of_another_shape_are_a_verification_error_with_their_place(
    section: str, data: dict[str, Any]
) -> None:
    of = statement()
    with pytest.raises(VerificationError, match=rf"^here: composition\.{section} "):
        render(replace(of, composition={**of.composition, section: data}))


def test_a_share_is_never_rounded_up() -> None:
    assert [percent(ppm) for ppm in (0, 1, 999, 1000, 999_999, 1_000_000)] == [
        "0.0 %", "&lt; 0.1 %", "&lt; 0.1 %", "0.1 %", "99.9 %", "100.0 %",
    ]  # fmt: skip
    assert [size(n) for n in (0, 999, 1000, 1_299_999, 10**9)] == [
        "0 bytes", "999 bytes", "1.0 kB", "1.2 MB", "1.0 GB",
    ]  # fmt: skip
    assert (many(1, "document"), many(1200, "document")) == ("1 document", "1,200 documents")


def test_text_keeps_its_direction_to_itself() -> None:
    assert text("שלום <b>") == "<bdi>שלום &lt;b&gt;</bdi>"
