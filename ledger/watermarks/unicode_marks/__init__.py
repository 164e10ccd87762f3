"""Marks in raw text: characters that carry bits and that no language or symbol needs.

One file per kind. A module here that defines KIND is a kind: which characters it may consist of, so
that a clean corpus is passed over at the level of bytes, and which of them, seen in their place,
are a mark. A kind is counted wrong by what it flags in honest text before what it misses, so every
kind needs several characters that nothing around them explains.

`find` says where marks lie in the text as found. `strip` gives the copy to be tokenized: what was
added is left out, what was put in a letter's or a space's place is that again, and offsets into the
copy lead back to the text. Nothing here needs a key, and nothing found here says who wrote.
"""

from ledger.watermarks.unicode_marks._columns import StrippedColumn, strip_column
from ledger.watermarks.unicode_marks._gate import suspects
from ledger.watermarks.unicode_marks._kinds import Kind, kinds, kinds_version
from ledger.watermarks.unicode_marks._look import find, strip
from ledger.watermarks.unicode_marks._marks import Found, Stripped, Text, UnicodeMark

__all__ = [
    "Found",
    "Kind",
    "Stripped",
    "StrippedColumn",
    "Text",
    "UnicodeMark",
    "find",
    "kinds",
    "kinds_version",
    "strip",
    "strip_column",
    "suspects",
]
