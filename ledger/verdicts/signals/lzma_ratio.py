"""How far lzma shrinks a text."""

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals._compression import lzma_size, ratios
from ledger.verdicts.signals.tokens import Floats

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    return ratios(batch.texts, lzma_size)


SIGNAL = Signal(
    name="lzma_ratio",
    version=1,
    definition="bytes of the whole text's raw LZMA2 stream at preset 1, window 8 MiB, over its "
    "bytes in UTF-8; undefined below 200 bytes",
    source="xz file format 1.1.0, section 5.3.1; Pavlov's LZMA",
    unit="ratio",
    direction="low: the text repeats itself (sees repetition within 8 MiB); falls with length; the "
    "last digits depend on the library's version",
    measure=_measure,
)
