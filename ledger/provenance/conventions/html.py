"""Web pages: the W3C draft's `ai-disclosure`, in a <meta> of the page or on an element.

    <meta name="ai-disclosure" content="mixed">
    <p ai-disclosure="ai-generated" ai-model="a-model">…</p>

Children inherit, an element's own value overrides, `mixed` is a page's only, an invalid value is
an absent one. The older spellings `aidisclosure`, `aimodel` and `autonomous` are read. What a
page says holds for its bytes less the elements that say otherwise; a <meta> counts in the head
alone, since what stands in the body may be a guest's.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ledger.errors import InputError
from ledger.provenance.conventions import MAX_DISCLOSURES, Disclosure, Range, bounded, short
from ledger.provenance.conventions._elements import DEEPEST, Nested, elements
from ledger.provenance.conventions._marking import escaped, mark
from ledger.provenance.conventions._markup import Tag
from ledger.provenance.conventions._words import (
    DISCLOSURE,
    MIXED,
    MIXED_NOTE,
    MODEL,
    degree_of,
    greatest,
    page_word,
)

__all__ = ["CONVENTION"]

_NAME = "html"
_ANY = re.compile(rb"ai-?disclosure", re.IGNORECASE)
_HEAD = frozenset({b"html", b"head"})
_Key = tuple[str | None, str | None]  # degree, model; None: the page's


@dataclass
class _Page:
    """What the metas of the head say; `changes` are (byte, key from there on)."""

    degrees: list[str] = field(default_factory=list)
    mixed: bool = False
    models: list[str] = field(default_factory=list)
    line: int = 1
    ignored: list[Disclosure] = field(default_factory=list)
    changes: list[tuple[int, _Key]] = field(default_factory=list)
    starts: dict[_Key, int] = field(default_factory=dict)


class _Html:
    name = _NAME
    suffixes = (".html", ".htm", ".xhtml")
    of_files = True

    def read(self, content: bytes, where: str) -> list[Disclosure]:
        if _ANY.search(bounded(content, where)) is None:
            return []
        lines = _Lines(content)
        try:
            page = _scan(content, where, lines)
        except Nested:
            note = f"over {DEEPEST} elements inside each other: not read"
            return [Disclosure(_NAME, "AX", where=where, note=note)]
        return [*_said(page, len(content), where, lines), *page.ignored[:100]]

    def write(self, content: bytes, disclosures: Sequence[Disclosure]) -> bytes:
        """The page that says it: a <meta>, and where parts differ, an element around each.

        Ranges are whole elements or text without a tag in it. Raises InputError for others, and
        for a page whose elements say something already. b"" gives the <meta> lines alone.
        """
        word, model = page_word(disclosures)
        whole = [one for one in disclosures if one.ranges is None and one.assistance != "AX"]
        parts: list[Disclosure] = []
        if word == MIXED:
            if len({(one.assistance, one.model) for one in whole}) == 1:
                word, model = page_word(whole)  # and elements that say otherwise
            elif whole:
                raise InputError("page: several disclosures are of all of it, expected one")
            of_page = {(one.assistance, one.model) for one in whole}
            parts = [one for one in disclosures if one.ranges is not None]
            parts = [one for one in parts if (one.assistance, one.model) not in of_page]
        metas = [f'<meta name="ai-disclosure" content="{word}">']
        if model is not None and word not in (MIXED, "none"):
            metas.append(f'<meta name="ai-model" content="{escaped(model)}">')
        said = "".join(f"{meta}\n" for meta in metas).encode()
        if not content:
            return said
        return mark(bounded(content, "page"), said, parts, self.read)


class _Lines:
    """Line numbers of bytes."""

    def __init__(self, content: bytes) -> None:
        self._ends = [found.start() for found in re.finditer(rb"\n", content)]

    def of(self, at: int) -> int:
        return bisect_right(self._ends, at - 1) + 1


def _scan(content: bytes, where: str, lines: _Lines) -> _Page:
    page = _Page()
    keys: list[_Key] = [(None, None)]
    opened: list[bool] = []  # of each open element: is it one that the head may have
    for one in elements(content):
        tag = one.tag
        if not one.opened:
            above, here = keys[one.depth], keys.pop()
            opened.pop()
            if above != here:
                page.changes.append((one.at, above))
            continue
        if tag.name == b"meta" and all(opened):
            _meta(page, tag, where, lines)
        key = keys[-1]
        if tag.name == b"html":
            _root(page, _own(page, tag, key, where, lines), lines.of(tag.start))
        elif tag.name not in (b"meta", b"img"):
            key = _own(page, tag, key, where, lines)
        if key != keys[-1]:
            page.changes.append((one.at, key))
            page.starts.setdefault(key, one.at)
        keys.append(key)
        opened.append(tag.name in _HEAD)
    return page


def _root(page: _Page, said: _Key, line: int) -> None:
    """What the root element says is said of the page, its doctype included."""
    degree, model = said
    if degree is not None:
        page.degrees.append(degree)
        page.line = line
    page.models += [model] if model else []


def _meta(page: _Page, tag: Tag, where: str, lines: _Lines) -> None:
    name = (tag.value(b"name") or "").strip().lower().encode()
    content = tag.value(b"content") or ""
    if name in MODEL:
        model = short(content)
        page.models += [model] if model else []
    elif name in DISCLOSURE:
        word = content.strip().lower()
        degree = degree_of(word)
        if word == MIXED:
            page.mixed = True
        elif degree is None:
            _ignore(page, where, lines.of(tag.start), content)
            return
        else:
            page.degrees.append(degree)
        page.line = lines.of(tag.start)


def _own(page: _Page, tag: Tag, above: _Key, where: str, lines: _Lines) -> _Key:
    """An element's degree and model: its own, else what it inherits."""
    word = tag.value(*DISCLOSURE)
    degree, model = above
    if word is not None:
        own = None if word.strip().lower() == MIXED else degree_of(word)
        if own is None:
            _ignore(page, where, lines.of(tag.start), word)
        else:
            degree = own
    return degree, short(tag.value(*MODEL)) or model


