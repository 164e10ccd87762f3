"""How many marked documents a detector finds, and how many unmarked ones it takes for marked.

For files of vectors (`records`). A marked document is tested with its own record's key alone; an
unmarked one with every distinct key that the marked records name, each a pair by itself. Nothing
is corrected over keys, and nothing is chosen: every record counts.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, UnknownNameError, printable
from ledger.watermarks.detector import SLICE, Detections, detect
from ledger.watermarks.scanning.records import UNICODE, Record, read_records
from ledger.watermarks.schemes import Mark, families
from ledger.watermarks.tokens import Ids, Tokens
from ledger.watermarks.unicode_marks import find

__all__ = [
    "Evaluation",
    "MarkedFamily",
    "UnicodeFamily",
    "UnmarkedFamily",
    "UnsupportedFamily",
    "evaluate",
    "overlap_of_spans",
]

Unsupported = Literal["refuse", "count"]

_LONG_SPAN = 200  # tokens; of shorter parts no place is asked
_SKIP = "--skip-unsupported counts such records and goes on"
_MAX_MARKS = 4096  # distinct ones; a file that names more is no file of vectors
_LEVELS = np.log([1e-3, 1e-6])


@dataclass(frozen=True)
class MarkedFamily:
    """Marked documents of one family.

    `iou` is the mean, over documents marked in one part of at least 200 tokens, of how far the
    reported spans and that part agree (intersection over union); None where there are none.
    `log10_p` and `tokens` hold the single documents, in the order of the files.
    """

    family: str
    documents: int
    detected_1e3: int
    detected_1e6: int
    median_log10_p: float
    iou: float | None
    log10_p: npt.NDArray[np.float64] = field(repr=False, compare=False)
    tokens: npt.NDArray[np.int64] = field(repr=False, compare=False)

    def plain(self) -> dict[str, Any]:
        """JSON values; log10 p to two decimals, rounded up, IoU to four."""
        median = float(np.ceil(self.median_log10_p * 100) / 100) + 0.0  # never -0.0
        return {
            "family": self.family,
            "documents": self.documents,
            "detected_1e3": self.detected_1e3,
            "detected_1e6": self.detected_1e6,
            "median_log10_p": median,
            "iou": None if self.iou is None else round(self.iou, 4),
        }


@dataclass(frozen=True)
class UnmarkedFamily:
    """Unmarked documents of one family, each tested with every key: documents × keys pairs."""

    family: str
    documents: int
    keys: int
    pairs: int
    hits_1e3: int
    hits_1e6: int

    def plain(self) -> dict[str, Any]:
        """JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class UnicodeFamily:
    """Texts in which marks made of characters were looked for.

    `detected` bear one by their record and were found; `false_flags` bear none and were.
    """

    family: str
    documents: int
    detected: int
    false_flags: int

    def plain(self) -> dict[str, Any]:
        """JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class UnsupportedFamily:
    """Marked documents of one family that no decoder here takes, and why the first was refused.

    `hint` is what would mend that one, if anything is known to.
    """

    family: str
    documents: int
    unsupported: int
    reason: str
    hint: str | None = None

    def plain(self) -> dict[str, Any]:
        """JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Evaluation:
    """A row a family, in the order of the files."""

    marked: tuple[MarkedFamily, ...]
    unmarked: tuple[UnmarkedFamily, ...]
    unicode: tuple[UnicodeFamily, ...]
    unsupported: tuple[UnsupportedFamily, ...] = ()

    def plain(self) -> list[dict[str, Any]]:
        """Every row as JSON values."""
        return [
            *(row.plain() for row in self.marked),
            *(row.plain() for row in self.unmarked),
            *(row.plain() for row in self.unicode),
            *(row.plain() for row in self.unsupported),
        ]


