"""Registered models and the generation of what they wrote: rule by rule, then anything at all."""

import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import InputError, UnknownNameError
from ledger.log.canonical import Entry, subject_of
from ledger.log.keys import KeyRing
from ledger.provenance.models.opening import find_model, models_of, parse_model
from ledger.provenance.models.registered import model_subject
from tests.log.making import (
    Ledger,
    authorship,
    digest,
    entry,
    new_ledger,
    origin,
    withdrawal,
)
from tests.provenance.test_projection import _same_keys, agrees

D = digest("a text")


def model(reference: str, actor: str = "operator", **rest: Any) -> Entry:
    name, version = reference.split("@")
    body = {"name": name, "version": version, **rest}
    return entry("model", subject_of("model", name, version), body, actor=actor)


def learned(*known: int | None) -> list[dict[str, int]]:
    """One document of each generation."""
    return [{"documents": 1} | ({} if g is None else {"generation": g}) for g in known]


def generation(folder: Path, *said: Entry, batch: int = 1) -> int | None:
    """Of document D, recorded `batch` claims at a time; by every other way the same."""
    ledger = new_ledger(folder)
    ledger.append([origin(D), *said], batch)
    agrees(ledger)
    with ledger.open() as log:
        (row,) = log.connection.execute(
            "SELECT p.generation FROM fact AS f JOIN profile AS p ON p.id = f.profile"
        ).fetchall()
    found: int | None = row[0]
    return found


def by(name: str, level: str = "A4", **rest: Any) -> Entry:
    return authorship(D, level, model=name, **rest)


def test_a_text_of_a_registered_model_is_of_its_generation(tmp_path: Path) -> None:
    known = model("m@1", trained_on=learned(0, 2, None), aliases=["m-latest"])
    assert generation(tmp_path / "a", known, by("m@1")) == 3
    assert generation(tmp_path / "b", by("m-latest"), known) == 3  # told before it was registered
    assert generation(tmp_path / "c", by("m@1"), known, batch=9) == 3
    assert generation(tmp_path / "d", model("m@1"), by("m@1")) == 1  # learned from who knows what
    assert generation(tmp_path / "e", model("m@1"), by("m@2")) is None


@pytest.mark.parametrize(
    "said", [by("m@1", "A1"), by("m@1", "AX"), by("m@1", weight="weak"), authorship(D, "A4")]
)
def test_what_names_no_writer_gives_no_generation(tmp_path: Path, said: Entry) -> None:
    assert generation(tmp_path, model("m@1"), said) is None


def test_a_part_by_a_later_model_makes_the_text_as_late(tmp_path: Path) -> None:
    late = model("m@2", trained_on=learned(4))
    part = by("m@2", "A2", covered_ppm=10, spans=digest("spans"))
    assert generation(tmp_path, model("m@1"), late, by("m@1"), part) == 5


def test_a_claim_that_another_supersedes_counts_for_nothing(tmp_path: Path) -> None:
    late, first = model("m@2", trained_on=learned(4)), by("m@2")
    second = by("m@1", supersedes=first.claim_id)
    assert generation(tmp_path, model("m@1"), late, first, second) == 1


def test_a_base_bounds_what_is_tuned_from_it_also_when_it_comes_later(tmp_path: Path) -> None:
    base = model("base@1", trained_on=learned(6))
    tuned = model("tuned@1", base=base.subject, trained_on=learned(0))
    assert generation(tmp_path / "a", tuned, by("tuned@1")) == 1
    assert generation(tmp_path / "b", tuned, by("tuned@1"), base) == 7
    assert generation(tmp_path / "c", base, tuned, by("tuned@1"), withdrawal(base)) == 1


def test_the_newest_word_about_a_model_counts(tmp_path: Path) -> None:
    late, early = model("m@1", trained_on=learned(4)), model("m@1", trained_on=learned(0))
    assert generation(tmp_path / "a", late, by("m@1"), early) == 1
    assert generation(tmp_path / "b", late, by("m@1"), early, withdrawal(early)) == 5


def test_models_that_share_an_alias_say_the_least(tmp_path: Path) -> None:
    late = model("m@2", trained_on=learned(4), aliases=["latest"])
    other = model("m@1", aliases=["latest", "m@2"])
    assert generation(tmp_path / "a", late, other, by("latest")) == 1
    assert generation(tmp_path / "b", late, other, by("m@2")) == 5  # its own name is no alias


def test_a_claim_about_another_subject_registers_nothing(tmp_path: Path) -> None:
    body = {"name": "m", "version": "1"}
    stray = entry("model", subject_of("model", "m", "2"), body)
    assert generation(tmp_path, stray, by("m@1")) is None


def test_a_chain_that_leads_back_says_what_its_members_say(tmp_path: Path) -> None:
    one = model("m@1", base=model_subject("m@2"), trained_on=learned(2))
    two = model("m@2", base=model_subject("m@1"), trained_on=learned(1))
    assert generation(tmp_path, one, two, by("m@2")) == 3


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return new_ledger(tmp_path_factory.mktemp("empty"))


NAMES = ["m@1", "m@2", "m@3"]
models = st.builds(
    lambda name, rest: model(name, **rest),
    st.sampled_from(NAMES),
    st.fixed_dictionaries(
        {},
        optional={
            "base": st.sampled_from([model_subject(name) for name in NAMES]),
            "trained_on": st.integers(0, 5).map(learned),
            "aliases": st.just(["latest"]),
        },
    ),
)
written = st.builds(
    lambda document, name, level: authorship(document, level, model=name),
    st.sampled_from([digest("a"), digest("b")]),
    st.sampled_from([*NAMES, "latest"]),
    st.sampled_from(["A1", "A2", "A4"]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    said = draw(st.lists(st.one_of(models, written), min_size=3, max_size=14))
    for taken in draw(st.lists(st.sampled_from(said), max_size=3)):
        said.insert(draw(st.integers(0, len(said))), withdrawal(taken))
    return said


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=histories(), cuts=st.lists(st.integers(1, 16), max_size=5))
def test_any_history_in_any_batches(
    empty: Ledger, said: Sequence[Entry], cuts: Sequence[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copied = empty.copy(Path(folder))
        ledger = Ledger(copied.path, KeyRing(Path(folder) / "config"))
        _same_keys(empty, ledger)
        for start, end in pairwise(sorted({0, len(said), *(c for c in cuts if c < len(said))})):
            ledger.append(said[start:end])
        agrees(ledger)


def test_a_model_is_found_by_its_name_or_an_alias_of_its_own(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    ledger.append([model("m@1", aliases=["old", "x"]), model("m@2", aliases=["x"])])
    with ledger.open() as log:
        known = models_of(log)
        assert [standing.reference for standing in known] == ["m@1", "m@2"]
        assert find_model(known, "old").reference == "m@1"
        with pytest.raises(InputError, match="x: an alias of m@1, m@2"):
            find_model(known, "x")
        with pytest.raises(UnknownNameError, match="unknown model: m@3"):
            find_model(known, "m@3")
    agrees(ledger)


@pytest.mark.parametrize("name", ["m", "@1", "m@", ""])
def test_a_model_without_its_version(name: str) -> None:
    with pytest.raises(InputError, match="not a model's name and version"):
        parse_model(name)
