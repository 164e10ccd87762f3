"""The shape of a label policy: ordered rules over facts, and the SQL they compile to.

The first rule that applies decides. Knows no file, no database and no document.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from ledger.provenance.conditions import Condition, Profile, seconds

__all__ = ["BASES", "LABELS", "Policy", "Rule", "compile_sql", "fill"]

LABELS = ("human_verified", "human_unverified", "synthetic_known", "synthetic_suspected")

# What each label may rest on. Absence of a signal is unknown, never human.
BASES: Mapping[str, tuple[str, ...]] = {
    "human_verified": ("attested", "observed", "sourced_review", "predates"),
    "human_unverified": ("declared", "predates", "none"),
    "synthetic_known": ("declared", "marked"),
    "synthetic_suspected": ("declared", "marked", "classified"),
}


@dataclass(frozen=True)
class Rule:
    """A row of the table. `alternatives`: one must hold, each a list that must hold whole.

    No alternative at all applies to everything. `shown` replaces the label's usual words.
    """

    number: str
    label: str
    basis: str
    words: str
    alternatives: tuple[tuple[Condition, ...], ...] = ()
    shown: str | None = None

    @property
    def condition(self) -> str:
        """The conditions as the policy's TOML spells them."""
        if not self.alternatives:
            return "otherwise"
        return " or ".join(" and ".join(map(str, part)) for part in self.alternatives)

    def applies(self, profile: Profile, cutoff: int) -> bool:
        return not self.alternatives or bool(self.deciding(profile, cutoff))

    def deciding(self, profile: Profile, cutoff: int) -> tuple[Condition, ...]:
        """The first alternative that holds, or none."""
        for conditions in self.alternatives:
            if all(condition.holds(profile, cutoff) for condition in conditions):
                return conditions
        return ()

    def sql(self, cutoff: int) -> str:
        if not self.alternatives:
            return "true"
        return " OR ".join(
            "(" + " AND ".join(condition.sql(cutoff) for condition in conditions) + ")"
            for conditions in self.alternatives
        )

    def because(self, profile: Profile, cutoff: int) -> str:
        """Why the rule applies, or why not: what holds of one alternative, or fails in each."""
        if not self.alternatives:
            return "no rule above applies"
        deciding = self.deciding(profile, cutoff)
        if deciding:
            return " and ".join(condition.because(profile, cutoff) for condition in deciding)
        reasons = [
            " and ".join(
                condition.because(profile, cutoff)
                for condition in conditions
                if not condition.holds(profile, cutoff)
            )
            for conditions in self.alternatives
        ]
        return "; ".join(dict.fromkeys(reasons))


@dataclass(frozen=True)
class Policy:
    """A parsed policy. `source` is its TOML as read, and `digest` the SHA-256 of those bytes."""

    name: str
    version: int
    title: str
    cutoff: date
    rules: tuple[Rule, ...]
    source: bytes = field(repr=False)
    warning: str | None = None

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def digest(self) -> str:
        return f"sha256:{sha256(self.source).hexdigest()}"

    def sentence(self, cutoff: date | None = None) -> str | None:
        """What every page under this policy must say, if anything."""
        return None if self.warning is None else fill(self.warning, cutoff or self.cutoff)

    def decide(self, profile: Profile, cutoff: date | None = None) -> Rule:
        """The first rule that applies. `profile`: the values of facts.PROFILE_FIELDS."""
        limit = seconds(cutoff or self.cutoff)
        return next(rule for rule in self.rules if rule.applies(profile, limit))


def fill(words: str, cutoff: date) -> str:
    """A sentence of a policy with its cut-off date put in."""
    return words.replace("{cutoff}", cutoff.isoformat())


def compile_sql(policy: Policy, cutoff: date | None = None) -> str:
    """A CASE over the columns of `profile AS p`: the position in `policy.rules` that decides.

    Every value in it is an integer of ours; no text of the policy enters the SQL.
    """
    limit = seconds(cutoff or policy.cutoff)
    rows = " ".join(
        f"WHEN {rule.sql(limit)} THEN {place}" for place, rule in enumerate(policy.rules[:-1])
    )
    last = len(policy.rules) - 1
    return f"CASE {rows} ELSE {last} END" if rows else str(last)
