"""Front matter of Markdown: the W3C draft's names as YAML keys.

    ---
    ai-disclosure: ai-assisted
    ai-model: a-model
    ---

Also read: `ai-provider`, `ai_generated`, `ai_assisted`, `generated_by`; `-` and `_` are the same.
No YAML is parsed: only lines `key: value` at the margin with a plain or quoted word on that line
are read, so that no anchor, tag or alias can mean anything. Whatever else a known key holds says
nothing. `generated_by` alone is a hint, since site generators write it too.
"""

import re
from collections.abc import Sequence

from ledger.errors import InputError, printable
from ledger.provenance.conventions import Disclosure, bounded, short
from ledger.provenance.conventions._words import (
    MIXED,
    MIXED_NOTE,
    degree_of,
    greatest,
    page_word,
)

__all__ = ["CONVENTION"]

_NAME = "front_matter"
_MOST = 64 * 1024  # bytes in which front matter must end
_BOM = b"\xef\xbb\xbf"
_FENCE = re.compile(rb"---[ \t]*(\r?\n)")
_END = re.compile(rb"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
_LINE = re.compile(r"([\"']?)([A-Za-z][A-Za-z0-9_-]{0,63})\1[ \t]*:(?:[ \t]+(.*))?")
_KEYS = frozenset(
    {
        *("ai-disclosure", "ai-model", "ai-provider", "ai-prompt-url"),
        *("ai-generated", "ai-assisted", "generated-by"),
    }
)
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/@+-]*[A-Za-z0-9._/@+-])?")
_QUOTED = re.compile(r"""(?:"([^"\\]*)"|'((?:[^']|'')*)')[ \t]*(?:#.*)?""")
_REMARK = re.compile(r"(?<![ \t])[ \t]+#")  # begins at the first blank only, or blanks cost squares
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})


class _FrontMatter:
    name = _NAME
    suffixes = (".md", ".markdown", ".mdx", ".qmd", ".rmd", ".txt")
    of_files = True

    def read(self, content: bytes, where: str) -> list[Disclosure]:
        block = _block(bounded(content, where))
        if block is None:
            return []
        start, end = block
        values, ignored = _values(content[start:end], where)
        return [*_said(values, where), *ignored]

    def write(self, content: bytes, disclosures: Sequence[Disclosure]) -> bytes:
        """The text with these keys in its front matter, in place of those that say the same."""
        word, model = page_word(disclosures)
        added = [f"ai-disclosure: {word}"]
        if model is not None:
            added.append(f"ai-model: {_spelled(model)}")
        block = _block(bounded(content, "text"))
        if block is None:
            mark = _BOM if content.startswith(_BOM) else b""
            lines = "\n".join(["---", *added, "---", ""]).encode()
            gap = b"\n" if content else b""
            return mark + lines + gap + content.removeprefix(_BOM)
        start, end = block
        newline = b"\r\n" if content[:start].endswith(b"\r\n") else b"\n"
        _, unread = _values(content[start:end], "front matter")
        if unread:
            raise InputError(
                f"{unread[0].where}: {unread[0].note}", hint="take it out by hand first"
            )
        kept = _without(content[start:end])
        return (
            content[:start]
            + b"".join(line.encode() + newline for line in added)
            + kept
            + content[end:]
        )


def _block(content: bytes) -> tuple[int, int] | None:
    """Where the lines between the fences begin and end; None without front matter."""
    begin = len(_BOM) if content.startswith(_BOM) else 0
    fence = _FENCE.match(content, begin)
    if fence is None:
        return None
    end = _END.search(content, fence.end(), fence.end() + _MOST)
    return None if end is None else (fence.end(), end.start())


