"""A mix's tail as it comes out for its candidates: their classes, and what the statement says.

With recorded scores in place of the scan's this needs the ledger alone, so that a verifier makes
the same classes without a text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ledger.errors import RefusedError
from ledger.log.content_root import content_root
from ledger.log.log import Log
from ledger.manifests.mix.axes import MANIFEST, RESERVE
from ledger.manifests.mix.mix import Mix, Tail
from ledger.manifests.recorded import find_manifest, members_of
from ledger.manifests.strata.candidates import Candidates
from ledger.manifests.strata.divide import Values, groups_of
from ledger.manifests.tail.parts import Parted, mean_ppm, part, seen_of
from ledger.manifests.tail.rate import METHOD, Rated
from ledger.provenance.documents import find_dataset
from ledger.provenance.rules import Policy
from ledger.reserves.sealed import find_reserve
from ledger.reserves.sealed import members_of as members_of_reserve
from ledger.reserves.selection.digests import Ints

__all__ = ["Tailed", "tail_of"]


@dataclass(frozen=True, eq=False)
class Tailed:
    """The classes of n candidates; `table` is what is said of the word counts, `earlier` of the
    set that makes documents `seen`.
    """

    parted: Parted
    table: Mapping[str, Any]
    earlier: Mapping[str, Any] | None

    @property
    def values(self) -> Values:
        """The values of the axis `tail`; those that nobody has are none."""
        names = self.parted.tail.values
        return Values(self.parted.number, names)

    def said(self, place: Ints, copies: Ints) -> dict[str, Any]:
        """The statement's `tail`, for the candidates selected: at `place`, `copies` times each."""
        score = self.parted.rated.score
        found: dict[str, Any] = {
            "available_ppm": mean_ppm(score, np.ones(len(score), np.int64)),
            "method": METHOD,
            "scores": f"sha256:{self.parted.rated.digest.hex()}",
            "selected_ppm": mean_ppm(score[place], copies),
            "table": dict(self.table),
            "unrated": [
                {"documents": count, "reason": reason}
                for reason, count in sorted(self.parted.rated.reasons.items())
            ],
        }
        return found if self.earlier is None else found | {"earlier": dict(self.earlier)}


def tail_of(
    log: Log,
    mix: Mix,
    tail: Tail,
    found: Candidates,
    policy: Policy,
    rated: Rated,
    table: Mapping[str, Any],
) -> Tailed:
    """Divide the candidates by their scores, inside what the other axes make.

    Within the caller's read transaction. Raises UnknownNameError for an earlier set that is none,
    RefusedError where the vault withholds who is in it.
    """
    others = [axis for axis in mix.strata if axis != "tail"]
    group = groups_of(log, others, found, policy)
    seen, earlier = None, None
    if tail.earlier is not None:
        members = _members(log, tail.earlier)
        seen = seen_of(found.digests, members)
        root = content_root(members[at : at + 32] for at in range(0, len(members), 32))
        earlier = {
            "content_root": f"sha256:{root.hex()}",
            "documents": len(members) // 32,
            "name": tail.earlier,
        }
    return Tailed(part(tail, rated, group, seen), table, earlier)


def _members(log: Log, name: str) -> bytes:
    """The sorted digests of an earlier set, one after the other."""
    kind = next((kind for kind in (RESERVE, MANIFEST) if name.startswith(kind)), "")
    if not kind:
        rows = log.connection.execute(
            "SELECT e.subject FROM member AS m JOIN entry AS e ON e.idx = m.document "
            "WHERE m.dataset = ? ORDER BY e.subject",
            (find_dataset(log.connection, name),),
        )
        return b"".join(row[0] for row in rows)
    reference = name.removeprefix(kind)
    if kind == MANIFEST:
        index, entry = find_manifest(log, reference)
        members = members_of(log, index, entry)
    else:
        sealed, _, version = reference.partition("@")
        index, entry = find_reserve(log, sealed, int(version))
        members = members_of_reserve(log, index, entry)
    if members is None:
        raise RefusedError(
            f"entry {index}: the vault withholds who is in {name}",
            hint="tail: earlier needs them to say what is new",
        )
    return members
