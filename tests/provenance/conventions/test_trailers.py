"""Trailers as git finds them, and what each form is worth."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.provenance.conventions import Disclosure
from ledger.provenance.conventions.trailers import CONVENTION, parse_trailers
from ledger.provenance.facts import authorship_flags

COPILOT = "Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>"


def _read(*trailers: str) -> list[Disclosure]:
    message = "title\n\nbody\n\n" + "\n".join(trailers) + "\n"
    return CONVENTION.read(message.encode(), "x")


@pytest.mark.parametrize(
    ("trailer", "assistance", "model", "weight"),
    [
        ("Assisted-by: Claude:claude-3-opus coccinelle sparse", "A2", "claude-3-opus", None),
        ("Assisted-by: Claude:claude-3-opus [coccinelle] [sparse]", "A2", "claude-3-opus", None),
        ("ASSISTED-BY: an-agent:llama3:8b", "A2", "llama3:8b", None),
        ("Assisted-by: ChatGPT, for the tests", "A2", "ChatGPT, for the tests", None),
        ("assisted-by : Some model\n  of three words", "A2", "Some model of three words", None),
        ("Assisted-by: Claude Opus 4 <noreply@anthropic.com>", "A2", "Claude Opus 4", None),
        ("Assisted-by: AI", "A2", None, None),
        ("Generated-by: A Model 3", "A3", "A Model 3", None),
        ("Generated-by: https://example.org/agent", "A3", "https://example.org/agent", None),
        (COPILOT, "A2", None, "weak"),
        ("co-authored-BY: Copilot <Copilot@users.noreply.github.com>", "A2", None, "weak"),
        ("Co-Authored-By: Claude <noreply@anthropic.com>", "A2", None, "medium"),
        ("Co-Authored-By: Claude Opus 4.5 <noreply@anthropic.com>", "A2", "Claude Opus 4.5",
         "medium"),
        ("Co-authored-by: Cursor <cursoragent@cursor.com>", "A2", None, "medium"),
        ("Co-authored-by: aider (gpt-4o) <noreply@aider.chat>", "A2", "gpt-4o", "medium"),
        ("Co-authored-by: x <1+devin-ai-integration[bot]@users.noreply.github.com>", "A2", None,
         "medium"),
        ("Replit-Commit-Session-Id: 0123", "A2", None, "weak"),
        ("Replit-Commit-Author: Agent", "A2", None, "medium"),
        ("AI-Assisted: true", "A2", None, "medium"),
        ("Ai-assisted: no", "A0", None, "medium"),
        ("Assisted-by: Jane Doe <jane@example.org>", "AX", None, None),
        ("Generated-by:", "AX", None, None),
    ],
)  # fmt: skip
def test_a_trailer_is_worth_something_else(
    trailer: str, assistance: str, model: str | None, weight: str | None
) -> None:
    (one,) = _read("Signed-off-by: A <a@example.org>", trailer)
    assert (one.assistance, one.model, one.weight) == (assistance, model, weight)
    assert one.person == ("Jane Doe <jane@example.org>" if "Jane" in trailer else None)


@pytest.mark.parametrize(
    "trailer",
    [
        "Co-authored-by: Jane Doe <jane@example.org>",
        "Co-authored-by: Claude Shannon <claude@example.org>",
        "Co-authored-by: Copilot <evil@copilot.example.org>",
        "Co-authored-by: x <noreply@anthropic.com.example.org>",
        "Co-authored-by: Copilot",
        "Signed-off-by: Claude <noreply@anthropic.com>",
        "Reviewed-by: A:b",
        "Ai-assisted: perhaps",
    ],
)
def test_a_trailer_of_no_tool_says_something(trailer: str) -> None:
    assert _read(trailer) == []


def test_an_absent_trailer_says_something() -> None:
    for message in ("", "title", "Assisted-by: in the title", "title\n\nAssisted-by: x\n\nlast\n"):
        assert CONVENTION.read(message.encode(), "x") == []


def test_a_co_author_declares() -> None:
    """A tool's line alone is a hint: it never makes a text known to be AI's."""
    for tool in (COPILOT, "Co-authored-by: Claude <noreply@anthropic.com>"):
        (one,) = _read(tool)
        body = {"assistance": one.assistance, "weight": one.weight}
        assert authorship_flags(body, attested=True) == ("hinted_ai",)
    (stated,) = _read("Assisted-by: a:b")
    assert authorship_flags({"assistance": stated.assistance}, attested=False) == ("declared_ai",)


def test_a_tools_signature_is_missed() -> None:
    message = "aider: add tests\n\n🤖 Generated with [Claude Code](https://claude.ai/code)\n"
    found = CONVENTION.read(message.encode(), "x")
    assert [(one.assistance, one.weight, one.where) for one in found] == [
        ("A2", "medium", "x: line 1"),
        ("A2", "medium", "x: line 3"),
    ]


def test_a_trailer_is_written_otherwise() -> None:
    said = [Disclosure("a", "A1", "m:1"), Disclosure("a", "A4", "m 2"), Disclosure("a", "A0")]
    expected = b"t\n\nSigned-off-by: A <a@b.c>\nAssisted-by: AI:m:1\nGenerated-by: m 2\n"
    assert CONVENTION.write(b"t\n\nSigned-off-by: A <a@b.c>\n", said) == expected
    assert CONVENTION.write(expected, said) == expected
    for model in ("a\nSigned-off-by: b <b@c.d>", "x <a@b.c>", "a\u202eb", ""):
        with pytest.raises(InputError, match="not a name that"):
            CONVENTION.write(b"t\n", [Disclosure("a", "A2", model)])


_LINES = st.sampled_from(
    [
        "title", "word: x", "Signed-off-by: a b", "Signed-off-by:a", "Key : v ", "Key:",
        "(cherry picked from commit 12)", " cont", " a: b", "", "", "  ", "# c", "# k: v",
        "no trailer", "é: b", "a_b: c", "\tfold", "K-1:  v", "::x", "key:a:b", "#",
    ]
)  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@settings(max_examples=60, deadline=None)
@given(st.lists(_LINES, min_size=1, max_size=10), st.sampled_from(["", "\n", "\n\n"]))
def test_git_finds_others(lines: list[str], end: str) -> None:
    message = "\n".join(lines) + end
    ran = subprocess.run(
        ["git", "-c", "core.commentChar=#", "interpret-trailers", "--parse", "--no-divider"],
        input=message.encode(), capture_output=True, check=True,
    )  # fmt: skip
    theirs = [line.strip() for line in ran.stdout.decode().split("\n")[:-1]]
    assert [f"{key}: {value}".strip() for key, value in parse_trailers(message)] == theirs
