import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.claims import Authorship, Evidence, Origin, Withdrawal
from ledger.errors import InputError, UnknownNameError, VerificationError
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.record import Claim, live, record
from ledger.log.vault import Disclosure, commit, scope_of, vault_location
from ledger.provenance.conditions import seconds
from ledger.provenance.disclosed import disclosed
from ledger.provenance.documents import find_dataset, list_documents
from ledger.provenance.explain import explain, withdrawals
from ledger.provenance.labels import count_labels
from ledger.provenance.needed import missing_above
from ledger.provenance.opening import create_ledger, key_claim, open_ledger
from ledger.provenance.policy import Policy, load_policy
from ledger.provenance.report import report_json, report_lines, summary_json, summary_lines
from ledger.provenance.resolve import resolve_document
from ledger.provenance.signing import sign_claim

STRICT, DATED = load_policy("clean-strict"), load_policy("clean-dated")
AT = seconds(date(2026, 1, 2))
FILE = "sha256:" + sha256(b"archive").hexdigest()


def digest(name: str) -> str:
    return "sha256:" + sha256(name.encode()).hexdigest()


def raw(name: str) -> bytes:
    return bytes.fromhex(digest(name)[7:])


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


@pytest.fixture
def place(tmp_path: Path, ring: KeyRing) -> str:
    location = str(tmp_path / "corpus.db")
    create_ledger(location, keys=ring)
    return location


@pytest.fixture
def log(place: str, ring: KeyRing) -> Iterator[Log]:
    with open_ledger(place, write=True, keys=ring, clock=lambda: AT) as opened:
        yield opened


def origin(
    name: str, *, dataset: str = "docs@1", row: int = 0, log: Log | None = None, **extra: Any
) -> Claim:
    """An origin in FILE; with a log, its path is committed to and kept in the vault."""
    body: dict[str, Any] = {
        "bytes": 2345,
        "channel": "crawled",
        "dataset": dataset,
        "locator": {"file": FILE, "row": row, "part": 0},
        **extra,
    }
    kept = None
    if log is not None and log.vault is not None:
        scope, path = scope_of("file", bytes.fromhex(FILE[7:])), f"docs/{name}.txt"
        key = log.vault.ensure_keys([scope])[scope]
        made = commit(key, "path", raw(name), (bytes.fromhex(FILE[7:]), row, 0), path)
        body["private"] = {"path": f"sha256:{made.hex()}"}
        kept = Disclosure(scope, {"path": path})
    return Claim("origin", digest(name), Origin.model_validate(body), kept)


def authorship(name: str, assistance: str, **extra: Any) -> Claim:
    body = Authorship.model_validate({"assistance": assistance, **extra})
    return Claim("authorship", digest(name), body)


def evidence(subject: str, day: date, outcome: str = "checked") -> Claim:
    body: Mapping[str, Any] = {
        "type": "registry_release",
        "binding": "container_member",
        "outcome": outcome,
        "checker": "registry_release/1",
        "existed_by": seconds(day),
    }
    return Claim("evidence", subject, Evidence.model_validate(body))


def withdrawal(claim: Claim, identity: str) -> Claim:
    return Claim("withdrawal", claim.subject, Withdrawal(claim=identity, reason="mistaken"))


def reasons(log: Log, name: str, **options: Any) -> dict[str, tuple[bool, str]]:
    found = explain(log, digest(name), options.pop("policy", STRICT), **options)
    return {d.rule.number: (d.applies, d.because) for d in found.decisions}


def test_no_signal_is_explained_as_no_evidence_and_never_as_human(log: Log) -> None:
    record(log, [origin("a")])
    found = explain(log, digest("a"), STRICT)
    assert found.rule is not None and found.rule.number == "5"
    assert [d.applies for d in found.decisions] == [False] * 8 + [True]
    assert found.decisions[0].because == "no live claim declares AI content"
    text = "\n".join(report_lines(found))
    assert "author unknown: no evidence either way (human_unverified, none)" in text
    assert "no evidence dates it; checked evidence of level E3 or better is asked for" in text


