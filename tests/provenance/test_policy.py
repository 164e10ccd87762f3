from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from ledger.errors import InputError, MalformedError, UnknownNameError
from ledger.provenance.conditions import AtLeast, ExistedBy, FlagIs
from ledger.provenance.facts import FLAGS
from ledger.provenance.labels import BASIS_WORDS, LABEL_WORDS, label_words
from ledger.provenance.policy import (
    BASES,
    LABELS,
    builtin_policies,
    compile_sql,
    load_policy,
    parse_cutoff,
    parse_policy,
)

HEAD = 'name = "mine"\nversion = 1\ntitle = "Mine"\n'
LAST = '[[rule]]\nnumber = "9"\nlabel = "human_unverified"\nbasis = "none"\nwords = "Else."\n'


def rule(
    number: str = "1",
    label: str = "synthetic_known",
    basis: str = "declared",
    when: str = "when = { declared_ai = true }",
) -> str:
    return (
        f'[[rule]]\nnumber = "{number}"\nlabel = "{label}"\nbasis = "{basis}"\n'
        f'words = "Before {{cutoff}}."\n{when}\n'
    )


def refused(text: str) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        parse_policy(text.encode(), "mine.toml")
    assert str(caught.value).startswith("mine.toml")
    assert "\n" not in str(caught.value)
    return caught.value


def test_the_shipped_policies_are_the_designs_table() -> None:
    strict = load_policy("clean-strict@1")
    assert [(r.number, r.label, r.basis) for r in strict.rules] == [
        ("1a", "synthetic_known", "declared"),
        ("1b", "synthetic_known", "marked"),
        ("2a", "human_verified", "attested"),
        ("2b", "human_verified", "observed"),
        ("2c", "human_verified", "sourced_review"),
        ("3", "human_unverified", "predates"),
        ("4a", "synthetic_suspected", "classified"),
        ("4b", "synthetic_suspected", "marked"),
        ("5", "human_unverified", "none"),
    ]
    assert strict.rules[5].alternatives == ((ExistedBy(3, True, None),),)
    assert strict.cutoff == date(2022, 11, 30)
    assert strict.sentence() is None


def test_clean_dated_differs_in_rule_3_alone_and_carries_its_sentence() -> None:
    strict, dated = load_policy("clean-strict@1"), load_policy("clean-dated@1")
    differing = [
        (a.number, b.label, b.basis)
        for a, b in zip(strict.rules, dated.rules, strict=True)
        if a != b
    ]
    assert differing == [("3", "human_verified", "predates")]
    assert dated.sentence(date(2021, 1, 2)) == (
        "here 'verified' means dated before 2021-01-02, not that the author is known"
    )
    # a date alone is never shown as attested authorship
    assert "attested" not in label_words(dated, "human_verified", "predates")
    assert label_words(dated, "human_verified", "attested") == LABEL_WORDS["human_verified"]


def test_the_digest_is_of_the_bytes_as_they_lie() -> None:
    from hashlib import sha256

    source = files("ledger.provenance.policies").joinpath("clean-strict.toml").read_bytes()
    policy = load_policy("clean-strict")
    assert policy.source == source
    assert policy.digest == f"sha256:{sha256(source).hexdigest()}"
    assert policy.reference == "clean-strict@1"


def test_every_flag_that_says_something_of_authorship_is_used_by_a_shipped_policy() -> None:
    used = {
        condition.flag
        for policy in builtin_policies()
        for r in policy.rules
        for conditions in r.alternatives
        for condition in conditions
        if isinstance(condition, FlagIs)
    }
    # what a tool writes unasked is a hint for people, and labels nothing
    assert used == set(FLAGS) - {"declared_human", "classified", "conflict", "hinted_ai"}


def test_every_label_and_basis_has_words() -> None:
    assert set(LABEL_WORDS) == set(LABELS) == set(BASES)
    assert set(BASIS_WORDS) == {basis for bases in BASES.values() for basis in bases}


