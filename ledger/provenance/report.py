"""An explanation as lines for people and as JSON for programs. The same content in both."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from ledger.errors import printable
from ledger.provenance.conditions import (
    FLAG_WORDS,
    evidence_words,
    measure_words,
    moment,
    seconds,
)
from ledger.provenance.explain import Decision, Explanation, Membership, Said
from ledger.provenance.facts import DATE_FIELDS, FLAGS, PROFILE_FIELDS
from ledger.provenance.labels import basis_words, label_words
from ledger.provenance.needed import change_lines, missing_above
from ledger.provenance.rules import Policy
from ledger.provenance.words import FIELD_WORDS

__all__ = ["label_line", "report_json", "report_lines", "summary_json", "summary_lines"]

_SHOWN = 10  # occurrences that `document show` prints


def label_line(policy: Policy, label: str, basis: str, cutoff: date) -> str:
    """A label with its basis, in words and in its codes."""
    words = f"{label_words(policy, label, basis)}: {basis_words(basis, cutoff)}"
    return f"{words} ({label}, {basis})"


# --- text


def report_lines(explanation: Explanation) -> list[str]:
    """What `document explain` prints."""
    policy = explanation.policy
    lines = [*_head(explanation), "", "claims, in the order of the log"]
    for said in explanation.claims:
        lines += _claim(said)
    if explanation.file_evidence:
        lines += ["", "evidence of the files it lies in"]
        for said in explanation.file_evidence:
            lines += [*_claim(said), f"      about file {said.subject}"]
    lines += ["", *_memberships(explanation), "", *_facts(explanation)]
    lines += [
        "",
        f"rules of {policy.reference}, cut-off {explanation.cutoff}; the first yes decides",
    ]
    lines += [_decision(decision) for decision in explanation.decisions]
    if explanation.decisions:
        lines.append(f"      {explanation.decisions[-1].words}")
        changes = list(change_lines(explanation))
        lines += ["", "what would change it", *changes] if changes else []
    else:
        lines.append("  none is tried: no live claim makes these bytes a document")
    return lines


def summary_lines(explanation: Explanation) -> list[str]:
    """What `document show` prints."""
    lines = [*_head(explanation), "", *_memberships(explanation)]
    found = [said for said in explanation.claims if said.kind == "origin" and said.counts]
    if found:
        lines += ["", "found"]
        for said in found[:_SHOWN]:
            lines += [f"  entry {said.index}: {said.words}", *_values(said)]
        if len(found) > _SHOWN:
            lines.append(f"  and {len(found) - _SHOWN:,} more; document explain shows all")
    lines += ["", *_facts(explanation)]
    gone = sum(not said.counts for said in explanation.claims)
    lines += [
        "",
        f"claims: {len(explanation.claims):,}, of which withdrawn or superseded: {gone:,}",
    ]
    return lines


def _head(explanation: Explanation) -> Iterator[str]:
    yield f"document {explanation.document}"
    rule, policy = explanation.rule, explanation.policy
    if rule is None:
        yield "label    none: no live claim makes these bytes a document"
        return
    yield f"label    {label_line(policy, rule.label, rule.basis, explanation.cutoff)}"
    yield f"decided  by rule {rule.number} of {policy.reference}, cut-off {explanation.cutoff}"
    sentence = policy.sentence(explanation.cutoff)
    if sentence is not None:
        yield f"note     {sentence}"


def _claim(said: Said) -> list[str]:
    standing = "live"
    if said.withdrawn_by is not None:
        standing = f"withdrawn by entry {said.withdrawn_by}"
    elif said.superseded_by is not None:
        standing = f"superseded by entry {said.superseded_by}"
    head = f"  entry {said.index}  {printable(said.kind)}  {standing}"
    who = f"      {printable(said.actor)}, {moment(said.at)}"
    return [head, who, f"      {said.words}", *_values(said)]


def _values(said: Said) -> Iterator[str]:
    for field, value in said.values.items():
        yield f"      {printable(field)}: {'withheld' if value is None else printable(value)}"


def _memberships(explanation: Explanation) -> Iterator[str]:
    yield "in datasets" if explanation.memberships else "in no dataset"
    for member in explanation.memberships:
        times = "occurrence" if member.occurrences == 1 else "occurrences"
        said = [f"{member.occurrences:,} {times}", f"{member.bytes:,} bytes"]
        said += [
            f"{FIELD_WORDS[name]} {printable(value)}" for name, value in member.attributes.items()
        ]
        if member.collected_at is not None:
            said.append(f"collected {moment(member.collected_at)}")
        yield f"  {printable(member.dataset)}: {', '.join(said)}"


def _facts(explanation: Explanation) -> Iterator[str]:
    yield "facts"
    if explanation.profile is None:
        yield "  none"
        return
    facts = dict(zip(PROFILE_FIELDS, explanation.profile, strict=True))
    said = [FLAG_WORDS[name][0] for name in _flags(facts["flags"] or 0)]
    share, generation = facts["ai_ppm"], facts["generation"]
    if share is not None:
        said.append(f"declared AI share {share / 10_000:g} %")
    for name in ("marked_milli", "marked_public_milli"):
        power = facts[name]
        if power is not None:
            said.append(measure_words(name, power))
    if generation is not None:
        said.append(f"generation {generation} or later")
    for name in DATE_FIELDS:
        at = facts[name]
        if at is not None:
            said.append(f"{evidence_words(name)} dates it {moment(at)} at the latest")
    yield from (f"  {line}" for line in said or ["no flag, no date"])


def _decision(decision: Decision) -> str:
    answer = "yes" if decision.applies else "no"
    entries = ", ".join(str(index) for index in decision.entries)
    named = (
        f" ({'entry' if len(decision.entries) == 1 else 'entries'} {entries})" if entries else ""
    )
    return f"  {decision.rule.number:<3} {answer}: because {decision.because}{named}"


def _flags(flags: int) -> list[str]:
    return [name for name, bit in FLAGS.items() if flags & bit]


# --- JSON


def summary_json(explanation: Explanation) -> dict[str, Any]:
    """What `document show --json` prints. What is not known is null or absent."""
    rule, policy = explanation.rule, explanation.policy
    label: dict[str, Any] | None = None
    if rule is not None:
        label = {
            "label": rule.label,
            "basis": rule.basis,
            "rule": rule.number,
            "words": label_line(policy, rule.label, rule.basis, explanation.cutoff),
        }
    return {
        "document": explanation.document,
        "label": label,
        "policy": {
            "name": policy.reference,
            "digest": policy.digest,
            "cutoff": explanation.cutoff.isoformat(),
            "note": policy.sentence(explanation.cutoff),
        },
        "datasets": [_member_json(member) for member in explanation.memberships],
        "facts": _facts_json(explanation),
        "claims": [_claim_json(said) for said in explanation.claims],
    }


def report_json(explanation: Explanation) -> dict[str, Any]:
    """What `document explain --json` prints: the summary, file evidence and each rule tried."""
    return summary_json(explanation) | {
        "file_evidence": [_claim_json(said) for said in explanation.file_evidence],
        "rules": [
            {
                "rule": decision.rule.number,
                "applies": decision.applies,
                "because": decision.because,
                "words": decision.words,
                "entries": list(decision.entries),
            }
            for decision in explanation.decisions
        ],
        "would_change_it": [
            {
                "rule": one.rule.number,
                "label": one.rule.label,
                "basis": one.rule.basis,
                "if": one.words(seconds(explanation.cutoff)),
            }
            for one in missing_above(explanation)
        ],
    }


def _claim_json(said: Said) -> dict[str, Any]:
    return {
        "entry": said.index,
        "kind": said.kind,
        "subject": said.subject,
        "at": said.at,
        "actor": said.actor,
        "live": said.counts,
        "withdrawn_by": said.withdrawn_by,
        "superseded_by": said.superseded_by,
        "words": said.words,
        "values": said.values,
    }


def _member_json(member: Membership) -> dict[str, Any]:
    return {
        "dataset": member.dataset,
        "occurrences": member.occurrences,
        "bytes": member.bytes,
        "collected_at": member.collected_at,
        **member.attributes,
    }


def _facts_json(explanation: Explanation) -> dict[str, Any] | None:
    if explanation.profile is None:
        return None
    facts: dict[str, Any] = dict(zip(PROFILE_FIELDS, explanation.profile, strict=True))
    facts["flags"] = _flags(facts["flags"] or 0)
    return facts
