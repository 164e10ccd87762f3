"""The burstiness parameter of sentence lengths, from −1 (all alike) towards 1."""

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.tokens import Floats, divide

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    mean, deviation = batch.sentences.moments()
    return divide(deviation - mean, deviation + mean)


SIGNAL = Signal(
    name="burstiness_parameter",
    version=1,
    definition="(σ − μ) / (σ + μ) of the lengths of a text's sentences (sentences@1, in words), σ "
    "of the population; undefined below two sentences",
    source="Goh, Barabási 2008, Burstiness and memory in complex systems, eq. 1",
    unit="number from -1 to 1",
    direction="the same order as burstiness_cv on another scale: 0.4 there is -0.43 here, and 0.4 "
    "here is 2.33 there, which no labelled text of ours reaches",
    measure=_measure,
)
