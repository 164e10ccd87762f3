"""What no policy may do, found by trying it: a review alone never lowers a declaration or a mark.

Every combination of the flags, measures and dates that a policy's rules tell apart is decided
twice, with and without the review.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from ledger.errors import InputError
from ledger.provenance.conditions import (
    AtLeast,
    Condition,
    ExistedBy,
    FlagIs,
    Profile,
    seconds,
)
from ledger.provenance.facts import FLAGS, PROFILE_FIELDS
from ledger.provenance.rules import Policy, Rule

__all__ = ["lowered_by_review"]

_KEYED = FLAGS["declared_ai"] | FLAGS["marked"]
_REVIEW = FLAGS["sourced_review"]
_MOST = 1 << 16  # profiles that are tried: a second's work; our own policies have some hundreds


def lowered_by_review(policy: Policy) -> tuple[Rule, Rule] | None:
    """Two rules, the second of which takes a document away from the first for nothing but a review,
    and from synthetic_known to anything else; None where there are none.

    Raises InputError for a policy that asks for more than can be tried.
    """
    if not any(
        isinstance(condition, FlagIs) and condition.flag == "sourced_review"
        for rule in policy.rules
        for part in rule.alternatives
        for condition in part
    ):
        return None
    for profile in _profiles(policy):
        flags = profile[0] or 0
        without = policy.decide(profile)
        reviewed = policy.decide((flags | _REVIEW, *profile[1:]))
        if without.label == "synthetic_known" and reviewed.label != "synthetic_known":
            return without, reviewed
    return None


def _profiles(policy: Policy) -> Iterator[Profile]:
    """Profiles without the review, with a declaration or a mark, that any rule could tell apart."""
    conditions = [c for rule in policy.rules for part in rule.alternatives for c in part]
    asked = {c.flag for c in conditions if isinstance(c, FlagIs)} | {"declared_ai", "marked"}
    bits = [FLAGS[name] for name in sorted(asked - {"sourced_review"})]
    told = _told_apart(conditions, policy)
    many = 2 ** len(bits) * prod(map(len, told.values()))
    if many > _MOST:
        raise InputError(
            f"found {many:,} combinations of flags, measures and dates, expected at most {_MOST:,}",
            hint="rules that ask for sourced_review are tried on all of them: ask for less",
        )
    for chosen in product((False, True), repeat=len(bits)):
        flags = sum(bit for bit, on in zip(bits, chosen, strict=True) if on)
        if not flags & _KEYED:
            continue
        for measured in product(*told.values()):
            values: dict[str, int | None] = dict.fromkeys(PROFILE_FIELDS)
            values |= dict(zip(told, measured, strict=True)) | {"flags": flags}
            yield tuple(values[name] for name in PROFILE_FIELDS)


def _told_apart(conditions: Sequence[Condition], policy: Policy) -> dict[str, set[int | None]]:
    """Field of the profile -> the values of it that the conditions tell apart, None among them."""
    found: defaultdict[str, set[int | None]] = defaultdict(lambda: {None})
    dates = [c for c in conditions if isinstance(c, ExistedBy)]
    for condition in conditions:
        if isinstance(condition, AtLeast):
            found[condition.measure].add(condition.least)
    before = {seconds(c.before or policy.cutoff) - 1 for c in dates}
    for date in dates:
        for how in ("checked",) if date.checked else ("checked", "asserted"):
            found[f"{how}_e{date.level}"] |= before
    return found
