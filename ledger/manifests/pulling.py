"""Records that a consumer took a manifest, the first time it did."""

from dataclasses import dataclass

from ledger.claims import Pull
from ledger.errors import InputError, RefusedError, printable
from ledger.log.log import Log
from ledger.log.record import Claim, Recorded, record
from ledger.manifests.loading.manifest import Manifest
from ledger.manifests.statement import manifest_subject
from ledger.manifests.verifying import Against, check_against

__all__ = ["Pulled", "pull", "refuse_if_down", "refuse_taken_down"]


@dataclass(frozen=True)
class Pulled:
    """`recorded.new` is False where this consumer took it before."""

    recorded: Recorded
    against: Against


def pull(log: Log, manifest: Manifest, consumer: str) -> Pulled:
    """Record that `consumer` takes `manifest`, which this ledger has recorded.

    Raises InputError for a name that is none, RefusedError for a manifest that the ledger has not,
    that was withdrawn, or that holds documents taken down since; as check_against; and what
    appending raises.
    """
    if not consumer.strip() or len(consumer) > 200 or printable(consumer) != consumer:
        raise InputError(
            f"consumer: found {printable(consumer)!r}, expected 1 to 200 visible characters",
            hint="--consumer says what takes it, such as a training run's name",
        )
    against = check_against(log, manifest)
    reference = manifest.statement.reference
    if against.index is None:
        raise RefusedError(
            f"{reference}: found no such entry in {printable(log.location)}",
            hint="pull it from the ledger that it was built in",
        )
    refuse_taken_down(against, reference)
    body = Pull(manifest=manifest.digest, consumer=consumer)
    (recorded,) = record(log, [Claim("pull", manifest_subject(manifest.statement), body)])
    return Pulled(recorded, against)


def refuse_taken_down(against: Against, reference: str) -> None:
    """Raises RefusedError where documents of a manifest have been taken down since."""
    if against.taken_down:
        raise RefusedError(
            f"{reference}: {against.taken_down:,} of its documents have been taken down, "
            "expected a manifest without them",
            hint="build it again; the new one takes the place of this one",
        )


def refuse_if_down(manifest: Manifest, location: str) -> bool:
    """Whether there is a ledger at `location` to ask what was taken down of a manifest.

    Raises RefusedError for a manifest that holds such documents, and as check_against.
    """
    from ledger.databases import database_for

    if not database_for(location).exists(location):
        return False
    from ledger.provenance.opening import open_ledger

    with open_ledger(location) as log:
        refuse_taken_down(check_against(log, manifest), manifest.statement.reference)
        return log.log_name == manifest.statement.head.log_name
