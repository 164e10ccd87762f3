"""Verifies a manifest's folder: signature, every part and text, and its entry if the log is here.

Levels: 1 signature and rows, 2 the statement is in the ledger, 3 the ledger chooses the same rows
again, 4 every text hashed.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ledger.errors import ForkError, VerificationError, printable
from ledger.log.log import Log
from ledger.log.runs import keys_of
from ledger.manifests.building.recompute import recompute
from ledger.manifests.layout import MANIFEST
from ledger.manifests.loading.manifest import Manifest
from ledger.manifests.opening.open import open_manifest
from ledger.manifests.recorded import manifests, newest_of
from ledger.manifests.statement import Statement
from ledger.manifests.strata.excluded import taken_down
from ledger.manifests.words import above_lines, below_lines
from ledger.provenance.conditions import moment
from ledger.provenance.trust import key_label
from ledger.reserves.selection.digests import order_of, positions

__all__ = ["Against", "Report", "check_against", "is_manifest", "verify_directory"]


@dataclass(frozen=True)
class Against:
    """What a ledger says of a manifest: its entry, what took its place, and who of it is down.

    `index` is None where the ledger does not have it, or its actor took it back. `unasked` says why
    it was not chosen again, None where it was, and came out the same.
    """

    index: int | None
    superseded_by: str | None
    taken_down: int
    unasked: str | None = None


@dataclass(frozen=True)
class Report:
    """A manifest that verified. `against` is None where no ledger was at hand."""

    statement: Statement
    digest: str
    signers: tuple[str, ...]
    against: Against | None

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels reached."""
        if self.against is None or self.against.index is None:
            return (1, 4)
        return (1, 2, 3, 4) if self.against.unasked is None else (1, 2, 4)

    def text(self) -> str:
        """For people."""
        named = " and ".join(map(str, self.levels[-2:]))
        levels = ", ".join([*map(str, self.levels[:-2]), named])
        lines = above_lines(self.statement)
        lines[0] = f"{self.statement.reference}: levels {levels}: " + ", ".join(
            _MEANT[level] for level in self.levels
        )
        lines.insert(1, f"{self.statement.rows:,} rows for stage {self.statement.stage}")
        lines += below_lines(self.statement)
        signed = " and ".join(map(key_label, self.signers))
        lines.append(
            f"unchanged since {moment(self.statement.issued_at)}, by the issuer's clock; "
            f"signed by {signed}. Whether the claims are true is not checked."
        )
        lines += self._against()
        return "\n".join(printable(line, 4000) for line in lines)

    def _against(self) -> list[str]:
        if self.against is None:
            return ["no ledger at hand: that it was recorded, and what was taken down, not checked"]
        index, lines = self.against.index, []
        lines.append("the ledger at hand has no such entry" if index is None else f"entry {index}")
        if index is not None and self.against.unasked is not None:
            lines.append(f"not chosen again: {self.against.unasked}")
        if self.against.superseded_by is not None:
            lines.append(f"superseded by {self.against.superseded_by}")
        if self.against.taken_down:
            lines.append(f"{self.against.taken_down:,} of its documents have been taken down")
        return lines

    def data(self) -> dict[str, Any]:
        """As JSON values."""
        against = self.against
        return {
            "content_root": f"sha256:{self.statement.content_root.hex()}",
            "index": None if against is None else against.index,
            "levels": list(self.levels),
            "manifest": self.statement.reference,
            "rows": self.statement.rows,
            "signers": list(self.signers),
            "stage": self.statement.stage,
            "statement": self.digest,
            "superseded_by": None if against is None else against.superseded_by,
            "taken_down": None if against is None else against.taken_down,
            "unasked": None if against is None else against.unasked,
            "units": self.statement.units,
        }


_MEANT = {
    1: "the signature holds",
    2: "the statement is in the ledger",
    3: "the ledger chooses the same rows again",
    4: "every text was hashed again",
}


def is_manifest(path: Path) -> bool:
    """Whether a manifest lies in a folder, as far as its names tell."""
    return (path / MANIFEST).is_file()


def verify_directory(folder: Path, location: str) -> Report:
    """Verify a folder with this user's keys, and with the ledger at `location` if there is one.

    Raises what opening and reading a manifest raise, check_against and recompute.
    """
    from ledger.databases import database_for

    found = open_manifest(folder)
    found.verify()
    against = None
    if database_for(location).exists(location):
        from ledger.provenance.opening import open_ledger

        with open_ledger(location) as log:
            against = check_against(log, found)
            if against.index is not None:
                strata = {
                    "axes": list(found.statement.axes),
                    "strata": list(found.strata),
                    "unit": found.statement.unit,
                }
                unasked = recompute(log, found.statement, strata)
                against = replace(against, unasked=unasked)
    return Report(found.statement, found.digest, found.signers, against)


def check_against(log: Log, manifest: Manifest) -> Against:
    """What `log` says of a manifest; one that another log made is not in it.

    Raises VerificationError if it is newer than the ledger, ForkError if the ledger's entries are
    not those it was chosen from.
    """
    statement, head = manifest.statement, manifest.statement.head
    if head.log_name == log.log_name:
        if log.size < head.size:
            raise VerificationError(
                f"{printable(log.location)}: {log.size} entries, the manifest is as of {head.size}",
                hint="this is an older copy of the ledger",
            )
        if log.store.root_at(log.store.load(), head.size) != head.root:
            raise ForkError(
                f"{statement.reference}: the first {head.size} entries of "
                f"{printable(log.location)} are not those it was chosen from"
            )
    index = next(
        (i for i, entry in manifests(log) if entry.body["statement"] == manifest.digest), None
    )
    newest = None if index is None else newest_of(log, statement.name)
    later = None
    if newest is not None and newest[0] != index:
        body = newest[1].body
        later = f"{body['name']}@{body['version']} at entry {newest[0]}"
    return Against(index, later, _down(log, manifest))


def _down(log: Log, manifest: Manifest) -> int:
    """How many of its documents a live takedown names."""
    digests = manifest.rows.digest
    digests = digests[order_of(digests)]
    down = np.frombuffer(b"".join(taken_down(log)), np.uint8).reshape(-1, 32)
    return int((positions(digests, keys_of(digests), down) >= 0).sum())
