"""C2PA manifests in text: that one is there, and what its active manifest declares.

Unstructured text (specification 2.4, A.8): U+FEFF, then one variation selector a byte, of the
magic C2PATXT and a zero, version 1, the store's length in 32 bits, the store. Structured text
(A.9): `-----BEGIN C2PA MANIFEST-----`, a reference or a data URI, `-----END C2PA MANIFEST-----`.
Pages (A.7): `<script type="application/c2pa">` with base64, `<link rel="c2pa-manifest">`.

Nothing is validated here: no signature, no hash. So what is read is what whoever put it there
declares. A missing manifest says nothing, and neither does an emoji's variation selector. Read
are `digitalSourceType` of the actions `c2pa.created` and `c2pa.edited`, and `c2pa.ai-disclosure`.
Not written: a manifest that nobody signed is worth nothing.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from ledger.errors import printable
from ledger.provenance.conventions import Disclosure, bounded, short
from ledger.provenance.conventions._cbor import MalformedCbor, decode
from ledger.provenance.conventions._jumbf import active_assertions
from ledger.provenance.conventions._markup import script_texts, tags
from ledger.provenance.conventions._words import RANK, greatest
from ledger.provenance.vocabularies.c2pa import VOCABULARY as OVERSIGHT
from ledger.provenance.vocabularies.iptc import BASE, code_of
from ledger.provenance.vocabularies.iptc import VOCABULARY as SOURCE_TYPES

__all__ = ["CONVENTION", "MAGIC", "stores"]

_NAME = "c2pa_text"
MAGIC = b"C2PATXT\0"
_HEADER = len(MAGIC) + 1 + 4
_SELECTORS = re.compile(
    rb"(\xef\xbb\xbf)?"
    rb"((?:\xef\xb8[\x80-\x8f]|\xf3\xa0(?:[\x84-\x86][\x80-\xbf]|\x87[\x80-\xaf])){8,})"
)
_BEGIN, _END = b"-----BEGIN C2PA MANIFEST-----", b"-----END C2PA MANIFEST-----"
_OF_PAGE = re.compile(rb"application/c2pa\b|c2pa-manifest\b", re.IGNORECASE)
_COMMENT = re.compile(rb"\A[ \t]*(?:#|//|--|;|%|\*|<!--)?[ \t]*")
_DATA_URI = re.compile(rb"data:application/(?:x-)?c2pa(?:-manifest-store)?;base64,(.*)", re.DOTALL)
_MOST = 20  # manifests of one text
_MAKING = frozenset({"c2pa.created", "c2pa.edited"})


class _C2paText:
    name = _NAME
    suffixes = ()
    of_files = True

    def read(self, content: bytes, where: str) -> list[Disclosure]:
        found = list(stores(bounded(content, where)))
        if len(found) > 1:
            note = f"{len(found)} manifests, expected one: none is read"
            return [Disclosure(_NAME, "AX", where=where, note=note)]
        return [
            Disclosure(_NAME, "AX", where=f"{where}: byte {at}", note=store)
            if isinstance(store, str)
            else _declared(store, f"{where}: byte {at}")
            for at, store in found
        ]


def stores(content: bytes) -> Iterator[tuple[int, bytes | str]]:
    """(byte, the manifest store, or why it cannot be read) of each manifest, at most 20."""
    count = 0
    for match in _SELECTORS.finditer(content):
        spelled = _spelled(match[2])
        for part in spelled.split(MAGIC)[1:]:
            if count < _MOST:
                yield match.start(), _store(part, match[1] is not None)
                count += 1
    at = content.find(_BEGIN)
    while at >= 0 and count < _MOST:
        end = content.find(_END, at)
        if end < 0:
            yield at, "a manifest without its end"
            return
        yield at, _referenced(content[at + len(_BEGIN) : end])
        at, count = content.find(_BEGIN, end), count + 1
    if _OF_PAGE.search(content) is not None:
        for at, text in _of_page(content):
            if count < _MOST:
                yield at, text
                count += 1


def _of_page(page: bytes) -> Iterator[tuple[int, bytes | str]]:
    for at, text in script_texts(page, b"application/c2pa"):
        yield at, _unpacked(text.strip())
    for tag in tags(page):
        if tag.name == b"link" and "c2pa-manifest" in (tag.value(b"rel") or "").lower().split():
            yield tag.start, "a manifest that lies elsewhere"


def _spelled(selectors: bytes) -> bytes:
    """The bytes that variation selectors stand for: U+FE00 … are 0 to 15, U+E0100 … from 16."""
    return bytes(
        code - 0xFE00 if code < 0x10000 else (code - 0xE0100 + 16) & 0xFF
        for code in map(ord, selectors.decode("utf-8"))
    )


def _store(part: bytes, marked: bool) -> bytes | str:
    head = _HEADER - len(MAGIC)
    if not marked:
        return "a manifest without U+FEFF before it"
    if len(part) < head:
        return "a manifest cut off inside its header"
    if part[0] != 1:
        return f"a manifest of version {part[0]}, expected 1"
    declared = int.from_bytes(part[1:head], "big")
    if declared > len(part) - head:
        return f"a manifest of {declared} bytes, {len(part) - head} are there"
    return part[head : head + declared]


def _referenced(text: bytes) -> bytes | str:
    lines = (_COMMENT.sub(b"", line, count=1) for line in text.splitlines())
    data = _DATA_URI.fullmatch(b"".join(line.rstrip(b" \t") for line in lines))
    return "a manifest that lies elsewhere" if data is None else _unpacked(data[1])


def _unpacked(text: bytes) -> bytes | str:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return "a manifest that is no base64"


def _declared(store: bytes, where: str) -> Disclosure:
    """What the active manifest declares; AX where it says nothing of who wrote the text."""
    degrees: list[str] = []
    overseen: list[str] = []
    notes: list[str] = []
    reviewed: bool | None = None
    model: str | None = None
    for label, kind, content in active_assertions(store):
        try:
            if label.startswith("c2pa.actions"):
                codes = list(_source_types(_value(kind, content)))
                degrees += [_degree(code) for code in codes]
                notes += codes
            elif label.startswith("c2pa.ai-disclosure"):
                value = _value(kind, content)
                profile = value.get("contentProfile")
                level = profile.get("humanOversightLevel") if isinstance(profile, dict) else None
                stated = OVERSIGHT.read(level) if isinstance(level, str) else None
                notes.append(printable(level or "c2pa.ai-disclosure", 40))
                model = short(value.get("modelName")) or short(value.get("modelIdentifier"))
                reviewed = reviewed if stated is None else stated.reviewed
                overseen.append("A2" if stated is None or stated.reviewed else stated.assistance)
        except (MalformedCbor, ValueError) as error:
            notes.append(f"{printable(label, 60)}: {printable(error, 80)}")
    typed = greatest(degrees)  # the type of the text says more than who oversaw its making
    if typed not in ("A2", "A3", "A4") or "A4" in overseen:
        degrees += overseen
    degree = greatest(degrees)
    note = "; ".join(["a manifest that nobody checked", *dict.fromkeys(notes)])[:400]
    if degree is None or RANK[degree] == 0:
        return Disclosure(_NAME, "AX", where=where, note=note)
    named = None if degree == "A0" else model
    return Disclosure(_NAME, degree, named, reviewed=reviewed, where=where, note=note)


def _value(kind: bytes, content: bytes) -> Mapping[str, Any]:
    value = orjson.loads(content) if kind == b"json" else decode(content)
    if not isinstance(value, dict):
        raise ValueError("no map")
    return value


def _source_types(actions: Mapping[str, Any]) -> Iterator[str]:
    listed = actions.get("actions")
    for action in listed[:100] if isinstance(listed, list) else ():
        if isinstance(action, dict) and action.get("action") in _MAKING:
            stated = action.get("digitalSourceType")
            code = code_of(stated) if isinstance(stated, str) else None
            if code is not None:
                yield code


def _degree(code: str) -> str:
    read = SOURCE_TYPES.read(BASE + code)
    return "AX" if read is None else read.assistance


CONVENTION = _C2paText()
