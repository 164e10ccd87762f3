"""Which policy a ledger labels by, who decided, and what no policy may do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.claims import Policy as PolicyBody
from ledger.claims import Withdrawal
from ledger.errors import InputError, MalformedError, RefusedError
from ledger.log.canonical import subject_of
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.facts import FLAGS, NO_DATES, profile_of
from ledger.provenance.guards import lowered_by_review
from ledger.provenance.in_use import choose_policy, policy_in_use, use_policy
from ledger.provenance.marks import Detection
from ledger.provenance.policy import builtin_policies, load_policy, parse_policy
from ledger.provenance.signing import sign_claim
from tests.provenance.review.making import ledger, person

SOURCE = load_policy("clean-strict").source.replace(b'"clean-strict"', b'"ours"')
REVIEW_RULE = SOURCE[
    SOURCE.index(b'[[rule]]\nnumber = "2c"') : SOURCE.index(b'[[rule]]\nnumber = "3"')
]


@pytest.fixture
def log(own_place: Path) -> Iterator[Log]:
    with ledger() as opened:
        yield opened


def ours(source: bytes = SOURCE) -> str:
    Path("ours.toml").write_bytes(source)
    return "./ours.toml"


def test_nobody_decided(log: Log) -> None:
    assert policy_in_use(log) is None
    assert choose_policy(log, None) == load_policy()


def test_the_newest_is_in_use_and_can_be_again(log: Log) -> None:
    first = use_policy(log, ours())
    assert first.new and choose_policy(log, None).reference == "ours@1"
    assert use_policy(log, ours()) == first.__class__(first.policy, first.index, False)
    second = use_policy(log, "clean-dated")
    third = use_policy(log, ours())
    assert first.index < second.index < third.index and third.new
    assert choose_policy(log, None).source == SOURCE  # from the vault; the file may go
    assert choose_policy(log, "clean-dated").reference == "clean-dated@1"


def test_changed_rules_under_a_known_name(log: Log) -> None:
    use_policy(log, ours())
    with pytest.raises(InputError, match="ours@1: found sha256") as caught:
        use_policy(log, ours(SOURCE.replace(b"2022-11-30", b"2021-11-30")))
    assert caught.value.hint == "give the changed policy another version"


@pytest.mark.parametrize("by", ["nobody", "a person", "the past"])
def test_who_else_says_so_decides_nothing(log: Log, by: str) -> None:
    policy = load_policy("clean-dated")
    subject = subject_of("policy", policy.name, "1")
    issued = None if by == "the past" else log.clock()
    body = PolicyBody(name=policy.name, version="1", source=policy.digest, issued_at=issued)
    sigs = ()
    if by == "a person":
        sigs = (sign_claim(person(log, "eve"), "policy", subject, body.plain()),)  # type: ignore[assignment]
    record(log, [Claim("policy", subject, body, sigs=sigs)], attachments=[policy.source])
    assert policy_in_use(log) is None


def test_a_statement_key_that_was_taken_back_decides_no_more(log: Log) -> None:
    first = use_policy(log, ours())
    assert policy_in_use(log) is not None
    for index in range(first.index):
        entry = log.entry(index)
        if entry.kind == "key" and entry.body["use"] == "statement":
            taken = Withdrawal(claim=entry.claim_id, reason="lost")
            record(log, [Claim("withdrawal", entry.subject, taken)])
    again = policy_in_use(log)
    assert again is not None and again.index == first.index  # it stood when it signed
    with pytest.raises(RefusedError, match=r"statement key .* was taken back"):
        use_policy(log, "clean-dated")
    assert choose_policy(log, None).reference == "ours@1"


def test_a_withheld_policy_is_not_guessed(log: Log) -> None:
    use_policy(log, ours())
    log.vault = None
    with pytest.raises(RefusedError, match="the vault withholds the policy in use"):
        choose_policy(log, None)
    assert choose_policy(log, "clean-strict")


def test_a_review_lowers_a_declaration() -> None:
    """The rule about reviews first: refused, with both rules named."""
    first = SOURCE.index(b'[[rule]]\nnumber = "1a"')
    moved = SOURCE.replace(REVIEW_RULE, b"")
    rule = REVIEW_RULE.replace(b'"2c"', b'"1"')
    moved = moved[:first] + rule + moved[first:]
    with pytest.raises(MalformedError, match=r"rule 1: found human_verified for a review alone, "
                       "expected synthetic_known by rule 1[ab] to stand"):  # fmt: skip
        parse_policy(moved, "ours.toml")
    careful = moved.replace(
        b"when = { sourced_review = true }",
        b"when = { sourced_review = true, declared_ai = false, marked = false }",
    )
    assert parse_policy(careful, "ours.toml").rules[0].label == "human_verified"
    half = careful.replace(b", marked = false", b"")
    with pytest.raises(MalformedError, match="by rule 1b to stand"):
        parse_policy(half, "ours.toml")


def test_a_declaration_that_counts_only_without_a_review() -> None:
    sly = SOURCE.replace(
        b"when = { declared_ai = true }", b"when = { declared_ai = true, sourced_review = false }"
    )
    with pytest.raises(MalformedError, match="rule 2c: found human_verified for a review alone"):
        parse_policy(sly, "ours.toml")


def test_a_review_makes_a_mark_a_suspicion() -> None:
    """Lower is lower, human or not."""
    rule = b"""[[rule]]
