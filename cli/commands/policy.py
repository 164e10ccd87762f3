"""headwater policy: the decision tables that give labels, and which of them is in use."""

from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output

if TYPE_CHECKING:
    from ledger.provenance.policy import Policy

__all__ = ["command"]


@click.group("policy")
def command() -> None:
    """Read, check and choose the rules that give labels."""


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


@command.command("check")
@click.argument("file", metavar="NAME|FILE")
@pass_output
def check(out: Output, file: str) -> None:
    """Check a policy: its form, and what no policy may do.

    No ledger is read. A policy is refused, with the rule named, that makes somebody human because
    nothing was found, that takes a classifier's word for more than a suspicion, or in which a
    review alone lowers a declaration or a mark.

    \b
    Example:
      headwater policy check ours.toml
    """
    from ledger.provenance.policy import load_policy

    policy = load_policy(file)
    text = f"{policy.reference}: {len(policy.rules)} rules, cut-off {policy.cutoff}, may be used"
    out.result(f"{text}\n{policy.digest}", _data(policy))


@command.command("use")
@click.argument("name", metavar="NAME|FILE")
@pass_output
def use(out: Output, name: str) -> None:
    """Label by a policy from now on, where nobody names another.

    The policy is recorded with its text, signed with the ledger's statement key. Certificates,
    labels and explanations that are asked for without --policy are by it; those that exist keep
    theirs.

    \b
    Example:
      headwater policy use ours.toml
    """
    from ledger.provenance.in_use import use_policy
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger, write=True) as log:
        used = use_policy(log, name)
    policy = used.policy
    state = "in use from now on" if used.new else "in use already"
    out.result(
        f"{policy.reference}: {state}; entry {used.index}\n{policy.digest}",
        {
            "name": policy.name,
            "version": policy.version,
            "digest": policy.digest,
            "index": used.index,
            "new": used.new,
        },
    )


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