def test_the_deciding_rule_names_the_claims_it_rests_on(log: Log) -> None:
    first = record(
        log,
        [
            origin("a"),
            authorship("a", "A0"),
            authorship("a", "A3", model="gpt-x", ai_ppm=420_000),
        ],
    )
    found = explain(log, digest("a"), STRICT)
    last = found.decisions[-1]
    assert (last.rule.number, last.applies) == ("1a", True)
    assert last.entries == (first[2].index,)
    text = "\n".join(report_lines(found))
    assert f"1a  yes: because AI content was declared (A2 to A4) (entry {first[2].index})" in text
    assert "declares A3: mostly AI, prompted; model gpt-x; AI share 42 %" in text
    assert "recorded by operator, 2026-01-02 00:00:00 UTC" in text


def test_evidence_of_the_file_dates_every_document_in_it(log: Log) -> None:
    recorded = record(log, [evidence(FILE, date(2022, 8, 3)), origin("a"), origin("b", row=1)])
    found = explain(log, digest("a"), STRICT)
    assert found.rule is not None and found.rule.number == "3"
    assert found.decisions[-1].entries == (recorded[0].index,)
    assert [said.index for said in found.file_evidence] == [recorded[0].index]
    text = "\n".join(report_lines(found))
    assert (
        "3   yes: because checked evidence of level E3 dates it 2022-08-03 00:00:00 UTC at the "
        f"latest, before 2022-11-30 (entry {recorded[0].index})"
    ) in text
    assert f"about file {FILE}" in text
    assert reasons(log, "a", cutoff=date(2022, 8, 3))["3"] == (
        False,
        "checked evidence of level E3 dates it 2022-08-03 00:00:00 UTC at the latest, "
        "not before 2022-08-03",
    )


def test_an_asserted_date_is_shown_but_does_not_decide(log: Log) -> None:
    record(log, [evidence(FILE, date(2022, 8, 3), "asserted"), origin("a")])
    assert reasons(log, "a")["3"] == (
        False,
        "there is no checked evidence of level E3 or better; "
        "only asserted evidence of level E1, 2022-08-03 00:00:00 UTC",
    )


def test_withdrawn_evidence_of_a_file_no_longer_dates_and_says_who_took_it_back(log: Log) -> None:
    proof = evidence(FILE, date(2022, 8, 3))
    recorded = record(log, [proof, origin("a")])
    gone = record(log, [withdrawal(proof, recorded[0].claim_id)])[0].index
    found = explain(log, digest("a"), STRICT)
    assert found.rule is not None and found.rule.number == "5"
    assert found.file_evidence[0].withdrawn_by == gone
    assert f"withdrawn by entry {gone}" in "\n".join(report_lines(found))


def test_a_withdrawn_declaration_stays_in_sight_and_counts_no_more(log: Log) -> None:
    declared = authorship("a", "A4")
    recorded = record(log, [origin("a"), declared])
    gone = record(log, [withdrawal(declared, recorded[1].claim_id)])[0].index
    found = explain(log, digest("a"), STRICT)
    assert found.rule is not None and found.rule.number == "5"
    said = {said.index: said for said in found.claims}
    assert said[recorded[1].index].withdrawn_by == gone
    assert not said[recorded[1].index].counts
    assert said[gone].words == f"takes back entry {recorded[1].index}: mistaken"
    assert "of which withdrawn or superseded: 1" in summary_lines(found)[-1]


def test_a_superseded_declaration_counts_no_more(log: Log) -> None:
    old = record(log, [origin("a"), authorship("a", "A4")])[1]
    new = record(log, [authorship("a", "A1", supersedes=old.claim_id)])[0]
    found = explain(log, digest("a"), STRICT)
    said = {said.index: said for said in found.claims}
    assert said[old.index].superseded_by == new.index
    assert found.rule is not None and found.rule.number == "5"


def test_a_document_whose_every_claim_is_withdrawn_has_no_label(log: Log) -> None:
    only = origin("a")
    identity = record(log, [only])[0].claim_id
    record(log, [withdrawal(only, identity)])
    found = explain(log, digest("a"), STRICT)
    assert (found.rule, found.decisions, found.memberships) == (None, (), ())
    assert "no live claim makes these bytes a document" in "\n".join(report_lines(found))
    assert summary_json(found)["label"] is None


