"""How rare the words of a dataset's documents are, beside a table or their own: to look at.

Nothing is recorded: the numbers hang on a table that only whoever made it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ledger.engines import Workers
from ledger.errors import InputError
from ledger.log.log import Log
from ledger.manifests.tail.counting import Progress, make_table, texts_of
from ledger.manifests.tail.rate import Rated, rate
from ledger.manifests.tail.table import Table, parse_table
from ledger.provenance.overlap import sidecar_folder

__all__ = ["PLACES", "Measured", "measure_tail"]

PLACES: Final = (10, 25, 50, 75, 90, 99)
"""Percentiles that are shown."""


@dataclass(frozen=True, eq=False)
class Measured:
    """A dataset against `table`; `source` are that table's bytes where it was made of the dataset.

    `percentiles` of the rated documents' scores, in parts per million.
    """

    dataset: str
    documents: int
    rated: Rated
    table: Table
    source: bytes | None

    @property
    def percentiles(self) -> dict[int, int]:
        """The least score that so many per cent of the rated documents do not exceed."""
        held = np.sort(self.rated.score[self.rated.score >= 0])
        if not len(held):
            return {}
        return {place: int(held[-(-place * len(held) // 100) - 1]) for place in PLACES}

    @property
    def kinds(self) -> dict[str, tuple[int, int]]:
        """(types, tokens) of the table's common, rare and unknown words."""
        kinds, counts = self.table.kinds, self.table.counts
        return {
            name: (int((kinds == kind).sum()), int(counts[kinds == kind].sum()))
            for kind, name in ((2, "common"), (1, "rare"), (0, "unknown"))
        }

    def data(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "dataset": self.dataset,
            "documents": self.documents,
            "percentiles_ppm": {str(place): score for place, score in self.percentiles.items()},
            "rated": int((self.rated.score >= 0).sum()),
            "table": {
                "digest": self.table.digest,
                "documents": self.table.texts,
                **{f"{name}_types": types for name, (types, _) in self.kinds.items()},
                **{f"{name}_tokens": tokens for name, (_, tokens) in self.kinds.items()},
            },
            "unrated": self.rated.reasons,
        }


def measure_tail(
    log: Log,
    dataset: str,
    table: Table | None = None,
    *,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> Measured:
    """Rate every document of NAME@VERSION or reserve:NAME@VERSION, by default against itself.

    Raises InputError where there are none, and what reading the texts raises.
    """
    source = None
    if table is None:
        source = make_table(log, dataset, roots=roots, workers=workers, progress=progress)
        table = parse_table(source, f"word counts of {dataset}")
    ours = texts_of(log, dataset, roots)
    if not ours.documents or ours.members is None:
        raise InputError(f"{dataset}: found no documents, expected some to rate")
    digests = np.frombuffer(ours.members, np.uint8).reshape(-1, 32)
    folder = sidecar_folder(log.location)
    rated = rate(digests, ours.sources, table, folder, workers=workers, progress=progress)
    return Measured(dataset, ours.documents, rated, table, source)
