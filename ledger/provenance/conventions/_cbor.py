"""CBOR (RFC 8949), as much as a manifest's assertions need, of bytes that nobody vouches for.

Numbers, bytes, texts, lists, maps with text keys; tags are passed over, and floats and simple
values but true and false are None. Depth, items and length are bounded.
"""

from typing import Any

__all__ = ["MalformedCbor", "decode"]

_DEEPEST = 16
_MOST = 20_000  # values


class MalformedCbor(ValueError):
    """Bytes that are no CBOR of this kind; its message is the reason."""


def decode(data: bytes) -> Any:
    """The first value in `data`. Raises MalformedCbor."""
    return _Reader(data).value(0)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._left = data, 0, _MOST

    def value(self, depth: int) -> Any:
        """The value at the reading place, which moves past it."""
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            raise MalformedCbor(f"over {_DEEPEST} deep or {_MOST} values")
        head = self._take(1)[0]
        kind, low = head >> 5, head & 31
        if kind == 7:
            return self._simple(low)
        if low == 31:
            return self._indefinite(kind, depth)
        number = self._number(low)
        if kind == 0:
            return number
        if kind == 1:
            return -1 - number
        if kind in (2, 3):
            return self._text(self._take(number)) if kind == 3 else self._take(number)
        if kind == 4:
            return [self.value(depth + 1) for _ in range(self._count(number))]
        if kind == 5:
            return dict(self._pair(depth) for _ in range(self._count(number)))
        return self.value(depth + 1)  # a tagged value

    def _number(self, low: int) -> int:
        if low < 24:
            return low
        if low > 27:
            raise MalformedCbor(f"a reserved length at byte {self._at}")
        return int.from_bytes(self._take(1 << (low - 24)), "big")

    def _count(self, number: int) -> int:
        if number > self._left:
            raise MalformedCbor(f"{number} items declared in {len(self._data)} bytes")
        return number

    def _indefinite(self, kind: int, depth: int) -> Any:
        items: list[Any] = []
        pairs: dict[str, Any] = {}
        while self._data[self._at : self._at + 1] != b"\xff":
            if kind == 5:
                pairs.update([self._pair(depth)])
            elif kind in (2, 3, 4):
                items.append(self.value(depth + 1))
            else:
                raise MalformedCbor(f"an open length of kind {kind}")
        self._at += 1
        if kind == 5:
            return pairs
        if kind == 4:
            return items
        whole: type = bytes if kind == 2 else str
        if not all(isinstance(item, whole) for item in items):
            raise MalformedCbor("a string whose parts are none")
        return b"".join(items) if kind == 2 else "".join(items)

    def _pair(self, depth: int) -> tuple[str, Any]:
        key = self.value(depth + 1)
        return (key if isinstance(key, str) else repr(key)[:80]), self.value(depth + 1)

    def _simple(self, low: int) -> bool | None:
        if low > 27:
            raise MalformedCbor(f"an end where a value is expected, at byte {self._at}")
        if low >= 24:
            self._take(1 << (low - 24))
        return {20: False, 21: True}.get(low)

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise MalformedCbor(f"ends after {len(self._data)} bytes, inside a value")
        self._at += size
        return taken

    @staticmethod
    def _text(data: bytes) -> str:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedCbor("a text that is no UTF-8") from None
