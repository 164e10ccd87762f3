"""Scans: one pure function over every table of every source, its results kept beside them.

map → combine → decide. `map` sees a table of texts and gives a table of the same rows in the same
order; its results lie in one *sidecar*, a Parquet file, per source. A sidecar is named by what
determines it (the source's key, the scan, its version and parameters), so a scan that was killed
goes on where it stopped, and one that was done is not done again. `combine` adds up what `fold`
takes from the sidecars, in any grouping; to decide is the business of whoever asked.

Workers are processes that a run starts and ends (`pool`, which takes other jobs too: `work`).
Neither text nor results go through pipes: a worker reads its source by itself and writes the
sidecar. Another engine takes the same `Scan` and `Source` and gives the same sidecars:
`content_root` says whether it did.
"""

from ledger.engines.local import run
from ledger.engines.pool import Progress, work
from ledger.engines.root import content_root
from ledger.engines.scan import Scan, Sidecar, Source, Stripe, fold, split
from ledger.engines.worker import Job

__all__ = [
    "Job",
    "Progress",
    "Scan",
    "Sidecar",
    "Source",
    "Stripe",
    "content_root",
    "fold",
    "run",
    "split",
    "work",
]