def test_an_author_the_log_names_attests_and_a_stranger_does_not(log: Log, ring: KeyRing) -> None:
    known, stranger = ring.generate("ann", "claim"), ring.generate("eve", "claim")
    record(log, [key_claim(known), origin("a"), origin("b", row=1)])
    for name, key in (("a", known), ("b", stranger)):
        claim = authorship(name, "A1")
        signer = ring.signer("claim", key.verifier.name)
        sig = sign_claim(signer, "authorship", claim.subject, claim.body.plain())
        record(log, [Claim("authorship", claim.subject, claim.body, sigs=(sig,))])
    assert reasons(log, "a")["2a"] == (True, "an author whose key this log names signed A0 or A1")
    assert reasons(log, "b")["2a"][0] is False
    ann = "\n".join(report_lines(explain(log, digest("a"), STRICT)))
    eve = "\n".join(report_lines(explain(log, digest("b"), STRICT)))
    assert f"signed by {known.verifier.label}, an author key that this log names" in ann
    assert f"bears a signature of {stranger.verifier.label}, which no author key" in eve


def test_the_label_explained_is_the_label_counted(log: Log) -> None:
    record(
        log,
        [
            evidence(FILE, date(2022, 8, 3)),
            origin("a"),
            origin("b", row=1),
            authorship("b", "A2"),
            origin("c", dataset="docs@2", row=2),
        ],
    )
    for policy in (STRICT, DATED):
        counted = {row.rule: row.documents for row in count_labels(log.connection, policy)}
        rules = [explain(log, digest(name), policy).rule for name in "abc"]
        assert counted == {"1a": 1, "3": 2}
        assert sorted(rule.number for rule in rules if rule) == ["1a", "3", "3"]


def test_under_clean_dated_every_view_says_what_verified_means(log: Log) -> None:
    record(log, [evidence(FILE, date(2022, 8, 3)), origin("a")])
    found = explain(log, digest("a"), DATED)
    sentence = "here 'verified' means dated before 2022-11-30, not that the author is known"
    for lines in (report_lines(found), summary_lines(found)):
        assert any(sentence in line for line in lines)
    assert summary_json(found)["policy"]["note"] == sentence
    assert not any("attested" in line for line in summary_lines(found))


def test_a_disclosed_path_is_shown_and_a_missing_one_is_withheld(
    log: Log, place: str, ring: KeyRing
) -> None:
    record(log, [origin("a", log=log)])
    assert "      path: docs/a.txt" in report_lines(explain(log, digest("a"), STRICT))
    log.close()
    Path(vault_location(place)).unlink()
    with open_ledger(place, keys=ring) as bare:
        found = explain(bare, digest("a"), STRICT)
    assert "      path: withheld" in report_lines(found)
    assert found.claims[0].values == {"path": None}


def test_a_value_that_does_not_open_its_commitment_fails(log: Log) -> None:
    claim = origin("a", log=log)
    assert claim.disclosure is not None
    lie = Disclosure(claim.disclosure.scope, {"path": "docs/other.txt"})
    index = record(log, [Claim("origin", claim.subject, claim.body, lie)])[0].index
    with pytest.raises(VerificationError, match="path does not open the commitment"):
        explain(log, digest("a"), STRICT)
    with pytest.raises(VerificationError, match=f"entry {index}"):
        disclosed(log, index, log.entry(index))


def test_a_value_nobody_committed_to_fails(log: Log) -> None:
    for row, name in enumerate("ab"):
        kept = origin(name, row=row, log=log)
        assert kept.disclosure is not None
        more = Disclosure(kept.disclosure.scope, {**kept.disclosure.values, "url": "x"})
        body = kept.body if name == "a" else origin(name, row=row).body  # b commits to nothing
        record(log, [Claim("origin", kept.subject, body, more)])
        with pytest.raises(VerificationError, match="does not open the commitment"):
            explain(log, digest(name), STRICT)


def test_an_erased_scope_key_withholds_the_value(log: Log, place: str, ring: KeyRing) -> None:
    import sqlite3

    record(log, [origin("a", log=log)])
    log.close()
    vault = sqlite3.connect(vault_location(place))
    vault.execute("DELETE FROM secret")
    vault.commit()
    vault.close()
    with open_ledger(place, keys=ring) as opened:
        assert explain(opened, digest("a"), STRICT).claims[0].values == {"path": None}


def test_bidi_text_in_a_claim_reaches_no_terminal(log: Log) -> None:
    record(log, [origin("a", topic="x\u202ey\u200bz"), authorship("a", "A4", model="m\u2066n")])
    found = explain(log, digest("a"), STRICT)
    for line in (*report_lines(found), *summary_lines(found)):
        assert not set(line) & set("\u202e\u200b\u2066")
    assert "topic x\\u202ey\\u200bz" in "\n".join(report_lines(found))


