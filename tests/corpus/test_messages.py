"""Conversations: which message a document is, and what is not said about who wrote it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.corpus.readers import messages as module
from ledger.corpus.readers.jsonl import _Jsonl
from ledger.errors import MalformedError
from tests.corpus.helpers import FIXTURES, read


@pytest.fixture
def file(tmp_path):
    def write(*rows, name="f.jsonl"):
        path = tmp_path / name
        path.write_text(
            "".join(
                (r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)) + "\n"
                for r in rows
            )
        )
        return path

    return write


def said(rows):
    return [(r["row"], r["part"], r.get("topic"), r["text"]) for r in rows]


def passed(path, reader=None):
    found = (reader or reader_for(path)).read(path, ReadOptions())
    return {f.what: f.count for f in found if isinstance(f, Passed)}


CHAT = {
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hi"},
    ]
}


def test_the_fixture_is_read():
    rows, bad = read(FIXTURES / "messages" / "talks.jsonl")
    assert bad == []
    assert len(rows) > len({row["row"] for row in rows}) > 1


def test_a_file_of_messages_needs_no_format(file):
    rows, bad = read(file(CHAT, CHAT))
    assert bad == []
    assert said(rows)[:4] == [
        (0, 0, "system", "be brief"),
        (0, 1, "user", "hello"),
        (0, 2, "assistant", "hi"),
        (1, 0, "system", "be brief"),
    ]


def test_a_role_is_no_authorship(file):
    rows, _ = read(file(CHAT))
    assert all("author" not in row for row in rows)


def test_a_text_column_wins_over_messages(file):
    rows, _ = read(file({"text": "whole", **CHAT}))
    assert [row["text"] for row in rows] == ["whole"]
    rows, _ = read(file({"text": "whole", **CHAT}), reader=module.READER)
    assert [row["text"] for row in rows] == ["be brief", "hello", "hi"]


def test_conversations_with_from_and_value(file):
    row = {
        "id": "1",
        "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}],
    }
    rows, bad = read(file(row))
    assert (said(rows), bad) == ([(0, 0, "human", "a"), (0, 1, "gpt", "b")], [])


def test_pairs_of_texts(file):
    rows, bad = read(file({"prompt": "p", "completion": "c"}))
    assert (said(rows), bad) == ([(0, 0, "prompt", "p"), (0, 1, "completion", "c")], [])
    rows, bad = read(file({"chosen": "c", "rejected": "r"}, {"chosen": "d", "rejected": "s"}))
    assert said(rows) == [
        (0, 0, "chosen", "c"),
        (0, 1, "rejected", "r"),
        (1, 0, "chosen", "d"),
        (1, 1, "rejected", "s"),
    ]


def test_pairs_of_conversations(file):
    message = [{"role": "user", "content": "q"}]
    answer = [{"role": "assistant", "content": "a"}]
    rows, bad = read(file({"prompt": message, "chosen": answer, "rejected": answer}))
    assert bad == []
    assert said(rows) == [
        (0, 0, "prompt/user", "q"),
        (0, 1, "chosen/assistant", "a"),
        (0, 2, "rejected/assistant", "a"),
    ]


def test_a_prompt_that_some_rows_lack(file):
    rows, bad = read(
        file({"prompt": "p", "chosen": "c", "rejected": "r"}, {"chosen": "d", "rejected": "s"})
    )
    assert bad == []
    assert [part for _, part, _, _ in said(rows)] == [0, 1, 2, 0, 1]


def test_content_in_pieces_is_its_text(file):
    pieces = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}]
    pieces += [{"type": "text", "text": "b"}]
    rows, bad = read(file({"messages": [{"role": "user", "content": pieces}]}, CHAT))
    assert bad == []
    assert said(rows)[0] == (0, 0, "user", "a\nb")
    assert len(rows) == 4


def test_tool_calls_and_pictures_are_counted_not_lost(file):
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {}}]}
    path = file(CHAT, {"messages": [picture, call, {"role": "tool", "content": "42"}]})
    rows, bad = read(path)
    assert bad == []
    assert said(rows)[3:] == [(1, 2, "tool", "42")]
    assert passed(path) == {"messages without text": 2}


BAD = {
    "null_content": (
        {"messages": [{"role": "user", "content": None}]},
        "is null, expected a string",
    ),
    "no_content": ({"messages": [{"role": "user"}]}, "is null, expected a string"),
    "number": ({"messages": [{"role": "user", "content": 7}]}, "a number, expected a string"),
    "no_object": ({"messages": ["hello"]}, "message 0 of 'messages' is a string"),
    "no_list": ({"messages": "hello"}, "'messages' is a string, expected messages"),
    "none": ({"messages": []}, "no messages"),
    "missing": ({"other": 1}, "no messages"),
    "role": ({"messages": [{"role": 1, "content": "a"}]}, "the role of message 0 is a number"),
    "piece": ({"messages": [{"role": "u", "content": [1]}]}, "holds a number, expected pieces"),
    "twice": ('{"messages": [], "messages": [{"role": "u", "content": "a"}]}', "appears twice"),
    "no_json": ('{"messages": [', "not JSON"),
    "surrogate": ('{"messages": [{"role": "u", "content": "\\ud800"}]}', "a lone surrogate"),
    "empty": ({"messages": [{"role": "u", "content": ""}]}, "message 0: empty text"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_rejected_and_its_neighbours_are_read(name, file):
    row, reason = BAD[name]
    rows, bad = read(file(CHAT, row, CHAT))
    assert [r["row"] for r in rows] == [0, 0, 0, 2, 2, 2]
    assert [where for where, _ in bad] == [":2"]
    assert reason in bad[0][1]


def test_one_bad_message_leaves_the_others_their_places(file):
    row = {
        "messages": [
            {"role": "a", "content": "x"},
            {"role": "b", "content": ""},
            {"role": "c", "content": "z"},
        ]
    }
    rows, bad = read(file(row))
    assert said(rows) == [(0, 0, "a", "x"), (0, 2, "c", "z")]
    assert bad == [(":1", "message 1: empty text")]


def test_what_a_row_says_of_itself_holds_for_each_message(file):
    row = {"language": "de", "url": "https://a.example.org/x", "created": "2021-02-03", **CHAT}
    rows, bad = read(file(row))
    assert bad == []
    assert {(r["language"], r["site"], r["claimed_at"]) for r in rows} == {
        ("de", "example.org", 1612310400)
    }


def test_asked_for_messages_in_a_file_of_none(file):
    with pytest.raises(MalformedError, match="fields text, expected messages"):
        read(file({"text": "a"}), reader=module.READER)


message = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant"])},
    optional={
        "content": st.text(max_size=5)
        | st.none()
        | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=3)})),
        "tool_calls": st.just([{"id": "1"}]),
        "from": st.just("x"),
        "value": st.text(max_size=3),
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(message, max_size=4), max_size=6), st.sampled_from([1, 50, 1 << 22]))
def test_what_is_read_depends_on_no_block_and_no_path(tmp_path_factory, talks, block):
    path = tmp_path_factory.getbasetemp() / "talks.jsonl"
    rows = [CHAT, *({"messages": talk} for talk in talks)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))

    def result(reader):
        documents, bad, count = [], [], 0
        for found in reader.read(path, ReadOptions()):
            if isinstance(found, Rejected):
                bad.append((found.where, found.reason))
            elif isinstance(found, Passed):
                count += found.count
            else:
                documents += said(found.to_pylist())
        return documents, bad, count

    assert result(_Jsonl(block)) == result(_Slow())


class _Slow(_Jsonl):
    """The same file through the rules for single lines only."""

    def read(self, path, options):
        seen = module.first_look(path, options)
        talk = module.Conversations(path, options, seen, module.conversation(seen))
        talk._parse = lambda data: None
        yield from talk.read(1 << 20)
        yield from talk.passed()
