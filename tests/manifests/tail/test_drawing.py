"""Weights draw rare documents more often and keep every bound; noise gains nothing by them."""

from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import InfeasibleError
from ledger.manifests.allocation.allocate import allocate
from ledger.manifests.allocation.strata import Strata, make_strata
from ledger.manifests.allocation.targets import caps_of
from ledger.manifests.building.choose import Chosen, choose
from ledger.manifests.mix.mix import Mix, Natural, Share, Shares, Tail, Temperature, Unimax
from ledger.manifests.mix.where import EVERYTHING
from ledger.manifests.tail.parts import Parted, mean_ppm, part
from ledger.manifests.tail.rate import Rated
from ledger.manifests.tail.strata import Tailed
from tests.manifests.allocation.cases import OPEN, bound, mix, where

SLOW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LABELS = ("human_unverified", "human_verified", "synthetic_known")
QUANTILES = st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True).map(
    lambda tenths: tuple(Fraction(n, 10) for n in sorted(tenths))
)


class Drawn:
    """n made-up documents with scores and labels; what a mix makes of them."""

    def __init__(self, scores: list[int], labels: list[int], seen: list[bool] | None) -> None:
        count = len(scores)
        digests = sorted(sha256(b"%d" % n).digest() for n in range(count))
        self.digests = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
        self.score, self.label = np.array(scores, np.int64), np.array(labels, np.int64)
        self.seen = None if seen is None else np.array(seen, np.bool_)
        self.units = np.ones(count, np.int64)

    def divide(self, tail: Tail) -> tuple[Strata, np.ndarray, Tailed]:
        """Strata by label, and by class where it has no weights."""
        parted = part(tail, Rated(self.score), self.label, self.seen)
        axes = ("label",) if tail.weights else ("label", "tail")
        rows = [
            (LABELS[label], *(() if tail.weights else (tail.values[number],)))
            for label, number in zip(self.label, parted.number, strict=True)
        ]
        counts = {row: (rows.count(row), rows.count(row)) for row in set(rows)}
        strata = make_strata(axes, counts)
        place = {row: at for at, row in enumerate(strata.values)}
        return strata, np.array([place[row] for row in rows], np.int64), Tailed(parted, {}, None)

    def choose(self, asked: Mix) -> tuple[Chosen, Tailed]:
        assert asked.tail is not None
        strata, stratum, tailed = self.divide(asked.tail)
        made = allocate(asked, strata)
        chosen = choose(made, self.digests, stratum, self.units, asked.seed, tail=tailed)
        return chosen, tailed


@st.composite
def documents(draw: Any, seen: bool = False) -> Drawn:
    count = draw(st.integers(3, 40))
    scores = st.integers(-5, 30) if draw(st.booleans()) else st.integers(-1, 10**6)
    some = st.lists(scores, min_size=count, max_size=count)
    labels = st.lists(st.integers(0, len(LABELS) - 1), min_size=count, max_size=count)
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    return Drawn(draw(some), draw(labels), draw(flags) if seen else None)


@SLOW
@given(
    documents(), QUANTILES, st.integers(0, 99),
    st.lists(st.integers(1, 9), min_size=4, max_size=4), st.integers(1, 40),
)  # fmt: skip
def test_weights_raise_the_mass_of_rare_words_and_move_no_share(
    held: Drawn, quantiles: tuple[Fraction, ...], seed: int, weights: list[int], budget: int
) -> None:
    tail = Tail("t.tsv", quantiles, tuple(sorted(weights)[: len(quantiles) + 1]))
    even = replace(tail, weights=(1,) * len(tail.weights))
    asked = mix(strata=("label",), seed=seed, budget=min(budget, len(held.score)), tail=tail)
    weighed, tailed = held.choose(asked)
    plain, _ = held.choose(replace(asked, tail=even))
    assert weighed.allocation.units.tolist() == plain.allocation.units.tolist()
    assert weighed.given.tolist() == plain.given.tolist() == weighed.allocation.units.tolist()
    mass = [mean_ppm(held.score[chosen.place], chosen.copies) for chosen in (weighed, plain)]
    assert mass[0] >= mass[1]
    unrated = [int((held.score[chosen.place] < 0).sum()) for chosen in (weighed, plain)]
    assert unrated[0] <= unrated[1]  # noise gains nothing
    rarest = [set(chosen.place[tailed.parted.number[chosen.place] == len(quantiles)].tolist())
              for chosen in (weighed, plain)]  # fmt: skip
    assert rarest[0] >= rarest[1]


