"""Calibration profiles, found again by name: which stand, which count, and their samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from ledger.claims import VerdictCalibration
from ledger.corpus.neardup.side import Digests
from ledger.errors import (
    GateError,
    RefusedError,
    UnknownNameError,
    VerificationError,
    printable,
)
from ledger.log.canonical import Entry, parse_digest
from ledger.log.content_root import content_root
from ledger.log.log import Log
from ledger.log.record import live
from ledger.provenance.scans import entries_of_kind
from ledger.verdicts.calibration.sample import SampleFile, parse_sample
from ledger.verdicts.core.model import shipped
from ledger.verdicts.scanning.detectors import OURS
from ledger.verdicts.statistics.conformal import Calibration

__all__ = ["HINT", "Profile", "Standing", "day_of", "find_profile", "live_profile", "profiles"]

HINT = "headwater verdict calibrate NAME --human NAME@VERSION makes one from human text you know"


@dataclass(frozen=True)
class Standing:
    """One unwithdrawn calibration claim: its entry, and what it says."""

    index: int
    at: int
    claim_id: str
    subject: str
    body: VerdictCalibration

    @property
    def label(self) -> str:
        """NAME@VERSION."""
        return f"{self.body.name}@{self.body.version}"

    def expired(self, at: int) -> bool:
        """Whether it no longer counts at a time (Unix seconds)."""
        return at >= self.body.expires_at


@dataclass(frozen=True)
class Profile:
    """A calibration with its sample."""

    standing: Standing
    sample: SampleFile

    @property
    def claim_id(self) -> str:
        return self.standing.claim_id

    @property
    def subject(self) -> str:
        return self.standing.subject

    @property
    def index(self) -> int:
        return self.standing.index

    @property
    def at(self) -> int:
        """When it was recorded, in Unix seconds."""
        return self.standing.at

    @property
    def body(self) -> VerdictCalibration:
        return self.standing.body

    @property
    def label(self) -> str:
        return self.standing.label

    @cached_property
    def calibration(self) -> Calibration:
        """As statistics take it."""
        return self.sample.calibration

    @cached_property
    def documents(self) -> Digests:
        """The distinct human documents, sorted: uint8[k, 32]."""
        return self.sample.documents

    @property
    def members(self) -> Mapping[str, Digests]:
        """The human documents by the name of their source, sorted."""
        return {name: part.digests for name, part in self.sample.human.items()}


def profiles(log: Log) -> list[Standing]:
    """Every unwithdrawn calibration, in the order of the log; of equals the first."""
    subjects = {entry.subject for _, entry in entries_of_kind(log, "verdict_calibration")}
    found: dict[str, Standing] = {}
    for subject in subjects:
        for index, entry in live([(index, log.entry(index)) for index in log.find(subject)]):
            if entry.kind == "verdict_calibration":
                found.setdefault(entry.claim_id, _standing(index, entry))
    return sorted(found.values(), key=lambda standing: standing.index)


def find_profile(
    log: Log, name: str | None = None, *, at: int, weights: str | None = None
) -> Profile:
    """The newest calibration of NAME or NAME@VERSION; without a name the newest that counts.

    `weights` are those in use, the shipped ones if None; a calibration of a vendor's detector,
    which has none, is found by name only. Raises UnknownNameError for a name that nothing has,
    GateError where there is no calibration, or it has expired or is of other weights, RefusedError
    where the vault withholds its sample, VerificationError where that is none.
    """
    known = profiles(log)
    if known and weights is None:
        weights = shipped().digest
    if name is None:
        known = [one for one in known if one.body.source == OURS]
        ours = [one for one in known if one.body.weights == weights]
        alive = [one for one in ours if not one.expired(at)]
        return _open(log, _checked((alive or ours or known)[-1:], at, weights))
    wanted, _, version = name.partition("@")
    same = [one for one in known if one.body.name == wanted and version in ("", one.body.version)]
    if known and not same:
        raise UnknownNameError("calibration", name, {one.body.name for one in known})
    return _open(log, _checked(same[-1:], at, weights))


def live_profile(log: Log, *, at: int, weights: str | None = None) -> Profile | None:
    """What find_profile finds without a name; None where nothing counts. Raises as that."""
    try:
        return find_profile(log, at=at, weights=weights)
    except GateError:
        return None


def day_of(seconds: int) -> str:
    """The day of a time, UTC."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _standing(index: int, entry: Entry) -> Standing:
    body = VerdictCalibration.model_validate(entry.body)
    return Standing(index, entry.at, entry.claim_id, entry.subject, body)


def _checked(found: list[Standing], at: int, weights: str | None) -> Standing:
    if not found:
        raise GateError("no calibration on known human text, expected one to rank in", hint=HINT)
    standing = found[0]
    label, body = printable(standing.label), standing.body
    if standing.expired(at):
        raise GateError(
            f"calibration {label} expired on {day_of(body.expires_at)}, expected one that counts",
            hint=f"text changes: headwater verdict calibrate {printable(body.name)} again",
        )
    if body.source == OURS and body.weights != weights:
        raise GateError(
            f"calibration {label} is of weights {body.weights}, expected {weights}",
            hint=f"headwater verdict calibrate {printable(body.name)} again, with these weights",
        )
    return standing


def _open(log: Log, standing: Standing) -> Profile:
    digest = parse_digest(standing.body.sample)
    data = None if log.vault is None else log.vault.attachment(digest)
    if data is None:
        raise RefusedError(
            f"entry {standing.index}: the vault withholds the sample of "
            f"{printable(standing.label)}",
            hint="the vault lies beside the ledger as …vault.db; put it back there",
        )
    sample = parse_sample(data, f"entry {standing.index}: sample")
    _check_sample(standing, sample)
    return Profile(standing, sample)


def _check_sample(standing: Standing, sample: SampleFile) -> None:
    """Whether the sample is of the documents that the claim names."""
    said = {source.source: source.content_root for source in standing.body.human}
    found = {
        name: f"sha256:{content_root(row.tobytes() for row in part.digests).hex()}"
        for name, part in sample.human.items()
    }
    if said != found or len(sample.synthetic) != standing.body.synthetic:
        raise VerificationError(
            f"entry {standing.index}: its sample is of other documents than it says"
        )
