"""A batch as it is measured, by a scorer that reads the score off the text."""

import numpy as np
import pyarrow as pa
import pytest

from ledger.corpus.hashing import hash_texts
from ledger.corpus.neardup.side import Digests, digest_rows, distinct
from ledger.verdicts.batches.batch import Batch, Building, Settings
from ledger.verdicts.batches.tokens import WordTokenizer
from ledger.verdicts.scanning.gather import Scored
from ledger.verdicts.text.prose import Why
from tests.verdicts.batches.prose import SENTENCE, documents

NONE = np.zeros((0, 32), np.uint8)


def table(texts: list[str]) -> pa.Table:
    column = pa.chunked_array([pa.array(texts, pa.large_string())])
    return pa.table({"sha256": hash_texts(column)[0], "text": column})


def score(rows: pa.Table) -> Scored:
    """The number of letters; texts of fewer than three are too short."""
    sizes = np.array([len(text) for text in rows.column("text").to_pylist()], np.int64)
    why = np.where(sizes < 3, Why.TOO_SHORT, Why.OK).astype(np.int8)
    return Scored(digest_rows(rows.column("sha256")), sizes, why, 1000 * sizes)


def digests(texts: list[str]) -> Digests:
    return distinct(digest_rows(table(texts).column("sha256")))


def build(texts: list[str], *, parts: int = 1, known: list[str] | None = None,
          trained: list[str] | None = None) -> Batch:  # fmt: skip
    building = Building(
        Settings(
            WordTokenizer(), (2_048, 1_024), score, {},
            NONE if known is None else digests(known),
            NONE if trained is None else digests(trained),
        )
    )  # fmt: skip
    step = -(-len(texts) // parts)
    for start in range(0, len(texts), step):
        building.add(table(texts[start : start + step]))
    return building.finish("b")


def test_copies_are_scored_again() -> None:
    found = build(["aaaa", "bbb", "aaaa", "c", "aaaa", "c"], parts=3)
    assert found.documents == 6 and len(found.digests) == 3
    assert sorted(found.scores.tolist()) == [3.0, 4.0]
    assert found.unscored == {"too_short": 1}
    assert (found.tokens, found.size, found.windows) == (6, 0, {})
    assert found.entropy == pytest.approx(-(3 * np.log2(3 / 6) + 2 * np.log2(2 / 6)
                                            + np.log2(1 / 6)) / 6)  # fmt: skip


def test_what_calibrated_or_trained_is_scored() -> None:
    found = build(["aaaa", "bbb", "ccccc", "d"], known=["aaaa", "d"], trained=["aaaa", "bbb"])
    assert found.scores.tolist() == [5.0]
    assert found.unscored == {"in_calibration": 1, "in_training": 1, "too_short": 1}


def test_the_tables_that_a_batch_comes_in_decide() -> None:
    texts = documents(20, 3)
    one, other = build(texts), build(texts, parts=7)
    assert one.tokens == other.tokens == 8_000
    assert one.entropy == other.entropy and one.size == other.size == 2_048
    assert {len(values) for values in one.windows.values()} == {4}  # the last one overlaps
    for name, values in one.windows.items():
        assert np.array_equal(values, other.windows[name]), name


def test_a_batch_below_the_largest_window_is_not_measured() -> None:
    found = build([SENTENCE] * 120)  # 1,440 words
    assert found.size == 1_024 and len(found.windows["entropy"]) == 2
    assert found.windows["entropy"][0] < 3.6
    assert build([SENTENCE] * 80).size == 0


def test_nothing_is_measured() -> None:
    found = build(["", " "])
    assert (found.tokens, found.size) == (0, 0) and np.isnan(found.entropy)
    assert found.unscored == {"too_short": 2}