def test_withdrawals_agree_with_live(log: Log) -> None:
    declared = authorship("a", "A4")
    identity = record(log, [origin("a"), declared])[1].claim_id
    record(log, [withdrawal(declared, identity)])
    record(log, [declared])
    entries = [(index, log.entry(index)) for index in log.find(digest("a"))]
    taken = withdrawals(entries)
    assert len(taken) == 1
    assert [index for index, _ in live(entries)] == [i for i, _ in entries if i not in taken]
    assert explain(log, digest("a"), STRICT).decisions[-1].entries == (entries[-1][0],)
    again = Claim("withdrawal", declared.subject, Withdrawal(claim=identity, reason="again"))
    second = record(log, [again])[0].index
    entries = [(index, log.entry(index)) for index in log.find(digest("a"))]
    assert withdrawals(entries) == taken | {entries[-2][0]: second}
    assert [index for index, _ in live(entries)] == [
        i for i, _ in entries if i not in withdrawals(entries)
    ]


def test_json_holds_the_same_decisions(log: Log) -> None:
    record(log, [origin("a", language="en"), authorship("a", "A4")])
    found = explain(log, digest("a"), STRICT)
    data = json.loads(json.dumps(report_json(found)))
    assert data["label"] == {
        "label": "synthetic_known",
        "basis": "declared",
        "rule": "1a",
        "words": "AI-generated, declared or marked: declared (synthetic_known, declared)",
    }
    assert data["rules"][-1]["applies"] is True
    assert data["facts"]["flags"] == ["declared_ai"]
    assert data["datasets"][0]["language"] == "en"
    assert data["policy"]["digest"] == STRICT.digest


# --- finding a document


def test_a_document_is_found_by_digest_prefix_or_file(log: Log, tmp_path: Path) -> None:
    record(log, [origin("a"), origin("b", row=1)])
    whole = digest("a")
    path = tmp_path / "a.txt"
    path.write_bytes(b"a")
    upper = whole[7:].upper()
    for text in (whole, whole[7:], whole[7:15], f"sha256:{whole[7:20]}", upper, str(path)):
        assert resolve_document(log, text) == whole


def test_a_prefix_of_two_documents_is_refused_with_both(log: Log) -> None:
    near = [f"sha256:{'ab' * 8}{n:02x}{fill * 23}" for n, fill in ((1, "00"), (2, "ff"))]
    body = origin("a").body
    record(log, [Claim("origin", subject, body) for subject in near])
    with pytest.raises(InputError, match="begins more than one digest") as caught:
        resolve_document(log, "abababab")
    assert all(subject in str(caught.value) for subject in near)
    assert resolve_document(log, near[1][7:25]) == near[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (digest("absent"), "no document with exactly these bytes"),
        ("deadbeef", "no document with exactly these bytes"),
        ("hmac-" + digest("a"), "no document with exactly these bytes"),
        ("abc", "neither a digest nor a file"),
        ("no/such/file", "neither a digest nor a file"),
        ("nul\0", "neither a digest nor a file"),
        ("x" * 5000, "neither a digest nor a file"),
        ("f" * 65, "neither a digest nor a file"),
    ],
)
def test_what_names_no_document_is_refused(log: Log, text: str, reason: str) -> None:
    record(log, [origin("a")])
    with pytest.raises(InputError, match=reason) as caught:
        resolve_document(log, text)
    assert caught.value.hint


def test_a_file_the_ledger_does_not_know_shows_its_digest(log: Log, tmp_path: Path) -> None:
    record(log, [origin("a")])
    (tmp_path / "b.txt").write_bytes(b"b")
    with pytest.raises(InputError, match=digest("b")):
        resolve_document(log, str(tmp_path / "b.txt"))


def test_a_digest_the_log_does_not_hold_has_no_explanation(log: Log) -> None:
    with pytest.raises(InputError, match="no document with exactly these bytes"):
        explain(log, digest("absent"), STRICT)


# --- listing


