"""Parts of the rows, each by itself: domain, generator, length, mode, stratum, source."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.verdicts.evaluation.metrics import (
    Scores,
    auc,
    precision_at_recall,
    share_above,
)
from ledger.verdicts.evaluation.rows import GROUPED, UNKNOWN, Rows
from ledger.verdicts.outcomes import PREVALENCE_WORDS
from ledger.verdicts.statistics.conformal import LENGTH_EDGES

__all__ = ["Group", "NonNative", "Slice", "groups", "instruct_slice", "non_native"]

_ATTACKS = ("attack", "paraphras", "backtrans", "dipper", "perturb", "humanis", "humaniz")
_NO_ATTACK = re.compile("(un|no|non|without)attack")
_BASE_MODELS = ("continuation",)
_NON_NATIVE = ("nonnative", "toefl")

Chosen = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """Rows that share a value of a column, or a class of length.

    `auc` is of the group's rows; synthetic rows without human ones beside them are set against all
    human rows of their domains, and it is None where there are still none, or no synthetic ones.
    `flagged_1pct` is the share of all the group's rows above the weights' cut, of any length;
    beside it are those of its human and of its synthetic rows, None where it has none.
    """

    by: str
    name: str
    n: int
    auc: float | None
    flagged_1pct: float
    human: int
    synthetic: int
    flagged_1pct_human: float | None
    flagged_1pct_synthetic: float | None

    def plain(self) -> dict[str, Any]:
        """JSON values; shares to six digits."""
        return {key: _rounded(value) for key, value in vars(self).items()}


@dataclass(frozen=True)
class Slice:
    """Text of instructed models of PREVALENCE_WORDS words or more that nobody disguised, and human
    text of that length.

    `left_out` counts the rows of that length which a word in their mode or stratum excludes.
    """

    n: int
    human: int
    synthetic: int
    auc: float
    precision_at_recall_79: float
    left_out: int

    def plain(self) -> dict[str, Any]:
        """JSON values; shares to six digits."""
        return {key: _rounded(value) for key, value in vars(self).items()}


@dataclass(frozen=True)
class NonNative:
    """Human rows by people who write in a second language, and how many of them are flagged.

    `flagged_1pct` counts rows of any length, `called` those alone that get a verdict.
    """

    n: int
    flagged_1pct: float
    called: int

    def plain(self) -> dict[str, Any]:
        """JSON values; shares to six digits."""
        return {key: _rounded(value) for key, value in vars(self).items()}


def groups(
    rows: Rows, scores: Scores, words: npt.NDArray[np.int64], cut: float
) -> tuple[Group, ...]:
    """A group for each value of every column in GROUPED that the file has, and for each length.

    Lengths are in words of prose, as a verdict counts them.
    """
    domains = _domain_codes(rows)

    def group(by: str, name: str, chosen: Chosen) -> Group:
        human, synthetic = scores[chosen & ~rows.synthetic], scores[chosen & rows.synthetic]
        beside = human
        if not len(human):
            same = np.isin(domains, domains[chosen])
            beside = scores[same & ~rows.synthetic]
        return Group(
            by,
            name,
            int(chosen.sum()),
            auc(beside, synthetic) if len(beside) and len(synthetic) else None,
            share_above(scores[chosen], cut),
            len(human),
            len(synthetic),
            share_above(human, cut) if len(human) else None,
            share_above(synthetic, cut) if len(synthetic) else None,
        )

    found = []
    for by in GROUPED:
        if (values := rows.column(by)) is not None:
            names, codes = np.unique(values.astype(str), return_inverse=True)
            found += [group(by, str(name), codes == code) for code, name in enumerate(names)]
        if by == "generator":
            found += [group("length", *part) for part in _lengths(words)]
    return tuple(found)


def instruct_slice(rows: Rows, scores: Scores, words: npt.NDArray[np.int64]) -> Slice | None:
    """See Slice; None where one of its labels has no row.

    Left out by what `mode` and `stratum` say: continuations by base models, and attacks such as
    paraphrase and back-translation. Of a file with neither column nothing is left out.
    """
    long = words >= PREVALENCE_WORDS
    out = rows.synthetic & (
        _says(rows, "mode", (*_ATTACKS, *_BASE_MODELS))
        | _says(rows, "stratum", (*_ATTACKS, *_BASE_MODELS))
    )
    chosen = long & ~out
    human, synthetic = scores[chosen & ~rows.synthetic], scores[chosen & rows.synthetic]
    if not len(human) or not len(synthetic):
        return None
    return Slice(
        int(chosen.sum()),
        len(human),
        len(synthetic),
        auc(human, synthetic),
        precision_at_recall(human, synthetic),
        int((long & out).sum()),
    )


def non_native(rows: Rows, scores: Scores, measurable: Chosen, cut: float) -> NonNative | None:
    """See NonNative; None where no stratum or domain names such writers."""
    theirs = _says(rows, "stratum", _NON_NATIVE) | _says(rows, "domain", _NON_NATIVE)
    chosen = theirs & ~rows.synthetic
    if not chosen.any():
        return None
    flagged = scores[chosen] > cut
    called = int((flagged & measurable[chosen]).sum())
    return NonNative(int(chosen.sum()), float(flagged.mean()), called)


def _lengths(words: npt.NDArray[np.int64]) -> Iterator[tuple[str, Chosen]]:
    """Names and rows of the classes of length that have a row."""
    classes = np.searchsorted(LENGTH_EDGES, words, "right")
    for place in np.unique(classes).tolist():
        if place == 0:
            name = f"under {LENGTH_EDGES[0]} words"
        elif place == len(LENGTH_EDGES):
            name = f"{LENGTH_EDGES[-1]} words or more"
        else:
            name = f"{LENGTH_EDGES[place - 1]}–{LENGTH_EDGES[place] - 1} words"
        yield name, classes == place


def _domain_codes(rows: Rows) -> npt.NDArray[np.int64]:
    """Rows without a domain are all of one."""
    values = rows.column("domain")
    if values is None:
        return np.zeros(len(rows.synthetic), np.int64)
    return np.unique(values.astype(str), return_inverse=True)[1].astype(np.int64)


def _says(rows: Rows, column: str, words: tuple[str, ...]) -> Chosen:
    """Rows whose value has one of some words in it, whatever its case, blanks and dashes."""
    values = rows.column(column)
    if values is None:
        return np.zeros(len(rows.synthetic), np.bool_)
    names, codes = np.unique(values.astype(str), return_inverse=True)
    plain = ["".join(c for c in str(name).casefold() if c.isalnum()) for name in names]
    plain = [_NO_ATTACK.sub("", name) for name in plain]
    said = np.array([name != UNKNOWN and any(w in name for w in words) for name in plain])
    return np.asarray(said[codes], np.bool_)


def _rounded(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
