"""The page: what it says, and that nobody's text can make it say or do anything else."""

import copy
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


RULE = {"allow_asserted": True, "before": "2022-11-30", "min_level": 3, "reserve_asserted": 1}


def _reserve(said: str, version: int) -> dict[str, Any]:
    return {
        "content_root": said,
        "name": said,
        "reserve_bytes": 9,
        "reserve_documents": 2,
        "stage": "any",
        "statement": said,
        "version": version,
    }


def _overlap(against: str) -> dict[str, Any]:
    numbers = {"exact": 3, "normalised": 4, "near_80": 5, "near_50": 6, "contained": 1, "novel": 2}
    texts = {"against": against, "against_root": against, "method": against}
    return {**texts, **numbers, "documents": 9, "against_documents": 7}


def _scan(said: str) -> dict[str, Any]:
    record = {"at_2": 9, "at_3": 1, "at_4": 0, "at_5": 0, "at_6": 0, "documents": 9, "tested": 8}
    mark = {"detected": 3, "undecidable": 2, "least": 24, "fdr": 4, "pooled_milli": 12_000}
    known = {"name": said, "version": said, "provider": said, "algorithm": said}
    return {
        "scan": "watermark", "version": "1", "parameters": said, "results": said,
        "documents": 9, "tokens": 9_000, "alpha_milli": 9_000, "fdr_milli": 2_301,
        "outcomes": {"detected": 3}, "unicode": {said: 1, "zero_width": 2},
        "marks": [
            mark | known | {"mark": said, "key_class": "sealed", "status": "revoked"}
            | {"forgeable_from": -(10**15), "calibration": record | {"reserve": said}},
            mark | known | {"mark": said, "key_class": "public", "status": "active"},
            mark | {"mark": said, "status": "not registered", "pooled_milli": 0},
        ],
    }  # fmt: skip


def statement(said: str = "plain", **changes: Any) -> Statement:
    """A statement in which `said` stands wherever a text may stand."""
    rule = {"basis": said, "label": said, "number": said, "shown": said, "why": said, "words": said}
    rows = [{"value": said, **SHARES}, {"value": "mixed", **SHARES}, dict(SHARES)]
    composition: dict[str, dict[str, Any]] = {
        "totals": {"bytes": 1_234_567, "documents": 1200, "occurrences": 1},
        "labels": {"rows": [{"label": said, "basis": said, "rule": said, **SHARES}]},
        "evidence": {
            "checks": [
                {"type": said, "outcome": "checked", "binding": "derived", "issuer": said}
                | {"claims": 2, "earliest": -(10**12), "latest": 1_600_000_000, **SHARES},
                {"type": "declared_date", "outcome": "asserted", "binding": "exact_bytes"}
                | {"claims": 1, **SHARES},
                {"type": said, "outcome": "failed", "binding": "url_only", "claims": 1, **SHARES},
            ],
            "extractors": [said],
            "lifted_elsewhere": SHARES,
            "rows": [{"standing": "checked", "level": 3, **SHARES}, dict(SHARES)],
        },
        "reserves": {
            "rows": [
                _reserve(said, 1) | SHARES | RULE,
                _reserve(said, 2) | SHARES | {"withheld": ["statement"]},
                _reserve(said, 3) | {"withheld": ["members", "statement"]},
                _reserve(said, 4) | SHARES | RULE | {"documents": 0},
                _reserve(said, 5) | SHARES | {"stage": "final"},
            ],
        },
        "overlaps": {
            "other_states": 3,
            "rows": [_overlap(said), _overlap("reserve:" + said)],
        },
        "watermarks": {"other_states": 1, "rows": [_scan(said), _scan(said)]},
        "license": {"rows": rows},
        "language": {"detectors": [said, said], "rows": rows},
        "channel": {"rows": rows},
        "period": {
            "earlier_elsewhere": SHARES,
            "rows": [{"standing": "asserted", "year": -44, **SHARES}, dict(SHARES)],
        },
    }
    policy = dict(STATEMENT.policy, name=said, title=said, version=said, rules=[rule])
    made = replace(
        STATEMENT,
        subject=said,
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
    page = render(
        replace(of, composition={**of.composition, "language": {"detectors": [], "rows": rows}})
    )
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
        ("evidence", {"lifted_elsewhere": SHARES, "rows": []}),
        ("evidence", {"lifted_elsewhere": SHARES, "rows": [], "checks": [], "extractors": "x"}),
        ("evidence", {"lifted_elsewhere": SHARES, "rows": [], "checks": [{"type": "x"}]}),
        ("reserves", {"rows": [_reserve("x", 1)], "in_any": SHARES}),
        ("reserves", {"rows": [_reserve("x", 1) | SHARES | RULE]}),
        ("reserves", {"rows": [_reserve("x", 1) | {"withheld": ["members"]}], "in_any": SHARES}),
        ("reserves", {"rows": [_reserve("x", 1) | SHARES | {"withheld": ["members"]}]}),
        ("reserves", {"rows": [_reserve("x", 1) | SHARES | RULE | {"withheld": ["statement"]}]}),
        ("reserves", {"rows": [_reserve("x", 1) | {"withheld": ["page"]}], "in_any": SHARES}),
        ("reserves", {"rows": [_reserve("x", 1) | {"withheld": "members"}], "in_any": SHARES}),
        ("reserves", {"rows": [_reserve("x", 1) | SHARES | RULE], "in_any": {}}),
        (
            "reserves",
            {"rows": [_reserve("x", 1) | SHARES | RULE | {"before": 7}], "in_any": SHARES},
        ),
        ("overlaps", {"rows": []}),
        ("overlaps", {"rows": [_overlap("x") | {"exact": "<b>"}], "other_states": 0}),
        ("overlaps", {"rows": [_overlap("x") | {"novel": 8}], "other_states": 0}),
        ("overlaps", {"rows": [_overlap("x") | {"against": 7}], "other_states": 0}),
        ("watermarks", {"rows": []}),
        ("watermarks", {"rows": [_scan("x") | {"marks": 7}], "other_states": 0}),
        ("watermarks", {"rows": [_scan("x") | {"alpha_milli": 1.5}], "other_states": 0}),
        ("watermarks", {"rows": [_scan("x") | {"marks": [{}]}], "other_states": 0}),
        ("watermarks", {"rows": [_scan("x") | {"unicode": {"y": True}}], "other_states": 0}),
        ("language", {"detectors": [], "rows": [{"value": "x"}]}),
        ("language", {"detectors": [], "rows": [None]}),
        ("language", {"detectors": "x", "rows": []}),
        ("language", {"rows": []}),
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


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in inner:
        found.append((*path, key))
        if isinstance(item, dict | list):
            found += _places(item, (*path, key))
    return found


_SECTIONS = statement(HOSTILE).composition
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.just(HOSTILE), st.text(max_size=4)
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(max_examples=400, deadline=None)
@given(place=st.sampled_from(_places(_SECTIONS)), value=_JSON, remove=st.booleans())
def test_somebodys_numbers_break_the_program(
    place: tuple[Any, ...], value: Any, remove: bool
) -> None:
    """Whatever stands anywhere in a composition: a page that nothing escaped from, or one error."""
    changed = copy.deepcopy(dict(_SECTIONS))
    target: Any = changed
    for key in place[:-1]:
        target = target[key]
    if remove:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    try:
        page = render(statement(HOSTILE, composition=changed))
    except VerificationError:
        return
    found = outline(page)
    assert not {tag for tag, _ in found.seen} & {"script", "img", "iframe", "link", "object", "a"}
    assert "\u202e" not in page
