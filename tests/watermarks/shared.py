"""The vectors that other projects' code made, where they lie beside this checkout."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.watermarks.detector import Spans, detect
from ledger.watermarks.schemes import Mark, recognise
from ledger.watermarks.tokens import Tokens

__all__ = [
    "VECTORS",
    "WITHOUT_MARK",
    "Found",
    "find_marks",
    "mark_of",
    "read",
    "share",
    "statistical",
    "tokens_of",
]

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "watermark"
WITHOUT_MARK = ("neg", "neg_human")
_OTHER = (*WITHOUT_MARK, "mixed", "unicode_marks")


def statistical() -> list[str]:
    """The families of marked token ids; none where the vectors are absent."""
    return sorted(path.stem for path in VECTORS.glob("*.jsonl") if path.stem not in _OTHER)


def read(family: str) -> list[dict[str, Any]]:
    lines = (VECTORS / f"{family}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def mark_of(record: Mapping[str, Any]) -> Mark:
    mark = recognise(record["scheme"], record["params"], record["vocab_size"])
    assert mark is not None, f"no family knows {record['scheme']}"
    return mark


@dataclass(frozen=True, eq=False)
class Found:
    """What became of one record under its own key."""

    record: Mapping[str, Any]
    log_p: float
    spans: Spans
    document: int

    @property
    def tokens(self) -> int:
        return len(self.record["generated_ids"])

    def iou(self) -> float:
        """Intersection over union of all reported spans and the true one, in tokens."""
        inside = np.zeros(self.tokens, np.bool_)
        for start, end, _ in self.spans.of(self.document):
            inside[start:end] = True
        truth = np.zeros(self.tokens, np.bool_)
        truth[slice(*self.record["span"])] = True
        return float((inside & truth).sum() / (inside | truth).sum())


def find_marks(records: Iterable[Mapping[str, Any]]) -> Iterator[Found]:
    """Each record looked at under its own key, those of one key together."""
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        groups[json.dumps([record["scheme"], record["params"]], sort_keys=True)].append(record)
    for group in groups.values():
        found = detect(Tokens.of([record["generated_ids"] for record in group]), mark_of(group[0]))
        for number, record in enumerate(group):
            yield Found(record, float(found.log_p[number]), found.spans, number)


def tokens_of(records: Iterable[Mapping[str, Any]]) -> Tokens:
    return Tokens.of([record["generated_ids"] for record in records])


def share(values: npt.NDArray[np.float64], limit: float) -> float:
    """Share of the values that are at most `limit`."""
    return float(np.mean(values <= limit))