def test_a_list_is_of_one_dataset_or_label_and_stops(log: Log) -> None:
    claims = [origin(str(n), row=n, language="en") for n in range(6)]
    record(log, [*claims, origin("z", dataset="docs@2", row=9), authorship("3", "A4")])
    both = list_documents(log, STRICT, limit=100)
    assert [d.document for d in both] == [digest(n) for n in "012345z"]
    mine = list_documents(log, STRICT, dataset="docs@1", limit=4)
    assert [d.document for d in mine] == [digest(n) for n in "0123"]
    assert (mine[0].bytes, mine[0].language, mine[0].occurrences) == (2345, "en", 1)
    known = list_documents(log, STRICT, dataset="docs@1", label="synthetic_known")
    assert [(d.document, d.basis, d.rule) for d in known] == [(digest("3"), "declared", "1a")]
    assert list_documents(log, STRICT, label="human_verified") == []
    for name, error in (("docs@3", UnknownNameError), ("docs", InputError), ("@1", InputError)):
        with pytest.raises(error):
            find_dataset(log.connection, name)
    with pytest.raises(UnknownNameError):
        list_documents(log, STRICT, label="human")


# --- the commands


def test_the_commands_print_text_and_one_json_document(
    log: Log, place: str, headwater: Callable[..., Any]
) -> None:
    record(log, [origin("a", log=log), authorship("a", "A4")])
    log.close()
    shown = headwater("--ledger", place, "document", "explain", digest("a"))
    assert (shown.code, shown.stderr) == (0, "")
    assert "1a  yes: because AI content was declared" in shown.stdout
    assert "path: docs/a.txt" in shown.stdout
    for command in ("explain", "show"):
        ran = headwater("--ledger", place, "--json", "document", command, digest("a")[7:19])
        assert json.loads(ran.stdout)["label"]["rule"] == "1a"
    listed = headwater("--ledger", place, "--json", "document", "list", "--dataset", "docs@1")
    assert [d["label"] for d in json.loads(listed.stdout)["documents"]] == ["synthetic_known"]
    wrong = headwater("--ledger", place, "document", "show", "deadbeef")
    assert wrong.code == 3 and "no document with exactly these bytes" in wrong.stderr
    late = headwater("--ledger", place, "document", "list", "--cutoff", "2022-02-30")
    assert late.code == 3 and "expected a date" in late.stderr


def test_policy_show_prints_the_table_and_its_words(headwater: Callable[..., Any]) -> None:
    shown = headwater("policy", "show")
    assert shown.code == 0 and shown.stdout.startswith("clean-strict@1 ")
    assert "Checked evidence of level E3 or better" in shown.stdout
    dated = json.loads(headwater("--json", "policy", "show", "clean-dated").stdout)
    assert dated["digest"] == DATED.digest
    assert [rule["rule"] for rule in dated["rules"]] == [rule.number for rule in DATED.rules]
    assert headwater("policy", "show", "clean-strikt").code == 3


def test_a_text_that_occurs_often_is_shown_in_part_and_explained_whole(log: Log) -> None:
    record(log, [origin("a", row=row) for row in range(13)])
    found = explain(log, digest("a"), STRICT)
    shown = [line for line in summary_lines(found) if line.startswith("  entry ")]
    assert len(shown) == 10
    assert "  and 3 more; document explain shows all" in summary_lines(found)
    assert sum(line.endswith("origin  live") for line in report_lines(found)) == 13


def changes(log: Log, name: str, policy: Policy = STRICT) -> list[tuple[str, str]]:
    found = explain(log, digest(name), policy)
    limit = seconds(found.cutoff)
    return [(one.rule.number, one.words(limit)) for one in missing_above(found)]


def test_what_would_change_it_is_what_the_rules_above_miss(log: Log) -> None:
    record(log, [origin("a")])
    assert [number for number, _ in changes(log, "a")] == [
        "4a", "3", "2c", "2b", "2a", "1a", "4b", "1b"
    ]  # fmt: skip
    found = dict(changes(log, "a"))
    assert found["3"] == "checked evidence of level E3 or better dates it before 2022-11-30"
    assert found["2c"] == "two reviewers decide human, each with a source outside the text"
    assert found["1b"].endswith("corrected for the marks looked for is at or below 1e-9")
    record(log, [authorship("a", "A3")])
    assert changes(log, "a") == []  # the first rule decides: nothing stands above it
    lines = "\n".join(report_lines(explain(log, digest("a"), STRICT)))
    assert "without entry 3, which it rests on, the rules below it would be tried" in lines
    assert report_json(explain(log, digest("a"), STRICT))["would_change_it"] == []


def test_what_would_change_it_comes_true(log: Log) -> None:
    record(log, [origin("a")])
    wanted = dict(changes(log, "a"))["3"]
    assert "checked evidence of level E3" in wanted
    record(log, [evidence(FILE, date(2020, 1, 1))])
    rule = explain(log, digest("a"), STRICT).rule
    assert rule is not None and rule.number == "3"
