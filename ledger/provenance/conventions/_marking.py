"""A page that says of its parts who wrote them: attributes on elements, or new ones around text.

What was put in is read back before it is given out, so that no mark lands in a comment, a script
or an attribute, where nobody would read it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from ledger.errors import InputError
from ledger.provenance.conventions import Disclosure, Range, short
from ledger.provenance.conventions._elements import DEEPEST, Nested, elements
from ledger.provenance.conventions._markup import Tag, head_place, tags
from ledger.provenance.conventions._words import DISCLOSURE, MODEL
from ledger.provenance.vocabularies.w3c import VOCABULARY

__all__ = ["escaped", "mark"]

_CLOSES, _OPENS = 0, 1  # where one part ends and the next begins, in this order


@dataclass(frozen=True, order=True)
class _Edit:
    """Bytes `at` … `upto` become `text`; `part` is the range that begins or ends here."""

    at: int
    order: int
    upto: int
    text: bytes
    part: tuple[int, int] | None = None


def escaped(text: str) -> str:
    """A model's name for an attribute. Raises InputError."""
    if short(text) != text:
        raise InputError("the model's name: not one that one line can hold")
    return escape(text)


def mark(
    page: bytes,
    metas: bytes,
    parts: Sequence[Disclosure],
    read: Callable[[bytes, str], list[Disclosure]],
) -> bytes:
    """`page` with `metas` in its head and each part's range marked. Raises InputError."""
    edits = _without_metas(page)
    place = head_place(page)
    edits.append(_Edit(place, _OPENS, place, metas))
    if parts:
        whole = _elements(page)
        for number, one in enumerate(parts):
            for at, (start, end) in enumerate(one.ranges or ()):
                edits += _around(page, start, end, one, (number, at), whole.get((start, end)))
    marked, places = _edited(page, edits)
    _check_places(parts, places, read(marked, "page"))
    return marked


def _check_places(
    parts: Sequence[Disclosure],
    places: dict[tuple[int, int], Range],
    found: Sequence[Disclosure],
) -> None:
    """Raises InputError unless exactly the bytes of each part are read as what it says."""
    read = {(one.assistance, one.model): one.ranges or () for one in found}
    wanted: dict[tuple[str, str | None], list[Range]] = {}
    for number, one in enumerate(parts):
        degree = VOCABULARY.read(VOCABULARY.said[one.assistance])
        assert degree is not None  # a word of the vocabulary is read
        key = degree.assistance, None if one.assistance == "A0" else one.model
        wanted.setdefault(key, []).extend(places[number, at] for at in range(len(one.ranges or ())))
    for key, ranges in wanted.items():
        joined: list[Range] = []
        for start, end in sorted(ranges):
            if joined and joined[-1][1] == start:
                start = joined.pop()[0]
            joined.append((start, end))
        if tuple(joined) != read.get(key, ()):
            raise InputError(
                "page: a range that is no whole element, and not text alone",
                hint="tag the bytes of whole elements, or of text without tags in it",
            )


def _elements(page: bytes) -> dict[Range, Tag]:
    try:
        return {(one.tag.start, one.at): one.tag for one in elements(page) if not one.opened}
    except Nested:
        raise InputError(f"page: over {DEEPEST} elements inside each other") from None


def _without_metas(page: bytes) -> list[_Edit]:
    edits: list[_Edit] = []
    for tag in tags(page):
        if tag.closing:
            continue
        if tag.name == b"meta":
            name = (tag.value(b"name") or "").strip().lower().encode()
            if name in (*DISCLOSURE, *MODEL):
                end = tag.end + (page[tag.end : tag.end + 1] == b"\n")
                edits.append(_Edit(tag.start, _OPENS, end, b""))
        elif tag.value(*DISCLOSURE) is not None:
            raise InputError(
                "page: an element says ai-disclosure already",
                hint="take the attribute out first, or change it by hand",
            )
    return edits


def _around(
    page: bytes, start: int, end: int, one: Disclosure, part: tuple[int, int], whole: Tag | None
) -> list[_Edit]:
    """Edits that make bytes start … end say it of themselves."""
    said = f' ai-disclosure="{VOCABULARY.said[one.assistance]}"'
    if one.model is not None and one.assistance != "A0":
        said += f' ai-model="{escaped(one.model)}"'
    opening, closing = f"<span{said}>".encode(), b"</span>"
    if whole is not None:
        named = start + 1 + len(whole.name)
        opening = closing = b""
    elif b"<" in page[start:end]:
        raise InputError(
            f"page: bytes {start} to {end} are no whole element, and not text alone",
            hint="tag the bytes of whole elements, or of text without tags in it",
        )
    edits = [
        _Edit(start, _OPENS, start, opening, part),
        _Edit(end, _CLOSES, end, closing, part),
    ]
    return edits if whole is None else [*edits, _Edit(named, _OPENS, named, said.encode())]


def _edited(page: bytes, edits: list[_Edit]) -> tuple[bytes, dict[tuple[int, int], Range]]:
    """The page, and where each part lies in it."""
    out, at, size = [], 0, 0
    begun: dict[tuple[int, int], int] = {}
    places: dict[tuple[int, int], Range] = {}
    for edit in sorted(edits, key=lambda one: (one.at, one.order, one.upto)):
        if edit.at < at:
            raise InputError("page: a <meta> that says it lies in what is to be marked")
        out += [page[at : edit.at], edit.text]
        size += edit.at - at
        if edit.part is not None and edit.order == _OPENS:
            begun[edit.part] = size
        size += len(edit.text)
        if edit.part is not None and edit.order == _CLOSES:
            places[edit.part] = (begun[edit.part], size)
        at = edit.upto
    return b"".join([*out, page[at:]]), places
