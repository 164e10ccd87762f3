"""Globs over member paths: `*` and `?` stay in one folder, `**` crosses folders."""

import re
from collections.abc import Sequence
from functools import cache

from ledger.errors import InputError, printable

__all__ = ["included"]

_LONGEST = 500  # characters; a glob is typed by a person


def included(path: str, include: Sequence[str], suffixes: Sequence[str]) -> bool:
    """Whether a member at `path` (slashes, relative) counts: by the globs if any, else by suffix.

    Raises InputError for a glob that cannot be read.
    """
    if include:
        return any(_pattern(glob).fullmatch(path) for glob in include)
    return path.lower().endswith(tuple(suffixes))


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    if not glob or len(glob) > _LONGEST or "\\" in glob or glob.startswith("/"):
        raise InputError(
            f"glob {printable(glob, 60)!r}, expected a relative path with * ? [ ] and **"
        )
    parts: list[str] = []
    for token in re.findall(r"\*\*/|\*+|\?|\[[!^]?[^\]/]+\]|.", glob, re.DOTALL):
        if token == "**/":
            parts.append("(?:[^/]+/)*")
        elif token == "*":
            parts.append("[^/]*")
        elif token.startswith("**"):
            parts.append(".*")
        elif token == "?":
            parts.append("[^/]")
        elif token.startswith("[") and len(token) > 1:
            negated = token[1] in "!^"
            inside = token[2:-1] if negated else token[1:-1]
            inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside)
            parts.append(f"[{'^/' if negated else ''}{inside}]")
        else:
            parts.append(re.escape(token))
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error as error:
        raise InputError(f"glob {printable(glob, 60)!r}: {error}") from None
