"""The forget set of a document: the manifests that select it, who pulled them, what was trained on
them, and in which batches it came.

The first three are the ledger's to say. Batches follow from a manifest's folder alone, for batches
of any size: an epoch's order is a keyed permutation, so where a document stands takes a few steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.record import live
from ledger.manifests.loading.manifest import Manifest
from ledger.manifests.order.batches import Batches
from ledger.manifests.recorded import members_of
from ledger.provenance.models.opening import models_of
from ledger.provenance.models.registered import ModelStanding
from ledger.provenance.recorded import claims, holds

__all__ = ["Holding", "Place", "holding", "places_of"]


@dataclass(frozen=True)
class Holding:
    """The manifests of one name and version that select a document.

    `statements` are their digests, `consumers` who pulled them, and `models` those registered as
    trained on them, or tuned from such a one: all by name.
    """

    name: str
    version: str
    statements: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A document's position in an epoch, and its batch if somebody said how large batches are."""

    epoch: int
    position: int
    batch: int | None


def holding(log: Log, document: str) -> list[Holding]:
    """The manifests that select a document, as far as the vault tells, by name and version.

    All that were ever recorded, superseded and withdrawn ones too: a model may have been trained
    on any of them.
    """
    digest = parse_digest(document)
    found: dict[tuple[str, str], list[Entry]] = {}
    for index, entry in claims(log, "manifest"):
        members = members_of(log, index, entry)
        if members is not None and holds(members, digest):
            key = str(entry.body["name"]), str(entry.body["version"])
            found.setdefault(key, []).append(entry)
    models = list(models_of(log)) if found else []
    return [
        Holding(*key, *_touched(log, models, entries)) for key, entries in sorted(found.items())
    ]


def places_of(
    manifest: Manifest, document: str, epochs: range, batch_size: int | None = None, start: int = 0
) -> list[Place]:
    """Where a document (`sha256:…`) comes in these epochs, ascending; nowhere if it is not here.

    Batches of `batch_size` count from 0 at position `start`, in every epoch; what lies before is
    left out. Raises InputError.
    """
    batches = Batches(len(manifest), batch_size or 1, start)
    found = []
    for epoch in epochs:
        for position in manifest.positions(document, epoch):
            batch = batches.holding(position)
            if batch is not None:
                found.append(Place(epoch, position, None if batch_size is None else batch))
    return found


def _touched(
    log: Log, models: Sequence[ModelStanding], entries: Sequence[Entry]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(statements, consumers, models) of manifests of one name and version."""
    statements = {str(entry.body["statement"]) for entry in entries}
    about = live([(index, log.entry(index)) for index in log.find(entries[0].subject)])
    consumers = {
        str(entry.body["consumer"])
        for _, entry in about
        if entry.kind == "pull" and entry.body["manifest"] in statements
    }
    return tuple(sorted(statements)), tuple(sorted(consumers)), _trained(models, statements)


def _trained(models: Sequence[ModelStanding], statements: set[str]) -> tuple[str, ...]:
    """The models trained on one of the manifests, and those tuned from them, however far."""
    found = {
        model.subject: model.reference
        for model in models
        if statements.intersection(model.body.get("manifests", ()))
    }
    grown = -1
    while len(found) != grown:
        grown = len(found)
        found |= {
            model.subject: model.reference for model in models if model.body.get("base") in found
        }
    return tuple(sorted(found.values()))
