"""A ledger chooses again what it chose, whatever was recorded since; and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import LedgerError, VerificationError
from ledger.manifests.building import build as building
from ledger.manifests.building.build import Built
from ledger.manifests.building.recompute import recompute
from ledger.provenance.takedown import take_down
from ledger.reserves.sealing.seal import seal
from ledger.reserves.selection.rule import make_rule
from tests.manifests.building.corpus import Corpus, row
from tests.manifests.building.test_build import MIX, TWICE
from tests.manifests.building.test_gates import MODELS, measure


def asked_again(corpus: Corpus, made: Built) -> str | None:
    with corpus.open() as log:
        return recompute(log, made.statement, made.strata)


@pytest.mark.parametrize("mix", [MIX, TWICE])
def test_the_same_is_chosen_whatever_came_later(tmp_path: Path, corpus: Corpus, mix: str) -> None:
    measure(corpus, "wiki@1")
    made = corpus.build(mix, tmp_path / "out")
    assert asked_again(corpus, made) is None
    measure(corpus, "wiki@1", estimate_ppm=90_000)
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{min(corpus.texts)}", "privacy")
    corpus.add("diary", [[row("one more page")]], "user_data")
    corpus.date("wiki")
    assert asked_again(corpus, made) is None


def test_reserves_repeats_and_accepted_gates(tmp_path: Path, corpus: Corpus) -> None:
    with corpus.open(write=True) as log:
        seal(log, make_rule(log, "old", datasets=["diary@1"]), tmp_path / "old")
    mix = 'budget = 150\ndatasets = ["reserve:old@1", "model@1"]\nstrata = ["dataset", "label"]\n'
    made = corpus.build(mix, tmp_path / "a", repeat=Fraction(5, 2), accept_synthetic="for a study")
    assert {gate["outcome"] for gate in made.statement.gates} == {"accepted"}
    assert asked_again(corpus, made) is None


def other_seed(chosen: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *rest, **more: chosen(*rest[:-1], rest[-1] + 1, **(more | {"keys": None}))


def one_less(chosen: Callable[..., Any]) -> Callable[..., Any]:
    def choose(*rest: Any, **more: Any) -> Any:
        found = chosen(*rest, **more)
        return replace(found, place=found.place[1:], digests=found.digests[1:],
                       stratum=found.stratum[1:], copies=found.copies[1:],
                       units=found.units[1:])  # fmt: skip

    return choose


def more_often(chosen: Callable[..., Any]) -> Callable[..., Any]:
    def choose(*rest: Any, **more: Any) -> Any:
        found = chosen(*rest, **more)
        found.copies[0] += 1
        return found

    return choose


@pytest.mark.parametrize("cheat", [other_seed, one_less, more_often])
def test_an_issuer_chooses_otherwise_than_it_says(
    tmp_path: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch, cheat: Callable[..., Any]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(building, "choose", cheat(building.choose))
        made = corpus.build(MIX, tmp_path / "out")
    with pytest.raises(VerificationError, match=r"tiny@1: (strata|content_root): found another"):
        asked_again(corpus, made)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 8}, "what the mix says"),
        ({"stage": "mid"}, "what the mix says"),
        ({"budget": None}, "what the mix says"),
        ({"bounds": ()}, "bounds"),
        ({"datasets": ()}, "datasets"),
        ({"exclusions": {"reasons": [], "taken_down": {}}}, "exclusions"),
        ({"gates": ()}, "gates"),
        ({"content_root": bytes(32)}, "content_root"),
        ({"mix": MIX}, "name"),
    ],
)
def test_a_statement_says_otherwise(
    tmp_path: Path, corpus: Corpus, change: dict[str, Any], words: str
) -> None:
    made = corpus.build(MIX, tmp_path / "out")
    with pytest.raises(LedgerError, match=words) as caught:
        asked_again(corpus, replace(made, statement=replace(made.statement, **change)))
    assert isinstance(caught.value, VerificationError)


def test_a_gate_that_fails_is_not_called_passed(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(MODELS, tmp_path / "out", accept_synthetic="for a study")
    gates = tuple({**gate, "outcome": "passed"} for gate in made.statement.gates)
    with pytest.raises(VerificationError, match="tiny@1: gates: found another"):
        asked_again(corpus, replace(made, statement=replace(made.statement, gates=gates)))
    with pytest.raises(VerificationError, match=r"max_synthetic: found 33.3334 %"):
        asked_again(corpus, replace(made, statement=replace(made.statement, accepted=None)))


def test_what_needs_texts_is_said_not_to_be_asked(tmp_path: Path, corpus: Corpus) -> None:
    mix = 'unit = "tokens"\nbudget = 90\ndatasets = ["diary@1"]\nstrata = ["dataset"]\n'
    made = corpus.build(mix, tmp_path / "out")
    assert "tokens were not counted again" in (asked_again(corpus, made) or "")
