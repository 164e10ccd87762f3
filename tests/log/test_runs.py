"""The look-up answers like a dictionary, whatever the keys, the pages and the batches."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import BrokenChainError
from ledger.log import runs
from ledger.log.projection import EntryProjection
from ledger.log.runs import RunIndex, read_pages, run_windows

# Whole digests made of few heads and few rests: keys collide within and across documents.
SUBJECTS = [
    bytes([head]) * 8 + bytes([rest]) * 24 for head in (0, 1, 127, 255) for rest in (0, 1, 255)
]
ABSENT = [b"\1" * 8 + b"\2" * 24, b"\2" * 32]


@pytest.fixture(params=[(16, 2, 16), (16, 4, 4), (8, 2, 2)], ids=str)
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, int]:
    """Windows of a few entries, so that levels, merges and page borders come often."""
    base, fanout, page = request.param
    monkeypatch.setattr(runs, "BASE", base)
    monkeypatch.setattr(runs, "FANOUT", fanout)
    monkeypatch.setattr(runs, "PAGE", page)
    return base, fanout, page


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in EntryProjection(RunIndex()).ddl():
            connection.execute(statement)
        yield connection


def matrix(subjects: list[bytes]) -> runs.Digests:
    return np.frombuffer(b"".join(subjects), np.uint8).reshape(-1, 32)


def append(
    connection: sqlite3.Connection, index: RunIndex, size: int, subjects: list[bytes]
) -> int:
    connection.executemany(
        "INSERT INTO entry VALUES (?, 'origin', ?)",
        [(size + n, subject) for n, subject in enumerate(subjects)],
    )
    index.extend(connection, size + len(subjects), len(subjects))
    return size + len(subjects)


def answers(
    connection: sqlite3.Connection, index: RunIndex, size: int, asked: list[bytes]
) -> list[tuple[int, int]]:
    query, found = index.find(connection, size, matrix(asked))
    return list(zip(query.tolist(), found.tolist(), strict=True))


@settings(max_examples=40, deadline=None)
@given(
    subjects=st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=150),
    cuts=st.lists(st.integers(1, 149), max_size=6),
    data=st.data(),
)
def look_up(subjects: list[bytes], cuts: list[int], data: st.DataObject) -> None:
    bounds = sorted({0, len(subjects), *(cut for cut in cuts if cut < len(subjects))})
    asked = data.draw(st.lists(st.sampled_from([*SUBJECTS, *ABSENT]), max_size=20))
    with database() as connection, database() as other:
        writer, size = RunIndex(), 0
        for start, end in pairwise(bounds):
            size = append(connection, writer, size, subjects[start:end])
            for index in (writer, RunIndex()):
                for questions in (asked, asked * 20):  # few are searched, many are filtered
                    expected = [
                        (q, i)
                        for q, want in enumerate(questions)
                        for i, subject in enumerate(subjects[:size])
                        if subject == want
                    ]
                    assert answers(connection, index, size, questions) == expected
        append(other, RunIndex(), 0, subjects)
        dumps = [
            c.execute("SELECT * FROM run ORDER BY 1, 2, 3").fetchall() for c in (connection, other)
        ]
        assert dumps[0] == dumps[1]
        assert [row[:2] for row in dumps[0] if row[2] == 0] == sorted(run_windows(len(subjects)))


def test_look_up_is_a_dictionarys(small: tuple[int, int, int]) -> None:
    look_up()


def test_an_earlier_size_hides_later_entries(small: tuple[int, int, int]) -> None:
    """A batch is looked up against what was there before it."""
    with database() as connection:
        writer = RunIndex()
        size = append(connection, writer, 0, SUBJECTS * 3)  # 36; no window of any shape ends at 37
        append(connection, writer, size, SUBJECTS[:1])
        found = answers(connection, writer, size, SUBJECTS)
        assert len(found) == size and all(index < size for _, index in found)


def test_every_answer_survives_a_rolled_back_batch(small: tuple[int, int, int]) -> None:
    with database() as connection:
        writer = RunIndex()
        size = append(connection, writer, 0, SUBJECTS * 4)
        before = answers(connection, writer, size, SUBJECTS * 30)
        connection.execute("BEGIN")
        append(connection, writer, size, ABSENT * 40)
        assert answers(connection, writer, size + 80, ABSENT * 200)
        connection.execute("ROLLBACK")
        writer.forget()
        assert answers(connection, writer, size, SUBJECTS * 30) == before
        assert answers(connection, writer, size, ABSENT * 200) == []


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**40))
def test_windows_tile_the_log(size: int) -> None:
    """Whole windows from 0 on without gap, falling in size; less than one window is left over."""
    end = 0
    levels = []
    for level, number in run_windows(size):
        span = runs.BASE * runs.FANOUT**level
        assert number * span == end
        end += span
        levels.append(level)
    assert end <= size < end + runs.BASE
    assert levels == sorted(levels, reverse=True)
    below_top = levels[levels.count(max(levels, default=0)) :]
    assert all(below_top.count(level) < runs.FANOUT for level in below_top)


def test_the_real_sizes_are_published() -> None:
    assert (runs.BASE, runs.FANOUT, runs.PAGE) == (4096, 8, 4096)


@pytest.mark.parametrize("data", [b"\0" * 11, b"\0" * 13, b"\0" * (4097 * 12)])
def test_a_page_of_another_length(data: bytes) -> None:
    with database() as connection:
        connection.execute("INSERT INTO run VALUES (0, 0, 0, x'00', ?)", (data,))
        with pytest.raises(BrokenChainError, match="run 0/0/0"):
            list(read_pages(connection, 0, 0))
