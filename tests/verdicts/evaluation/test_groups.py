from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.verdicts.evaluation.groups import Group, groups, instruct_slice, non_native
from ledger.verdicts.evaluation.rows import Rows, read_rows
from tests.verdicts.evaluation.labelled import write


def rows_of(tmp_path: Path, labels: str, **columns: list[Any]) -> Rows:
    """Rows by letters: h is human, s synthetic."""
    table = {
        "text": [f"text {number}" for number in range(len(labels))],
        "label": [{"h": "human", "s": "synthetic"}[letter] for letter in labels],
    }
    return read_rows(write(tmp_path / "rows.parquet", table | columns))


def named(found: tuple[Group, ...]) -> dict[tuple[str, str], Group]:
    assert len({(group.by, group.name) for group in found}) == len(found)
    return {(group.by, group.name): group for group in found}


def test_a_group_is_of_other_rows(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        "hhhssshhs",
        domain=list("aaaaaabbb"),
        generator=["human"] * 3 + ["one", "one", "two"] + ["human"] * 2 + ["one"],
    )
    scores = np.array([0.0, 1, 2, 1, 3, 4, 8, 9, 7])
    found = named(groups(rows, scores, np.full(9, 120), cut=2.0))
    assert list(found) == [
        ("domain", "a"),
        ("domain", "b"),
        ("generator", "human"),
        ("generator", "one"),
        ("generator", "two"),
        ("length", "100–149 words"),
    ]
    a = found["domain", "a"]
    assert (a.n, a.human, a.synthetic) == (6, 3, 3)
    assert a.auc == pytest.approx((1.5 + 3 + 3) / 9)
    assert a.flagged_1pct == pytest.approx(2 / 6)  # a score at the cut is not above it
    assert a.flagged_1pct_human == 0.0
    assert a.flagged_1pct_synthetic == pytest.approx(2 / 3)
    assert found["domain", "b"].auc == 0.0
    human = found["generator", "human"]
    assert (human.n, human.auc) == (5, None)
    assert human.flagged_1pct == pytest.approx(2 / 5)
    assert human.flagged_1pct_synthetic is None
    one, two = found["generator", "one"], found["generator", "two"]
    assert one.auc == pytest.approx((1.5 + 3 + 3) / 15)  # beside the human rows of both domains
    assert two.auc == 1.0  # and here of domain a alone
    assert two.plain() == {
        "by": "generator",
        "name": "two",
        "n": 1,
        "auc": 1.0,
        "flagged_1pct": 1.0,
        "human": 0,
        "synthetic": 1,
        "flagged_1pct_human": None,
        "flagged_1pct_synthetic": 1.0,
    }


def test_a_group_without_people_in_its_domain_is_set_against_others(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, "hss", domain=["a", "b", "b"], stratum=["x", "dev", "dev"])
    found = named(groups(rows, np.array([0.0, 1, 2]), np.full(3, 500), cut=9.0))
    assert found["domain", "b"].auc is None
    assert found["stratum", "dev"].auc is None
    assert found["stratum", "x"].n == 1


def test_a_file_without_domains_has_none_to_set_against(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, "hss", mode=["human", "rewrite", "polish"])
    found = named(groups(rows, np.array([1.0, 1, 2]), np.full(3, 500), cut=9.0))
    assert found["mode", "rewrite"].auc == 0.5
    assert found["mode", "polish"].auc == 1.0


def test_a_length_is_in_another_class(tmp_path: Path) -> None:
    words = np.array([0, 99, 100, 149, 150, 219, 220, 349, 350, 10_000])
    found = groups(rows_of(tmp_path, "hs" * 5), np.zeros(10), words, cut=0.0)
    assert [(group.by, group.name, group.n) for group in found] == [
        ("length", "under 100 words", 2),
        ("length", "100–149 words", 2),
        ("length", "150–219 words", 2),
        ("length", "220–349 words", 2),
        ("length", "350 words or more", 2),
    ]


def test_every_row_of_a_column_is_in_no_group(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0)
    letters = "".join(drawn.choice(["h", "s"], 300).tolist())
    domains = drawn.choice(["a", "b", "c"], 300).tolist()
    rows = rows_of(tmp_path, letters, domain=domains, source_dataset=domains)
    found = groups(rows, drawn.normal(size=300), drawn.integers(0, 400, 300), cut=1.0)
    for by in ("domain", "length", "source_dataset"):
        parts = [group for group in found if group.by == by]
        assert sum(group.n for group in parts) == 300
        assert all(group.n == group.human + group.synthetic for group in parts)


def test_an_attacked_text_is_taken_for_an_ordinary_one(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        "hhhssssss",
        mode=["human"] * 3 + ["rewrite", "rewrite", "continuation"] + ["generation"] * 3,
        stratum=[
            "dev",
            "Non-native",
            "attack",
            "new",
            "new",
            "new",
            "attack_dipper",
            "humanities",
            "no attack",
        ],
    )
    scores = np.array([0.0, 1, 2, 3, 4, -9, -9, 1, -9])
    words = np.array([150, 150, 150, 150, 149, 150, 150, 900, 150])
    words[8] = 20
    part = instruct_slice(rows, scores, words)
    assert part is not None
    assert (part.n, part.human, part.synthetic, part.left_out) == (5, 3, 2, 2)
    assert part.auc == pytest.approx((3 + 1.5) / 6)
    assert part.precision_at_recall_79 == pytest.approx(1 / (1 + 2 / 3))


def test_a_file_that_names_nothing_has_something_left_out(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, "hs")
    part = instruct_slice(rows, np.array([0.0, 1.0]), np.array([150, 150]))
    assert part is not None
    assert (part.n, part.left_out, part.precision_at_recall_79) == (2, 0, 1.0)
    assert instruct_slice(rows, np.array([0.0, 1.0]), np.array([150, 149])) is None
    assert non_native(rows, np.zeros(2), np.ones(2, np.bool_), 0.0) is None


@pytest.mark.parametrize("name", ["non_native", "nonnative", "Non-native", "TOEFL essays"])
@pytest.mark.parametrize("column", ["stratum", "domain"])
def test_people_who_write_in_a_second_language_are_not_found(
    tmp_path: Path, name: str, column: str
) -> None:
    rows = rows_of(tmp_path, "hhhsh", **{column: [name, name, name, name, "native"]})
    found = non_native(
        rows, np.array([0.0, 2, 3, 9, 9]), np.array([True, True, False, True, True]), cut=1.0
    )
    assert found is not None
    assert found.plain() == {"n": 3, "flagged_1pct": 0.666667, "called": 1}