def test_a_policy_file_is_found_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + rule() + LAST)
    assert load_policy(str(path)).reference == "mine@1"


def test_names_nobody_knows_say_which_are_known() -> None:
    for name in ("clean-strikt", "clean-strict@2"):
        with pytest.raises(UnknownNameError) as caught:
            load_policy(name)
        assert "clean-strict@1" in (caught.value.hint or "")
    with pytest.raises(InputError, match="no policy can be read there"):
        load_policy("./absent.toml")
    with pytest.raises(InputError, match="no policy can be read there"):
        load_policy("nul\0name.toml")
    with pytest.raises(InputError, match="no policy can be read there"):
        load_policy(".")


def test_alternatives_dates_and_measures_are_read() -> None:
    when = (
        "any = [ { marked = true, marked_milli = { at_least = 5000 } }, "
        "{ declared_ai = false, existed_by = "
        "{ before = 2020-01-01, level = 4, checked = false } } ]"
    )
    policy = parse_policy((HEAD + rule(when=when) + LAST).encode(), "mine.toml")
    assert policy.rules[0].alternatives == (
        (FlagIs("marked", True), AtLeast("marked_milli", 5000)),
        (FlagIs("declared_ai", False), ExistedBy(4, False, date(2020, 1, 1))),
    )
    assert policy.cutoff == date(2022, 11, 30)
    again = policy.rules[0].condition
    assert "existed_by = { before = 2020-01-01, level = 4, checked = false }" in again


def test_no_text_of_a_policy_enters_the_sql() -> None:
    hostile = HEAD.replace("Mine", "x'); DROP TABLE fact; --") + rule() + LAST
    sql = compile_sql(parse_policy(hostile.encode(), "mine.toml"))
    assert sql == "CASE WHEN ((p.flags & 1) <> 0) THEN 0 ELSE 1 END"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD, "found no rules"),
        (HEAD + "rule = 3", "found no rules"),
        ("nmae = 1\n" + HEAD + LAST, "unknown key nmae"),
        (HEAD + rule() + LAST + 'baisis = "x"\n', "rule 9: unknown key baisis"),
        (HEAD + rule(when="when = { delcared_ai = true }") + LAST, "unknown condition delcared_ai"),
        (HEAD + rule(when="when = { declared_ai = 1 }") + LAST, "found 1, expected true or false"),
        (HEAD + rule(when="when = {}") + LAST, "expected a table of conditions"),
        (HEAD + rule(when="any = []") + LAST, "expected a list of condition tables"),
        (HEAD + rule(when="any = [ 3 ]") + LAST, "expected a table of conditions"),
        (
            HEAD + rule(when="when = {marked=true}\nany = [{marked=true}]") + LAST,
            "both when and any",
        ),
        (HEAD + rule(when="") + LAST, "no conditions, but rules follow it"),
        (HEAD + rule(), "the last rule has conditions"),
        (HEAD + rule("3") + rule("2") + LAST, "rule 2: found after rule 3"),
        (HEAD + rule("3") + rule("3") + LAST, "rule 3: found after rule 3"),
        (HEAD + rule("03") + LAST, "rule 03: number"),
        (HEAD + rule(label="human") + LAST, "label: found 'human'"),
        (HEAD + rule(basis="none") + LAST, "basis: found 'none'"),
        (HEAD + rule(label="human_verified", basis="none") + LAST, "basis: found 'none'"),
        (HEAD + rule(label="human_verified", basis="predates") + LAST, "has no `warning`"),
        (
            HEAD
            + LAST.replace("human_unverified", "synthetic_suspected").replace("none", "marked"),
            "expected human_unverified by none",
        ),
        (HEAD + rule(when="when = { ai_ppm = { at_least = 1000001 } }") + LAST, "at_least"),
        (HEAD + rule(when="when = { ai_ppm = { at_least = true } }") + LAST, "at_least"),
        (HEAD + rule(when="when = { ai_ppm = 3 }") + LAST, "expected { at_least = N }"),
        (HEAD + rule(when='when = { existed_by = "cutoff" }') + LAST, "expected before, level"),
        (
            HEAD + rule(when='when={existed_by={before="cutoff",level=6,checked=true}}') + LAST,
            "level: found 6",
        ),
        (
            HEAD + rule(when='when={existed_by={before="x",level=3,checked=true}}') + LAST,
            "before: found 'x'",
        ),
        (
            HEAD + rule(when='when={existed_by={before="cutoff",level=3,checked=1}}') + LAST,
            "checked: found 1",
        ),
        (HEAD.replace("version = 1", "version = 0") + LAST, "version: found 0"),
        (HEAD.replace("version = 1", "version = true") + LAST, "version: found True"),
        (HEAD.replace('"mine"', '"My Policy"') + LAST, "name: found"),
        (HEAD + 'cutoff = "2022-11-30"\n' + LAST, "cutoff: found"),
        (HEAD + "cutoff = 2022-11-30T00:00:00Z\n" + LAST, "cutoff: found"),
        (HEAD.replace("Mine", "Mi\u202ene") + LAST, "characters that cannot be seen"),
        (HEAD + rule().replace("Before", "x" * 501) + LAST, "words: found"),
        (HEAD + "x = " + "[" * 5000 + "\n", "nested too deep"),
        (HEAD + "x = " + "1" * 5000 + "\n", "not TOML"),
        (HEAD + "".join(rule(str(n)) for n in range(1, 66)) + LAST, "found 66 rules, at most 64"),
    ],
)
def test_what_is_wrong_in_a_policy_is_named(text: str, reason: str) -> None:
    assert reason in str(refused(text))


