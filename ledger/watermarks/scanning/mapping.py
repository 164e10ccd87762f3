"""The scan itself: token ids of documents × marks → a row a document, in integers.

Results are integers rounded towards the weaker claim, so that they are equal for any batch size,
order, number of workers and engine. Rows list only what may matter: marks whose p reached 0.01;
that a mark is not listed says that it did not. A parameter names each mark by what decides its
results; the keys themselves travel inside the job, to the worker that does it, and nowhere else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.engines import Scan, Sidecar
from ledger.watermarks.detector import Detections
from ledger.watermarks.scanning.many import Looked, scan_tokens
from ledger.watermarks.scanning.targets import ScanTarget
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokenization import read_tokens
from ledger.watermarks.tokens import Ids, Tokens

__all__ = ["KEPT", "RESULTS", "VERSION", "TokenSource", "detecting"]

VERSION = "2"
"""Raised with every change of what a scan gives that no family's version says."""

KEPT = 2_000_000
"""-log10 p in millionths from which a pair of document and mark is listed."""

_LIST32 = pa.large_list(pa.field("item", pa.uint32(), nullable=False))
_LIST64 = pa.large_list(pa.field("item", pa.int64(), nullable=False))

RESULTS: pa.Schema = pa.schema(
    [
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("counted", _LIST32),  # units of every mark, in the order of the marks
        pa.field("marks", _LIST32),  # the numbers of those listed, ascending; the rest beside them
        pa.field("neg_log10_p_micro", _LIST64),  # rounded down
        pa.field("statistic_micro", _LIST64),  # rounded down
        pa.field("spans", _LIST32),  # how many each listed mark has
        pa.field("span_start", _LIST64),  # tokens, mark by mark, ascending
        pa.field("span_end", _LIST64),  # exclusive
        pa.field("span_neg_log10_p_micro", _LIST64),  # rounded down
    ]
)
"""What a scan says of a document. A mark that was passed over counts only its first stage's units,
which suffice to decide it (`many`)."""

_MOST = 10**12  # -log10 p in millionths; no double is smaller than 10 to minus this


@dataclass(frozen=True)
class TokenSource:
    """Kept token ids as a source; `scan` is the digest of the scan that made them."""

    sidecar: Sidecar
    scan: str

    @property
    def key(self) -> str:
        """What the ids were made of, and how."""
        return f"{self.scan}/{self.sidecar.source}"

    @property
    def size(self) -> int:
        """Bytes of the file; 0 where it cannot be seen."""
        try:
            return self.sidecar.path.stat().st_size
        except OSError:
            return 0

    def tables(self) -> Iterator[pa.Table]:
        return self.sidecar.tables(["sha256", "ids"])


class _Detector:
    """A map with keys: pickled into a worker's job, and opened there once. Its repr is bare."""

    def __init__(self, targets: Sequence[ScanTarget], least: Sequence[int], hot: Ids) -> None:
        self._targets, self._least, self._hot = tuple(targets), tuple(least), hot
        self._opened: list[Mark] | None = None

    def __getstate__(self) -> tuple[Any, ...]:
        return self._targets, self._least, self._hot

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._targets, self._least, self._hot = state
        self._opened = None

    def __call__(self, table: pa.Table, *, params: Mapping[str, object]) -> pa.Table:
        if self._opened is None:
            self._opened = [target.open() for target in self._targets]
        tokens = read_tokens(table)
        hot = self._hot if len(self._hot) else None
        looked = scan_tokens(tokens, self._opened, hot=hot, least=self._least)
        return _rows(table.column("sha256"), tokens, looked)


def detecting(targets: Sequence[ScanTarget], least: Sequence[int], hot: Ids) -> Scan:
    """The scan for some marks of one tokenizer.

    `least[i]` units decide mark i; `hot` are the tokens that slow schemes look at first, none to
    evaluate everything. Both are parameters.
    """
    params = {
        "marks": [target.identity for target in targets],
        "least": list(least),
        "hot": hot.tolist(),
    }
    detector = _Detector(targets, least, hot)
    return Scan("watermark", VERSION, detector, ("sha256", "ids"), RESULTS, params)


def _rows(digests: pa.ChunkedArray, tokens: Tokens, looked: Sequence[Looked]) -> pa.Table:
    documents = tokens.documents
    found = [item.detections for item in looked]
    p = np.stack([_micro(each.log_p) for each in found], axis=1)  # documents × marks
    counted = np.stack([each.counted for each in found], axis=1)
    statistic = np.stack([_floor(each.statistic) for each in found], axis=1)
    row, mark = np.nonzero(p >= KEPT)
    per_row = np.bincount(row, minlength=documents)
    spans = _spans(found, row, mark)
    per_span = np.bincount(spans.row, minlength=documents)
    columns = [
        digests.combine_chunks(),
        pa.array(tokens.lengths),
        _lists(np.full(documents, len(found)), counted.reshape(-1), _LIST32),
        _lists(per_row, mark, _LIST32),
        _lists(per_row, p[row, mark], _LIST64),
        _lists(per_row, statistic[row, mark], _LIST64),
        _lists(per_row, spans.counts, _LIST32),
        _lists(per_span, spans.start, _LIST64),
        _lists(per_span, spans.end, _LIST64),
        _lists(per_span, spans.micro, _LIST64),
    ]
    return pa.table(columns, schema=RESULTS)


class _Found:
    """Spans of listed pairs, in the order of the pairs; `counts` of each pair."""

    def __init__(self, parts: Sequence[npt.NDArray[np.int64]], counts: npt.NDArray[np.int64]):
        self.row, self.start, self.end, self.micro = parts
        self.counts = counts


def _spans(
    found: Sequence[Detections], row: npt.NDArray[np.int64], mark: npt.NDArray[np.int64]
) -> _Found:
    whose, parts = [], []
    for number, each in enumerate(found):
        spans = each.spans
        listed = np.isin(spans.document, row[mark == number])
        whose.append(np.full(int(listed.sum()), number))
        micro = _micro(spans.log_p[listed])
        parts.append([spans.document[listed], spans.start[listed], spans.end[listed], micro])
    of_mark = np.concatenate(whose)
    columns = [np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[1], of_mark, columns[0]))
    pair = columns[0] * len(found) + of_mark
    counts = np.zeros(len(row), np.int64)
    np.add.at(counts, np.searchsorted(row * len(found) + mark, pair), 1)
    return _Found([column[order] for column in columns], counts)


def _micro(log_p: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """-log10 p in millionths, rounded down."""
    scaled = np.floor(np.clip(log_p * (-1e6 / np.log(10)), 0, _MOST))
    return np.asarray(scaled, np.int64)


def _floor(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.floor(values * 1e6).astype(np.int64)


def _lists(lengths: npt.NDArray[np.int64], values: npt.NDArray[Any], kind: pa.DataType) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    item = np.uint32 if pa.types.is_uint32(kind.value_type) else np.int64
    return pa.LargeListArray.from_arrays(
        pa.array(offsets), pa.array(values.astype(item)), type=kind
    )
