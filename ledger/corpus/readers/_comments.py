"""What people wrote in source code: comments and docstrings, as found between their marks.

Small lexers of our own, so that the same file gives the same text under every Python. They know
strings and comments and nothing else of a language: a regular expression that holds a quote, a
here-document or a nested template can mislead them, and a comment inside one is then missed or
found. Neighbouring line comments are one block; blocks are joined by a blank line.
"""

import re
from collections.abc import Callable, Iterator
from inspect import cleandoc
from pathlib import PurePosixPath

__all__ = ["SOURCES", "VERSION", "comments"]

VERSION = 1

_PYTHON = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<prefix>\b[A-Za-z]{0,2})?(?P<string>
        \"{3}(?:[^"\\]|\\[\s\S]|"(?!""))*(?:\"{3}|\Z)
       |'{3}(?:[^'\\]|\\[\s\S]|'(?!''))*(?:'{3}|\Z)
       |"(?:[^"\\\n]|\\[\s\S])*(?:"|(?=\n)|\Z)
       |'(?:[^'\\\n]|\\[\s\S])*(?:'|(?=\n)|\Z))
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<continued>\\\r?\n)|(?P<newline>\n)|(?P<word>[A-Za-z0-9_]+)|(?P<other>[^\s])""",
    re.VERBOSE,
)
_C_LIKE = re.compile(
    r"""(?P<line>//[^\n]*)
    |(?P<block>/\*[\s\S]*?(?:\*/|\Z))
    |(?P<string>"(?:[^"\\\n]|\\[\s\S])*(?:"|(?=\n)|\Z)|'(?:[^'\\\n]|\\.)'|'(?:[^'\\\n]|\\.){2,}?'
       |`(?:[^`\\]|\\[\s\S])*(?:`|\Z))""",
    re.VERBOSE,
)
_SHELL = re.compile(
    r"""(?P<line>(?:(?<=\s)|(?<![\s\S])|(?<=;))\#[^\n]*)
    |(?P<string>"(?:[^"\\]|\\[\s\S])*(?:"|\Z)|'[^']*(?:'|\Z)|\\[\s\S])""",
    re.VERBOSE,
)
_NOT_PROSE = re.compile(r"#!|#.*?coding[:=]")
_STARS = re.compile(r"^[ \t]*\*(?!/)[ \t]?", re.MULTILINE)

Block = tuple[int, int, str, bool]  # first line, last line, text, whether a line comment


def comments(path: str, text: str) -> str:
    """The comments and docstrings of a source file, "" where it has none."""
    lexer = SOURCES[PurePosixPath(path).suffix.lower()][1]
    blocks: list[str] = []
    previous = -2
    for first, last, found, is_line in lexer(text):
        if is_line and previous == first - 1:
            blocks[-1] += "\n" + found
        else:
            blocks.append(found)
        previous = last if is_line else -2
    kept = (block.strip() for block in blocks)
    return "\n\n".join(block for block in kept if block)


class _Lines:
    """Line numbers of ascending places, each newline counted once."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 0

    def of(self, place: int) -> int:
        self._line += self._text.count("\n", self._at, place)
        self._at = place
        return self._line


def _python(text: str) -> Iterator[Block]:
    lines = _Lines(text)
    depth = 0
    fresh = True  # nothing but blanks before, on this logical line
    waiting: tuple[int, str] | None = None  # a string that is a docstring if its line ends here
    for token in _PYTHON.finditer(text):
        kind = token.lastgroup
        if kind == "comment":
            number, found = lines.of(token.start()), token[0]
            if waiting is not None and not depth:
                yield waiting[0], waiting[0], waiting[1], False
                waiting = None
            if not (number < 2 and _NOT_PROSE.match(found)):
                yield number, number, _bare(found, "#"), True
            continue
        if kind == "newline":
            if waiting is not None:
                yield waiting[0], waiting[0], waiting[1], False
                waiting = None
            fresh = fresh if depth else True
            continue
        if kind == "continued":
            continue
        if kind == "string" and fresh and not depth and (token["prefix"] or "").lower() in _TEXT:
            waiting = (lines.of(token.start()), _unquoted(token["string"]))
        else:
            waiting = None
        fresh = False
        depth = max(0, depth + (kind == "open") - (kind == "close"))
    if waiting is not None:
        yield waiting[0], waiting[0], waiting[1], False


_TEXT = {"", "r", "u"}  # prefixes of a string that can be a docstring


def _unquoted(literal: str) -> str:
    mark = literal[:3] if literal[:3] in ('"""', "'''") else literal[:1]
    body = literal[len(mark) :]
    return cleandoc(body.removesuffix(mark))


def _bare(comment: str, mark: str) -> str:
    return comment.lstrip(mark).removeprefix(" ").rstrip()


def _c_like(text: str) -> Iterator[Block]:
    lines = _Lines(text)
    for token in _C_LIKE.finditer(text):
        if token.lastgroup == "string":
            continue
        first = lines.of(token.start())
        if token.lastgroup == "line":
            yield first, first, _bare(token[0].replace("//!", "//"), "/"), True
        else:
            inside = token[0][2:].removesuffix("*/").lstrip("*!")
            yield first, lines.of(token.end()), cleandoc(_STARS.sub("", inside)), False


def _shell(text: str) -> Iterator[Block]:
    lines = _Lines(text)
    for token in _SHELL.finditer(text):
        if token.lastgroup == "line":
            number = lines.of(token.start())
            if not (number < 1 and _NOT_PROSE.match(token[0])):
                yield number, number, _bare(token[0], "#"), True


SOURCES: dict[str, tuple[str, Callable[[str], Iterator[Block]]]] = {
    ".py": ("text/x-python", _python),
    ".pyi": ("text/x-python", _python),
    **dict.fromkeys((".c", ".h"), ("text/x-c", _c_like)),
    **dict.fromkeys((".cc", ".cpp", ".cxx", ".hh", ".hpp"), ("text/x-c++", _c_like)),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), ("text/javascript", _c_like)),
    **dict.fromkeys((".ts", ".tsx"), ("text/x-typescript", _c_like)),
    ".java": ("text/x-java", _c_like),
    ".kt": ("text/x-kotlin", _c_like),
    ".scala": ("text/x-scala", _c_like),
    ".cs": ("text/x-csharp", _c_like),
    ".swift": ("text/x-swift", _c_like),
    ".go": ("text/x-go", _c_like),
    ".rs": ("text/x-rust", _c_like),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh"), ("text/x-shellscript", _shell)),
}
"""Suffix of a source file → its content type and lexer."""
