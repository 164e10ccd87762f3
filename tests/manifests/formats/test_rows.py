"""Cutting into shards, against doing it row by row."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.manifests.formats import rows as under_test
from ledger.manifests.formats.buffers import json_objects
from ledger.manifests.formats.rows import Tally, checked, cut, lengths, shard_number
from tests.manifests.formats.helpers import table


def slowly(rows: list[tuple[str, int]], most: int) -> list[list[str]]:
    made: list[list[str]] = []
    held = 0
    for text, copies in rows:
        for _ in range(copies):
            if not made or held + len(text) > most:
                made.append([])
                held = 0
            made[-1].append(text)
            held += len(text)
    return made


ROWS = st.lists(st.tuples(st.text("ab", min_size=1, max_size=12), st.integers(1, 4)), max_size=30)


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=5), st.integers(1, 30))
def test_shards_are_those_of_a_slow_hand(batches, most):
    tables = [
        pa.table({"sha256": [text for text, _ in batch], "copies": [times for _, times in batch]})
        for batch in batches
        if batch
    ]
    found = cut(tables, lambda part: lengths(part.column("sha256")), most)
    assert [part.column("sha256").to_pylist() for part in found] == slowly(
        [row for batch in batches for row in batch], most
    )


def test_a_row_beyond_what_formats_can_say():
    digest = "ab" * 32
    rows = pa.table({"sha256": [digest]})
    with pytest.raises(InputError, match=f"document sha256:{digest}: 2147483648 bytes"):
        list(cut([rows], lambda part: np.array([1 << 31]), 1 << 30))


def test_too_many_shards():
    assert shard_number(99_999) == "99999"
    with pytest.raises(InputError, match="over 100000 shards"):
        shard_number(100_000)


def test_too_many_columns():
    names = ["text", "sha256", *(f"c{number}" for number in range(31))]
    with pytest.raises(InputError, match="at most 32"):
        under_test.check_request(1 << 20, names)
    under_test.check_request(1 << 20, names[:32])


def test_dictionaries_and_other_widths_become_plain():
    rows = table(["a", "b"]).append_column("kind", pa.array(["x", "x"]).dictionary_encode())
    rows = rows.append_column("small", pa.array([1, 2], pa.uint8()))
    rows = rows.set_column(0, "text", pa.array(["a", "b"], pa.string()))
    (ready,) = checked([rows], ("text", "sha256", "kind", "small"), Tally())
    assert [str(kind) for kind in ready.schema.types] == [*["large_string"] * 3, "int64", "int64"]
    assert ready.column("kind").to_pylist() == ["x", "x"]
    coded = pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["x", None]))
    with pytest.raises(InputError, match="row 1: hidden is null"):
        list(checked([rows.append_column("hidden", coded)], ("text", "sha256", "hidden"), Tally()))
    wide = rows.append_column("wide", pa.array([1, 1 << 63], pa.uint64()))
    with pytest.raises(InputError, match="wide, rows from 0: found a number beyond 64 bits"):
        list(checked([wide], ("text", "sha256", "wide"), Tally()))


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=8), st.integers(-(2**63), 2**63 - 1))
def test_objects_are_the_json_that_python_reads(values, number):
    values = [value.encode("utf-8", "replace").decode() for value in values]
    rows = pa.table(
        {
            "b": pa.array(values, pa.large_string()),
            "a": pa.array([number] * len(values), pa.int64()),
        }
    )
    for line, value in zip(json_objects(rows).to_pylist(), values, strict=True):
        assert json.loads(line) == {"a": number, "b": value}
        assert line.startswith(b'{"a":')