def test_three_to_one_draws_about_three_for_one() -> None:
    held = Drawn([10] * 3000 + [20] * 3000, [0] * 6000, None)
    held.score = np.random.default_rng(3).permutation(held.score)
    tail = Tail("t.tsv", (Fraction(1, 2),), (1, 3))
    chosen, tailed = held.choose(mix(strata=("label",), budget=2000, tail=tail))
    rare = int((tailed.parted.number[chosen.place] == 1).sum())
    assert 1400 < rare < 1600
    said = chosen.plain()["strata"][0]["tail"]
    assert said["cuts"] == [10]
    assert [(row["name"], row["documents"], row["selected"], row["weight"])
            for row in said["classes"]] == [
        ("q0", 3000, 2000 - rare, 1), ("q1", 3000, rare, 3), ("unrated", 0, 0, 1),
    ]  # fmt: skip


@SLOW
@given(documents(), QUANTILES, st.integers(0, 99), st.integers(1, 40))
def test_the_thresholds_said_select_the_same_by_key_alone(
    held: Drawn, quantiles: tuple[Fraction, ...], seed: int, budget: int
) -> None:
    """With hashlib and what strata.json says, and nothing of ours."""
    tail = Tail("t.tsv", quantiles, tuple(range(1, len(quantiles) + 2)))
    asked = mix(strata=("label",), seed=seed, budget=min(budget, len(held.score)), tail=tail)
    chosen, tailed = held.choose(asked)
    strata, stratum, _ = held.divide(tail)
    selected = []
    for at, digest in enumerate(row.tobytes() for row in held.digests):
        said = chosen.plain()["strata"][stratum[at]]
        cuts, score = said["tail"]["cuts"], int(held.score[at])
        place = sum(cut < score for cut in cuts) if score >= 0 else len(quantiles) + 1
        row = said["tail"]["classes"][place]
        key = sha256(b"headwater key 1" + seed.to_bytes(8, "big") + digest).hexdigest()[:16]
        last = key <= row["upto"] and digest.hex() <= said["threshold"]["digest"]
        times = said["every"] + (key < row["below"] or last)
        selected += [at] * bool(times)
    assert selected == chosen.place.tolist()
    assert len(strata) == len(chosen.every)
    assert tailed.parted.weight is not None


@SLOW
@given(documents(), QUANTILES, st.randoms())
def test_order_changes_no_class(held: Drawn, quantiles: tuple[Fraction, ...], rng: Any) -> None:
    tail = Tail("t.tsv", quantiles)
    plain = part(tail, Rated(held.score), held.label, None)
    order = np.array(rng.sample(range(len(held.score)), len(held.score)), np.int64)
    again = part(tail, Rated(held.score[order]), held.label[order], None)
    assert again.number.tolist() == plain.number[order].tolist()
    assert again.cuts.tolist() == plain.cuts.tolist()


def by_definition(held: Drawn, parted: Parted) -> None:
    """The class of each document, by FORMAT §23."""
    q = len(parted.tail.quantiles)
    for label in range(len(LABELS)):
        mine = [int(s) for s, at in zip(held.score, held.label, strict=True) if at == label]
        rated = sorted(score for score in mine if score >= 0)
        for at in np.flatnonzero(held.label == label).tolist():
            score, number = int(held.score[at]), int(parted.number[at])
            if score < 0:
                assert number == q + 1
                continue
            cuts = [next(s for s in rated if sum(o <= s for o in rated) >= len(rated) * quantile)
                    for quantile in parted.tail.quantiles]  # fmt: skip
            place = sum(cut < score for cut in cuts)
            seen = held.seen is not None and bool(held.seen[at]) and place == q
            assert number == (q + 2 if seen else place)


