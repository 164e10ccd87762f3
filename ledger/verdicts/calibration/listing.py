"""What can be asked, and what it is calibrated on: detectors and profiles in rows."""

from dataclasses import dataclass

from ledger.log.log import Log
from ledger.verdicts.calibration.find import Standing, profiles
from ledger.verdicts.core.model import shipped
from ledger.verdicts.scanning.detectors import OURS, vendors

__all__ = ["ListedDetector", "ListedProfile", "list_detectors", "list_profiles"]

LIVE, EXPIRED, SUPERSEDED, OTHER_WEIGHTS = "live", "expired", "superseded", "other weights"


@dataclass(frozen=True)
class ListedProfile:
    """A calibration, and whether it counts.

    "superseded" by a newer one of its name; "other weights" than those of this release.
    """

    standing: Standing
    status: str


@dataclass(frozen=True)
class ListedDetector:
    """Our own detector, or a vendor's of which the ledger holds results.

    `calibrations` are the live ones, by NAME@VERSION.
    """

    source: str
    name: str
    version: str
    weights: str | None
    calibrations: tuple[str, ...]


def list_profiles(log: Log) -> list[ListedProfile]:
    """Every unwithdrawn calibration, in the order of the log, as it stands now."""
    known, now = profiles(log), log.clock()
    newest = {standing.body.name: standing.index for standing in known}
    return [ListedProfile(standing, _status(standing, newest, now)) for standing in known]


def list_detectors(log: Log) -> list[ListedDetector]:
    """Our detector first, then vendors' by name."""
    model = shipped()
    rows: list[tuple[str, str, str, str | None]] = [
        (OURS, model.name, model.version, model.digest),
        *((one.source, one.name, one.version, None) for one in vendors(log)),
    ]
    alive = [listed.standing for listed in list_profiles(log) if listed.status == LIVE]
    return [
        ListedDetector(
            *row, tuple(standing.label for standing in alive if _detector(standing) == row)
        )
        for row in rows
    ]


def _status(standing: Standing, newest: dict[str, int], now: int) -> str:
    if standing.expired(now):
        return EXPIRED
    if newest[standing.body.name] != standing.index:
        return SUPERSEDED
    other = standing.body.source == OURS and standing.body.weights != shipped().digest
    return OTHER_WEIGHTS if other else LIVE


def _detector(standing: Standing) -> tuple[str, str, str, str | None]:
    body = standing.body
    return body.source, body.detector, body.detector_version, body.weights
