"""Elements of a page as byte ranges, by the rules of HTML for what closes what.

Void elements, omitted end tags (p, li, dt, dd, option, cells, rows, row groups), end tags that
close nothing and `/>` in SVG and MathML are known. What only a whole parser repairs (an end tag
out of order among bold and links, text moved out of a table) is not.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.provenance.conventions._markup import Tag, tags

__all__ = ["DEEPEST", "Element", "Nested", "elements"]

DEEPEST = 512  # elements inside each other; browsers stop there too

_VOID = frozenset(
    b"area base basefont bgsound br col embed frame hr img input keygen link meta param source "
    b"track wbr".split()
)
_CLOSE_P = frozenset(
    b"address article aside blockquote center details dialog dir div dl dd dt fieldset figcaption "
    b"figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre search section "
    b"summary table ul li listing xmp plaintext".split()
)
_SCOPE = frozenset(b"applet caption html marquee object table td template th".split())
_HEADINGS = frozenset(b"h1 h2 h3 h4 h5 h6".split())
_ROWS = frozenset(b"tr tbody thead tfoot".split())
_TABLE = _ROWS | {b"td", b"th", b"caption", b"colgroup"}
_SPECIAL = (  # HTML's: no end tag of an ordinary element closes one of these
    _CLOSE_P | _SCOPE | _TABLE | frozenset(
        b"body button head iframe noembed noframes noscript script select style textarea "
        b"title".split()
    )
) - {b"dialog"}  # fmt: skip
_ITEM_STOP = _SPECIAL - {b"address", b"div", b"p"}
_TABLE_STOP = frozenset({b"table", b"template", b"html"})
_GROUPS: tuple[tuple[frozenset[bytes], frozenset[bytes], frozenset[bytes]], ...] = (
    # an open one of these, is closed by one of those, unless one of these lies between
    (frozenset({b"p"}), _CLOSE_P, _SCOPE | {b"button"}),
    (frozenset({b"li"}), frozenset({b"li"}), _ITEM_STOP),
    (frozenset({b"dd", b"dt"}), frozenset({b"dd", b"dt"}), _ITEM_STOP),
    (frozenset({b"button"}), frozenset({b"button"}), _SCOPE),
    (frozenset({b"caption", b"colgroup"}), _TABLE, _TABLE_STOP),
    (frozenset({b"td", b"th"}), _ROWS | {b"td", b"th"}, _TABLE_STOP),
    (frozenset({b"tr"}), _ROWS, _TABLE_STOP),
    (_ROWS - {b"tr"}, _ROWS - {b"tr"}, _TABLE_STOP),
)
_CLOSERS = {
    name: [number for number, (_, by, _) in enumerate(_GROUPS) if name in by]
    for name in frozenset[bytes]().union(*(by for _, by, _ in _GROUPS))
}
_MOVERS = frozenset[bytes]().union(*(opens | stop for opens, _, stop in _GROUPS))
_FOREIGN = frozenset({b"svg", b"math"})
_HTML_AGAIN = frozenset({b"foreignobject", b"desc", b"title"})


class Nested(Exception):
    """Over DEEPEST elements inside each other."""


class Element(NamedTuple):
    """Something opened or closed: `tag` is its start tag, `at` the byte where that happens."""

    tag: Tag
    opened: bool
    at: int
    depth: int


class _Open(NamedTuple):
    tag: Tag
    nearest: tuple[int, ...]  # of each group, the depth at which one is open and can be closed
    special: int  # the depth of the nearest element that ordinary end tags do not close
    scope: int  # the depth of the nearest element that no end tag from inside it closes
    lists: int  # likewise of items, whose list is one
    foreign: bool


_OUTSIDE = _Open(Tag(b"", 0, 0, False, False, {}), (-1,) * len(_GROUPS), -1, -1, -1, False)


def elements(page: bytes) -> Iterator[Element]:
    """Each element's opening and closing in the order of the page; every opening has its closing.

    Raises Nested. `at` of a closing is where the element's bytes end.
    """
    stack: list[_Open] = []
    depths: dict[bytes, list[int]] = {}  # of each name, where it is open

    def close(depth: int, at: int) -> Iterator[Element]:
        while len(stack) > depth:
            gone = stack.pop()
            depths[gone.tag.name].pop()
            yield Element(gone.tag, False, at, len(stack))

    for tag in tags(page):
        above = stack[-1] if stack else _OUTSIDE
        if tag.closing:
            depth = _closed_by(tag.name, above, depths)
            if depth is not None:
                yield from close(depth + 1, tag.start)
                yield from close(depth, tag.end)
            continue
        if not above.foreign:
            if tag.name in _TABLE and not depths.get(b"table"):
                continue  # no element outside of a table
            for number in _CLOSERS.get(tag.name, ()):
                if stack and stack[-1].nearest[number] >= 0:
                    yield from close(stack[-1].nearest[number], tag.start)
            if stack and _next_of_kind(stack[-1].tag.name, tag.name):
                yield from close(len(stack) - 1, tag.start)
            above = stack[-1] if stack else _OUTSIDE
        yield Element(tag, True, tag.start, len(stack))
        if (tag.name in _VOID and not above.foreign) or (
            tag.closed and (above.foreign or tag.name in _FOREIGN)
        ):
            yield Element(tag, False, tag.end, len(stack))
            continue
        if len(stack) >= DEEPEST:
            raise Nested
        depths.setdefault(tag.name, []).append(len(stack))
        stack.append(_opened(tag, above, len(stack)))
    yield from close(0, len(page))


def _closed_by(name: bytes, top: _Open, depths: dict[bytes, list[int]]) -> int | None:
    """The depth of the element that an end tag closes; None if it closes nothing."""
    names = _HEADINGS if name in _HEADINGS else (name,)
    depth = max((depths[one][-1] for one in names if depths.get(one)), default=-1)
    if depth < 0:
        return None
    if name in _TABLE or name in _SCOPE or top.foreign:
        return depth
    barrier = top.scope if name in _SPECIAL else top.special
    if name == b"li":
        barrier = top.lists
    return depth if depth >= barrier else None


def _next_of_kind(top: bytes, name: bytes) -> bool:
    """Whether a start tag closes the element that it stands directly in."""
    if name in _HEADINGS:
        return top in _HEADINGS
    return top == b"option" and name in (b"option", b"optgroup")


def _opened(tag: Tag, above: _Open, depth: int) -> _Open:
    near = above.nearest
    if tag.name in _MOVERS and not above.foreign:
        near = tuple(
            depth if tag.name in opens else -1 if tag.name in stop else near[number]
            for number, (opens, _, stop) in enumerate(_GROUPS)
        )
    foreign = (above.foreign or tag.name in _FOREIGN) and tag.name not in _HTML_AGAIN
    special = not above.foreign and tag.name in _SPECIAL
    scope = not above.foreign and tag.name in _SCOPE
    lists = scope or (not above.foreign and tag.name in (b"ul", b"ol"))
    return _Open(
        tag,
        near,
        depth if special else above.special,
        depth if scope else above.scope,
        depth if lists else above.lists,
        foreign,
    )