number = "1"
label = "synthetic_suspected"
basis = "marked"
words = "Reviewed."
when = { sourced_review = true, marked = true }

"""
    at = SOURCE.index(b'[[rule]]\nnumber = "1a"')
    with pytest.raises(MalformedError, match="rule 1: found synthetic_suspected for a review"):
        parse_policy(SOURCE[:at] + rule + SOURCE[at:], "ours.toml")


def test_a_measure_hides_what_a_review_lowers() -> None:
    """Where both measures are known rule 1b decides, and where neither is, none of these do."""
    rules = b"""[[rule]]
number = "1b"
label = "synthetic_known"
basis = "marked"
words = "Strong."
when = { marked = true, ai_ppm = { at_least = 1 } }

[[rule]]
number = "1c"
label = "human_verified"
basis = "sourced_review"
words = "Reviewed."
when = { sourced_review = true, marked_milli = { at_least = 9000 } }

"""
    shifted = SOURCE.replace(b'number = "1b"', b'number = "1d"')
    at = shifted.index(b'[[rule]]\nnumber = "1d"')
    with pytest.raises(MalformedError, match="rule 1c: found human_verified for a review alone"):
        parse_policy(shifted[:at] + rules + shifted[at:], "ours.toml")


def test_more_than_can_be_tried_is_refused() -> None:
    days = b"".join(
        b"""[[rule]]
number = "%d"
label = "human_unverified"
basis = "predates"
words = "Old."
when = { existed_by = { before = 20%02d-01-01, level = %d, checked = false } }

"""
        % (6 + number, number, number % 6)
        for number in range(10, 22)
    )
    last = SOURCE.rindex(b"[[rule]]")
    end = SOURCE[last:].replace(b'number = "5"', b'number = "90"')
    with pytest.raises(MalformedError, match="combinations of flags, measures and dates"):
        parse_policy(SOURCE[:last] + days + end, "ours.toml")


def test_ours_pass() -> None:
    for policy in builtin_policies():
        assert lowered_by_review(policy) is None


def test_a_review_alone_lowers_no_mark() -> None:
    found = Detection(12_000, True, False, 0, None)
    both = profile_of((NO_DATES, False), (), [found], FLAGS["sourced_review"])
    assert (both[0] or 0) & FLAGS["conflict"]
    for policy in builtin_policies():
        rule = policy.decide(both)
        assert (rule.label, rule.basis) == ("synthetic_known", "marked")
