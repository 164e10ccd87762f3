"""The scan itself: texts → a row a document, in integers.

A row says how many words of prose a text has, why it cannot be scored or what it scored. It
depends on the text and the weights alone, so that whoever needs scores shares these sidecars: to
calibrate, to decide, to estimate.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.engines import Scan
from ledger.verdicts.core.model import Model, shipped
from ledger.verdicts.core.score import score
from ledger.verdicts.text.prose import Why, measure

__all__ = ["RESULTS", "SCAN", "VERSION", "classifying", "milli"]

SCAN = "verdict"
"""The name of the scan, in its sidecars and in the ledger."""

VERSION = "1"
"""Raised with every change of what is found for the same text and weights."""

RESULTS: pa.Schema = pa.schema(
    [
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("words", pa.int64(), nullable=False),
        pa.field("why", pa.int8(), nullable=False),  # of text.prose.Why
        pa.field("score_milli", pa.int64()),  # null where `why` is not OK
    ]
)

_MOST = 2**31 - 1


class _Classifier:
    """A map with weights. Those of the package are found again where it runs; others travel."""

    def __init__(self, model: Model) -> None:
        self._model = None if model.digest == shipped().digest else model

    def __call__(self, table: pa.Table, *, params: Mapping[str, object]) -> pa.Table:
        model = self._model or shipped()
        if model.digest != params["weights"]:
            raise ValueError(f"weights {model.digest}, expected {params['weights']}")
        texts = table.column("text")
        found = measure(texts)
        enough = found.why == Why.OK
        values = np.zeros(len(enough), np.int64)
        if enough.any():
            values[enough] = milli(score(model, texts.filter(pa.array(enough))))
        columns: list[Any] = [
            table.column("sha256").cast(pa.binary(32)).combine_chunks(),
            pa.array(found.words, pa.int64()),
            pa.array(found.why, pa.int8()),
            pa.array(values, pa.int64(), mask=~enough),
        ]
        return pa.table(columns, schema=RESULTS)


def classifying(model: Model) -> Scan:
    """The scan of texts with one set of weights; they are its parameter."""
    params = {"weights": model.digest}
    return Scan(SCAN, VERSION, _Classifier(model), ("sha256", "text"), RESULTS, params)


def milli(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Scores in thousandths, rounded down: a number that every machine makes of the same text.

    A score that is rounded here is compared only with scores that were rounded in the same way.
    """
    return np.clip(np.floor(scores * 1000), -_MOST, _MOST).astype(np.int64)
