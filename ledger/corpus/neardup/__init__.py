"""Near duplicates: exact, normalised and near matches of any documents against any others.

Texts are sketched once (`sketch`), likely pairs are found by sorting (`candidates`), and every pair
is compared exactly (`exact`). The caller learns which document matched, on both sides; nothing is
deleted here, and resemblance is never handed on from one document to the next.
"""

from ledger.corpus.neardup.comparison import METHOD, PAIRS, Counts, Overlap, near_of, overlap
from ledger.corpus.neardup.normal import NORM_VERSION, normal_form
from ledger.corpus.neardup.sources import ParquetTexts, TextsGiven

__all__ = [
    "METHOD",
    "NORM_VERSION",
    "PAIRS",
    "Counts",
    "Overlap",
    "ParquetTexts",
    "TextsGiven",
    "near_of",
    "normal_form",
    "overlap",
]