def evaluate(paths: Sequence[Path], *, unsupported: Unsupported = "refuse") -> Evaluation:
    """Score every record of some files.

    A scheme that no family knows, or parameters that it refuses, is an error at its line, or with
    `unsupported="count"` a row of its own. Raises InputError and MalformedError.
    """
    known = _Marks(unsupported)
    marked, unicode_marks = _MarkedScores(), _UnicodeCounts()
    unmarked: dict[Path, None] = {}
    for path in paths:
        for record in read_records(path):
            if record.scheme.startswith(UNICODE):
                unicode_marks.add(record)
            elif not record.marked:
                unmarked[path] = None
            elif (mark := known.of(record)) is not None:
                marked.add(record, *mark)
    marked.flush()
    return Evaluation(
        marked=tuple(marked.rows()),
        unmarked=tuple(_unmarked(list(unmarked), known.marks)),
        unicode=tuple(unicode_marks.rows()),
        unsupported=tuple(known.unsupported()),
    )


def overlap_of_spans(spans: Sequence[tuple[int, int, float]], truth: tuple[int, int]) -> float:
    """|spans ∩ truth| / |spans ∪ truth| in tokens; spans are disjoint."""
    start, end = truth
    shared = sum(max(0, min(high, end) - max(low, start)) for low, high, _ in spans)
    union = sum(high - low for low, high, _ in spans) + (end - start) - shared
    return shared / union


class _Marks:
    """The distinct marks that records name, however they are spelled."""

    def __init__(self, unsupported: Unsupported) -> None:
        self._mode = unsupported
        self._spelled: dict[str, int | InputError] = {}  # a number, or why not
        self._numbers: dict[tuple[object, ...], int] = {}
        self._refused: dict[str, tuple[int, InputError]] = {}
        self.marks: list[Mark] = []

    def of(self, record: Record) -> tuple[int, Mark] | None:
        """(number, mark) of a record; None for one that is only counted."""
        try:
            spelled = json.dumps([record.scheme, record.vocab_size, record.params], sort_keys=True)
        except RecursionError:
            record.refuse("params: nested too deeply, expected numbers and texts")
        if spelled not in self._spelled:
            self._spelled[spelled] = self._open(record)
        found = self._spelled[spelled]
        if isinstance(found, int):
            return found, self.marks[found]
        if self._mode == "refuse":
            record.refuse(str(found), found.hint or _SKIP)
        count, first = self._refused.get(record.family, (0, found))
        self._refused[record.family] = count + 1, first
        return None

    def _open(self, record: Record) -> int | InputError:
        known = [spelling for family in families().values() for spelling in family.spellings]
        if record.scheme.lower() not in known:
            return UnknownNameError("watermark scheme", record.scheme, known)
        if record.vocab_size is None:
            return InputError(
                "vocab_size: found nothing, expected the size of the vocabulary",
                hint="the record says it, or its params do: how many logits the model has",
            )
        try:
            for family in families().values():
                found = family.recognise(record.scheme, record.params, record.vocab_size)
                if found is None:
                    continue
                variant, size = found.variant, record.vocab_size
                parameters = family.parameters(variant, found.parameters, size)
                key = family.key(variant, parameters, found.key, size)
                identity = (
                    family.name, variant, size, *sorted(parameters.items()), *sorted(key.items())
                )  # fmt: skip
                if identity not in self._numbers:
                    if len(self.marks) == _MAX_MARKS:
                        raise InputError(f"more than {_MAX_MARKS:,} distinct keys")
                    self._numbers[identity] = len(self.marks)
                    self.marks.append(family.open(variant, parameters, key, size))
                return self._numbers[identity]
        except InputError as error:
            return error
        return InputError(
            f"{printable(record.scheme)}: none of its variants in the catalogue has these params"
        )

    def unsupported(self) -> Iterator[UnsupportedFamily]:
        for family, (count, error) in self._refused.items():
            yield UnsupportedFamily(family, count, count, str(error), error.hint)


@dataclass
class _Scored:
    """What is known of one family's documents so far."""

    log_p: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    iou: list[float] = field(default_factory=list)


