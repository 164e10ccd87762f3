"""The bench's own arithmetic and habits. Runs without the peers, and measures nothing."""

from importlib import import_module
from pathlib import Path

import pytest

from ledger.log.canonical import format_entry, parse_entry
from tests.bench import groups
from tests.bench.__main__ import group_names, is_short, main, output_file
from tests.bench.bench import QUICK, Bench
from tests.bench.corpus import BATCH, make_part
from tests.bench.rows import Row, format_rows, measured, number, paired, size_words
from tests.bench.systems import Fed, Ledger, feed_ledger, feed_log
from tests.bench.timing import interleave


def _row(ratio: float, at_least: float | None = None, at_most: float | None = None) -> Row:
    return Row("n", ratio, ratio, ratio, "p", "×", "", at_least, at_most)


def test_a_broken_promise_passes_the_gate() -> None:
    assert _row(0.69, at_least=0.7).verdict == "SHORT"
    assert _row(0.70, at_least=0.7).verdict == "PASS"
    assert _row(351, at_most=350).verdict == "SHORT"
    assert _row(350, at_most=350).verdict == "PASS"
    assert _row(0.01).verdict == ""
    assert is_short([_row(1), _row(0.1, at_least=0.7)])
    assert not is_short([_row(1), _row(0.8, at_least=0.7)])


def test_pairs_are_torn_apart() -> None:
    """The median of ratios, not the ratio of medians: a slow minute hits both sides of a pair."""
    row = paired("n", {"ours": [10, 1, 30], "peer": [5, 1, 5]}, "ours", "peer", at_least=2)
    assert (row.ratio, row.min, row.max) == (2, 1, 6)
    assert row.verdict == "PASS"
    with pytest.raises(ValueError, match="shorter"):
        paired("n", {"ours": [1, 2], "peer": [1]}, "ours", "peer")


def test_a_row_loses_a_field_others_read() -> None:
    row = measured("n", [3, 1, 2], "ms", "why", at_most=5)
    assert row.plain() == {
        "name": "n",
        "ratio": 2,
        "min": 1,
        "max": 3,
        "peer": "",
        "unit": "ms",
        "notes": "3 runs; why",
    }
    assert "PASS" in format_rows([row])


def test_one_side_runs_twice_in_a_row() -> None:
    turns: list[str] = []

    def side(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    results = interleave({"a": lambda: side("a"), "b": lambda: side("b")}, 3, 60.0)
    assert "".join(turns) == "ababab"
    assert results == {"a": [1, 3, 5], "b": [2, 4, 6]}


@pytest.mark.parametrize(("budget", "rounds"), [(0.0, 1), (15.0, 2), (1e9, 5)])
def test_a_round_begins_after_the_budget(budget: float, rounds: int) -> None:
    ticks = iter(range(0, 10_000, 10))
    results = interleave({"a": lambda: 1.0}, 5, budget, clock=lambda: float(next(ticks)))
    assert len(results["a"]) == rounds


def test_a_group_cannot_be_run() -> None:
    files = {path.stem for path in Path(groups.__path__[0]).glob("*.py")} - {"__init__"}
    assert set(group_names()) == files
    for name in files:
        assert callable(import_module(f"{groups.__name__}.{name}").run)


def test_part_of_a_run_overwrites_a_whole_one() -> None:
    names = [
        output_file(only, quick=quick).name for only in ([], ["size"]) for quick in (False, True)
    ]
    assert names[0] == "bench.json"
    assert len(set(names)) == 4


def test_the_gate_is_asked_of_quick_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--quick", "--gate"])
    assert stopped.value.code == 2
    assert "full sizes" in capsys.readouterr().err


def test_the_corpus_changes_from_run_to_run() -> None:
    first, again = make_part(6), make_part(6)
    assert first.entries == again.entries
    assert first.rows.equals(again.rows)
    assert first.context.file != make_part(0).context.file
    entry = first.entries[17]
    assert format_entry(parse_entry(entry, "entry")) == entry


def test_both_sides_are_fed_different_entries(tmp_path: Path) -> None:
    """A ledger holds two key entries, then what was given to the others, but for its salts."""
    bench = Bench(QUICK, tmp_path)
    fed = bench.parts(BATCH + 300)
    assert [len(part.entries) for part in fed] == [BATCH, 300]
    ours, alone = Ledger(tmp_path / "ours"), Ledger(tmp_path / "alone")
    assert feed_ledger(ours, fed).size == BATCH + 302
    assert feed_log(alone, fed).size == BATCH + 300
    given = fed[1].entries[299]
    with ours.open() as log:
        stored = log.entry_bytes(BATCH + 301)
    assert len(stored) == len(given)
    mine, theirs = parse_entry(stored, "ours"), parse_entry(given, "theirs")
    assert mine.subject == theirs.subject
    assert mine.body["private"] != theirs.body["private"]
    assert {**mine.body, "private": None} == {**theirs.body, "private": None}


def test_a_slow_second_half_goes_unseen() -> None:
    fed = Fed(4, b"", 6.0, (1.0, 1.0, 2.0, 2.0), (10, 10, 10, 10))
    assert fed.flatness == 0.5
    assert fed.rate == pytest.approx(40 / 6)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.02346, "0.0235"),
        (7.0, "7.00"),
        (99.6, "99.6"),
        (999.9, "1.00 k"),
        (2e6, "2.00 M"),
    ],
)
def test_a_figure_gains_false_precision(value: float, words: str) -> None:
    assert number(value) == words
    assert size_words(100_000) == "100 k"
    assert size_words(2_000_000) == "2 M"