def _values(block: bytes, where: str) -> tuple[dict[str, tuple[int, str]], list[Disclosure]]:
    """The known keys' words with their lines, and a note for each that cannot be read."""
    values: dict[str, tuple[int, str]] = {}
    ignored: dict[str, Disclosure] = {}
    last = ""
    for number, line in enumerate(block.decode("utf-8", "replace").split("\n"), start=2):
        match = _LINE.fullmatch(line.removesuffix("\r"))
        if match is None:
            if last in values and line.strip() and line[0] in " \t":
                values.pop(last)
                ignored[last] = _nothing(f"{where}:{number}", f"{last}: goes on, expected one word")
            continue
        key, text = match[2].lower().replace("_", "-"), (match[3] or "").strip()
        last = key
        word = _scalar(text)
        if key in _KEYS:
            if key in values or key in ignored:
                values.pop(key, None)
                ignored[key] = _nothing(f"{where}:{number}", f"{key}: given twice")
            elif word is None:
                ignored[key] = _nothing(
                    f"{where}:{number}", f"{key}: found {printable(text, 40)}, expected one word"
                )
            else:
                values[key] = (number, word)
        if word is None and _open(text):
            break  # what follows may stand inside of this value
    return values, list(ignored.values())


def _scalar(text: str) -> str | None:
    """The text of a plain or quoted value of one line; None for anything else."""
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return quoted[1] if quoted[1] is not None else quoted[2].replace("''", "'")
    plain = _REMARK.split(text, maxsplit=1)[0].strip()
    if not plain or plain[0] in "\"'[]{}|>&*!%@`#,?-" or ": " in plain or plain.endswith(":"):
        return None
    return plain


def _open(text: str) -> bool:
    """Whether a value may go on, unindented, on the next line."""
    return text[:1] in ("'", '"', "[", "{") and not text.endswith(("]", "}", "'", '"'))


def _said(values: dict[str, tuple[int, str]], where: str) -> list[Disclosure]:
    degrees, notes, line = [], [], 0
    model = short(values["ai-model"][1]) if "ai-model" in values else None
    if "ai-disclosure" in values:
        line, word = values["ai-disclosure"]
        degree = degree_of(word)
        if degree is None:
            notes.append(f"ai-disclosure: found {printable(word, 40)}, no word of the draft")
        else:
            degrees.append(degree)
            if word.strip().lower() == MIXED:
                notes.append(MIXED_NOTE)
    flags = {key: _flag(values[key][1]) for key in ("ai-generated", "ai-assisted") if key in values}
    for key, flag in flags.items():
        line = line or values[key][0]
        if flag is None:
            notes.append(f"{key}: found {printable(values[key][1], 40)}, expected true or false")
        elif flag:
            degrees.append("A3" if key == "ai-generated" else "A2")
    if set(flags.values()) == {False} and len(flags) == 2:
        degrees.append("A0")
    weight = None
    if "generated-by" in values:
        line = line or values["generated-by"][0]
        model = model or short(values["generated-by"][1])
        if not degrees and not notes and not flags:
            degrees, weight = ["A3"], "weak"
    if "ai-provider" in values and degrees:
        notes.append(f"provider {printable(values['ai-provider'][1], 80)}")
    degree = greatest(degrees)
    if degree is None:
        if not line:
            return []
        return [_nothing(f"{where}:{line}", "; ".join(notes) or "says only what it is not")]
    return [
        Disclosure(
            _NAME,
            degree,
            None if degree == "A0" else model,
            weight=weight,
            where=f"{where}:{line}",
            note="; ".join(notes) or None,
        )
    ]


def _flag(word: str) -> bool | None:
    lower = word.lower()
    return True if lower in _TRUE else False if lower in _FALSE else None


def _nothing(where: str, note: str) -> Disclosure:
    return Disclosure(_NAME, "AX", where=where, note=note)


def _spelled(model: str) -> str:
    if short(model) != model:
        raise InputError(f"model {printable(model)}: not a name that one line can hold")
    if _PLAIN.fullmatch(model) and _scalar(model) == model:
        return model
    return "'" + model.replace("'", "''") + "'"


def _without(block: bytes) -> bytes:
    """The lines but those of the keys that say who wrote it."""
    kept = []
    for line in block.decode("utf-8", "surrogateescape").splitlines(keepends=True):
        match = _LINE.fullmatch(line.rstrip("\r\n"))
        key = "" if match is None else match[2].lower().replace("_", "-")
        if match is not None and key in _KEYS and key != "ai-prompt-url":
            continue
        kept.append(line)
    return "".join(kept).encode("utf-8", "surrogateescape")


CONVENTION = _FrontMatter()
