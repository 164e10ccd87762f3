"""Ticket exports whose columns have names of their own."""

import pytest

from tests.corpus.helpers import read


@pytest.fixture
def file(tmp_path):
    def write(data):
        path = tmp_path / "tickets.csv"
        path.write_bytes(data)
        return path

    return write


def test_comments_of_a_helpdesk_with_its_own_names_need_no_map(file):
    raw = b"ticket_id,agent,created_at,comment\n1,anna,2022-03-01,The printer again\n"
    rows, bad = read(file(raw))
    assert not bad
    assert [row["text"] for row in rows] == ["The printer again"]
    assert [row["author"] for row in rows] == ["anna"]
    assert rows[0]["claimed_at"] is not None  # else nothing says that it is old


def test_a_text_column_is_not_passed_over_for_a_comment(file):
    rows, bad = read(file(b"created_at,comment,text\n2022-03-01,aside,the text\n"))
    assert ([row["text"] for row in rows], bad) == (["the text"], [])
