"""Agent Trace: lines of files, by what contributed them."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.provenance.conventions import Disclosure
from ledger.provenance.conventions.agent_trace import CONVENTION, format_record
from tests.provenance.conventions.samples import record

ID = UUID(int=7)


def _files(*conversations: Any) -> bytes:
    return record(files=[{"path": "a.md", "conversations": list(conversations)}])


def _range(first: Any, last: Any, kind: str | None = None) -> dict[str, Any]:
    found = {"start_line": first, "end_line": last, "content_hash": "murmur3:0"}
    return found if kind is None else {**found, "contributor": {"type": kind}}


def test_a_contributor_is_another() -> None:
    data = _files(
        {
            "contributor": {"type": "ai", "model_id": "provider/model"},
            "ranges": [_range(9, 9), _range(1, 3), _range(4, 5, "human"), _range(6, 7, "mixed")],
        },
        {"ranges": [_range(20, 21)]},
    )
    found = [(o.assistance, o.model, o.lines, o.at) for o in CONVENTION.read(data, "x")]
    at = 1_767_323_045
    assert found == [
        ("A3", "provider/model", ((1, 3), (9, 9)), at),
        ("A0", None, ((4, 5),), at),
        ("A2", None, ((6, 7),), at),
        ("AX", None, ((20, 21),), at),
    ]


@pytest.mark.parametrize("version", ["0.1", "0.1.0", "0.1.12"])
def test_a_spelling_of_the_version_is_refused(version: str) -> None:
    (one,) = CONVENTION.read(record(version=version), "x")
    assert one.assistance == "A3"


@pytest.mark.parametrize("version", ["0.2", "1.0", "0.10", 0.1, None])
def test_another_version_is_believed(version: Any) -> None:
    (one,) = CONVENTION.read(record(version=version), "x")
    assert one.assistance == "AX" and one.note is not None and "expected 0.1" in one.note


@pytest.mark.parametrize(
    ("conversation", "note"),
    [
        ({"ranges": [_range(0, 1)]}, "lines 0 to 1"),
        ({"ranges": [_range(3, 1)]}, "lines 3 to 1"),
        ({"ranges": [_range(True, 1)]}, "a range without start_line and end_line"),
        ({"ranges": [_range("1", 1)]}, "a range without start_line and end_line"),
        ({"ranges": [_range(1, 3), _range(3, 4)]}, "lines given twice"),
        ({"ranges": 3}, "ranges: no list"),
        ({"ranges": [_range(1, 1, "robot")]}, "contributor type robot"),
        (7, "a conversation that is no object"),
    ],
)
def test_a_file_that_breaks_the_rules_keeps_a_line(conversation: Any, note: str) -> None:
    good = {"contributor": {"type": "ai"}, "ranges": [_range(1, 1)]}
    (one,) = CONVENTION.read(_files(good, conversation), "x")
    assert (one.assistance, one.note, one.path) == ("AX", note, "a.md")


def test_lines_of_records_are_lost() -> None:
    data = record() + b"\n\n" + record(version="9") + b"\n" + record() + b"\n{"
    found = [(one.assistance, one.where) for one in CONVENTION.read(data, "x")]
    assert found == [("A3", "x:1"), ("AX", "x:3"), ("A3", "x:4"), ("AX", "x:5")]


_LINES = st.sets(st.integers(1, 99), min_size=1).map(
    lambda found: tuple((n, n) for n in sorted(found))
)
_SAID = st.builds(
    lambda degree, path, lines, model: Disclosure(
        "agent_trace", degree, None if degree == "A0" else model, path=path, lines=lines
    ),
    st.sampled_from(["A0", "A2", "A3"]),
    st.sampled_from(["a.md", "b c", "d/e.py"]),
    _LINES,
    st.sampled_from([None, "provider/name"]),
)


@given(st.lists(_SAID, max_size=5))
def test_what_is_formatted_is_read_otherwise(said: list[Disclosure]) -> None:
    data = format_record(said, ID, 1_790_000_000, "ab" * 20)
    document = orjson.loads(data)
    assert document["vcs"] == {"revision": "ab" * 20, "type": "git"}
    found = CONVENTION.read(data, "x")
    assert {one.at for one in found} <= {1_790_000_000}

    def key(one: Disclosure) -> tuple[object, ...]:
        return one.path, one.assistance, one.model or "", one.lines

    assert sorted(map(key, found)) == sorted(map(key, said))


def test_what_it_cannot_say_is_written() -> None:
    assert orjson.loads(format_record([Disclosure("a", "AX")], ID, 0))["files"] == []
    with pytest.raises(InputError, match="no file's lines"):
        format_record([Disclosure("a", "A3")], ID, 0)
