"""The trailers of a commit message, as `git interpret-trailers --parse --no-divider` finds them.

They are the last paragraph, unless that is the first: every line a trailer or the continuation of
one, or at least a quarter of them, one being of those that git itself writes. Lines beginning with
`#` are comments. A continuation begins with white space and is joined by one blank.
"""

import re

__all__ = ["Trailer", "block_start", "parse_trailers"]

Trailer = tuple[str, str]  # key as written, value on one line

_TRAILER = re.compile(r"([A-Za-z0-9-]+)[ \t]*:[ \t\r\f\v]*(.*)", re.DOTALL)
_BY_GIT = ("Signed-off-by: ", "(cherry picked from commit ")
_BLANK = " \t\r\f\v"


def parse_trailers(message: str) -> list[Trailer]:
    """The trailers of a message, in their order."""
    lines = _lines(message)
    found: list[tuple[str, list[str]]] = []
    folding = False  # a continuation of what is no trailer is none either
    for line in lines[block_start(message) :]:
        if line.startswith("#"):
            folding = False
            continue
        if line[:1] and line[0] in _BLANK:
            if folding and line.strip(_BLANK):
                found[-1][1].append(line.lstrip(_BLANK))
            continue
        match = _TRAILER.match(line)
        folding = match is not None
        if match is not None:
            found.append((match[1], [match[2].lstrip(_BLANK)]))
    return [(key, " ".join(parts).strip(_BLANK)) for key, parts in found]


def block_start(message: str) -> int:
    """The number of the line, from 0, at which the trailers begin; how many there are, if none."""
    lines = _lines(message)
    title = next((i for i, line in enumerate(lines) if _is_blank(line)), len(lines))
    trailers = others = continued = 0
    by_git, seen = False, False
    for place in range(len(lines) - 1, title - 1, -1):
        line = lines[place]
        if line.startswith("#"):
            others, continued = others + continued, 0
        elif _is_blank(line):
            if not seen:
                continue
            others += continued
            if (by_git and trailers * 3 >= others) or (trailers and not others):
                return place + 1
            return len(lines)
        elif line.startswith(_BY_GIT):
            seen, by_git, continued = True, True, 0
            trailers += 1
        elif line[0] in _BLANK:
            seen = True
            continued += 1
        elif _TRAILER.match(line):
            seen, continued = True, 0
            trailers += 1
        else:
            seen = True
            others, continued = others + 1 + continued, 0
    return len(lines)


def _lines(message: str) -> list[str]:
    lines = message.split("\n")
    while lines and (_is_blank(lines[-1]) or lines[-1].startswith("#")):
        lines.pop()
    return lines


def _is_blank(line: str) -> bool:
    return not line.strip(_BLANK)
