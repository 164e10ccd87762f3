"""Measures beside an explanation: of the file that was named, deciding nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import InputError
from ledger.verdicts.reference.explained import explain_file
from tests.conftest import Ran

PROSE = (
    "The river rose in the night and we moved the boats to the upper field before anybody asked. "
    "Nobody slept. In the morning, when the water stood at the gate, my brother counted the sheep "
    "twice, because he did not believe the first count, and then he laughed. "
) * 4


def test_a_long_text_has_numbers_and_a_short_one_says_why_not(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text(PROSE)
    (tmp_path / "short.txt").write_text("Two words.")
    long = explain_file(str(tmp_path / "long.txt"))
    assert long.why is None and long.words > 100 and long.identity is None
    assert set(long.values) == {"mattr_50", "hdd_42", "burstiness_cv", "ai_words"}
    assert all(value is not None for value in long.values.values())
    short = explain_file(str(tmp_path / "short.txt"))
    assert short.why == "too_short" and short.values["mattr_50"] is None
    assert "  mattr_50 undefined" in "\n".join(short.lines())


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\xff\xd8")
    with pytest.raises(InputError, match="not UTF-8, expected a file of text"):
        explain_file(str(tmp_path / "picture"))
    with pytest.raises(InputError, match="no such file"):
        explain_file("0123abcd")


def test_the_command_shows_them_below_the_rules(
    headwater: Callable[..., Ran], own_place: Path
) -> None:
    Path("texts").mkdir()
    Path("texts/river.txt").write_text(PROSE)
    assert headwater("init").code == 0
    assert headwater("ingest", "texts", "--dataset", "river@1").code == 0
    ran = headwater("document", "explain", "texts/river.txt", "--measures")
    assert ran.code == 0, ran.stderr
    assert "which decide nothing" in ran.stdout.partition("claims, in the order")[2]
    plain = headwater("document", "explain", "texts/river.txt")
    assert "mattr_50" not in plain.stdout
    data = json.loads(
        headwater("--json", "document", "explain", "texts/river.txt", "--measures").stdout
    )
    assert data["measures"]["model"] is None and data["measures"]["words"] > 100
    wrong = headwater("document", "explain", "texts/river.txt", "--reference-model", "x")
    assert wrong.code == 2
