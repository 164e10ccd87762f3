"""The explanation columns: numbers to look at beside a verdict, of which none makes one."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import pyarrow as pa

from ledger.verdicts.reference.causal import CausalModel
from ledger.verdicts.signals import Batch, signal

__all__ = ["EXPLAINED", "PERPLEXITY", "explain_columns"]

EXPLAINED: Final[Sequence[str]] = ("mattr_50", "hdd_42", "burstiness_cv", "ai_words")
PERPLEXITY: Final = "perplexity"


def explain_columns(
    texts: pa.Array | pa.ChunkedArray, model: CausalModel | None = None
) -> pa.Table:
    """One row a text, one float64 column for each of EXPLAINED, null where undefined.

    With a model also PERPLEXITY, whose field's metadata says `model`, `tokenizer`, `context`, and
    `dtype`: without them the number means nothing.
    """
    batch = Batch(texts)
    columns = [pa.array(signal(name).measure(batch), from_pandas=True) for name in EXPLAINED]
    fields = [pa.field(name, pa.float64()) for name in EXPLAINED]
    if model is not None:
        measured = model.measure(batch.texts)
        columns.append(pa.array(measured.perplexity, from_pandas=True))
        said = {name: str(value) for name, value in asdict(measured.identity).items()}
        fields.append(pa.field(PERPLEXITY, pa.float64(), metadata=said))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))
