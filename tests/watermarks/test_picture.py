"""Pictures: what is drawn is where it lies, and a title is no markup."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.watermarks.picture import (
    Point,
    Span,
    evidence_curve,
    p_words,
    svg,
    terminal_bar,
)

NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawn(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def said(text: str) -> str:
    return " ".join(drawn(text).itertext())


def test_a_span_is_drawn_elsewhere_or_not_at_all() -> None:
    bar, scale, *words = terminal_bar(1000, [Span(250, 500, -40.0)], 40).split("\n")
    assert bar == "·" * 10 + "█" * 10 + "·" * 20
    assert len(scale) == 40 and scale.startswith("0 ") and scale.endswith(" 1,000 tokens")
    assert words == ["tokens 250 to 500: p = 4.3e-18"]
    tiny = terminal_bar(10**6, [Span(999_999, 10**6, -30.0)], 40).split("\n")[0]
    assert tiny == "·" * 39 + "▒"
    assert terminal_bar(3, [Span(1, 2, -1.0)], 40).split("\n")[0] == "·█·"
    assert terminal_bar(0, []) == "no tokens"
    assert terminal_bar(9, []).split("\n") == ["·" * 9, "0 to 9 tokens"]


@given(st.integers(1, 5000), st.data())
def test_a_cell_tells_of_tokens_that_are_not_there(tokens: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, tokens - 1))
    end = data.draw(st.integers(start + 1, tokens))
    width = data.draw(st.integers(8, 120))
    bar = terminal_bar(tokens, [Span(start, end, -9.0)], width).split("\n")[0]
    assert len(bar) == min(width, tokens)
    cell = tokens / len(bar)
    marked = [n for n, character in enumerate(bar) if character != "·"]
    assert marked[0] == int(start / cell + 1e-9)
    assert marked[-1] == math.ceil(end / cell - 1e-9) - 1
    assert marked == list(range(marked[0], marked[-1] + 1))


def test_a_p_value_is_said_too_small() -> None:
    assert p_words(0.0) == "p = 1"
    assert p_words(math.log(0.0311)) == "p = 0.032"
    assert p_words(math.log(3.11e-14)) == "p = 3.2e-14"
    assert p_words(math.log(9.96e-14)) == "p = 1.0e-13"
    assert p_words(-10_000 * math.log(10)) == "p = 1.0e-10000"
    for wrong in (math.nan, math.inf, -math.inf, 0.5):
        with pytest.raises(InputError, match="logarithm of a probability"):
            p_words(wrong)


def test_the_curve_climbs_where_there_is_no_mark() -> None:
    rng = np.random.default_rng(2)
    ratios = rng.normal(-0.5, 0.5, 3000)
    ratios[1000:1200] = 0.9
    curve = evidence_curve(np.arange(0, 6000, 2), ratios)
    assert len(curve) <= 480
    tokens = [point.token for point in curve]
    assert tokens == sorted(set(tokens))
    highest = max(curve, key=lambda point: point.height)
    assert abs(highest.token - 2398) <= 2
    assert highest.height == pytest.approx(200 * 0.9 / math.log(10), rel=0.02)
    assert all(point.height < 3 for point in curve if point.token < 1990)
    few = evidence_curve(np.array([3, 5, 9]), np.array([1.0, -3.0, 2.0]))
    assert few == [
        Point(3, pytest.approx(1 / math.log(10))),
        Point(5, 0.0),
        Point(9, pytest.approx(2 / math.log(10))),
    ]
    assert evidence_curve(np.zeros(0, np.int64), np.zeros(0)) == []


def test_the_drawing_lacks_words_a_span_or_the_warning() -> None:
    spans = [Span(100, 300, -40.0), Span(700, 720, -20.0)]
    picture = svg(1000, spans, [Point(0, 0.0), Point(300, 9.5)], "a.txt", key="acme", log_p=-41.0)
    root = drawn(picture)
    hatched = [
        (float(box.get("x", "")), float(box.get("width", "")))
        for box in root.iter(f"{NAMESPACE}rect")
        if box.get("class") == "hatch"
    ]
    assert hatched == [(104.0, 128.0), (488.0, 12.8)]
    (line,) = root.iter(f"{NAMESPACE}polyline")
    assert line.get("points") == "40.0,222.0 232.0,72.0"
    text = said(picture)
    assert "Consistent with key acme, p = 1.6e-18" in text
    assert "Whoever can detect may be able to forge." in text
    assert "220 of 1,000 tokens" in text
    assert "tokens 700 to 720: p = 2.1e-9" in text
    named = dict(root.items())["aria-labelledby"].split()
    assert named == [child.get("id") for child in root][:2]
    assert "No part of the 5 tokens" in said(svg(5, [], [], "b", key="k", log_p=-1.0))
    many = [Span(n, n + 1, -float(n)) for n in range(50)]
    assert "and 44 weaker ones" in said(svg(50, many, [], "c", key="k", log_p=-1.0))


def test_what_was_not_found_is_called_consistent_with_a_key() -> None:
    picture = said(svg(9, [Span(1, 3, -9.3)], [], "a", key="acme", log_p=-2.0, found=False))
    assert "Key acme was not found: p = 0.136. That says nothing of who" in picture
    assert "too weak to tell" in picture and "onsistent" not in picture and "forge" not in picture


def test_an_outsider_learns_the_p_value_of_a_key() -> None:
    spans = [Span(1, 9, -40.0)]
    curve = [Point(3, 1.0)]
    picture = svg(10, spans, curve, "a", key="acme", log_p=-41.0, exact=False)
    assert "p =" not in picture
    assert "polyline" not in picture
    assert "tokens 1 to 9" in said(picture)


@given(st.text(max_size=120), st.text(max_size=120))
def test_a_title_is_markup(title: str, key: str) -> None:
    hostile = f"<script>alert(1)</script>]]>&'\"{title}"
    picture = svg(10, [], [], hostile, key=hostile + key, log_p=-2.0)
    names = {element.tag.removeprefix(NAMESPACE) for element in drawn(picture).iter()}
    assert names <= {"svg", "title", "desc", "style", "defs", "pattern", "rect", "path", "text"}
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "", 1) or "http" in (
        title + key
    )
    assert "<script>" in said(picture)


@pytest.mark.parametrize("span", [Span(-1, 2, -1.0), Span(2, 2, -1.0), Span(3, 11, -1.0)])
def test_a_span_outside_the_text_is_drawn(span: Span) -> None:
    with pytest.raises(InputError, match="span 0"):
        terminal_bar(10, [span])
    with pytest.raises(InputError, match="span 0"):
        svg(10, [span], [], "a", key="k", log_p=-1.0)
    with pytest.raises(InputError, match="7 columns"):
        terminal_bar(10, [], 7)
