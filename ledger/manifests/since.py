"""What has become of a manifest since it was built: what took its place, who of it is down."""

import numpy as np

from ledger.log.log import Log
from ledger.log.runs import keys_of
from ledger.manifests.recorded import newest_of
from ledger.manifests.strata.excluded import taken_down
from ledger.reserves.selection.digests import Digests, positions

__all__ = ["count_taken_down", "superseded_by"]


def superseded_by(log: Log, index: int, name: str) -> str | None:
    """`NAME@VERSION at entry N` of the one recorded last under a manifest's name.

    None where that is entry `index`, the manifest itself.
    """
    newest = newest_of(log, name)
    if newest is None or newest[0] == index:
        return None
    body = newest[1].body
    return f"{body['name']}@{body['version']} at entry {newest[0]}"


def count_taken_down(log: Log, digests: Digests) -> int:
    """How many of (n, 32) ascending digests a live takedown names."""
    down = np.frombuffer(b"".join(taken_down(log)), np.uint8).reshape(-1, 32)
    return int((positions(digests, keys_of(digests), down) >= 0).sum())
