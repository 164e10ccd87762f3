"""Many marks looked for in one batch of tokens: shared work once, slow schemes staged, threads.

Marks of equal `shared` are prepared together. Where `hot` tokens are given, a scheme that is slow
(one that can `stage`) first looks only at the units whose context is a hot token. Any such choice
is made without looking at colours, so it tests validly by itself; documents in which neither the
whole nor a part reaches p = 0.1 by it are passed over. All others are evaluated in full, and only
that gives a p-value, so nothing is found that the full test would not find.

What passing over can lose: a document whose evidence lies outside the hot contexts. At the α of a
scan that needs a mark which misses the most frequent tokens altogether.
"""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ledger.watermarks.detector import SLICE, Detections, Spans, detect, join, judge, slices
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokens import Ids, Ints, Scores, Tokens

__all__ = ["HOT", "Looked", "Staged", "hot_count", "scan_tokens"]

HOT = 1_000
"""Context tokens looked at first, at most."""

_HOT_BYTES = 128 << 20  # what the lists of all marks together may take, a bit for every token

_PASS = np.log(0.1)


@runtime_checkable
class Staged(Protocol):
    """A mark that can score only the units whose context lies among some tokens, and faster so."""

    def stage(self, tokens: Tokens, prepared: Any, hot: Ids) -> Scores: ...


@dataclass(frozen=True, eq=False)
class Looked:
    """What one mark came to. Documents that were `passed` over have p = 1 and no spans.

    Their `counted` are the units of the first stage, which are fewer than the document has.
    """

    detections: Detections
    passed: npt.NDArray[np.bool_]


def hot_count(marks: Sequence[Mark]) -> int:
    """How many context tokens to look at first, for marks that are looked for together."""
    room = sum(mark.vocab_size // 8 + 1 for mark in marks if isinstance(mark, Staged))
    return min(HOT, _HOT_BYTES // room) if room else 0


def scan_tokens(
    tokens: Tokens,
    marks: Sequence[Mark],
    *,
    workers: int = 1,
    hot: Ids | None = None,
    least: Sequence[int] | None = None,
) -> list[Looked]:
    """Look for every mark in every document; one result a mark, in their order.

    `workers` are threads and change no result. `hot` are the tokens that slow schemes look at
    first; `least[i]` is then the number of units from which mark i can be decided: a document that
    may have fewer is never passed over.
    """
    minimum = [0] * len(marks) if least is None else list(least)
    found: list[list[Looked]] = [[] for _ in marks]
    groups: dict[object, list[int]] = defaultdict(list)
    for number, mark in enumerate(marks):
        groups[type(mark), mark.vocab_size, mark.shared].append(number)
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        for batch in slices(tokens, SLICE):
            for group in groups.values():
                prepared = marks[group[0]].prepare(batch)
                jobs = [
                    pool.submit(_look, batch, marks[number], prepared, hot, minimum[number])
                    for number in group
                ]
                for number, job in zip(group, jobs, strict=True):
                    found[number].append(job.result())
    return [_joined(parts) for parts in found]


def _look(tokens: Tokens, mark: Mark, prepared: Any, hot: Ids | None, least: int) -> Looked:
    if hot is None or not isinstance(mark, Staged):
        return Looked(detect(tokens, mark, prepared), np.zeros(tokens.documents, np.bool_))
    stage = judge(mark.stage(tokens, prepared, hot), mark)
    passed = (stage.log_p_whole > _PASS) & (stage.log_p_part > _PASS) & (stage.counted >= least)
    rest = np.flatnonzero(~passed)
    few = tokens.take(rest)
    return Looked(_spread(detect(few, mark), rest, stage.counted), passed)


def _spread(found: Detections, rows: Ints, counted: Ints) -> Detections:
    """Detections of some documents among all; `counted` is what the others had counted."""
    count = len(counted)

    def over(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        every = np.zeros(count)
        every[rows] = values
        return every

    every = counted.copy()
    every[rows] = found.counted
    spans = found.spans
    return Detections(
        every,
        over(found.statistic),
        over(found.log_p),
        over(found.log_p_whole),
        over(found.log_p_part),
        Spans(rows[spans.document], spans.start, spans.end, spans.log_p),
    )


def _joined(parts: Sequence[Looked]) -> Looked:
    passed = np.concatenate([np.zeros(0, np.bool_), *(part.passed for part in parts)])
    return Looked(join([part.detections for part in parts]), passed)
