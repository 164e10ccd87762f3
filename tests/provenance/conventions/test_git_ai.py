"""git-ai notes: three kinds of key, and what a note that breaks its own rules loses."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.provenance.conventions.git_ai import (
    Attestation,
    Human,
    Note,
    Session,
    format_note,
    parse_note,
)
from tests.provenance.conventions.samples import SESSION, note

S, H, P, OLD = "s_0123456789abcd", "h_0123456789abcd", "0123456789abcdef", "0123abc"
KEYS = {
    "sessions": {S: SESSION},
    "humans": {H: {"author": "A Name <a@example.org>"}},
    "prompts": {
        P: {**SESSION, "overriden_lines": 3, "messages_url": "https://example.org/1"},
        OLD: SESSION,
    },
}


def _note(head: str, **more: Any) -> bytes:
    document = {"schema_version": "authorship/3.0.0", "base_commit_sha": "ab", **KEYS, **more}
    return head.encode() + b"---\n" + orjson.dumps(document)


def test_a_kind_of_key_is_not_read() -> None:
    read = parse_note(
        _note(
            f"a.md\n  {S}::t_0123456789abcd 1-10,15\n  {H} 20-31\n"
            f'"with space.md"\n  {P} 4,9-12\n  {OLD} 2\n'
        )
    )
    assert read.entries == (
        Attestation("a.md", f"{S}::t_0123456789abcd", ((1, 10), (15, 15))),
        Attestation("a.md", H, ((20, 31),)),
        Attestation("with space.md", P, ((4, 4), (9, 12))),
        Attestation("with space.md", OLD, ((2, 2),)),
    )
    assert (read.quarantined, read.rejected) == (None, ())
    said = [(one.assistance, one.model, one.person, one.path) for one in read.disclosures()]
    assert said == [
        ("A3", "a-model", None, "a.md"),
        ("A0", None, "A Name <a@example.org>", "a.md"),
        ("A3", "a-model", None, "with space.md"),
        ("A3", "a-model", None, "with space.md"),
    ]


def test_a_note_comes_back_otherwise() -> None:
    read = parse_note(_note(f'a.md\n  {S} 1\n"b c"\n  {H} 2\n  {P} 3\n', x={"y": [1]}))
    again = parse_note(format_note(read))
    assert replace(again, digest="", entries=()) == replace(read, digest="", entries=())
    assert set(again.entries) == set(read.entries)
    assert format_note(again) == format_note(read)


_PATHS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), min_size=1)


@given(
    st.dictionaries(_PATHS, st.sets(st.integers(1, 50), min_size=1), max_size=4),
    st.text(max_size=10),
)
def test_what_is_formatted_is_read_otherwise(files: dict[str, set[int]], model: str) -> None:
    entries = []
    for path, lines in files.items():
        spans: list[tuple[int, int]] = []
        for line in sorted(lines):
            if spans and spans[-1][1] + 1 == line:
                spans[-1] = (spans[-1][0], line)
            else:
                spans.append((line, line))
        entries.append(Attestation(path, f"{S}::t_0", tuple(spans)))
    made = Note(
        base_commit="ab",
        entries=tuple(entries),
        sessions={
            S: Session("a", "1", model, "A <a@b>", members={"custom_attributes": {"k": "v"}})
        },
        humans={H: Human("N <e>")},
    )
    try:
        data = format_note(made)
    except ValueError:
        assert any(path == "---" or path.startswith('"') for path in files) or any(
            path[0].isspace() for path in files
        )
        return
    read = parse_note(data)
    assert set(read.entries) == set(entries) and not read.rejected
    assert replace(read, entries=(), digest="") == replace(made, entries=())


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (f"b.md\n  {S} 3,1\n", "3,1: lines not ascending"),
        (f"b.md\n  {S} 1-4,4\n", "1-4,4: lines not ascending"),
        (f"b.md\n  {S} 4-2\n", "4-2: a range that ends before it begins"),
        (f"b.md\n  {S} 0-2\n", "0-2: not line ranges"),
        (f"b.md\n  {S} 1-2-3\n", "1-2-3: not line ranges"),
        (f"b.md\n  {S} 1-3\n  {H} 2\n", "lines given to two"),
        (f"b.md\n  {S} 1-3\n  {H} 3\n", "lines given to two"),
        ("b.md\n  s_unknown 1\n", "s_unknown: a key that the note does not explain"),
        ("b.md\n  x_unknown 1\n", "x_unknown 1: not a key and its lines"),
        (f"b.md\n   {S} 1\n", f"{S} 1: not a key and its lines"),
        ("b.md\n", "no entry"),
        (f"b.md\n  {S} 1\nb.md\n  {S} 3\n", "named twice"),
    ],
)
def test_a_file_that_breaks_the_rules_keeps_an_entry(head: str, reason: str) -> None:
    read = parse_note(_note(f"a.md\n  {S} 1\n{head}c.md\n  {H} 1\n"))
    assert [entry.path for entry in read.entries] == ["a.md", "c.md"]
    assert read.rejected == (("b.md", reason),)
    assert read.quarantined is None
    assert len(read.digest) == 71


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (note("authorship/4.0.0"), "schema_version authorship/4.0.0, expected authorship/3.*"),
        (note("authorship/30.0.0"), "schema_version authorship/30.0.0, expected authorship/3.*"),
        (b"a.md\n  s_1 1\n", "no line that is exactly ---"),
        (b"a.md\n --- \n{}", "no line that is exactly ---"),
        (b"---\n{", "after --- no JSON"),
        (b"---\n[]", "after --- no JSON object"),
        (b"\xff\n---\n{}", "byte 1 of the attestations is no UTF-8"),
        (_note("", prompts=[]), "prompts: not an object of objects"),
        (_note("", sessions={S: {}}), f"session {S}: no agent_id with tool, id and model"),
        (_note("", humans={H: {}}), f"human {H}: no author"),
    ],
)
def test_a_note_of_another_kind_is_believed(data: bytes, reason: str) -> None:
    read = parse_note(data)
    assert read.quarantined is not None
    assert read.quarantined.startswith(reason)
    assert (read.entries, read.sessions) == ((), {})
    assert len(read.digest) == 71


def test_a_note_without_what_is_optional_is_refused() -> None:
    document = {"schema_version": "authorship/3.1.0", "base_commit_sha": "", "prompts": {}}
    read = parse_note(b"---\n" + orjson.dumps(document))
    assert read == Note("authorship/3.1.0", "", digest=read.digest)


def test_line_ends_matter() -> None:
    plain = _note(f"a.md\n  {S} 1\n")
    assert parse_note(plain.replace(b"\n", b"\r\n")).entries == parse_note(plain).entries


def test_a_note_of_eight_megabytes_is_lost() -> None:
    lines = ",".join(str(2 * n + 1) for n in range(1_100_000))
    data = _note(f"a.md\n  {S} {lines}\n")
    assert len(data) > 8_000_000
    (entry,) = parse_note(data).entries
    assert len(entry.lines) == 1_100_000


def test_a_key_is_looked_up_elsewhere() -> None:
    """`s_` is a session's, whatever the prompts say; `h_` a person's."""
    read = parse_note(_note(f"a.md\n  {S} 1\n", sessions={}, prompts={S: SESSION, H: SESSION}))
    assert read.rejected == (("a.md", f"{S}: a key that the note does not explain"),)
    assert read.sessions == {}
