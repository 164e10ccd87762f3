"""How far zlib shrinks a text."""

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals._compression import ratios, zlib_size
from ledger.verdicts.signals.tokens import Floats

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    return ratios(batch.texts, zlib_size)


SIGNAL = Signal(
    name="zlib_ratio",
    version=1,
    definition="bytes of the whole text's raw deflate stream at level 9 over its bytes in UTF-8; "
    "undefined below 200 bytes",
    source="Deutsch 1996, RFC 1951",
    unit="ratio",
    direction="low: the text repeats itself (sees repetition within 32 KiB); falls with length; "
    "the last digits depend on the library's version",
    measure=_measure,
)
