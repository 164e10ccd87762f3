"""How many of a text's runs of 2 words are different ones."""

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals._information import distinct
from ledger.verdicts.signals.tokens import Floats

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    return distinct(batch.tokens.bigrams)


SIGNAL = Signal(
    name="distinct_2",
    version=1,
    definition="distinct runs of 2 words over all runs of 2 words of the text (words@1); undefined "
    "below 2 words",
    source="Li et al. 2016, A diversity-promoting objective function for neural conversation "
    "models",
    unit="share",
    direction="low: the text repeats itself; falls with length",
    measure=_measure,
)
