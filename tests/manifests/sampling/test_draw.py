"""The same documents from any order, shards or engine; few change where little does."""

import sqlite3
from contextlib import closing
from functools import partial
from hashlib import sha256
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.manifests.sampling.draw import Candidates, Masses, decide, draw, narrow
from ledger.manifests.sampling.keys import prefix_of
from ledger.manifests.sampling.rows import MOST_UNITS, Rows, rows_of
from ledger.manifests.sampling.thresholds import Thresholds, all_of
from tests.manifests.sampling.oracle import (
    Document,
    chosen,
    corpora,
    documents,
    draw_in_parts,
    rows,
    select,
)

STRATA = 3
SEEDS = st.integers(0, 2**64 - 1)


BUDGETS = st.lists(st.integers(0, 40_000), min_size=STRATA, max_size=STRATA) | st.lists(
    st.integers(0, 30), min_size=STRATA, max_size=STRATA
)


@settings(deadline=None, max_examples=60)
@given(corpora(), SEEDS, BUDGETS, st.integers(0, 2**32))
def test_order_or_shards_change_the_selection(
    corpus: list[Document], seed: int, budgets: list[int], shuffle: int
) -> None:
    expected = select(corpus, seed, dict(enumerate(budgets)))
    shuffled = corpus.copy()
    Random(shuffle).shuffle(shuffled)
    for shards in (1, 3, 7):
        drawn = draw_in_parts([shuffled[n::shards] for n in range(shards)], seed, budgets)
        assert chosen(drawn, corpus, seed) == expected
        for stratum in range(STRATA):
            units = [d.units for d in corpus if d.digest in expected and d.stratum == stratum]
            assert drawn.units[stratum] == sum(units)
    alone = draw(lambda: [rows(corpus[:9], seed), rows(corpus[9:], seed)], budgets)
    assert (alone.thresholds.place == drawn.thresholds.place).all()
    assert (alone.thresholds.digest == drawn.thresholds.digest).all()


@settings(deadline=None, max_examples=60)
@given(corpora(), SEEDS, BUDGETS, BUDGETS)
def test_a_greater_budget_gives_up_a_document(
    corpus: list[Document], seed: int, budgets: list[int], more: list[int]
) -> None:
    grown = [a + b for a, b in zip(budgets, more, strict=True)]
    before = chosen(draw_in_parts([corpus], seed, budgets), corpus, seed)
    assert before <= chosen(draw_in_parts([corpus], seed, grown), corpus, seed)


@settings(deadline=None, max_examples=60)
@given(corpora(), SEEDS, BUDGETS)
def test_a_budget_is_missed_by_a_document_or_more(
    corpus: list[Document], seed: int, budgets: list[int]
) -> None:
    drawn = draw_in_parts([corpus], seed, budgets)
    for stratum, budget in enumerate(budgets):
        mine = [document for document in corpus if document.stratum == stratum]
        available, most = sum(d.units for d in mine), max((d.units for d in mine), default=0)
        if available < budget:
            assert drawn.units[stratum] == available
        else:
            assert budget <= drawn.units[stratum] < budget + max(most, 1)


@settings(deadline=None, max_examples=60)
@given(corpora(), SEEDS, BUDGETS, st.integers(0, 59))
def test_one_takedown_changes_more_than_two_rows(
    corpus: list[Document], seed: int, budgets: list[int], victim: int
) -> None:
    """Counting documents. The thresholds kept, it is one row, whatever is counted."""
    counted = [Document(d.digest, d.stratum, 1, d.weight) for d in corpus]
    gone = counted[victim % len(counted)] if counted else Document(bytes(32))
    left = [document for document in counted if document is not gone]
    old = draw_in_parts([counted], seed, budgets)
    before = chosen(old, counted, seed)
    after = chosen(draw_in_parts([left], seed, budgets), left, seed)
    assert len(before ^ after) <= 2
    assert before - after <= {gone.digest}
    assert before ^ chosen(old, left, seed) <= {gone.digest}


@settings(deadline=None, max_examples=60)
@given(corpora(), SEEDS, BUDGETS, st.integers(0, 59))
def test_a_takedown_of_many_tokens_reaches_other_strata_or_earlier_documents(
    corpus: list[Document], seed: int, budgets: list[int], victim: int
) -> None:
    """Counting tokens, those that come in are the next ones, and no more than make up for it."""
    if not corpus:
        return
    gone = corpus[victim % len(corpus)]
    left = [document for document in corpus if document is not gone]
    before = chosen(draw_in_parts([corpus], seed, budgets), corpus, seed)
    after = chosen(draw_in_parts([left], seed, budgets), left, seed)
    new = [document for document in left if document.digest in after - before]
    assert before - after <= {gone.digest}
    assert all(document.stratum == gone.stratum for document in new)
    if gone.digest in before and len(new) > 1 and len(left) > len(after):
        assert sum(d.units for d in new) - max(d.units for d in new) < gone.units


def test_equal_places_are_not_told_apart() -> None:
    """Here every place is the same; among a billion documents two are, for one seed of 37."""
    held = rows([Document(digest) for digest in sorted(documents(50))], 1)
    tied = Rows(held.digest, held.stratum, held.units, np.full(50, 9, np.uint64))
    divided = [[tied], [tied.take(np.arange(n, 50, 3)) for n in range(3)]]
    for budget in (0, 1, 20, 50, 51):
        for parts in divided:
            drawn = draw(partial(iter, parts), [budget])
            mask = drawn.thresholds.takes(tied)
            assert mask.tolist() == [place < budget for place in range(50)]


