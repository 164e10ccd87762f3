"""C2PA manifests in plain text (C2PA specification 2.3, A.8): provenance data, declared as such.

U+FEFF, then bytes as variation selectors: the magic C2PATXT and a zero, version 1, the length of
the manifest store as 32 bits big-endian, the store. What lacks any of this is `_damaged`: a
manifest that was cut, edited or copied in part. Whether the store is valid is not looked at.
"""

import numpy as np

from ledger.watermarks.unicode_marks._marks import Found, Ints, Text, stretches
from ledger.watermarks.unicode_marks.variation_selectors import SELECTORS, selector_bytes

__all__ = ["KIND"]

_MAGIC = b"C2PATXT\0"
_HEADER = len(_MAGIC) + 1 + 4
_VERSION = 1
_START = 0xFEFF


class _C2paManifest:
    name = "c2pa_text_manifest"
    version = 1
    order = 10
    codes = SELECTORS
    least = len(_MAGIC)
    different = 1
    beside_ascii = False

    def find(self, text: Text) -> list[Found]:
        found = []
        for places in stretches(text.of(self.codes), len(_MAGIC)):
            spelled = selector_bytes(text.codes[places]).tobytes()
            starts = _all(spelled, _MAGIC)
            ends = [*starts[1:], len(spelled)][: len(starts)]
            for start, end in zip(starts, ends, strict=True):
                found.append(_wrapper(text, places, spelled[start:end], start))
        if len(found) < 2:
            return found
        more = f"one of {len(found)} in this text, where one is allowed; "
        return [Found(one.kind, one.places, one.payload, more + one.note) for one in found]


def _wrapper(text: Text, places: Ints, spelled: bytes, start: int) -> Found:
    """The wrapper whose magic is selector `start` of the stretch `places`."""
    before = int(places[start]) - 1
    marked = start == 0 and before >= 0 and text.codes[before] == _START and not text.taken[before]
    size = len(spelled)
    wrong = [] if marked else ["no U+FEFF before it"]
    if len(spelled) < _HEADER:
        wrong.append(f"{len(spelled)} bytes of a header of {_HEADER}")
        payload = None
    else:
        version = spelled[len(_MAGIC)]
        declared = int.from_bytes(spelled[_HEADER - 4 : _HEADER], "big")
        if version != _VERSION:
            wrong.append(f"version {version}, expected {_VERSION}")
        if declared > len(spelled) - _HEADER:
            wrong.append(f"{len(spelled) - _HEADER} bytes of {declared} declared")
        else:
            size = _HEADER + declared
        payload = spelled[_HEADER:size]
    taken = places[start : start + size]
    if marked:
        taken = np.concatenate([[before], taken])
    if wrong:
        return Found(f"{_C2paManifest.name}_damaged", taken, payload, "; ".join(wrong))
    return Found(_C2paManifest.name, taken, payload, _store(spelled[_HEADER:size]))


def _store(payload: bytes) -> str:
    box = "begins with a JUMBF box" if payload[4:8] == b"jumb" else "begins with no JUMBF box"
    return f"a manifest store of {len(payload)} bytes that {box}; it was not validated"


def _all(spelled: bytes, magic: bytes) -> list[int]:
    found, at = [], spelled.find(magic)
    while at >= 0:
        found.append(at)
        at = spelled.find(magic, at + len(magic))
    return found


KIND = _C2paManifest()
