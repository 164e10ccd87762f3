"""Divides candidates by their scores: classes of a mix's tail, as strata or as weights inside them.

Cuts are taken among the rated documents of a group: a stratum as the other axes make it. Unrated
documents are in no class. As strata they have a value of their own; drawn by weight, they weigh as
little as anybody. `seen` are documents of the rarest class that an earlier set holds, so that what
is left of that class is new.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.log.runs import keys_of
from ledger.manifests.mix.mix import Tail
from ledger.manifests.sampling.classes import Classes, Scores
from ledger.manifests.sampling.thresholds import Thresholds
from ledger.manifests.tail.rate import Rated
from ledger.reserves.selection.digests import Digests, positions

__all__ = ["Parted", "mean_ppm", "part", "part_of_stratum", "seen_of"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Parted:
    """`number` int64[n]: each document's place in the tail's values; `cuts` int64[G, q].

    `weight` int64[n] is what it is drawn with, None where classes are strata. `group` is each
    document's row of `cuts`.
    """

    tail: Tail
    rated: Rated
    group: Ints
    cuts: Ints
    number: Ints
    weight: Ints | None


def part(tail: Tail, rated: Rated, group: Ints, seen: Mask | None) -> Parted:
    """Divide n documents; `group` int64[n] counts from 0, `seen` bool[n] are the earlier set's."""
    groups = int(group.max(initial=-1)) + 1
    known = rated.score >= 0
    scores = Scores.part(group[known], rated.score[known])
    weights = tail.weights or (1,) * len(tail.classes)
    classes = Classes.of(scores, groups, tail.quantiles, weights)
    number = np.full(len(group), len(tail.classes), np.int64)
    number[known] = classes.number(group[known], rated.score[known])
    if seen is not None:
        number[seen & (number == len(tail.classes) - 1)] = len(tail.classes) + 1
    weight: Ints | None = None
    if tail.weights:
        weight = np.array([*tail.weights, min(tail.weights)], np.int64)[number]
    return Parted(tail, rated, group, classes.cuts, number, weight)


def seen_of(digests: Digests, members: bytes) -> Mask:
    """bool[n]: which of n documents, ascending, are among sorted digests, one after the other."""
    theirs = np.frombuffer(members, np.uint8).reshape(-1, 32)
    return positions(theirs, keys_of(theirs), digests) >= 0


def mean_ppm(score: Ints, copies: Ints) -> int:
    """The mean score of documents that come `copies` times each; an unrated one has none of it."""
    total = int(copies.sum())
    return int((np.maximum(score, 0) * copies).sum()) // total if total else 0


def part_of_stratum(
    parted: Parted, stratum: Ints, copies: Ints, place: int, thresholds: Thresholds
) -> dict[str, Any]:
    """What strata.json says of the tail in the stratum at `place`.

    `stratum` and `copies` are int64[n] of all candidates, `copies` 0 where one is not selected.
    """
    inside = stratum == place
    groups = np.unique(parted.group[inside])
    cuts = parted.cuts[groups[0]].tolist() if len(groups) else []
    said: dict[str, Any] = {"cuts": cuts}
    if parted.weight is None:
        return said
    number, chosen = parted.number[inside], copies[inside] > 0
    rows = []
    for at, weight in enumerate((*parted.tail.weights, min(parted.tail.weights))):
        below, upto, _ = thresholds.limits(place, weight).hex()
        rows.append(
            {
                "below": below,
                "documents": int((number == at).sum()),
                "name": parted.tail.values[at],
                "selected": int((chosen & (number == at)).sum()),
                "upto": upto,
                "weight": weight,
            }
        )
    return said | {"classes": rows}
