"""Scans: one pure function over every table of every source, its results kept beside them.

map → combine → decide. `map` sees a table of texts and gives a table of the same rows in the same
order; its results lie in one *sidecar*, a Parquet file, per source. A sidecar is named by what
determines it (the source's key, the scan, its version and parameters), so a scan that was killed
goes on where it stopped, and one that was done is not done again. `combine` adds up what `fold`
takes from the sidecars, in any grouping; to decide is the business of whoever asked.

An engine does jobs (`work`), and `run` makes jobs of sources: `local` has processes of this machine
that it starts and ends, `ray` a cluster. Neither text nor results go through pipes: a worker reads
its source by itself and writes the sidecar. Every engine takes the same `Scan` and `Source` and
gives the same sidecars: `content_root` says whether it did.
"""

from ledger.engines.engine import Engine, Progress, Workers, at_home, engine_of
from ledger.engines.root import content_root
from ledger.engines.runs import run, work
from ledger.engines.scan import Scan, Sidecar, Source, Stripe, fold, split
from ledger.engines.worker import Job

__all__ = [
    "Engine",
    "Job",
    "Progress",
    "Scan",
    "Sidecar",
    "Source",
    "Stripe",
    "Workers",
    "at_home",
    "content_root",
    "engine_of",
    "fold",
    "run",
    "split",
    "work",
]
