"""Spans looked for in a text whose line endings were changed on the way, as git and mail do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ledger.provenance.tags.again import Drifted, Found, find_again
from ledger.provenance.tags.spans import Span

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["find_in_rendering"]


def find_in_rendering(spans: Sequence[Span], content: bytes) -> tuple[Found | Drifted, ...]:
    """As `find_again`; what is not there is looked for once more as if every line of `content`
    ended in LF, and then in CRLF. Ranges are of `content` as it is.
    """
    found = list(find_again(spans, content))
    unix = content.replace(b"\r\n", b"\n")
    for form, places in ((unix, _unix_places), (unix.replace(b"\n", b"\r\n"), _dos_places)):
        left = [n for n, item in enumerate(found) if isinstance(item, Drifted)]
        if not left or form == content:
            continue
        again = find_again([spans[n] for n in left], form)
        back = places(content)
        for n, item in zip(left, again, strict=True):
            if isinstance(item, Found):
                found[n] = Found(int(back[item.start]), int(back[item.end]))
    return tuple(found)


def _unix_places(content: bytes) -> "npt.NDArray[np.int64]":
    """Where each byte of the LF form, and its end, stands in `content`."""
    import numpy as np

    data = np.frombuffer(content, np.uint8)
    kept = np.ones(len(data), np.bool_)
    kept[:-1] = ~((data[:-1] == 13) & (data[1:] == 10))
    return np.append(np.flatnonzero(kept), len(data)).astype(np.int64)


def _dos_places(content: bytes) -> "npt.NDArray[np.int64]":
    """Where each byte of the CRLF form, and its end, stands in `content`; an added CR stands where
    its LF does.
    """
    import numpy as np

    data = np.frombuffer(content, np.uint8)
    bare: Any = data == 10
    bare[1:] &= data[:-1] != 13
    return np.append(np.repeat(np.arange(len(data)), 1 + bare.astype(np.int64)), len(data))
