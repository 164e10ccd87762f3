"""Where a run is: all that it takes to go on."""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.errors import InputError, printable
from ledger.manifests.order.order import MOST_EPOCHS
from ledger.manifests.order.permutation import MOST

__all__ = ["Position"]


@dataclass(frozen=True)
class Position:
    """The next position of an epoch of a manifest; workers, ranks and batch sizes are no part."""

    manifest: str
    epoch: int = 0
    position: int = 0

    def plain(self) -> dict[str, str | int]:
        """As a checkpoint of a training run keeps it: JSON values."""
        return {"manifest": self.manifest, "epoch": self.epoch, "position": self.position}

    @classmethod
    def parse(cls, state: Mapping[str, object], manifest: str) -> "Position":
        """What `plain` gave, for the manifest that is open. Raises InputError for anything else."""
        if not isinstance(state, Mapping) or set(state) != {"manifest", "epoch", "position"}:
            found = ", ".join(map(str, state)) if isinstance(state, Mapping) else repr(state)
            raise InputError(
                f"state: {printable(found) or 'nothing'}, expected manifest, epoch and position"
            )
        if state["manifest"] != manifest:
            raise InputError(
                f"state: of manifest {printable(state['manifest'])}, expected {manifest}",
                hint="open the manifest that the run began with, or begin anew",
            )
        return cls(
            manifest,
            _whole("epoch", state["epoch"], MOST_EPOCHS - 1),
            _whole("position", state["position"], MOST),
        )


def _whole(what: str, value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InputError(
            f"state: {what} {printable(repr(value))}, expected a whole number from 0 to {most}"
        )
    return value
