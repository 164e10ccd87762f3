"""headwater policy: the decision tables that give labels."""

from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.provenance.policy import Policy

__all__ = ["command"]


@click.group("policy")
def command() -> None:
    """Read the label policies."""


@command.command("show")
@click.argument("name", default="clean-strict")
@pass_output
def show(out: Output, name: str) -> None:
    """Show a policy's rules, as a table and in plain words.

    NAME is such as clean-strict@1 or clean-dated, or the path of a TOML file.
    """
    from ledger.provenance.policy import load_policy

    policy = load_policy(name)
    out.result(_text(out, policy), _data(policy))


def _text(out: Output, policy: "Policy") -> str:
    from ledger.provenance.labels import label_words
    from ledger.provenance.rules import fill

    rows = [(rule.number, rule.label, rule.basis, rule.condition) for rule in policy.rules]
    shown = {
        (rule.label, rule.basis): label_words(policy, rule.label, rule.basis)
        for rule in policy.rules
    }
    note = policy.sentence()
    return "\n".join(
        [
            f"{policy.reference}  {policy.title}",
            f"cut-off {policy.cutoff}, {policy.digest}",
            *([f"note: {note}"] if note else []),
            "",
            out.table(["rule", "label", "basis", "when"], rows),
            "",
            "in words; the first rule that applies decides",
            *(f"  {rule.number:<3} {fill(rule.words, policy.cutoff)}" for rule in policy.rules),
            "",
            "shown to people as",
            out.table(
                ["label", "basis", "words"],
                [(label, basis, words) for (label, basis), words in sorted(shown.items())],
            ),
        ]
    )


def _data(policy: "Policy") -> dict[str, Any]:
    from ledger.provenance.labels import label_words
    from ledger.provenance.rules import fill

    return {
        "name": policy.name,
        "version": policy.version,
        "title": policy.title,
        "cutoff": policy.cutoff.isoformat(),
        "digest": policy.digest,
        "note": policy.sentence(),
        "rules": [
            {
                "rule": rule.number,
                "label": rule.label,
                "basis": rule.basis,
                "shown": label_words(policy, rule.label, rule.basis),
                "words": fill(rule.words, policy.cutoff),
                "when": rule.condition,
            }
            for rule in policy.rules
        ],
    }
