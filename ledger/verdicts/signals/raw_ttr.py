"""Types over words of the whole text: the articles' measure, which measures length."""

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.tokens import Floats, divide

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    return divide(batch.tokens.tally.types, batch.tokens.sizes)


SIGNAL = Signal(
    name="raw_ttr",
    version=1,
    definition="distinct words over words of the whole text (words@1)",
    source="type-token ratio (Johnson 1944, Studies in language behavior)",
    unit="share",
    direction="falls with the length of a text, whoever wrote it; compare texts of one length only",
    measure=_measure,
)