class _MarkedScores:
    """Collects marked documents by mark, and scores them many at a time."""

    def __init__(self) -> None:
        self._families: dict[str, _Scored] = {}
        self._waiting: dict[int, list[tuple[str, int, Ids, tuple[int, int] | None]]]
        self._waiting = defaultdict(list)
        self._marks: dict[int, Mark] = {}
        self._held = 0

    def add(self, record: Record, number: int, mark: Mark) -> None:
        assert record.ids is not None  # only Unicode records have none
        scored = self._families.setdefault(record.family, _Scored())
        self._marks[number] = mark
        place = len(scored.log_p)
        scored.log_p.append(0.0)
        scored.tokens.append(len(record.ids))
        self._waiting[number].append((record.family, place, record.ids, record.span))
        self._held += len(record.ids)
        if self._held > SLICE:
            self.flush()

    def flush(self) -> None:
        for number, documents in self._waiting.items():
            found = detect(_tokens([ids for _, _, ids, _ in documents]), self._marks[number])
            for row, (family, place, _, span) in enumerate(documents):
                scored = self._families[family]
                scored.log_p[place] = float(found.log_p[row])
                if span is not None and span[1] - span[0] >= _LONG_SPAN:
                    scored.iou.append(overlap_of_spans(found.spans.of(row), span))
        self._waiting.clear()
        self._held = 0

    def rows(self) -> Iterator[MarkedFamily]:
        for family, scored in self._families.items():
            log_p = np.array(scored.log_p)
            detected = [int((log_p < level).sum()) for level in _LEVELS]
            log10_p = log_p / np.log(10)
            yield MarkedFamily(
                family=family,
                documents=len(log_p),
                detected_1e3=detected[0],
                detected_1e6=detected[1],
                median_log10_p=float(np.median(log10_p)),
                iou=float(np.mean(scored.iou)) if scored.iou else None,
                log10_p=log10_p,
                tokens=np.array(scored.tokens),
            )


class _UnicodeCounts:
    """Counts texts by what their record says and what was found."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}

    def add(self, record: Record) -> None:
        assert record.text is not None  # a Unicode record has one
        try:
            flagged = bool(find(record.text))
        except InputError as error:
            record.refuse(f"text: {error}")
        count = self._counts.setdefault(record.family, [0, 0, 0])
        count[0] += 1
        count[1] += flagged and record.marked
        count[2] += flagged and not record.marked

    def rows(self) -> Iterator[UnicodeFamily]:
        for family, (documents, detected, flags) in self._counts.items():
            yield UnicodeFamily(family, documents, detected, flags)


def _unmarked(paths: Sequence[Path], marks: Sequence[Mark]) -> Iterator[UnmarkedFamily]:
    counts: dict[str, npt.NDArray[np.int64]] = {}  # documents, hits at 1e-3, hits at 1e-6
    for batch in _batches(paths):
        families_of = [record.family for record in batch]
        tokens = _tokens([record.ids for record in batch if record.ids is not None])
        hits = np.zeros((len(batch), 2), np.int64)
        for found in _each(tokens, marks):
            hits += found.log_p[:, None] <= _LEVELS
        for family, found_hits in zip(families_of, hits, strict=True):
            count = counts.setdefault(family, np.zeros(3, np.int64))
            count += np.array([1, *found_hits])
    for family, (documents, hits_3, hits_6) in counts.items():
        pairs = int(documents) * len(marks)
        yield UnmarkedFamily(family, int(documents), len(marks), pairs, int(hits_3), int(hits_6))


def _batches(paths: Sequence[Path]) -> Iterator[list[Record]]:
    """The unmarked records of some files, read again, as many at a time as memory likes."""
    batch: list[Record] = []
    held = 0
    for path in paths:
        for record in read_records(path):
            if record.marked or record.ids is None:
                continue
            batch.append(record)
            held += len(record.ids)
            if held > SLICE:
                yield batch
                batch, held = [], 0
    if batch:
        yield batch


def _each(tokens: Tokens, marks: Sequence[Mark]) -> Iterator[Detections]:
    """Every mark's detections; what marks share is prepared once."""
    groups: dict[object, list[Mark]] = defaultdict(list)
    for mark in marks:
        groups[type(mark), mark.vocab_size, mark.shared].append(mark)
    for group in groups.values():
        prepared = group[0].prepare(tokens)
        for mark in group:
            yield detect(tokens, mark, prepared)


def _tokens(documents: Sequence[Ids]) -> Tokens:
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    ids = np.concatenate([np.zeros(0, np.uint32), *documents]).astype(np.uint32, copy=False)
    return Tokens(ids, offsets)
