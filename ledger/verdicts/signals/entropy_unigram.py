"""The entropy of a text's words."""

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals._information import entropy
from ledger.verdicts.signals.tokens import Floats

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    return entropy(batch.tokens)


SIGNAL = Signal(
    name="entropy_unigram",
    version=1,
    definition="Shannon entropy of the relative frequencies of a text's words (words@1)",
    source="Shannon 1948, A mathematical theory of communication, section 6",
    unit="bits per word",
    direction="grows with length; AI text is above people in some corpora and below in others, so "
    "it is compared two-sided and at one number of words only",
    measure=_measure,
)
