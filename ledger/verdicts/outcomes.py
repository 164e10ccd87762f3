"""The words for what a detector says, and the lengths and levels they depend on: their one home."""

from typing import Final

__all__ = [
    "ALPHA_AI",
    "ALPHA_HUMAN",
    "FDR",
    "GATE_ESTIMATE",
    "GATE_UPPER",
    "INSUFFICIENT",
    "LEAST_SOURCE",
    "LIKE_AI",
    "MIN_WORDS",
    "OUTCOMES",
    "PREVALENCE_CUT",
    "PREVALENCE_WORDS",
    "UNCERTAIN",
    "UNLIKE_AI",
]

LIKE_AI: Final = "like_ai_sample"
UNLIKE_AI: Final = "unlike_ai_sample"
UNCERTAIN: Final = "uncertain"
INSUFFICIENT: Final = "insufficient_text"
OUTCOMES: Final = (LIKE_AI, UNLIKE_AI, UNCERTAIN, INSUFFICIENT)
"""Never "human": that a text is unlike AI samples says nothing of who wrote it."""

MIN_WORDS: Final = 100
"""Words of prose below which a document gets no verdict."""

PREVALENCE_WORDS: Final = 150
"""Words of prose below which a document is not counted in a share."""

ALPHA_AI: Final = 0.01
"""like_ai_sample: at most this share of known human documents score as high."""

ALPHA_HUMAN: Final = 0.05
"""unlike_ai_sample: at most this share of AI samples score as low."""

FDR: Final = 0.10
"""Expected share of false ones among the documents of a run that count for a label."""

LEAST_SOURCE: Final = 100
"""Human documents from which a source is ranked in by itself."""

PREVALENCE_CUT: Final = 0.05
"""Share of human calibration documents above the cut at which documents are counted."""

GATE_ESTIMATE: Final = 0.10
GATE_UPPER: Final = 0.25
"""A share passes if its estimate and its upper end are not above these: the threshold reported by
Moveo AI, not a legal limit."""
