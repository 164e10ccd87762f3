"""Labels: counted by one SQL query, or decided for one profile. Both from the same rules.

A policy labels profiles, of which there are few, and documents join theirs. Labels are derived
each time they are asked for; no table stores one. No label is shown without its basis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ledger.databases import Connection
from ledger.provenance.conditions import Profile
from ledger.provenance.rules import Policy, Rule, compile_sql

__all__ = [
    "BASIS_WORDS",
    "LABEL_WORDS",
    "LabelCount",
    "basis_words",
    "count_labels",
    "explain_plan",
    "label_of",
    "label_words",
    "labelled",
]

LABEL_WORDS = {
    "human_verified": "human authorship attested",
    "human_unverified": "author unknown",
    "synthetic_known": "AI-generated, declared or marked",
    "synthetic_suspected": "AI-generated, suspected",
}

BASIS_WORDS = {
    "attested": "signed by an author",
    "observed": "typing was observed",
    "sourced_review": "two reviewers, each with a source outside the text",
    "predates": "dated before the cut-off",
    "declared": "declared",
    "marked": "watermark detected",
    "classified": "calibrated classifier",
    "none": "no evidence either way",
}


@dataclass(frozen=True)
class LabelCount:
    """Documents one rule decided. Occurrences and bytes are of one dataset's members, else None."""

    label: str
    basis: str
    rule: str
    documents: int
    occurrences: int | None
    bytes: int | None


def label_of(profile: Profile, policy: Policy, cutoff: date | None = None) -> Rule:
    """The rule that labels a profile (the values of facts.PROFILE_FIELDS, in their order)."""
    return policy.decide(profile, cutoff)


def label_words(policy: Policy, label: str, basis: str) -> str:
    """The label for people. A policy may say it in its own words for one basis."""
    for rule in policy.rules:
        if (rule.label, rule.basis) == (label, basis) and rule.shown is not None:
            return rule.shown
    return LABEL_WORDS[label]


def basis_words(basis: str, cutoff: date) -> str:
    """The basis for people, with the cut-off's date where it is the reason."""
    return f"dated before {cutoff.isoformat()}" if basis == "predates" else BASIS_WORDS[basis]


def labelled(policy: Policy, cutoff: date | None = None) -> str:
    """A common table expression `labelled(profile, rule)`: each profile's place in policy.rules."""
    return (
        "labelled(profile, rule) AS MATERIALIZED "
        f"(SELECT p.id, {compile_sql(policy, cutoff)} FROM profile AS p)"
    )


def count_labels(
    connection: Connection,
    policy: Policy,
    dataset_id: int | None = None,
    cutoff: date | None = None,
    *,
    table: str = "member",
) -> list[LabelCount]:
    """Documents, occurrences and bytes per rule, in the policy's order; rules without any left out.

    One query over the projection. Without a dataset: every document once, whatever names it.
    `table` is another one of member's columns, such as a selection's.
    """
    sql, parameters = _query(policy, dataset_id, cutoff, table)
    return [
        LabelCount(
            policy.rules[place].label,
            policy.rules[place].basis,
            policy.rules[place].number,
            documents,
            occurrences,
            size,
        )
        for place, documents, occurrences, size in connection.execute(sql, parameters).fetchall()
    ]


def explain_plan(
    connection: Connection,
    policy: Policy,
    dataset_id: int | None = None,
    cutoff: date | None = None,
) -> list[str]:
    """How SQLite answers count_labels: its query plan, one step a line."""
    sql, parameters = _query(policy, dataset_id, cutoff)
    rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
    return [str(row[3]) for row in rows]


def _query(
    policy: Policy, dataset_id: int | None, cutoff: date | None, table: str = "member"
) -> tuple[str, Sequence[int]]:
    head = f"WITH {labelled(policy, cutoff)} "
    if dataset_id is None:
        # grouped before the join: a row a profile reaches it, not a row a document
        return (
            head + "SELECT l.rule, sum(f.documents), NULL, NULL FROM "
            "(SELECT profile, count(*) AS documents FROM fact GROUP BY profile) AS f "
            "JOIN labelled AS l ON l.profile = f.profile GROUP BY l.rule ORDER BY l.rule",
            (),
        )
    return (
        head + f"SELECT l.rule, count(*), sum(m.occurrences), sum(m.bytes) FROM {table} AS m "
        "JOIN fact AS f ON f.document = m.document "
        "JOIN labelled AS l ON l.profile = f.profile "
        "WHERE m.dataset = ? GROUP BY l.rule ORDER BY l.rule",
        (dataset_id,),
    )
