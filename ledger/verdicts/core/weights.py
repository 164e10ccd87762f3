"""The layout of a weights file: that of `safetensors`, written in one way only.

    8 bytes   length of the header, little-endian
    header    JSON: names to {dtype, shape, data_offsets}, and `__metadata__`, strings
    data      the arrays, row by row, little-endian, without gaps

The same content gives the same bytes: `__metadata__` stands first, its keys sorted; arrays follow
by size of their items, largest first, then by name; the header has no blanks but those that fill it
up to a multiple of 8. What is read need not be in that form, but its offsets must cover the data.
"""

import json
from collections.abc import Mapping
from math import prod
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.errors import MalformedError, printable

__all__ = ["Arrays", "pack", "unpack"]

Arrays = Mapping[str, npt.NDArray[Any]]

_HEADER_LIMIT: Final = 1 << 20
_DTYPES: Final[Mapping[str, np.dtype[Any]]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
    "U16": np.dtype("<u2"),
    "U32": np.dtype("<u4"),
    "U64": np.dtype("<u8"),
    "U8": np.dtype("u1"),
}
_NAMES: Final = {dtype: name for name, dtype in _DTYPES.items()}


def pack(arrays: Arrays, metadata: Mapping[str, str]) -> bytes:
    """The file of these arrays and strings, in the one form that they have."""
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    data: list[bytes] = []
    end = 0
    for name in sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name)):
        array = arrays[name]
        dtype = array.dtype.newbyteorder("<")
        data.append(np.ascontiguousarray(array, dtype).tobytes())
        offsets = [end, end := end + len(data[-1])]
        header[name] = {
            "dtype": _NAMES[dtype], "shape": list(array.shape), "data_offsets": offsets,
        }  # fmt: skip
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *data])


def unpack(raw: bytes, where: object) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """The arrays and strings of a file.

    Raises MalformedError, naming `where`, for any other bytes.
    """
    size = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or size > min(_HEADER_LIMIT, len(raw) - 8):
        raise MalformedError(where, None, f"found {len(raw):,} bytes, expected a weights file")
    header = _header(raw[8 : 8 + size], where)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise MalformedError(where, None, "metadata: expected strings")
    arrays = {}
    end, data = 0, memoryview(raw)[8 + size :]
    for name, told in sorted(header.items(), key=lambda item: _begin(item[1])):
        arrays[name], end = _array(name, told, data, end, where)
    if end != len(data):
        raise MalformedError(where, None, f"found {len(data):,} bytes of data, expected {end:,}")
    return arrays, metadata


def _header(text: bytes, where: object) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name twice")
        return found

    try:
        header = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        reason = f"header: {printable(error)}"
        raise MalformedError(where, None, reason) from None
    if not isinstance(header, dict):
        raise MalformedError(where, None, "header: expected an object")
    return header


def _begin(told: object) -> int:
    offsets = told.get("data_offsets") if isinstance(told, dict) else None
    first = offsets[0] if isinstance(offsets, list) and offsets else None
    return first if isinstance(first, int) else -1


def _array(
    name: str, told: Any, data: memoryview, begin: int, where: object
) -> tuple[npt.NDArray[Any], int]:
    """The array that begins where the one before it ended, and its own end."""
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
        raise MalformedError(where, None, f"{printable(name)}: expected dtype, shape, data_offsets")
    dtype, shape = _DTYPES.get(str(told["dtype"])), told["shape"]
    if dtype is None:
        found = printable(told["dtype"])
        raise MalformedError(
            where, None, f"{printable(name)}: found dtype {found}, expected {', '.join(_DTYPES)}"
        )
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise MalformedError(where, None, f"{printable(name)}: expected a shape")
    end = begin + prod(shape) * dtype.itemsize
    if told["data_offsets"] != [begin, end]:
        found = printable(told["data_offsets"])
        raise MalformedError(
            where, None, f"{printable(name)}: found offsets {found}, expected [{begin}, {end}]"
        )
    if end > len(data):
        raise MalformedError(
            where, None, f"{printable(name)}: found {len(data)} bytes of arrays, expected {end}"
        )
    return np.frombuffer(data[begin:end], dtype).reshape(shape), end
