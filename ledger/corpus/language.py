"""Which language a text is in, when nobody said: CLD2 on its beginning, or nothing.

Only answers CLD2 calls reliable are kept. Unknown stays unknown: rare languages are the tail.
"""

from functools import cache
from importlib.metadata import version
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Detected", "detect", "detector"]

_CHARACTERS = 2_000
_PPM_OF_PERCENT = 10_000


class Detected(NamedTuple):
    """Per text a language code (string, n) and its score (int64, n), both null where undecided.

    The score is the share of the text it read, in parts per million, that CLD2 gives to that
    language; CLD2 says it in whole per cent. It is no probability of being right.
    """

    language: pa.Array
    ppm: pa.Array


@cache
def detector() -> str:
    """Name, version and options of the detector, as an operation records them."""
    return f"pycld2/{version('pycld2')} characters={_CHARACTERS}"


def detect(texts: pa.Array) -> Detected:
    """Languages of n texts (string, n).

    Codes are CLD2's: ISO 639-1 where one exists, else 639-3, with a script where it matters
    (`zh-Hant`). Text CLD2 refuses to read, such as control characters, has no language.
    """
    import pycld2  # deferred: 14 MB of tables nobody needs when a column names the language

    heads = pc.utf8_slice_codeunits(texts, 0, _CHARACTERS).cast(pa.large_binary())
    codes: list[str | None] = []
    scores: list[int | None] = []
    for head in heads:
        blob = head.as_py()
        code, score = _one(pycld2, blob) if blob else _UNKNOWN
        codes.append(code)
        scores.append(score)
    return Detected(pa.array(codes, pa.string()), pa.array(scores, pa.int64()))


_UNKNOWN: tuple[None, None] = (None, None)


def _one(cld2: object, head: bytes) -> tuple[str, int] | tuple[None, None]:
    try:
        reliable, _, best = cld2.detect(head, isPlainText=True)  # type: ignore[attr-defined]
    except cld2.error:  # type: ignore[attr-defined]
        return _UNKNOWN
    _, code, percent, _ = best[0]
    if not reliable or code == "un":
        return _UNKNOWN
    return str(code), min(int(percent), 100) * _PPM_OF_PERCENT
