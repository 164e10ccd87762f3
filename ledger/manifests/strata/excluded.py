"""Who may not be chosen, whatever the mix says: one reason a document, the first that applies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ledger.errors import RefusedError
from ledger.log.content_root import content_root
from ledger.log.log import Log
from ledger.log.record import live
from ledger.log.runs import keys_of
from ledger.manifests.mix.axes import FINAL_STAGES
from ledger.manifests.mix.mix import Mix
from ledger.manifests.strata.candidates import Candidates
from ledger.provenance.models.generations import generation_sql
from ledger.reserves.sealed import members_of, reserves
from ledger.reserves.selection.digests import Digests, Ints, positions

__all__ = ["REASONS", "Excluded", "exclude", "taken_down"]

Mask = npt.NDArray[np.bool_]

REASONS: Mapping[str, str] = {
    "taken_down": "taken down",
    "anchor": "in an anchor, which is for the last stage alone",
    "near_anchor": "much like a document of an anchor, which is for the last stage alone",
    "generation": "of a later generation than the mix admits",
}
"""Why a document is left out, in words."""


@dataclass(frozen=True)
class Excluded:
    """`kept` bool[n]; documents by reason; the ledger's whole list of takedowns, sorted."""

    kept: Mask
    reasons: Mapping[str, int]
    list: Sequence[bytes]

    def also(self, reason: str, documents: int) -> "Excluded":
        """With some more of those kept left out."""
        more = {reason: documents} if documents else {}
        return replace(self, reasons={**self.reasons, **more})

    @property
    def root(self) -> bytes:
        """content_root of the list of takedowns."""
        return content_root(self.list)


def exclude(log: Log, mix: Mix, found: Candidates) -> Excluded:
    """Leave out what was taken down, what is of too late a generation, and anchors before their
    stage. Within the caller's read transaction.

    Raises RefusedError where the vault withholds who is in an anchor.
    """
    down = taken_down(log)
    masks = {"taken_down": _among(found.digests, down)}
    if mix.stage not in FINAL_STAGES:
        masks["anchor"] = _anchored(log, found.digests)
    if mix.max_generation is not None:
        masks["generation"] = _generation(log, found.profile) > mix.max_generation
    kept, reasons = np.ones(len(found), np.bool_), {}
    for reason, mask in masks.items():
        count = int((mask & kept).sum())
        if count:
            reasons[reason] = count
        kept &= ~mask
    return Excluded(kept, reasons, down)


def taken_down(log: Log) -> list[bytes]:
    """Every document that a live takedown is about, ascending."""
    rows = log.connection.execute(
        "SELECT DISTINCT subject FROM entry WHERE kind <> 'origin' AND kind = 'takedown'"
    ).fetchall()
    found = []
    for (subject,) in rows:
        entries = [(index, log.entry(index)) for index in log.find(f"sha256:{subject.hex()}")]
        if any(entry.kind == "takedown" for _, entry in live(entries)):
            found.append(bytes(subject))
    return sorted(found)


def _among(digests: Digests, asked: Iterable[bytes]) -> Mask:
    """Which of the sorted digests are among those asked."""
    wanted = np.frombuffer(b"".join(asked), np.uint8).reshape(-1, 32)
    mask = np.zeros(len(digests), np.bool_)
    at = positions(digests, keys_of(digests), wanted)
    mask[at[at >= 0]] = True
    return mask


def _anchored(log: Log, digests: Digests) -> Mask:
    mask = np.zeros(len(digests), np.bool_)
    for index, entry in reserves(log):
        if entry.body["stage"] != "final":
            continue
        members = members_of(log, index, entry)
        if members is None:
            raise RefusedError(
                f"entry {index}: the vault withholds who is in anchor {entry.body['name']}",
                hint="what it holds must be kept out of this stage",
            )
        mask |= _among(digests, [members])
    return mask


def _generation(log: Log, profile: Ints) -> Ints:
    """The least generation of each document, -1 where nothing is known of it."""
    rows = log.connection.execute(
        f"SELECT p.id, {generation_sql()} AS g FROM profile AS p WHERE g IS NOT NULL ORDER BY p.id"
    ).fetchall()
    if not rows:
        return np.full(len(profile), -1, np.int64)
    table = np.array(rows, np.int64)
    at = np.minimum(np.searchsorted(table[:, 0], profile), len(table) - 1)
    found: Ints = np.where(table[at, 0] == profile, table[at, 1], -1)
    return found
