"""The rule that a person means: datasets, the cut-off, what is held against."""

from datetime import date
from pathlib import Path

import pytest

from ledger.errors import InputError, UnknownNameError
from ledger.reserves.selection.rule import Rule, make_rule, midnight, parse_level
from tests.log.making import Ledger, dataset, digest, new_ledger, origin


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = new_ledger(tmp_path)
    ledger.append(
        [
            dataset("news", "1", ai_tools_since="2023-09-01"),
            dataset("blogs", "1", ai_tools_since="2021-05-01"),
            dataset("wiki", "1"),
            dataset("ours", "1", channel="own_synthetic"),
            *(
                origin(digest(name), dataset=f"{name}@1", file=name, channel=channel)
                for name, channel in (
                    ("news", "public_dataset"),
                    ("blogs", "public_dataset"),
                    ("wiki", "public_dataset"),
                    ("ours", "own_synthetic"),
                )
            ),
        ]
    )
    return ledger


def made(ledger: Ledger, **options: object) -> Rule:
    with ledger.open() as log:
        return make_rule(log, "old", **options)  # type: ignore[arg-type]


def test_own_synthetic_text_is_sealed_because_nobody_named_a_dataset(ledger: Ledger) -> None:
    rule = made(ledger)
    assert rule.datasets == ("blogs@1", "news@1", "wiki@1")
    assert rule.against == ("ours@1",)


def test_a_guard_is_forgotten_because_another_one_was_named(ledger: Ledger) -> None:
    assert made(ledger, datasets=["news@1"], against=["wiki@1"]).against == ("ours@1", "wiki@1")


def test_own_synthetic_text_is_sealed_by_naming_it(ledger: Ledger) -> None:
    with pytest.raises(InputError, match="ours@1: its owner's models wrote it"):
        made(ledger, datasets=["ours@1"])


def test_a_dataset_is_held_against_itself(ledger: Ledger) -> None:
    with pytest.raises(InputError, match="in --dataset and in --against"):
        made(ledger, datasets=["news@1"], against=["news@1"])


def test_the_latest_boundary_is_taken_for_the_earliest(ledger: Ledger) -> None:
    assert made(ledger, datasets=["news@1", "blogs@1"], before="ai-since").before == date(
        2021, 5, 1
    )


def test_a_dataset_without_a_boundary_gets_one_by_accident(ledger: Ledger) -> None:
    with pytest.raises(InputError, match="wiki@1: declares no ai_tools_since"):
        made(ledger, datasets=["news@1", "wiki@1"], before="ai-since")


@pytest.mark.parametrize(
    "before", ["2022", "30.11.2022", "2022-02-30", "2022-W48-3", "", "\u202e2022-11-30"]
)
def test_a_day_that_is_none_becomes_a_cutoff(ledger: Ledger, before: str) -> None:
    with pytest.raises(InputError, match="--before"):
        made(ledger, before=before)


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a b", "x" * 101, "\u202eold", "a\n"])
def test_a_name_that_is_a_path_or_a_trick(ledger: Ledger, name: str) -> None:
    with ledger.open() as log, pytest.raises(InputError, match="expected letters, digits"):
        make_rule(log, name)


def test_a_dataset_nobody_recorded(ledger: Ledger) -> None:
    with pytest.raises(UnknownNameError, match="newz@1"):
        made(ledger, datasets=["newz@1"])


def test_an_anchor_asks_for_a_date(ledger: Ledger) -> None:
    rule = made(ledger, anchor=True, before="2020-01-01", allow_asserted=True)
    assert (rule.stage, rule.before, rule.min_level, rule.allow_asserted) == (
        "final",
        None,
        0,
        False,
    )
    assert "before" not in rule.plain()


def test_a_rule_changes_by_being_written_down(ledger: Ledger) -> None:
    for rule in (made(ledger), made(ledger, anchor=True)):
        assert Rule.of(rule.plain()) == rule


def test_a_cutoff_is_a_local_midnight() -> None:
    assert midnight(date(2022, 11, 30)) == 1_669_766_400  # date -u -d 2022-11-30 +%s


def test_a_level_that_is_none() -> None:
    assert (parse_level("E3"), parse_level("5")) == (3, 5)
    for text in ("E6", "three", "", "E-1"):
        with pytest.raises(InputError, match="expected E0 to E5"):
            parse_level(text)