@st.composite
def tailed_mixes(draw: Any, held: Drawn) -> Mix:
    tail = Tail("t.tsv", draw(QUANTILES), (), None if held.seen is None else "old@1")
    bounds = []
    for place in range(draw(st.integers(0, 3))):
        values: dict[str, Any] = {"tail": draw(st.sampled_from(tail.values))}
        if draw(st.booleans()):
            values["label"] = draw(st.sampled_from(LABELS))
        low, high = sorted(draw(st.tuples(st.integers(0, 10), st.integers(0, 10))))
        clause = where(**values)
        bounds.append(replace(bound(f"b{place}"), where=clause, at_least=Fraction(low, 10),
                              at_most=Fraction(high, 10)))  # fmt: skip
    rare = Share(where(tail=tail.classes[-1]), Fraction(1, 3))
    target = draw(
        st.sampled_from(
            [
                Natural(),
                Temperature(Fraction(3, 10), ("tail",)),
                Unimax(("label", "tail")),
                Shares((rare, Share(EVERYTHING, Fraction(2, 3)))),
            ]
        )
    )
    return mix(
        strata=("label", "tail"),
        tail=tail,
        target=target,
        bounds=tuple(bounds),
        budget=draw(st.integers(1, len(held.score))),
        repeat=draw(st.sampled_from([Fraction(1), Fraction(2)])),
        novel_tail=draw(st.sampled_from([None, Fraction(1, 10), Fraction(1, 2)])),
        gate=OPEN,
        seed=draw(st.integers(0, 9)),
    )


@SLOW
@given(st.booleans().flatmap(lambda seen: documents(seen)), st.data())
def test_what_is_drawn_keeps_every_bound_or_the_error_names_one(held: Drawn, data: Any) -> None:
    asked = data.draw(tailed_mixes(held))
    assert asked.tail is not None
    strata, _, tailed = held.divide(asked.tail)
    by_definition(held, tailed.parted)
    try:
        chosen, _ = held.choose(asked)
    except InfeasibleError as error:
        names = [*(row.name for row in asked.bounds), "novel_tail", "share"]
        short = int(caps_of(asked, strata).sum()) < (asked.budget or 0)
        assert short or any(f"{name} " in str(error) for name in names), str(error)
        return
    total = int(chosen.copies.sum())
    label, number = held.label[chosen.place], tailed.parted.number[chosen.place]
    values = np.array(asked.tail.values)[number]
    for row in asked.bounds:
        clause = dict(row.where.values)
        inside = np.isin(values, clause["tail"])
        if "label" in clause:
            inside &= np.isin(np.array(LABELS)[label], clause["label"])
        share = Fraction(int(chosen.copies[inside].sum()), total)
        assert row.at_least is not None
        assert row.at_most is not None
        assert row.at_least <= share <= row.at_most
    if asked.novel_tail is not None:
        score, seen = held.score[chosen.place], np.zeros(len(chosen.place), np.bool_)
        if held.seen is not None:
            seen = held.seen[chosen.place]
        cuts = tailed.parted.cuts[label, -1]
        new = (score > cuts) & (score >= 0) & ~seen & (label < 2)
        assert Fraction(int(chosen.copies[new].sum()), total) >= asked.novel_tail


@pytest.mark.parametrize("gone", range(0, 60, 7))
def test_one_document_less_changes_few_rows(gone: int) -> None:
    """The row that goes, the one that comes, and those that change class beside each cut."""
    rng = np.random.default_rng(4)
    scores = rng.integers(0, 10**6, 400).tolist()
    held = Drawn(scores, [0] * 400, None)
    tail = Tail("t.tsv", (Fraction(1, 2), Fraction(9, 10)), (1, 2, 4))
    asked = mix(strata=("label",), budget=60, tail=tail)
    before, _ = held.choose(asked)
    digest = before.digests[gone].tobytes()
    left = Drawn(scores, [0] * 400, None)
    keep = np.array([row.tobytes() != digest for row in held.digests])
    left.digests, left.score = held.digests[keep], held.score[keep]
    left.label, left.units = held.label[keep], held.units[keep]
    after, _ = left.choose(asked)
    rows = [{row.tobytes() for row in chosen.digests} for chosen in (before, after)]
    assert len(rows[0] ^ rows[1]) <= 2 + 2 * len(tail.quantiles)
    assert digest in rows[0] - rows[1]
