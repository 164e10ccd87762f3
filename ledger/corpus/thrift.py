"""The Thrift compact protocol, as far as Parquet uses it, from bytes that may lie.

Python reads what a native parser would otherwise meet first: that one ends the process where a
footer lacks what the format demands.
"""

from typing import Any

__all__ = ["Thrift", "count"]

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_MAX_DEPTH = 12


class Thrift:
    """A reader of `data` from `at` to before `end`.

    Raises IndexError past the end, ValueError for what is no such thing.
    """

    def __init__(self, data: memoryview, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def struct(self, depth: int = 0, number: int = 0) -> dict[int, Any]:
        """Field number -> value; a struct is a dict, a list a list, binary is bytes.

        `number`: the field that was read last, where `at` lies inside a struct.
        """
        if depth > _MAX_DEPTH:
            raise ValueError("too deep")
        fields: dict[int, Any] = {}
        while (head := self._byte()) != 0:
            step = head >> 4
            number = number + step if step else self._zigzag()
            if number in fields:
                raise ValueError("a field twice")
            fields[number] = self._value(head & 0x0F, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_I32, _I64, _I16):
            return self._zigzag()
        if kind == _BINARY:
            return bytes(self._take(self._varint()))
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            return self._list(depth + 1)
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind == _DOUBLE:
            return bytes(self._take(8))
        raise ValueError("a type that Parquet does not use")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size, kind = head >> 4, head & 0x0F
        if size == 15:
            size = self._varint()
        if depth > _MAX_DEPTH or size > self.end - self.at:  # an item is at least a byte
            raise ValueError("a list longer than the file")
        if kind in (_TRUE, _FALSE):  # in a list each is a byte of its own
            return [self._byte() == _TRUE for _ in range(size)]
        return [self._value(kind, depth) for _ in range(size)]

    def _byte(self) -> int:
        if self.at >= self.end:
            raise IndexError("past the end")
        self.at += 1
        return self.data[self.at - 1]

    def _take(self, size: int) -> memoryview:
        if size > self.end - self.at:
            raise IndexError("past the end")
        self.at += size
        return self.data[self.at - size : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while shift < 70:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise ValueError("a number without end")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def count(fields: Any, number: int) -> int:
    """A field that is a whole number of zero or more. Raises KeyError, TypeError or ValueError."""
    value = fields[number]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError("not a count")
    return value