def test_toml_that_is_none_names_its_line() -> None:
    error = refused(HEAD + "title =\n")
    assert error.line == 4
    with pytest.raises(MalformedError, match="not UTF-8") as caught:
        parse_policy(HEAD.encode() + b'x = "\xff"\n', "mine.toml")
    assert caught.value.line == 4


def test_two_ways_to_show_one_label_and_basis_are_refused() -> None:
    text = HEAD + rule("1") + rule("2").replace("words", 'shown = "x"\nwords') + LAST
    assert "shown: differs" in str(refused(text))


def test_a_near_name_is_offered_for_a_misspelt_flag() -> None:
    assert refused(HEAD + rule(when="when = { atested = true }") + LAST).hint == "known: attested"


def test_a_file_of_any_length_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.toml"
    path.write_text(HEAD + "#" * (1 << 18) + "\n" + LAST)
    with pytest.raises(MalformedError, match="too long for a policy"):
        load_policy(str(path))


@pytest.mark.parametrize(
    "text", ["2022-02-30", "2022-1-1", "yesterday", "", "20221130", "٢٠٢٢-11-30"]
)
def test_a_cutoff_that_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected a date"):
        parse_cutoff(text)
    assert parse_cutoff("2022-11-30") == date(2022, 11, 30)


@pytest.mark.parametrize(
    ("label", "basis", "when"),
    [
        ("synthetic_known", "declared", "when = { classified = true }"),
        ("synthetic_known", "marked", "when = { classified_fdr = true, classified = true }"),
        ("human_verified", "observed", "when = { classified = false }"),
        ("human_unverified", "none", "any = [{ observed = true }, { classified_fdr = false }]"),
    ],
)
def test_a_classifier_alone_makes_no_more_than_a_suspicion(
    label: str, basis: str, when: str
) -> None:
    said = refused(HEAD + rule(label=label, basis=basis, when=when) + LAST)
    assert "alone, expected synthetic_suspected" in str(said)


def test_a_classifier_may_stand_beside_what_somebody_said() -> None:
    text = rule(label="synthetic_known", basis="declared", when="when = { declared_ai = true, "
                "classified = true }")  # fmt: skip
    assert len(parse_policy((HEAD + text + LAST).encode(), "mine.toml").rules) == 2
