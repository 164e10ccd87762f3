"""Front matter: lines at the margin, and nothing that YAML could make of the rest."""

import pytest

from ledger.errors import InputError
from ledger.provenance.conventions import Disclosure
from ledger.provenance.conventions.front_matter import CONVENTION


def _read(lines: str) -> list[Disclosure]:
    return CONVENTION.read(f"---\n{lines}\n---\ntext\n".encode(), "a.md")


@pytest.mark.parametrize(
    ("lines", "assistance", "model", "weight"),
    [
        ("ai-disclosure: none\nai-model: m", "A0", None, None),
        ("ai_disclosure: AI-Assisted", "A2", None, None),
        ("ai-disclosure: mixed", "A2", None, None),
        ("AI-Disclosure: 'ai-generated' # by it\nai-model: \"Model: 4 #1\"", "A3",
         "Model: 4 #1", None),
        ("ai-disclosure: ai-autonomous", "A4", None, None),
        ("ai_generated: true\nai_assisted: true", "A3", None, None),
        ("ai_assisted: yes", "A2", None, None),
        ("ai_generated: false\nai_assisted: no", "A0", None, None),
        ("ai-disclosure: none\nai_generated: true", "A3", None, None),
        ("generated_by: a-tool", "A3", "a-tool", "weak"),
        ("generated_by: a-tool\nai_generated: true", "A3", "a-tool", None),
    ],
)  # fmt: skip
def test_a_key_is_read_otherwise(
    lines: str, assistance: str, model: str | None, weight: str | None
) -> None:
    (one,) = _read(lines)
    assert (one.assistance, one.model, one.weight) == (assistance, model, weight)
    assert one.where in ("a.md:2", "a.md:3")
    assert one.ranges is None


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        ("ai-disclosure: perhaps", "ai-disclosure: found perhaps, no word of the draft"),
        ("ai-disclosure: *anchor", "ai-disclosure: found *anchor, expected one word"),
        ("ai-disclosure: &a none", "ai-disclosure: found &a none, expected one word"),
        ("ai-disclosure: !!str none", "ai-disclosure: found !!str none, expected one word"),
        ("ai-disclosure: [none]", "ai-disclosure: found [none], expected one word"),
        ("ai-disclosure: |", "ai-disclosure: found |, expected one word"),
        ("ai-disclosure:\n  none", "ai-disclosure: found , expected one word"),
        ("ai-disclosure: none\nai-disclosure: none", "ai-disclosure: given twice"),
        ("ai-disclosure: none\n\n  - a", "ai-disclosure: goes on, expected one word"),
        ("ai-disclosure: none\n'ai-disclosure': none", "ai-disclosure: given twice"),
        ("ai_generated: false", "says only what it is not"),
        ("ai_generated: 1", "ai-generated: found 1, expected true or false"),
    ],
)
def test_what_cannot_be_read_says_something(lines: str, note: str) -> None:
    (one,) = _read(lines)
    assert (one.assistance, one.note) == ("AX", note)


@pytest.mark.parametrize(
    "content",
    [
        b"\n---\nai-disclosure: none\n---\n",
        b"---\nai-disclosure: none\n",
        b"--- x\nai-disclosure: none\n---\n",
        b"---\n  ai-disclosure: none\n---\n",
        b"---\nx: |\n  ai-disclosure: none\n---\n",
        b'---\nx: "a\nai-disclosure: none\n---\n',
        b"---\nx: [a,\nai-disclosure: none\n---\n",
        b"---\n# ai-disclosure: none\n---\n",
        b"---\nai-disclosure:none\n---\n",
        b"---\nmy-ai-disclosure: none\n---\n",
        b"---\n" + b"x\n" * 40_000 + b"ai-disclosure: none\n---\n",
        b"---\nai-model: m\n---\nai-disclosure: none\n",
    ],
)
def test_what_is_no_front_matter_says_something(content: bytes) -> None:
    assert {one.assistance for one in CONVENTION.read(content, "a.md")} <= {"AX"}


def test_the_rest_of_the_text_changes() -> None:
    content = (
        b"\xef\xbb\xbf---\r\ntitle: \xff\r\nai_generated: true\r\nlist:\r\n  - a\r\n---\r\nx\xff"
    )
    written = CONVENTION.write(content, [Disclosure("a", "A2", "M 1")])
    expected = (
        b"\xef\xbb\xbf---\r\nai-disclosure: ai-assisted\r\nai-model: M 1\r\n"
        b"title: \xff\r\nlist:\r\n  - a\r\n---\r\nx\xff"
    )
    assert written == expected
    parts = [Disclosure("a", "A3", "M", ((0, 3),))]
    assert b"ai-disclosure: mixed\nai-model: M\n" in CONVENTION.write(b"text", parts)


def test_what_it_cannot_say_is_written() -> None:
    with pytest.raises(InputError, match="the rest is unknown"):
        CONVENTION.write(b"", [Disclosure("a", "A0", None, ((0, 3),))])
    with pytest.raises(InputError, match="front matter:2: ai-model: found , expected one word"):
        CONVENTION.write(b"---\nai-model:\n  - a\n---\n", [Disclosure("a", "A2")])
    with pytest.raises(InputError, match="not a name that one line can hold"):
        CONVENTION.write(b"", [Disclosure("a", "A2", "a\nb: c")])
