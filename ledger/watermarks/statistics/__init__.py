"""Null distributions of what marks count, the search for marked parts, and corpus-level tests.

A null gives upper tails as natural logarithms; `segments` finds the marked parts of a document;
`combine` puts both tests of a document together; `corpus` tests what no single document can show.
"""

from ledger.watermarks.statistics.binomial import Binomial, Hypergeometric
from ledger.watermarks.statistics.combine import PART_SHARE, combine
from ledger.watermarks.statistics.corpus import (
    Pool,
    Pooled,
    bonferroni,
    calibrate_e,
    correction_milli,
    e_benjamini_hochberg,
    exceedances,
    neg_log10_p_milli,
    pooled,
)
from ledger.watermarks.statistics.gamma import Gamma, TwoGamma
from ledger.watermarks.statistics.lattice import Lattice
from ledger.watermarks.statistics.nulls import NEVER, Null, Tilt
from ledger.watermarks.statistics.segments import Segments, find_segments
from ledger.watermarks.statistics.weighted import LEAST, WEIGHTS, log_sf_weighted, weigh

__all__ = [
    "LEAST",
    "NEVER",
    "PART_SHARE",
    "WEIGHTS",
    "Binomial",
    "Gamma",
    "Hypergeometric",
    "Lattice",
    "Null",
    "Pool",
    "Pooled",
    "Segments",
    "Tilt",
    "TwoGamma",
    "bonferroni",
    "calibrate_e",
    "combine",
    "correction_milli",
    "e_benjamini_hochberg",
    "exceedances",
    "find_segments",
    "log_sf_weighted",
    "neg_log10_p_milli",
    "pooled",
    "weigh",
]
