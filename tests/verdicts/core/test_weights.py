"""The layout of a weights file: one form for writing, and nothing odd is read."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.verdicts.core.weights import pack, unpack

ARRAYS = {
    "b": np.arange(6, dtype=np.float16).reshape(2, 3),
    "a": np.array([1.5, -2.0]),
    "rows": np.arange(7, dtype=np.uint8),
    "none": np.zeros((0, 32), np.uint8),
    "hashes": np.array([2**64 - 1], np.uint64),
}
TEXTS = {"format": "some", "naïve": "“quoted”"}


def test_what_is_read_is_what_was_written() -> None:
    arrays, texts = unpack(pack(ARRAYS, TEXTS), "w")
    assert texts == TEXTS
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert np.array_equal(arrays[name], array)


def test_the_same_content_is_the_same_bytes() -> None:
    turned = pack(dict(reversed(ARRAYS.items())), dict(reversed(TEXTS.items())))
    swapped = pack({name: array.astype(array.dtype.newbyteorder(">")) for name, array in
                    ARRAYS.items()}, TEXTS)  # fmt: skip
    assert pack(ARRAYS, TEXTS) == turned == swapped
    assert int.from_bytes(turned[:8], "little") % 8 == 0


def test_the_library_of_the_layout_reads_it() -> None:
    library = pytest.importorskip("safetensors.numpy")
    raw = pack(ARRAYS, TEXTS)
    read = library.load(raw)
    assert {name: array.tolist() for name, array in read.items()} == {
        name: array.tolist() for name, array in ARRAYS.items()
    }
    arrays, texts = unpack(library.save(ARRAYS, TEXTS), "w")
    assert texts == TEXTS
    assert all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS)


def _file(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def _one(**odd: Any) -> dict[str, Any]:
    return {"x": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]} | odd}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "found 0 bytes, expected a weights file"),
        (b"\xff" * 40, "expected a weights file"),
        ((1 << 20 | 8).to_bytes(8, "little") + b" " * (1 << 21), "expected a weights file"),
        (_file(b"nonsense"), "header"),
        (_file(b"[" * 100_000), "header"),
        (_file(b'{"x":\xff}'), "header"),
        (_file(b'{"x": {}, "x": {}}'), "a name twice"),
        (_file([1]), "expected an object"),
        (_file({"__metadata__": {"a": 1}}), "expected strings"),
        (_file({"x": 3}), "expected dtype, shape, data_offsets"),
        (_file({"x": {"dtype": "U8"}}), "expected dtype, shape, data_offsets"),
        (_file(_one(dtype="BF16"), b"12"), "found dtype BF16"),
        (_file(_one(dtype=["U8"]), b"12"), "found dtype"),
        (_file(_one(shape=[-2]), b"12"), "expected a shape"),
        (_file(_one(shape=[True, 2]), b"12"), "expected a shape"),
        (_file(_one(shape="2"), b"12"), "expected a shape"),
        (_file(_one(shape=[2, 10**9, 10**9]), b"12"), "found offsets"),
        (_file(_one(data_offsets=[1, 3]), b"123"), "found offsets"),
        (_file(_one(data_offsets=[0]), b"12"), "found offsets"),
        (_file(_one(data_offsets=None), b"12"), "found offsets"),
        (_file(_one(), b"1"), "x: found 1 bytes of arrays, expected 2"),
        (_file(_one(), b"123"), "found 3 bytes of data, expected 2"),
        (_file(_one() | {"y": _one()["x"]}, b"12"), "found offsets"),
    ],
)
def test_an_odd_file_is_read(raw: bytes, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason) as refused:
        unpack(raw, "some.safetensors")
    assert str(refused.value).startswith("some.safetensors: ")


@given(st.data())
def test_a_changed_byte_is_an_error_or_changes_what_is_read(data: st.DataObject) -> None:
    raw = bytearray(pack(ARRAYS, TEXTS))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        arrays, texts = unpack(bytes(raw), "w")
    except MalformedError:
        return
    assert pack(arrays, texts) != pack(ARRAYS, TEXTS) or raw[at] in b" \t\r\n"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        unpack(raw, "w")
