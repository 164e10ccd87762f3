"""How unevenly long sentences are: the coefficient of variation of their lengths."""

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.tokens import Floats, divide

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    mean, deviation = batch.sentences.moments()
    return divide(deviation, mean)


SIGNAL = Signal(
    name="burstiness_cv",
    version=1,
    definition="population standard deviation over mean of the lengths of a text's sentences "
    "(sentences@1, in words); undefined below two sentences",
    source="coefficient of variation (Pearson 1896); the burstiness meant by a threshold of 0.4",
    unit="ratio",
    direction="high: sentences differ much in length; AI text is lower in most corpora, and so is "
    "unpunctuated human text",
    measure=_measure,
)
