import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.certificates.open import is_certificate
from tests.certificates.ledgers import corpus, make

Run = Callable[..., Any]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    made = make(tmp_path / "ledger", corpus())
    monkeypatch.setenv("HEADWATER_CONFIG", str(made.keys.folder))
    return made.location


def test_certify_says_what_it_wrote(headwater: Run, ledger: str) -> None:
    ran = headwater("--ledger", ledger, "certify", "r@1", "-o", "out", "--issuer", "Org")
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout.startswith("r@1: 7 documents, 8 occurrences, 42 bytes\ncontent root ")
    assert "AI-generated, declared or marked" in ran.stdout
    assert "Composition certificate, self-issued by Org. Not issued" in ran.stdout
    assert is_certificate(Path("out"))


def test_certify_twice_says_so(headwater: Run, ledger: str) -> None:
    first = headwater("--json", "--ledger", ledger, "certify", "r@1", "-o", "out")
    again = headwater("--json", "--ledger", ledger, "certify", "r@1", "-o", "out")
    one, other = json.loads(first.stdout), json.loads(again.stdout)
    assert (one.pop("new"), other.pop("new")) == (True, False)
    assert one == other
    text = headwater("--ledger", ledger, "certify", "r@1", "-o", "out").stdout
    assert "issued before; nothing it says has changed" in text


def test_a_dated_policy_warns(headwater: Run, ledger: str) -> None:
    options = ("--policy", "clean-dated", "--cutoff", "2021-01-01")
    ran = headwater("--ledger", ledger, "certify", "r@1", "-o", "out", *options)
    assert ran.code == 0
    assert "here 'verified' means dated before 2021-01-01" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("r@2", "-o", "out"), 3, "error: unknown dataset: r@2"),
        (("r", "-o", "out"), 3, "error: r: found no version, expected NAME@VERSION"),
        (("r@1", "-o", "out", "--cutoff", "soon"), 3, "error: cut-off: found 'soon'"),
        (("r@1", "-o", "out", "--policy", "nice"), 3, "error: unknown policy: nice"),
        (("r@1", "-o", "out", "--issuer", ""), 3, "error: issuer: found ''"),
        (("r@1", "-o", "."), 3, "error: .: found"),
        (("r@1",), 2, "error: missing option"),
    ],
)
def test_bad_input_is_one_line_and_a_hint(
    headwater: Run, ledger: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    Path("thesis.txt").write_text("mine")
    ran = headwater("--ledger", ledger, "certify", *arguments)
    assert (ran.code, ran.stdout) == (code, "")
    assert f"headwater: {said}" in ran.stderr
    assert "headwater: hint: " in ran.stderr
    assert not Path("out").exists()


@pytest.mark.parametrize("out", [".", "../here", "..", "inner/.."])
def test_the_folder_a_person_stands_in_is_replaced(
    headwater: Run, ledger: str, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty one too: its shell would be left in a folder that is gone."""
    here = tmp_path / "outer" / "here"
    (here / "inner").mkdir(parents=True)
    monkeypatch.chdir(here)
    ran = headwater("--ledger", ledger, "certify", "r@1", "-o", out)
    assert ran.code == 3
    assert f"error: {out}: found the current folder, or one above it" in ran.stderr
    assert "hint: name a folder below it" in ran.stderr
    assert [item.name for item in here.iterdir()] == ["inner"]


def test_no_ledger_here(headwater: Run) -> None:
    ran = headwater("certify", "r@1", "-o", "out")
    assert ran.code == 3
    assert "no ledger here" in ran.stderr
