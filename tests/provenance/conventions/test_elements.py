"""Elements' bytes against what a whole HTML parser puts inside of them."""

import random
import re
from collections.abc import Callable

import pytest

from ledger.provenance.conventions.html import CONVENTION

parse = pytest.importorskip("resiliparse.parse.html", reason="extra [warc]").HTMLTree.parse

_MARKED = re.compile(
    r"<(p|div|b|i|li|td|th|tr|dt|dd|section|span|h2|ul|ol|dl|table|tbody|thead|option|em|g)>"
)
_TAG = re.compile(r"<!--.*?-->|<[^>]*>|\s")
_ODD = (
    *("<br>", "<img src=x>", "<wbr/>", "<svg><g><path d='m' /></g></svg>", "<!-- </p> -->"),
    *("</span>", "</div>", "</li>"),
)


class _Pages:
    """Pages as people write them: end tags left out, and some that close nothing."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def page(self) -> str | None:
        """A page with one element that says something; None where there is nothing to mark."""
        page = f"<!doctype html><html><body>{self.block(3)}"
        places = list(_MARKED.finditer(page))
        if not places:
            return None
        at = self.random.choice(places).end() - 1
        return f"{page[:at]} ai-disclosure=none{page[at:]}"

    def word(self) -> str:
        return self.random.choice("abcdefgh") * self.random.randint(1, 3) + " "

    def end(self, name: str) -> str:
        return "" if self.random.random() < 0.6 else f"</{name}>"

    def inline(self, depth: int) -> str:
        parts = []
        for _ in range(self.random.randint(1, 3)):
            chance = self.random.random()
            if depth == 0 or chance < 0.5:
                parts.append(self.word())
            elif chance < 0.6:
                parts.append(self.random.choice(_ODD))
            else:
                name = self.random.choice(["b", "i", "span", "em"])
                parts.append(f"<{name}>{self.inline(depth - 1)}</{name}>")
        return "".join(parts)

    def items(self, names: list[str], depth: int) -> str:
        parts = []
        for name in self.random.choices(names, k=self.random.randint(1, 3)):
            inner = self.inline(1) if self.random.random() < 0.5 else self.block(depth - 1)
            parts.append(f"<{name}>{inner}{self.end(name)}")
        return "".join(parts)

    def rows(self, depth: int) -> str:
        return f"<tr>{self.items(['td', 'th'], depth)}{self.end('tr')}"

    def table(self, depth: int) -> str:
        before = self.random.choice(["", "<caption>x</caption>", "<colgroup><col></colgroup>"])
        if self.random.random() < 0.5:
            return f"<table>{before}{self.rows(depth)}{self.rows(depth)}</table>"
        head = f"<thead>{self.rows(depth)}{self.end('thead')}"
        return f"<table>{before}{head}<tbody>{self.rows(depth)}{self.end('tbody')}</table>"

    def block(self, depth: int) -> str:
        kinds: list[Callable[[], str]] = [
            lambda: f"<p>{self.inline(2)}{self.end('p')}",
            lambda: f"<h2>{self.inline(1)}</h2>",
        ]
        if depth > 0:
            kinds += [
                lambda: f"<ul>{self.items(['li'], depth)}</ul>",
                lambda: f"<dl>{self.items(['dt', 'dd'], depth)}</dl>",
                lambda: self.table(depth),
                lambda: f"<select><option>{self.word()}<option>{self.word()}</select>",
                lambda: f"<div>{self.block(depth - 1)}</div>",
                lambda: f"<section>{self.block(depth - 1)}</section>",
            ]
        return "".join(self.random.choice(kinds)() for _ in range(self.random.randint(1, 3)))


@pytest.mark.parametrize("seed", range(6))
def test_an_elements_text_is_another(seed: int) -> None:
    pages, compared = _Pages(seed), 0
    for _ in range(150):
        page = pages.page()
        found = parse(page).body.query_selector_all("[ai-disclosure]") if page else []
        if page is None or len(found) != 1:
            continue
        data = page.encode()
        (one,) = CONVENTION.read(data, "x")
        ours = "".join(data[start:end].decode() for start, end in one.ranges or [(0, len(data))])
        assert _TAG.sub("", ours) == re.sub(r"\s", "", found[0].text), page
        compared += 1
    assert compared > 100
