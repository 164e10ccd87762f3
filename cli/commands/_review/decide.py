"""headwater review decide: what you think of what you read, signed."""

from pathlib import Path

import click

from ...output import Output, pass_output
from .._options import roots_option
from ._options import key_option, policy_option

__all__ = ["command"]


@click.command("decide")
@click.argument("task", metavar="TASK|DOCUMENT")
@click.argument("decision", type=click.Choice(["human", "ai", "mixed", "unsure"]))
@click.option(
    "--reason",
    required=True,
    type=click.Choice(
        ["known_source", "author_known", "process_seen", "style", "factual", "artefact", "other"]
    ),
    help="What you go by.",
)
@click.option(
    "--source",
    metavar="FILE|TEXT",
    help="For human: what you found outside the text, as a file or in words; kept in the vault.",
)
@click.option("--because", metavar="TEXT", help="In words; kept in the vault, not in the log.")
@click.option("--revise", is_flag=True, help="Take the place of your own decision; both stay.")
@key_option
@click.option("--dataset", metavar="NAME@VERSION", help="The queue that the task is of.")
@policy_option
@roots_option
@pass_output
def command(
    out: Output,
    task: str,
    decision: str,
    reason: str,
    source: str | None,
    because: str | None,
    revise: bool,
    key: str | None,
    dataset: str | None,
    policy: str | None,
    roots: tuple[Path, ...],
) -> None:
    """Record your decision about a document, signed with your key; then see the evidence.

    TASK is what `review next` names; a document that no queue asks about is taken as somebody's
    complaint. With the evidence seen, --revise records what you changed your mind to. Two people
    who agree settle a document; where they do not, a third adjudicates. `human` counts towards
    human_verified only with a source outside the text.

    \b
    Example:
      headwater review decide 3fa85f64aa17 human --reason author_known --source letter.txt
    """
    from ledger.provenance.explain import explain
    from ledger.provenance.in_use import choose_policy
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.report import report_json, report_lines
    from ledger.provenance.review.decide import Answer
    from ledger.provenance.review.reader import answer_source, claim_signer, decide_task
    from ledger.provenance.review.showing import done_data, done_lines, effect_lines

    answer = Answer(decision, reason, answer_source(source), because, revise)
    with open_ledger(out.ledger, write=True) as log:
        chosen = choose_policy(log, policy)
        signer = claim_signer(log.keys, key)
        done, effect = decide_task(
            log, task, signer, answer, chosen, dataset=dataset, roots=roots
        )  # fmt: skip
        evidence = explain(log, done.task.document, chosen)
    lines = done_lines(done)
    if effect is not None:
        lines += effect_lines(effect)
    lines += ["", "the evidence; --revise records what you change your mind to", ""]
    out.result(
        "\n".join([*lines, *report_lines(evidence)]),
        done_data(done) | {"evidence": report_json(evidence)},
    )
