"""A head that every mix here begins with, and what is said of one that is refused."""

import pytest

from ledger.errors import MalformedError
from ledger.manifests.mix.mix import Mix
from ledger.manifests.mix.parse import parse_mix

HEAD = """\
name = "m"
version = 1
stage = "mid"
seed = 7
datasets = ["diary@2026", "reserve:books@1"]
strata = ["language", "label", "dataset", "basis"]
"""


def parsed(text: str = "", head: str = HEAD) -> Mix:
    return parse_mix((head + text).encode(), "mix.toml")


def refused(source: str | bytes) -> tuple[str, str | None]:
    with pytest.raises(MalformedError) as caught:
        parse_mix(source.encode() if isinstance(source, str) else source, "mix.toml")
    words = str(caught.value)
    assert words.startswith("mix.toml")
    assert words.isprintable()
    assert len(words) < 700
    return words, caught.value.hint


def without(key: str) -> str:
    return "".join(line for line in HEAD.splitlines(True) if not line.startswith(f"{key} "))
