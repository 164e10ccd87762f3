"""The commands that scan all take an engine, and say at once what is wrong with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran

SCANNING = [
    ("scan", "a@1"),
    ("audit", "overlap", "a@1", "--against", "b@1"),
    ("audit", "contamination", "a@1"),
    ("audit", "tail", "a@1"),
    ("audit", "entropy", "a@1", "--human", "."),
    ("manifest", "build", "mix.toml", "-o", "out"),
    ("reserve", "seal", "old", "--dataset", "a@1", "-o", "out"),
    ("verdict", "calibrate", "old", "--human", "a@1"),
    ("watermark", "calibrate", "mark", "--reserve", "old"),
]


@pytest.mark.parametrize("words", SCANNING, ids=lambda words: " ".join(words[:2]))
def test_an_engine_is_not_asked_for(headwater: Callable[..., Ran], words: tuple[str, ...]) -> None:
    shown = headwater(*words[: 1 if words[0] == "scan" else 2], "--help").stdout
    assert {"--engine", "--workers", "--ray-address"} <= set(shown.split())
    Path("mix.toml").touch()
    assert headwater("init").code == 0
    wrong = headwater(*words, "--engine", "rai")
    assert wrong.code == 3 and "unknown engine: rai" in wrong.stderr, wrong.stderr
    wrong = headwater(*words, "--ray-address", "here:6379")
    assert wrong.code == 3 and "found the address here:6379" in wrong.stderr, wrong.stderr
    assert headwater("verify").code == 0