def test_a_digest_of_zeros_is_in_an_empty_selection() -> None:
    held = rows([Document(digest) for digest in documents(5)], 3)
    drawn = draw(lambda: [held], [0])
    assert not drawn.thresholds.takes(held).any()
    assert drawn.units.tolist() == [0]
    assert draw(lambda: [], [0, 4]).units.tolist() == [0, 0]
    assert draw(lambda: [held], [6]).thresholds.takes(held).all()
    assert all_of(1).takes(held).all()


def test_a_seed_changes_nothing() -> None:
    corpus = [Document(digest) for digest in documents(200)]
    taken = [chosen(draw_in_parts([corpus], seed, [100]), corpus, seed) for seed in (1, 2)]
    assert 25 <= len(taken[0] & taken[1]) <= 75  # of independent halves about 50


def test_the_documents_changed_between_the_readings() -> None:
    corpus = [Document(digest) for digest in documents(40)]
    masses = Masses.part(rows(corpus, 1), 1)
    bins = narrow(masses, [20])
    with pytest.raises(InputError, match="stratum 0: 0 units in the bin that decides, expected 1"):
        decide(masses, bins, Candidates(Rows.empty()))
    twice = Candidates.part(rows(corpus, 1), bins)
    with pytest.raises(InputError, match="2 units in the bin that decides, expected 1"):
        decide(masses, bins, twice.combine(twice))


def test_bad_columns_are_drawn_from() -> None:
    digests = np.frombuffer(b"".join(documents(2)), np.uint8).reshape(-1, 32)
    good = np.array([0, 1])
    with pytest.raises(InputError, match="row 1: stratum -1, expected 0"):
        rows_of(digests, np.array([0, -1]), 1)
    with pytest.raises(InputError, match=f"row 0: units {MOST_UNITS + 1}, expected 0 to"):
        rows_of(digests, good, 1, units=np.array([MOST_UNITS + 1, 1]))
    with pytest.raises(InputError, match="row 1: weight 0, expected 1 to 65535"):
        rows_of(digests, good, 1, weight=np.array([1, 0]))
    with pytest.raises(ValueError, match="expected 2 integers"):
        rows_of(digests, good, 1, units=np.array([1.0, 2.0]))
    held = rows_of(digests, good, 1)
    with pytest.raises(InputError, match="stratum 1, expected one below 1"):
        Masses.part(held, 1)
    with pytest.raises(InputError, match="budget of stratum 1: -5, expected 0 or more"):
        draw(lambda: [held], [1, -5])


def test_weights_give_another_ratio() -> None:
    """4 : 1 while neither class is exhausted, then all of the heavy one and more of the light."""
    corpus = [
        Document(digest, weight=4 if n % 2 else 1) for n, digest in enumerate(documents(8000))
    ]
    heavy = {document.digest for document in corpus if document.weight == 4}
    few = chosen(draw_in_parts([corpus], 11, [2000]), corpus, 11)
    assert len(few) == 2000
    assert abs(len(few & heavy) - 1600) < 5 * np.sqrt(2000 * 0.8 * 0.2)
    many = chosen(draw_in_parts([corpus], 11, [6000]), corpus, 11)
    assert few <= many
    assert heavy <= many


@settings(deadline=None, max_examples=30)
@given(corpora(), SEEDS, BUDGETS)
def test_sql_selects_other_documents(corpus: list[Document], seed: int, budgets: list[int]) -> None:
    """By limits in hexadecimal, one pair for each stratum and weight."""
    drawn = draw_in_parts([corpus], seed, budgets)
    with closing(sqlite3.connect(":memory:")) as base:
        base.create_function("sha256", 1, lambda data: sha256(data).hexdigest())
        base.execute("CREATE TABLE document (digest BLOB, stratum INT, weight INT)")
        base.execute("CREATE TABLE lim (stratum INT, weight INT, below TEXT, upto TEXT, last TEXT)")
        base.executemany(
            "INSERT INTO document VALUES (?, ?, ?)",
            [(document.digest, document.stratum, document.weight) for document in corpus],
        )
        for stratum in range(STRATA):
            for weight in {document.weight for document in corpus}:
                limits = drawn.thresholds.limits(stratum, weight).hex()
                base.execute("INSERT INTO lim VALUES (?, ?, ?, ?, ?)", (stratum, weight, *limits))
        found = base.execute(
            "SELECT digest FROM (SELECT *, substr(sha256(CAST(? || digest AS BLOB)), 1, 16) AS key"
            " FROM document) JOIN lim USING (stratum, weight)"
            " WHERE key < below OR key <= upto AND lower(hex(digest)) <= last",
            (prefix_of(seed),),
        ).fetchall()
    assert {row[0] for row in found} == chosen(drawn, corpus, seed)


def test_limits_end_beyond_the_greatest_key() -> None:
    last = Thresholds(np.array([2**64 - 1], np.uint64), np.full((1, 32), 255, np.uint8))
    assert last.limits(0, 65535).upto == last.limits(0).upto == 2**64 - 1
    assert last.limits(0, 7).hex() == ("f" * 16, "f" * 16, "f" * 64)
