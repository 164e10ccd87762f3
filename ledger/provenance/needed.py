"""What evidence would change a label: the rules above the one that decided, and what they miss."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.provenance.conditions import (
    FLAG_WORDS,
    MEASURES,
    AtLeast,
    Condition,
    ExistedBy,
    FlagIs,
    Profile,
    seconds,
)
from ledger.provenance.explain import Explanation
from ledger.provenance.labels import basis_words, label_words
from ledger.provenance.rules import Rule

__all__ = ["Missing", "change_lines", "missing_above"]

SHOWN = 4
"""Rules that are named: those that miss the least, the nearest first."""

_NEEDED = {
    "declared_ai": "somebody declares that AI edited its content or wrote it (A2 to A4)",
    "declared_human": "somebody declares A0 or A1 of the whole",
    "attested": "an author whose key this log names signs A0 or A1 of the whole",
    "observed": "an author whose key this log names signs A0 or A1 of the whole, typing observed",
    "sourced_review": "two reviewers decide human, each with a source outside the text",
    "marked": "a registered mark is found of a key that only its provider had",
    "marked_public": "a registered mark is found of a key that others have",
    "classified": "a calibrated classifier finds it like AI samples",
    "classified_fdr": "a calibrated classifier finds it like AI samples, and that holds among all "
    "of its run",
    "hinted_ai": "AI content is declared in a form that tools write unasked",
    "conflict": "its claims contradict each other",
}


@dataclass(frozen=True)
class Missing:
    """A rule above the one that decided, with the fewest conditions of it that do not hold."""

    rule: Rule
    conditions: tuple[Condition, ...]

    def words(self, cutoff: int) -> str:
        """What it misses, as a sentence's end."""
        return " and ".join(_needed(condition, cutoff) for condition in self.conditions)


def missing_above(explanation: Explanation) -> list[Missing]:
    """The rules that were tried and did not apply: those that miss the least first, then those
    nearest to the one that decided.
    """
    profile = explanation.profile
    if profile is None:
        return []
    cutoff = seconds(explanation.cutoff)
    above = [decision.rule for decision in explanation.decisions if not decision.applies]
    found = [Missing(rule, _fewest(rule, profile, cutoff)) for rule in reversed(above)]
    return sorted(found, key=lambda one: len(one.conditions))


def _fewest(rule: Rule, profile: Profile, cutoff: int) -> tuple[Condition, ...]:
    failing = [
        tuple(condition for condition in part if not condition.holds(profile, cutoff))
        for part in rule.alternatives
    ]
    return min(failing, key=len)


def change_lines(explanation: Explanation) -> Iterator[str]:
    """What would change the label, for people; nothing where no rule was tried."""
    if not explanation.decisions:
        return
    cutoff = seconds(explanation.cutoff)
    missing = missing_above(explanation)
    for one in missing[:SHOWN]:
        shown = label_words(explanation.policy, one.rule.label, one.rule.basis)
        shown += f" ({basis_words(one.rule.basis, explanation.cutoff)})"
        yield f"  rule {one.rule.number} would say {shown}, if {one.words(cutoff)}"
    if len(missing) > SHOWN:
        more = len(missing) - SHOWN
        yield f"  and {more:,} rule{'' if more == 1 else 's'} above those"
    entries = explanation.decisions[-1].entries
    if entries:
        yield (
            f"  without {_entries(entries)}, which it rests on, the rules below it would be tried"
        )


def _entries(entries: Sequence[int]) -> str:
    named = ", ".join(str(index) for index in entries)
    return f"{'entry' if len(entries) == 1 else 'entries'} {named}"


def _needed(condition: Condition, cutoff: int) -> str:
    if isinstance(condition, FlagIs):
        return _NEEDED[condition.flag] if condition.value else FLAG_WORDS[condition.flag][1]
    if isinstance(condition, AtLeast):
        name = MEASURES[condition.measure][0].removesuffix(",")
        if condition.measure.endswith("_milli"):
            return f"{name} is at or below 1e-{condition.least / 1000:g}"
        return f"{name} is {condition.least:,} or more"
    return _dated(condition, cutoff)


def _dated(condition: ExistedBy, cutoff: int) -> str:
    limit = cutoff if condition.before is None else seconds(condition.before)
    day = datetime.fromtimestamp(limit, UTC).date().isoformat()
    kind = "checked evidence" if condition.checked else "evidence"
    return f"{kind} of level E{condition.level} or better dates it before {day}"
