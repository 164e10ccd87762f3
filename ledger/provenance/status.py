"""How a ledger stands: size, signature, projection, pin, datasets, marks, labels. No changes."""

from dataclasses import dataclass
from datetime import date

from ledger.log.log import Log
from ledger.log.projection import Projection
from ledger.provenance.datasets import Summary, list_datasets
from ledger.provenance.labels import LabelCount, count_labels
from ledger.provenance.models.generations import Share, count_generations
from ledger.provenance.rules import Policy
from ledger.provenance.scans import LastScan, MarkCounts, count_marks, last_scans

__all__ = ["ProjectionState", "Status", "projection_states", "status_of"]


@dataclass(frozen=True)
class ProjectionState:
    """One group of derived tables: `current`, `behind` the log, `other version` or `missing`."""

    name: str
    state: str
    size: int | None


@dataclass(frozen=True)
class Status:
    """`signed` is the newest checkpoint's size, `pinned` what this user has seen of the log.

    `datasets`, `marks`, `scans`, `labels` and `generations` are None where the derived tables
    cannot be read as they stand.
    """

    log_name: str
    size: int
    recorded_at: int
    signed: int | None
    root: bytes | None
    trusted: bool
    pinned: int | None
    vault: bool
    projections: tuple[ProjectionState, ...]
    datasets: tuple[Summary, ...] | None
    marks: MarkCounts | None
    scans: tuple[LastScan, ...] | None
    labels: tuple[LabelCount, ...] | None
    generations: tuple[Share, ...] | None

    @property
    def current(self) -> bool:
        """Whether every derived table follows the log to its head."""
        return all(projection.state == "current" for projection in self.projections)


def status_of(log: Log, policy: Policy, cutoff: date | None = None) -> Status:
    """Look at a ledger; labels are of every document once, under `policy`."""
    size = log.size
    found = log.store.last_checkpoint()
    checkpoint = log.checkpoint()[0] if found is not None else None
    name, vkeys = log.log_name, log.log_vkeys()
    trusted = {verifier.vkey for verifier in log.keys.verifiers("log")}
    pins = [pin.size for vkey in vkeys if (pin := log.pins.get(name, vkey)) is not None]
    states = projection_states(log, size)
    limit = cutoff or policy.cutoff
    readable = all(state.state == "current" for state in states)
    return Status(
        log_name=name,
        size=size,
        recorded_at=log.entry(size - 1).at,
        signed=checkpoint.size if checkpoint else None,
        root=checkpoint.root if checkpoint else None,
        trusted=not trusted.isdisjoint(vkeys),
        pinned=max(pins, default=None),
        vault=log.vault is not None,
        projections=states,
        datasets=tuple(list_datasets(log)) if readable else None,
        marks=count_marks(log) if readable else None,
        scans=tuple(last_scans(log)) if readable else None,
        labels=tuple(count_labels(log.connection, policy, None, cutoff)) if readable else None,
        generations=tuple(count_generations(log.connection, limit)) if readable else None,
    )


def projection_states(log: Log, size: int) -> tuple[ProjectionState, ...]:
    """Each projection against the log's size and this program's schema."""
    rows = log.connection.execute("SELECT name, schema_digest, size FROM projection").fetchall()
    stored = {name: (digest, applied) for name, digest, applied in rows}
    return tuple(
        _state(projection, stored.get(projection.name), size) for projection in log.projections
    )


def _state(projection: Projection, row: tuple[str, int] | None, size: int) -> ProjectionState:
    if row is None:
        return ProjectionState(projection.name, "missing", None)
    digest, applied = row
    if digest != projection.schema_digest:
        return ProjectionState(projection.name, "other version", applied)
    return ProjectionState(projection.name, "current" if applied == size else "behind", applied)
