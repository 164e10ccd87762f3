"""Which language a text is in, when nobody said: CLD2 on its beginning, or nothing.

Only answers CLD2 calls reliable are kept. Unknown stays unknown: rare languages are the tail.
"""

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["DETECTOR", "detect"]

DETECTOR = "cld2/1"
_CHARACTERS = 2_000


def detect(texts: pa.Array) -> pa.Array:
    """Language codes (string, n, null where not reliable) of n texts (string, n).

    Codes are CLD2's: ISO 639-1 where one exists, else 639-3, with a script where it matters
    (`zh-Hant`). Text CLD2 refuses to read, such as control characters, has no language.
    """
    import pycld2  # deferred: 14 MB of tables nobody needs when a column names the language

    heads = pc.utf8_slice_codeunits(texts, 0, _CHARACTERS).cast(pa.large_binary())
    codes: list[str | None] = []
    for head in heads:
        blob = head.as_py()
        codes.append(None if not blob else _one(pycld2, blob))
    return pa.array(codes, pa.string())


def _one(cld2: object, head: bytes) -> str | None:
    try:
        reliable, _, best = cld2.detect(head, isPlainText=True)  # type: ignore[attr-defined]
    except cld2.error:  # type: ignore[attr-defined]
        return None
    code = str(best[0][1])
    return code if reliable and code != "un" else None
