"""Which rows are kept together when some are held out: pairs, domains, generators."""

from typing import Final

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.verdicts.core.model import Training

__all__ = ["FOLDS", "folds_of", "left_out"]

Ints = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int8]
Hashes = npt.NDArray[np.uint64]

FOLDS: Final = 5


def folds_of(groups: Hashes, labels: Labels, folds: int) -> Ints:
    """A fold, from 0, for each of n rows: groups stay whole, labels are as even as they can be.

    Groups, the largest first, then by number, each go where there are fewest rows of its more
    frequent label, then fewest rows. Raises InputError where there are fewer groups than folds.
    """
    names, which = np.unique(groups, return_inverse=True)
    if not 2 <= folds <= len(names):
        raise InputError(f"found {len(names):,} groups of rows, expected {max(folds, 2):,} or more")
    sizes = np.stack([np.bincount(which, labels == label, len(names)) for label in (0, 1)], axis=1)
    held = np.zeros((folds, 2))
    fold = np.empty(len(names), np.int64)
    for group in np.lexsort((names, -sizes.sum(axis=1))):
        most = int(sizes[group].argmax())
        fold[group] = np.lexsort((held.sum(axis=1), held[:, most]))[0]
        held[fold[group]] += sizes[group]
    return fold[which]


def left_out(training: Training) -> dict[str, Hashes]:
    """Groups that hold each domain together, and each generator with the pairs of its texts, where
    there are enough of them that a model can be fitted without one.
    """
    labels = training.label
    codes = training.generator.tolist()
    pairs = training.pair_group.tolist()
    by_pair = {
        pair: code for pair, code, label in zip(pairs, codes, labels, strict=True) if label == 1
    }
    of_pair = [
        code if label else by_pair.get(pair, pair | 1 << 63)  # human text without a pair: alone
        for pair, code, label in zip(pairs, codes, labels, strict=True)
    ]
    wanted = {
        "domain": training.domain.astype(np.uint64),
        "generator": np.array(of_pair, np.uint64),
    }
    return {name: groups for name, groups in wanted.items() if _divisible(groups, labels)}


def _divisible(groups: Hashes, labels: Labels) -> bool:
    return all(len(np.unique(groups[labels == label])) >= FOLDS for label in (0, 1))
