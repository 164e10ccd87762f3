"""Comments and docstrings as found; strings that look like them, and source that is cut short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.corpus.readers._comments import SOURCES, comments

PYTHON = '''#!/usr/bin/env python
# -*- coding: utf-8 -*-
# Made of earth,
# and of patience.
"""Grows beans.

    Indented once.
"""
import os  # never used

URL = "https://example.org/#anchor"  # where
TEXT = """not a # docstring"""


class Bean:
    r"""A bean (\\d)."""

    name: str
    'What it is called.'

    def grow(self, x=("#", '"""')):
        """Upwards."""; return b"""# no"""


def long(
    a,  # inside brackets
):
    f"""{a} is computed"""
    b"bytes"
    u"Old style."
'''

C = """// Turns the heap.
// Every week.
int x; /* in
 * passing
 */
char *s = "// no"; char c = '"'; // yes
char *t = "a\\"/*no*/";
/** Doc. */
"""

SHELL = """#!/bin/sh
# Waters the garden

echo "# not this" '# nor this' a#b ${x#y} # this
echo \\# no
"""

RUST = "fn f<'a>(x: &'a str) -> char { '\"' } // lifetimes\n"
SCRIPT = "const a = `// no ${b} /* no */`; // yes\nconst s = 'it'; /* two */\n"


def test_python():
    assert comments("a.py", PYTHON).split("\n\n") == [
        "Made of earth,\nand of patience.",
        "Grows beans.",
        "Indented once.",
        "never used",
        "where",
        "A bean (\\d).",
        "What it is called.",
        "inside brackets",
        "Old style.",
    ]


def test_c_like_languages():
    assert comments("a.c", C) == "Turns the heap.\nEvery week.\n\nin\npassing\n\nyes\n\nDoc."
    assert comments("a.rs", RUST) == "lifetimes"
    assert comments("a.ts", SCRIPT) == "yes\n\ntwo"


def test_shell():
    assert comments("a.sh", SHELL) == "Waters the garden\n\nthis"


@pytest.mark.parametrize("path", ["a.py", "a.c", "a.sh"])
@pytest.mark.parametrize(
    "text", ["", "\n", "x", '"', "'''", '"""never closed # ', "/* never", "\\"]
)
def test_source_that_is_cut_short_is_read_to_its_end(text, path):
    assert comments(path, text) in (text.lstrip("/\"' *").strip(), "")


@given(st.sampled_from(sorted(SOURCES)), st.text(alphabet="ab#/*\"'`\\\n ({", max_size=60))
def test_nothing_is_invented(suffix, text):
    """Every line of the result stands in the source, in its order."""
    at = 0
    for line in comments(f"a{suffix}", text).split("\n"):
        at = text.index(line.strip(), at)


def test_a_long_file_of_quotes_takes_no_time():
    for path in ("a.py", "a.js", "a.sh"):
        for text in ('"' * 200_000, "'" * 200_001, "/*" * 100_000, '"""\\' * 50_000, "#" * 200_000):
            assert len(comments(path, text)) <= len(text)
