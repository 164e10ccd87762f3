"""How many more documents would decide, where an interval is too wide to pass."""

from dataclasses import dataclass
from math import ceil

from ledger.verdicts.statistics.prevalence import Estimate

__all__ = ["Needed", "documents_needed"]


@dataclass(frozen=True)
class Needed:
    """More documents that would bring the upper end to the limit, if the estimate stayed.

    `sampled` of what is measured, else `human` known ones; both None if neither alone would do.
    With `own`, the known ones must be text of what was measured.
    """

    sampled: int | None = None
    human: int | None = None
    own: bool = False

    @property
    def words(self) -> str:
        """For a person."""
        if self.sampled is not None:
            return f"about {self.sampled:,} more measured documents would decide"
        if self.human is not None and self.own:
            return (
                f"{self.human:,} or more known human documents of the same text come first: the "
                "interval spans sources that differ"
            )
        if self.human is not None:
            return (
                f"about {self.human:,} more known human documents in the calibration would decide"
            )
        return "more documents alone would not decide: human and AI samples lie too close together"


def documents_needed(estimate: Estimate, ceiling: float, available: int) -> Needed:
    """How many more documents would bring the upper end down to `ceiling`.

    `available` documents could be measured in all. The delta method's variance of the Rogan–Gladen
    estimate, (q(1−q)/n + (1−p)² f(1−f)/m + p² t(1−t)/k) / (t − f)² with q, f and t the shares above
    the cut of the measured, human and AI documents, says how the interval's width divides among
    the three samples; it is solved for n, then for m.
    """
    q = estimate.flagged / estimate.n
    f = (estimate.human_above + 1) / (estimate.m_human + 1)
    t = estimate.ai_above / estimate.m_ai
    p = estimate.point
    parts = q * (1 - q), (1 - p) ** 2 * f * (1 - f), p**2 * t * (1 - t) / estimate.m_ai
    total = parts[0] / estimate.n + parts[1] / estimate.m_human + parts[2]
    if not estimate.informative or total <= 0 or not p < ceiling < estimate.high:
        return Needed()
    measured, human, synthetic = (
        part / total * (estimate.high - p) ** 2 / (ceiling - p) ** 2 for part in parts
    )  # the same parts, where 1 is what there is room for
    left = 1 - human / estimate.m_human - synthetic
    if left > 0 and measured / left <= available:
        return Needed(sampled=max(ceil(measured / left) - estimate.n, 1))
    left = 1 - measured / max(available, estimate.n) - synthetic
    if left <= 0:
        return Needed()
    return Needed(human=max(ceil(human / left) - estimate.m_human, 1))
