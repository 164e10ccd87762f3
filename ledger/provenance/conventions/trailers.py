"""Commit trailers: `Assisted-by:` (Linux kernel, Fedora), `Generated-by:` (Apache), and what tools
write unasked.

`Assisted-by: AGENT:MODEL [tool…]` or free text is A2, `Generated-by:` A3, by whoever committed.
A tool's `Co-authored-by:`, session line or signature line is A2 with a weight, `medium` where only
the tool's own use puts it there and `weak` where an editor was seen to add it to every commit: it
is never more than a hint. A name with an e-mail address that is no known tool's is a person.
No trailer says nothing.
"""

import re
from collections.abc import Sequence

from ledger.errors import InputError, printable
from ledger.provenance.conventions import Disclosure, bounded, short
from ledger.provenance.conventions._trailer_block import block_start, parse_trailers

__all__ = ["CONVENTION", "parse_trailers"]

_STATED = {"assisted-by": "A2", "generated-by": "A3"}
_BESIDE = frozenset({"co-authored-by", "co-developed-by"})
_SESSIONS = {"replit-commit-session-id": "weak", "replit-commit-author": "medium"}
_PERSON = re.compile(r"^(.{0,200}?)\s*<([^<>\s]{3,200})>\s*$")
_KERNEL = re.compile(r"^([^\s:<>]{1,80}):([^\s<>]{1,200})((?:\s.*)?)$")
_IN_BRACKETS = re.compile(r"\(([^()]{1,100})\)")
_TOOLS = (  # by the address, which the tools write themselves: pattern, tool, weight
    (re.compile(r"(\d+\+)?copilot(-swe-agent)?(\[bot\])?@(users\.noreply\.)?github\.com"),
     "Copilot", "weak"),
    (re.compile(r"noreply@anthropic\.com"), "Claude", "medium"),
    (re.compile(r"(cursoragent|agent|noreply)@cursor\.(com|sh)"), "Cursor", "medium"),
    (re.compile(r"[^@]+@aider\.chat"), "aider", "medium"),
    (re.compile(r"(codex|noreply)@openai\.com"), "Codex", "medium"),
    (re.compile(r"amp@ampcode\.com"), "Amp", "medium"),
    (re.compile(r"noreply@opencode\.ai"), "OpenCode", "medium"),
    (re.compile(r"(\d+\+)?(devin-ai-integration|google-labs-jules|gemini-code-assist|claude"
                r"|cursor|chatgpt-codex-connector|openhands)\[bot\]@users\.noreply\.github\.com"),
     "a bot", "medium"),
)  # fmt: skip
_SIGNED = re.compile(r"^(?:🤖 ?)?Generated with (?:\[)?(Claude Code|opencode|Codex|Cursor|Devin)\b")
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_MOST = 1_000  # trailers that are looked at
_MAX_MESSAGE = 1024 * 1024


class _Trailers:
    name = "trailer"
    suffixes = ()
    of_files = False

    def read(self, content: bytes, where: str) -> list[Disclosure]:
        """What a commit message says; `content` is the message without its header."""
        message = bounded(content, where, _MAX_MESSAGE).decode("utf-8", "replace")
        found = []
        for number, (key, value) in enumerate(parse_trailers(message)[:_MOST], start=1):
            one = _read(key.lower(), value, f"{where}: trailer {number}, {key[:40]}")
            if one is not None:
                found.append(one)
        title = message.partition("\n")[0]
        if title.startswith("aider: "):
            found.append(_hint("medium", f"{where}: line 1", "aider"))
        for number, line in enumerate(message.split("\n"), start=1):
            if (signed := _SIGNED.match(line[:80])) is not None:
                found.append(_hint("medium", f"{where}: line {number}", signed[1]))
                break
        return found

    def write(self, content: bytes, disclosures: Sequence[Disclosure]) -> bytes:
        """The message with a trailer more for each disclosure of AI that it has not yet.

        A1 and A2 are `Assisted-by`, A3 and A4 `Generated-by`; without a model it says `AI`.
        """
        message = bounded(content, "message", _MAX_MESSAGE).decode("utf-8", "replace")
        has = [(key.lower(), value) for key, value in parse_trailers(message)]
        added = []
        for one in disclosures:
            if one.assistance not in ("A1", "A2", "A3", "A4"):
                continue
            key = "Assisted-by" if one.assistance in ("A1", "A2") else "Generated-by"
            value = _spelled(key, one.model)
            if (key.lower(), value) not in has:
                has.append((key.lower(), value))
                added.append(f"{key}: {value}\n")
        if not added:
            return content
        body = message.rstrip("\n")
        gap = "" if not body else "\n\n"
        if body and block_start(message) < len(body.split("\n")):
            gap = "\n"
        return (body + gap + "".join(added)).encode()


def _spelled(key: str, model: str | None) -> str:
    """The value that reads back as `model`. Raises InputError."""
    if model is None:
        return "AI"
    for value in (model, f"AI:{model}"):
        one = _read(key.lower(), value, "")
        if one is not None and one.model == model and "\n" not in value:
            return value
    raise InputError(
        f"model {printable(model)}: not a name that a {key} trailer can hold",
        hint="name the model in one line, without an e-mail address",
    )


def _read(key: str, value: str, where: str) -> Disclosure | None:
    value = value[:1000]
    if key in _STATED:
        return _stated(_STATED[key], value, where)
    if key in _BESIDE:
        tool = _tool(value)
        return None if tool is None else _hint(tool[2], where, tool[0], model=tool[1])
    if key in _SESSIONS and value:
        return _hint(_SESSIONS[key], where, "Replit")
    if key == "ai-assisted" and value.lower() in _TRUE | _FALSE:
        degree = "A2" if value.lower() in _TRUE else "A0"
        return Disclosure("trailer", degree, weight="medium", where=where)
    return None


def _stated(degree: str, value: str, where: str) -> Disclosure:
    person = _PERSON.match(value)
    if person is not None:
        tool = _tool(value)
        if tool is None:
            note = "names a person, not a tool"
            return Disclosure("trailer", "AX", where=where, note=note, person=value[:200])
        model = tool[1] or short(person[1])
        return Disclosure("trailer", degree, model, where=where, note=f"agent {tool[0]}")
    if (kernel := _KERNEL.match(value)) is not None and not kernel[2].startswith("//"):
        note = f"agent {printable(kernel[1], 80)}"
        return Disclosure("trailer", degree, short(kernel[2]), where=where, note=note)
    model = short(value)
    if model is None:
        return Disclosure("trailer", "AX", where=where, note="names nothing")
    return Disclosure("trailer", degree, None if model == "AI" else model, where=where)


def _tool(value: str) -> tuple[str, str | None, str] | None:
    """(tool, model if named, weight) of `Name <address>`; None for a person."""
    person = _PERSON.match(value)
    if person is None:
        return None
    for pattern, tool, weight in _TOOLS:
        if pattern.fullmatch(person[2].lower()):
            name = short(person[1])
            inside = _IN_BRACKETS.search(person[1])
            if inside is not None:
                return tool, short(inside[1]), weight
            versioned = name is not None and any(c.isdigit() for c in name)
            return tool, name if versioned else None, weight
    return None


def _hint(weight: str, where: str, tool: str, *, model: str | None = None) -> Disclosure:
    note = f"{tool} touched the commit"
    return Disclosure("trailer", "A2", model, weight=weight, where=where, note=note)


CONVENTION = _Trailers()