def _ignore(page: _Page, where: str, line: int, word: str) -> None:
    if len(page.ignored) < 100:
        shown = short(word[:40]) or "nothing"
        note = f"ai-disclosure: found {shown}, no word of the draft for it"
        page.ignored.append(Disclosure(_NAME, "AX", where=f"{where}:{line}", note=note))


def _said(page: _Page, size: int, where: str, lines: _Lines) -> list[Disclosure]:
    """The page's disclosures: bytes of one degree and model together, in the order they begin."""
    root = greatest(page.degrees)
    model = page.models[0] if page.models else None
    note = None
    if page.mixed and root is None and all(key[0] is None for _, key in page.changes):
        root, note = "A2", MIXED_NOTE
    if len(page.changes) > MAX_DISCLOSURES:
        note = f"over {MAX_DISCLOSURES} parts: not read"
        return [Disclosure(_NAME, "AX", where=where, note=note)]
    ranges: dict[tuple[str, str | None], list[Range]] = {}
    places: dict[tuple[str, str | None], int] = {}
    nothing: _Key = (None, None)
    marks = [(0, nothing), *page.changes, (size, nothing)]
    for (start, key), (end, _) in pairwise(marks):
        degree = key[0] or root
        if degree is None or start == end:
            continue
        named = None if degree == "A0" else key[1] or model
        kept = ranges.setdefault((degree, named), [])
        line = page.line if key[0] is None else lines.of(page.starts[key])
        places.setdefault((degree, named), line)
        if kept and kept[-1][1] == start:
            kept[-1] = (kept[-1][0], end)
        else:
            kept.append((start, end))
    return [
        Disclosure(
            _NAME, degree, named, where=f"{where}:{places[degree, named]}", note=note,
            ranges=None if kept == [(0, size)] else tuple(kept),
        )
        for (degree, named), kept in ranges.items()
    ]  # fmt: skip


CONVENTION = _Html()
