"""JSON-LD: schema.org's `digitalSourceType`, with IPTC's URIs, in a page's scripts or a file.

    {"@context": "https://schema.org", "@type": "Article", "digitalSourceType":
     "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"}

Most uses are about pictures. So only a work that the page is about counts (at the top, in
`@graph`, as `mainEntity` or `mainEntityOfPage`), and only if its type is not one of pictures,
sound or film; elsewhere it says nothing of the text.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from ledger.errors import InputError, printable
from ledger.provenance.conventions import Disclosure, bounded
from ledger.provenance.conventions._markup import head_place, script_texts
from ledger.provenance.conventions._words import MIXED, RANK, greatest, page_word
from ledger.provenance.vocabularies.iptc import BASE, SAID, VOCABULARY, code_of

__all__ = ["CONVENTION"]

_NAME = "json_ld"
_MEMBER = "digitalSourceType"
_SPELLINGS = (
    _MEMBER, f"schema:{_MEMBER}", f"https://schema.org/{_MEMBER}", f"http://schema.org/{_MEMBER}",
)  # fmt: skip
_OWN = frozenset({"@graph", "mainEntity", "mainEntityOfPage"})
_NO_TEXT = frozenset(
    {
        *("3DModel", "AudioObject", "Drawing", "ImageGallery", "ImageObject", "MediaObject"),
        *("MusicRecording", "MusicVideoObject", "Painting", "Photograph", "VideoObject"),
    }
)
_MOST = 100  # disclosures and notes of one text


class _JsonLd:
    name = _NAME
    suffixes = (".html", ".htm", ".xhtml", ".json", ".jsonld")
    of_files = True

    def read(self, content: bytes, where: str) -> list[Disclosure]:
        if _MEMBER.encode() not in bounded(content, where):
            return []
        begins = content[:200].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if begins in (b"{", b"["):
            blocks = [(0, content)]
        else:
            blocks = list(script_texts(content, b"application/ld+json"))
        found: list[Disclosure] = []
        for at, block in blocks:
            if len(found) < _MOST and _MEMBER.encode() in block:
                line = content.count(b"\n", 0, at) + 1
                found += _block(block, f"{where}:{line}")
        return found[:_MOST]

    def write(self, content: bytes, disclosures: Sequence[Disclosure]) -> bytes:
        """The page with a script more in its head; b"" gives the JSON object alone.

        One property is of the whole work: parts that differ are `compositeSynthetic`.
        """
        word, _ = page_word(disclosures)
        said = [one.assistance for one in disclosures if one.assistance != "AX"]
        code = "compositeSynthetic" if word == MIXED else SAID[greatest(said) or "A0"]
        work = {"@context": "https://schema.org", "@type": "CreativeWork", _MEMBER: BASE + code}
        text = orjson.dumps(work) + b"\n"
        if not content:
            return text
        stated = [one for one in self.read(content, "page") if one.assistance != "AX"]
        if [one.note for one in stated] == [code]:
            return content
        if stated:
            raise InputError(
                f"page: states {_MEMBER} {stated[0].note} already, expected none or {code}",
                hint="take it out of the page first",
            )
        place = head_place(content)
        script = b'\n<script type="application/ld+json">' + text.strip() + b"</script>\n"
        return content[:place] + script + content[place:]


def _block(block: bytes, where: str) -> list[Disclosure]:
    try:
        value = orjson.loads(block.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return [_nothing(where, f"no JSON: {printable(error, 80)}")]
    found: list[Disclosure] = []
    for types, stated, own in _works(value):
        if len(found) >= _MOST:
            break
        found.append(_one(types, stated, own, where))
    return found


def _works(value: Any) -> Iterator[tuple[list[str], Any, bool]]:
    """(types, stated, whether the page is about it) of everything that states a source type."""
    todo: list[tuple[Any, bool]] = [(value, True)]
    while todo:
        one, own = todo.pop()
        if isinstance(one, list):
            todo += [(item, own) for item in reversed(one)]
        elif isinstance(one, dict):
            kinds = one.get("@type", [])
            types = [kind for kind in (kinds if isinstance(kinds, list) else [kinds])
                     if isinstance(kind, str)]  # fmt: skip
            for spelling in _SPELLINGS:
                if spelling in one:
                    yield types, one[spelling], own
            todo += [
                (item, own and name in _OWN)
                for name, item in reversed(one.items())
                if isinstance(item, dict | list) and name not in _SPELLINGS
            ]


def _one(types: list[str], stated: Any, own: bool, where: str) -> Disclosure:
    kinds = {kind.rpartition("/")[2].rpartition(":")[2] for kind in types}
    if kinds & _NO_TEXT:
        return _nothing(where, f"{_MEMBER} of {min(kinds & _NO_TEXT)}, not of the text")
    if not own:
        return _nothing(where, f"{_MEMBER} of something inside the work, not of all of it")
    values = stated if isinstance(stated, list) else [stated]
    degrees, codes = [], []
    for item in values[:_MOST]:
        uri = item.get("@id") if isinstance(item, dict) else item
        code = code_of(uri) if isinstance(uri, str) else None
        if code is None:
            return _nothing(where, f"{_MEMBER}: found {printable(uri, 80)}, no known source type")
        degree = VOCABULARY.read(BASE + code)
        if degree is not None:
            degrees.append(degree.assistance)
            codes.append(code)
    degree_said = greatest(degrees)
    if degree_said is None or RANK[degree_said] == 0:
        return _nothing(where, f"{', '.join(codes) or _MEMBER}: says nothing of who wrote it")
    return Disclosure(_NAME, degree_said, where=where, note=", ".join(dict.fromkeys(codes)))


def _nothing(where: str, note: str) -> Disclosure:
    return Disclosure(_NAME, "AX", where=where, note=note)


CONVENTION = _JsonLd()
