"""Spans: which ranges are refused, what the list holds, and where they are after an edit."""

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError, VerificationError
from ledger.log.canonical import encode
from ledger.provenance.tags.again import LEAST_BYTES, Drifted, Found, find_again
from ledger.provenance.tags.spans import (
    MAX_SPANS,
    check_ranges,
    line_ranges,
    parse_span_list,
    parse_spans,
    span_list,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@st.composite
def tagged(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    """A content, and disjoint ranges of whole characters of it, in any order."""
    text = draw(TEXTS)
    edges = [len(text[:n].encode()) for n in range(len(text) + 1)]
    cuts = sorted(draw(st.sets(st.sampled_from(edges), min_size=2, max_size=12)))
    ranges = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text.encode(), draw(st.permutations(ranges))


@given(tagged())
def test_a_list_gives_back_its_ranges(made: tuple[bytes, list[tuple[int, int]]]) -> None:
    content, ranges = made
    listed = parse_span_list(span_list(content, ranges))
    assert [span.range for span in listed.spans] == check_ranges(content, ranges, "x")
    assert sum(end - start for start, end in ranges) == sum(
        span.end - span.start for span in listed.spans
    )
    assert all(before.end < after.start for before, after in pairwise(listed.spans))
    assert listed.size == len(content)


@given(tagged())
def test_spans_are_found_where_they_are(made: tuple[bytes, list[tuple[int, int]]]) -> None:
    content, ranges = made
    spans = parse_spans(span_list(content, ranges))
    assert find_again(spans, content) == tuple(Found(*span.range) for span in spans)


@given(tagged(), TEXTS, TEXTS)
def test_what_is_found_has_the_same_bytes(
    made: tuple[bytes, list[tuple[int, int]]], before: str, after: str
) -> None:
    content, ranges = made
    spans = parse_spans(span_list(content, ranges))
    edited = before.encode() + content + after.encode()
    for span, found in zip(spans, find_again(spans, edited), strict=True):
        if isinstance(found, Found):
            assert edited[found.start : found.end] == content[span.start : span.end]
        elif span.end - span.start >= LEAST_BYTES:
            assert found.reason == "ambiguous"


@given(tagged())
def test_a_list_holds_no_text(made: tuple[bytes, list[tuple[int, int]]]) -> None:
    content, ranges = made
    document = orjson.loads(span_list(content, ranges))
    for span in document["spans"]:
        for name, value in span.items():
            if name in ("prefix", "suffix", "sha256"):
                assert len(value) == 71
            else:
                assert isinstance(value, int)


LONG = b"The quick brown fox jumps over the lazy dog, twice.\n"
OTHER = b"A sentence that stands elsewhere, and once only here.\n"


def spans_of(content: bytes, *ranges: tuple[int, int]):  # type: ignore[no-untyped-def]
    return parse_spans(span_list(content, ranges))


def test_a_span_that_moved_is_found() -> None:
    content = OTHER + LONG
    (found,) = find_again(spans_of(content, (len(OTHER), len(content))), LONG + b"\n" + OTHER)
    assert found == Found(0, len(LONG))


def test_a_changed_span_drifted() -> None:
    content = OTHER + LONG + OTHER
    (found,) = find_again(
        spans_of(content, (len(OTHER), len(OTHER + LONG))),
        OTHER + LONG.replace(b"quick", b"slow!") + OTHER,
    )
    assert isinstance(found, Drifted)
    assert found.reason == "gone"


def test_of_two_places_the_one_with_its_surroundings() -> None:
    content = OTHER + LONG + b"end\n"
    edited = b"first:\n" + LONG + b"then:\n" + OTHER + LONG + b"another end\n"
    (found,) = find_again(spans_of(content, (len(OTHER), len(OTHER + LONG))), edited)
    assert found == Found(edited.rindex(LONG), edited.rindex(LONG) + len(LONG))


def test_of_two_equal_places_neither() -> None:
    content = b"x\n" + LONG + b"y\n"
    (found,) = find_again(spans_of(content, (2, 2 + len(LONG))), b"1" + LONG + b"2" + LONG + b"3")
    assert isinstance(found, Drifted)
    assert found.reason == "ambiguous"


def test_a_short_span_elsewhere_is_not_known_by_itself() -> None:
    (found,) = find_again(spans_of(b"a = b\nreturn\n", (0, 5)), b"c\nwhere a = b, or so\n")
    assert isinstance(found, Drifted)
    (found,) = find_again(spans_of(b"a = b\nreturn\n", (0, 5)), b"c\na = b\nreturn\n")
    assert found == Found(2, 7)


def test_lines_keep_their_ends() -> None:
    content = b"one\r\ntwo\r\n\r\nfour"
    assert line_ranges(content, [(1, 1), (2, 3), (4, 4)], "f") == [(0, 5), (5, 12), (12, 16)]
    assert line_ranges(b"a\rb\n", [(1, 1)], "f") == [(0, 4)]


@pytest.mark.parametrize("lines", [(0, 1), (2, 1), (5, 5), (1, 5), (-3, -1)])
def test_lines_that_are_not_there(lines: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="f: line"):
        line_ranges(b"one\r\ntwo\r\n\r\nfour\n", [lines], "f")


def test_an_empty_text_has_no_line() -> None:
    with pytest.raises(InputError, match="at most 0"):
        line_ranges(b"", [(1, 1)], "f")


BAD_RANGES = {
    "empty": ([(2, 2)], "are no range"),
    "backwards": ([(3, 2)], "are no range"),
    "before": ([(-1, 2)], "are no range"),
    "past_the_end": ([(0, 99)], "past the end, expected at most 7"),
    "overlapping": ([(3, 6), (0, 4)], "overlap bytes 0-4"),
    "twice": ([(0, 2), (0, 2)], "overlap"),
    "starts_in_a_character": ([(2, 4)], "cut the utf-8 character at byte 2"),
    "ends_in_a_character": ([(0, 2)], "cut the utf-8 character at byte 2"),
}


@pytest.mark.parametrize("name", BAD_RANGES)
def test_ranges_that_are_none(name: str) -> None:
    ranges, reason = BAD_RANGES[name]
    content = b"abcdefg" if name == "twice" else "aébcde".encode()
    with pytest.raises(InputError, match=reason):
        check_ranges(content, ranges, "f")


def test_ranges_are_sorted_and_joined() -> None:
    assert check_ranges(b"abcdefgh", [(5, 6), (0, 2), (2, 4)], "f") == [(0, 4), (5, 6)]
    with pytest.raises(InputError, match="at most"):
        check_ranges(b"ab" * 20_002, [(2 * n, 2 * n + 1) for n in range(MAX_SPANS + 1)], "f")
    with pytest.raises(InputError, match="no range"):
        span_list(b"abc", [])


LISTED = orjson.loads(span_list("aébcdefgh".encode(), [(0, 3), (5, 6)]))


def changed(**changes: object) -> bytes:
    return encode(LISTED | changes)


def span(**changes: object) -> bytes:
    return encode(LISTED | {"spans": [LISTED["spans"][0] | changes, LISTED["spans"][1]]})


BAD_LISTS = {
    "no_json": b"{",
    "no_object": b"[]",
    "version": changed(v=2),
    "version_true": changed(v=True),
    "unknown_member": changed(text="abc"),
    "no_document": changed(document="x"),
    "document_no_text": changed(document=3),
    "no_span": changed(spans=[]),
    "spans_no_list": changed(spans={"a": 1}),
    "order": changed(spans=LISTED["spans"][::-1]),
    "touching": span(end=5),
    "overlapping": span(end=6),
    "size": changed(size=5),
    "text_inside": span(text="a"),
    "start_true": span(start=True),
    "negative": span(start=-1),
    "empty": span(start=3),
    "sum": span(sum=2**40),
    "digest": span(sha256="sha256:00"),
    "anchor_before_the_start": span(prefix_bytes=1),
    "anchor_past_the_end": span(suffix_bytes=99),
    "spelling": span_list(b"abc", [(0, 1)]).replace(b",", b", ", 1),
    "repeated_key": span_list(b"abc", [(0, 1)]).replace(b'"size":3', b'"size":3,"size":3'),
    "deep": b"[" * 100_000,
    "long": b" " * (7 << 20),
}


@pytest.mark.parametrize("name", BAD_LISTS)
def test_lists_that_are_none(name: str) -> None:
    with pytest.raises(VerificationError, match="list of"):
        parse_spans(BAD_LISTS[name])
