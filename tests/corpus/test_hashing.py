from hashlib import sha256

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.corpus.hashing import hash_file, hash_texts

TYPES = [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()]
WORDS = ["a", "", "grün", "𝒳" * 50, "z" * 5000, "\ufeffbom"]


def expected(values):
    raw = [None if v is None else v.encode() for v in values]
    return (
        [None if v is None else sha256(v).digest() for v in raw],
        [None if v is None else len(v) for v in raw],
    )


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_every_type_of_string_hashes_as_its_utf8(kind):
    values = [w.encode() if "binary" in str(kind) else w for w in WORDS]
    digests, lengths = hash_texts(pa.array(values, kind))
    assert (digests.to_pylist(), lengths.to_pylist()) == expected(WORDS)
    assert digests.type == pa.binary(32)


@given(st.lists(st.none() | st.text(), max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_a_slice_hashes_what_it_shows(values, start, size):
    whole = pa.array(values, pa.large_string())
    part = whole.slice(min(start, len(values)), size)
    digests, lengths = hash_texts(part)
    assert (digests.to_pylist(), lengths.to_pylist()) == expected(part.to_pylist())


def test_chunks_hash_in_order():
    column = pa.chunked_array([WORDS[:2], [], WORDS[2:]], pa.large_string())
    digests, lengths = hash_texts(column)
    assert (digests.to_pylist(), lengths.to_pylist()) == expected(WORDS)


def test_no_chunks_hash_to_nothing():
    digests, lengths = hash_texts(pa.chunked_array([], pa.large_string()))
    assert (len(digests), len(lengths)) == (0, 0)


def test_numbers_are_refused():
    with pytest.raises(TypeError, match="int64, expected strings"):
        hash_texts(pa.array([1]))


def test_a_file_hashes_as_it_lies(tmp_path):
    data = bytes(range(256)) * 9000
    (tmp_path / "f").write_bytes(data)
    assert hash_file(tmp_path / "f") == (sha256(data).digest(), len(data))
