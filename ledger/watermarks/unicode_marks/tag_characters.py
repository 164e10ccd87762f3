"""Tag characters U+E0000–E007F: ASCII that is not shown.

Their one use is the flag of a subdivision: U+1F3F4, the tags of its code, U+E007F. Programs that
drop emoji leave the tags of the three common ones (England, Scotland, Wales) behind; those are no
marks either.
"""

import re

import numpy as np

from ledger.watermarks.unicode_marks._marks import Found, Ints, Text, groups, stretches

__all__ = ["KIND"]

_FIRST, _CANCEL = 0xE0000, 0x7F
_FLAG = 0x1F3F4
_SUBDIVISION = re.compile(rb"[a-z]{2}[a-z0-9]{1,4}\x7f?")  # a cut text may lack the end
_LEFT_BEHIND = frozenset({b"gbeng\x7f", b"gbsct\x7f", b"gbwls\x7f"})
_SHORTEST, _LONGEST = 3, 7  # tags of a subdivision's code, with and without the end
_GAP = 400
_LEAST = 2


class _TagCharacters:
    name = "tag_characters"
    version = 1
    order = 30
    codes = ((_FIRST, 0xE007F),)
    least = _LEAST
    different = 1
    beside_ascii = False

    def find(self, text: Text) -> list[Found]:
        places = text.of(self.codes)
        odd = np.ones(len(text.codes), np.bool_)
        for stretch in stretches(places, _SHORTEST):
            if len(stretch) <= _LONGEST and _is_flag(text, stretch):
                odd[stretch] = False
        return [_found(text, group) for group in groups(places[odd[places]], _GAP, _LEAST)]


def _spelled(text: Text, places: Ints) -> bytes:
    return (text.codes[places] - np.uint32(_FIRST)).astype(np.uint8).tobytes()


def _is_flag(text: Text, places: Ints) -> bool:
    spelled, before = _spelled(text, places), int(places[0]) - 1
    if before >= 0 and text.codes[before] == _FLAG:
        return _SUBDIVISION.fullmatch(spelled) is not None
    return spelled in _LEFT_BEHIND


def _found(text: Text, places: Ints) -> Found:
    payload = _spelled(text, places)
    return Found(_TagCharacters.name, places, payload, f"{len(payload)} ASCII characters as tags")


KIND = _TagCharacters()
