"""The entropy of a word given the word before it."""

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals._information import conditional_entropy
from ledger.verdicts.signals.tokens import Floats

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    return conditional_entropy(batch.tokens)


SIGNAL = Signal(
    name="entropy_conditional",
    version=1,
    definition="entropy of a text's pairs of neighbouring words less that of their first words, "
    "from relative frequencies (words@1); undefined below two words",
    source="Shannon 1948, A mathematical theory of communication, section 6 (conditional entropy)",
    unit="bits per word",
    direction="low: a word follows from the one before, as in repeated text; grows with length, so "
    "it is compared two-sided and at one number of words only",
    measure=_measure,
)
