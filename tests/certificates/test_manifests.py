"""A certificate of a manifest: its documents counted as any others, and what was selected how."""

import copy
import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.certificates.issue import Issued, certify
from ledger.certificates.open import verify_certificate
from ledger.certificates.page import render_page
from ledger.certificates.report import Report
from ledger.certificates.sections import all_sections, built_in_sections, covering
from ledger.certificates.statement import Statement, format_statement, parse_statement
from ledger.claims import Withdrawal
from ledger.errors import (
    AlreadySealedError,
    InputError,
    RefusedError,
    UnknownNameError,
    VerificationError,
)
from ledger.log.canonical import claim_id
from ledger.log.keys import KeyRing
from ledger.log.record import Claim, record
from ledger.log.vault import vault_location
from ledger.manifests.building.build import Built, build
from ledger.provenance.policy import load_policy
from ledger.provenance.takedown import take_down
from ledger.reserves.sealing.seal import seal
from ledger.reserves.selection.rule import make_rule
from tests.certificates.ledgers import Ledger
from tests.certificates.test_open import reissue
from tests.certificates.test_page import HOSTILE, outline
from tests.certificates.test_page import statement as page_statement
from tests.conftest import Ran
from tests.manifests.building.corpus import Corpus, make_corpus, mix_of, row
from tests.manifests.building.test_gates import MODELS, measure

MIX = """
budget = 50
datasets = ["diary@1", "wiki@1", "model@1"]
strata = ["label", "dataset", "language"]
[[bound]]
name = "german"
where = { language = "de" }
at_least = "1/10"
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return make_corpus(tmp_path / "corpus")


def issued(corpus: Corpus, out: Path, subject: str = "manifest:tiny@1", **how: Any) -> Issued:
    with corpus.open(write=True) as log:
        return certify(log, subject, out, **how)


def check(corpus: Corpus, out: Path, *, level: int = 3) -> Report:
    keys = corpus.ring.verifiers("log"), corpus.ring.verifiers("statement")
    if level < 3:
        return verify_certificate(out, *keys)
    with corpus.open() as log:
        return verify_certificate(out, *keys, log)


def chosen(made: Built) -> set[str]:
    """Hex digests of the documents, by the rows files themselves."""
    found = set()
    for path in (made.folder / "rows").iterdir():
        found |= {value.hex() for value in pq.read_table(path).column("sha256").to_pylist()}
    return found


def counted(section: dict[str, Any], name: str = "value") -> dict[Any, int]:
    return {item.get(name): item["documents"] for item in section["rows"]}


def test_the_selected_documents_and_no_others_are_counted(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(MIX, tmp_path / "run")
    found = issued(corpus, tmp_path / "out")
    said, picked = found.statement, chosen(made)
    texts = [corpus.texts[digest] for digest in picked]
    assert said.composition["totals"] == {
        "bytes": sum(len(text.encode()) for text in texts),
        "documents": 50,
        "occurrences": 50,
    }
    # diaries are dated, wiki pages are of two languages, by what makes them: tests/…/corpus.py
    diaries = sum(text.startswith("diary") for text in texts)
    german = sum(
        text.startswith("wiki") and int(text.rpartition(" ")[2]) % 3 != 0 for text in texts
    )
    assert 0 < diaries < 50
    assert counted(said.composition["language"]) == {"de": german, "en": 50 - german}
    labels = {row["basis"]: row["documents"] for row in said.composition["labels"]["rows"]}
    models = sum(text.startswith("model") for text in texts)
    assert labels == {"predates": diaries, "declared": models, "none": 50 - diaries - models}
    assert counted(said.composition["period"], "year") == {2020: diaries, None: 50 - diaries}
    names = Counter(re.split(" ", text)[0] for text in texts)
    assert counted(said.composition["channel"]) == {
        "crawled": names["wiki"], "own_synthetic": names["model"], "user_data": names["diary"]
    }  # fmt: skip
    assert said.content_root == made.statement.content_root
    assert f"sha256:{(said.manifest or b'').hex()}" == made.statement_digest
    assert said.subject == "manifest:tiny@1"
    corpus.verify()


def test_it_repeats_what_the_manifest_says(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(MIX, tmp_path / "run")
    said = issued(corpus, tmp_path / "out").statement.composition["manifest"]
    assert said["statement"] == made.statement_digest
    assert said["gates"] == list(made.statement.gates)
    assert said["bounds"] == list(made.statement.bounds)
    assert said["seed"] == "7"
    assert (said["rows"], said["documents"], said["units"]) == (50, 50, 50)
    assert (said["absent"], said["taken_down"]) == (0, 0)
    assert [row["achieved_ppm"] for row in said["strata"]] == [
        row["achieved_ppm"] for row in made.strata["strata"]
    ]


def test_every_level_is_reached(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(MIX, tmp_path / "run")
    issued(corpus, tmp_path / "out")
    assert check(corpus, tmp_path / "out", level=2).level == 2
    report = check(corpus, tmp_path / "out")
    assert report.level == 3
    assert "manifest tiny@1: level 3" in report.text()
    assert "the ledger chooses the manifest's rows again, and they are the same" in report.notes
    assert "the newest certificate of this manifest in the ledger" in report.text()
    assert report.data()["manifest"] == "tiny@1"


def test_the_same_is_issued_once_and_replaced(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(MIX, tmp_path / "run")
    first = issued(corpus, tmp_path / "out")
    again = issued(corpus, tmp_path / "out")
    assert first.new
    assert not again.new
    assert first.statement == again.statement
    with pytest.raises(AlreadySealedError, match="found a certificate of manifest tiny@1"):
        issued(corpus, tmp_path / "out", "wiki@1")


def test_a_gate_that_was_not_evaluated_stands_out(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(MIX, tmp_path / "run")
    issued(corpus, tmp_path / "out")
    page = (tmp_path / "out" / "certificate.html").read_text()
    said = " ".join("".join(outline(page).text).split())
    assert "Not evaluated: contamination, contamination_upper. Nobody had measured" in said
    assert '<p class="warning open">Not evaluated' in page
    assert "<b>Not evaluated</b>" in page
    assert "<b>Passed</b>" not in page
    assert said.index("Not evaluated: ") < said.index("Who wrote it")
    assert "Manifest tiny@1" in said.replace("Manifesttiny", "Manifest tiny")


def test_an_accepted_limit_is_said_with_its_reason(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(MODELS, tmp_path / "run", accept_synthetic="a <b>study</b>")
    issued(corpus, tmp_path / "out")
    page = (tmp_path / "out" / "certificate.html").read_text()
    assert "Above the limit: <bdi>max_synthetic</bdi>" in page
    assert "The reason given: <bdi>a &lt;b&gt;study&lt;/b&gt;</bdi>" in page
    assert check(corpus, tmp_path / "out").level == 3


def lying(change: Callable[[dict[str, Any]], None]) -> Callable[[Statement], Statement]:
    def changed(statement: Statement) -> Statement:
        composition = copy.deepcopy({**statement.composition})
        change(composition["manifest"])  # type: ignore[arg-type]
        return replace(statement, composition=composition)

    return changed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda said: said["gates"][1].update(outcome="passed", found_ppm=1), r"gates\[1\]"),
        (lambda said: said["gates"].pop(1), r"gates\[1\]"),
        (lambda said: said["strata"][0].update(target_ppm=1), r"strata\[0\]\.target_ppm"),
        (lambda said: said.update(chosen_at=1), "chosen_at"),
        (lambda said: said.update(taken_down=1), "taken_down"),
        (lambda said: said["exclusions"]["reasons"].clear(), "reasons"),
        (lambda said: said.update(seed="8"), "seed"),
        (lambda said: said.update(parent="sha256:" + "0" * 64), "parent"),
    ],
)
def test_an_issuer_says_something_else_of_the_manifest(
    tmp_path: Path, certified: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    shutil.copytree(certified, tmp_path / "place")
    place = tmp_path / "place" / "corpus"
    corpus = Corpus(place, str(place / "ledger.db"), KeyRing(place / "config"))
    out = tmp_path / "place" / "out"
    lied(corpus, out, lying(change))
    assert check(corpus, out, level=2).level == 2
    with pytest.raises(VerificationError, match=rf"composition\.manifest\..*{words}"):
        check(corpus, out)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, one of whose documents was taken down, and the certificate of its manifest."""
    place = tmp_path_factory.mktemp("certified")
    corpus = make_corpus(place / "corpus")
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{min(corpus.texts)}", "privacy")
    corpus.build(MIX, place / "run")
    issued(corpus, place / "out")
    return place


def lied(corpus: Corpus, out: Path, change: Callable[[Statement], Statement]) -> None:
    reissue(Ledger(corpus.location, corpus.ring), out, change, name="example.org/mixes")


@pytest.mark.parametrize("other", [b"\1" * 32, None])
def test_the_certificate_names_another_manifest(
    tmp_path: Path, corpus: Corpus, other: bytes | None
) -> None:
    corpus.build(MIX, tmp_path / "run")
    issued(corpus, tmp_path / "out")
    second = corpus.build(MIX.replace("budget = 50", "budget = 50\n").replace("1/10", "1/8")
                          .replace("\nbudget", '\nname = "small"\nversion = 1\nstage = "pretrain"'
                                   '\nseed = 7\nbudget', 1), tmp_path / "small")  # fmt: skip
    digest = other or bytes.fromhex(second.statement_digest.removeprefix("sha256:"))
    lied(corpus, tmp_path / "out", lambda said: replace(said, manifest=digest))
    with pytest.raises(VerificationError, match=r"no live manifest|statement is of manifest:small"):
        check(corpus, tmp_path / "out")


def test_a_section_of_datasets_has_no_place_there(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(MIX, tmp_path / "run")
    said = issued(corpus, tmp_path / "out").statement
    named = {section.name for section in covering(all_sections(), "manifest")}
    assert set(said.composition) == named
    assert "contamination" not in named
    whole = issued(corpus, tmp_path / "whole", "wiki@1").statement
    assert "manifest" not in whole.composition
    for statement, foreign in ((said, whole), (whole, said)):
        both = replace(statement, composition={**foreign.composition, **statement.composition})
        with pytest.raises(VerificationError, match="has no place in a certificate of a"):
            render_page(both, built_in_sections(), "here")


def test_what_happened_since_is_said_and_counted(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(MIX, tmp_path / "run")
    before = issued(corpus, tmp_path / "before")
    down, gone = sorted(chosen(made))[:2]
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{down}", "privacy")
        origins = [(i, log.entry(i)) for i in log.find(f"sha256:{gone}")]
        (entry,) = [entry for _, entry in origins if entry.kind == "origin"]
        identity = claim_id("origin", entry.subject, entry.body)
        record(log, [Claim("withdrawal", entry.subject, Withdrawal(claim=identity))])
    after = issued(corpus, tmp_path / "after")
    assert after.index > before.index
    said = after.statement.composition
    assert (said["manifest"]["taken_down"], said["manifest"]["absent"]) == (1, 1)
    assert said["totals"]["documents"] == 49
    page = " ".join(
        "".join(outline((tmp_path / "after/certificate.html").read_text()).text).split()
    )
    assert "1 of the documents has been taken down since and must not be used" in page
    assert "1 of the documents is in none of these datasets any more" in page
    old = check(corpus, tmp_path / "before")
    assert (old.level, old.superseded_by) == (3, (after.index,))
    assert check(corpus, tmp_path / "after").level == 3
    corpus.verify()


def test_an_older_manifest_of_the_same_name(tmp_path: Path, corpus: Corpus) -> None:
    first = corpus.build(MIX, tmp_path / "a")
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{min(chosen(first))}", "privacy")
    second = corpus.build(MIX, tmp_path / "b")
    newest = issued(corpus, tmp_path / "newest", "manifest:tiny")
    meant = bytes.fromhex(first.statement_digest.removeprefix("sha256:"))
    older = issued(corpus, tmp_path / "older", "manifest:tiny@1", manifest=meant)
    assert newest.statement.content_root == second.statement.content_root
    assert older.statement.content_root == first.statement.content_root
    assert newest.statement.composition["manifest"]["parent"] == first.statement_digest
    assert check(corpus, tmp_path / "older").superseded_by == ()
    assert check(corpus, tmp_path / "newest").superseded_by == ()


def test_a_document_of_several_sets_counts_by_the_one_that_gave_it(
    tmp_path: Path, corpus: Corpus
) -> None:
    """The reserve comes before wiki@1, whichever the mix names first; both say another topic."""
    shared = [row(text, "copied", "fr") for text in list(corpus.texts.values())[60:70]]
    corpus.add("diary", [shared], "user_data")
    corpus.date("diary")
    with corpus.open(write=True) as log:
        seal(log, make_rule(log, "old", datasets=["diary@1"]), tmp_path / "old")
    mix = 'datasets = ["wiki@1", "reserve:old@1"]\nstrata = ["dataset"]\n'
    made = corpus.build(mix, tmp_path / "run")
    strata = {tuple(row["values"]): row["selected"] for row in made.strata["strata"]}
    assert strata == {("reserve:old@1",): 70, ("wiki@1",): 30}
    said = issued(corpus, tmp_path / "out").statement.composition
    assert counted(said["language"])["fr"] == 10
    assert counted(said["channel"]) == {"crawled": 30, "user_data": 70}
    assert said["reserves"]["in_any"]["documents"] == 70
    assert check(corpus, tmp_path / "out").level == 3


def test_dates_of_a_foreign_dataset_are_said_to_be_that(tmp_path: Path, corpus: Corpus) -> None:
    mix = 'datasets = ["wiki@1"]\nstrata = ["dataset"]\n'
    corpus.build(mix, tmp_path / "run")
    before = issued(corpus, tmp_path / "before").statement.composition
    assert before["evidence"]["lifted_elsewhere"]["documents"] == 0
    corpus.add("diary", [[row(text) for text in list(corpus.texts.values())[60:67]]], "user_data")
    corpus.date("diary")
    after = issued(corpus, tmp_path / "after").statement.composition
    assert after["evidence"]["lifted_elsewhere"]["documents"] == 7
    assert after["period"]["earlier_elsewhere"]["documents"] == 7
    both = 'name = "both"\nversion = 1\nstage = "mid"\nseed = 1\ndatasets = ["wiki@1", "diary@1"]\n'
    corpus.build(both + 'strata = ["dataset"]\n', tmp_path / "both")
    own = issued(corpus, tmp_path / "own", "manifest:both").statement.composition
    assert own["evidence"]["lifted_elsewhere"]["documents"] == 0


def withhold(corpus: Corpus, digest: str) -> None:
    with sqlite3.connect(vault_location(corpus.location)) as vault:
        vault.execute("DELETE FROM attachment WHERE digest = ?", (bytes.fromhex(digest),))
    vault.close()


def test_the_vault_withholds_what_the_numbers_rest_on(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(MIX, tmp_path / "run")
    issued(corpus, tmp_path / "out")
    withhold(corpus, made.statement.strata.hex())
    report = check(corpus, tmp_path / "out")
    assert report.level == 3
    assert any("the list of strata is withheld here" in note for note in report.notes)
    assert any("not chosen again: its list of strata" in note for note in report.notes)
    issued(corpus, tmp_path / "poor")
    assert "strata" not in (tmp_path / "poor" / "certificate.json").read_text()
    withhold(corpus, made.statement.members.hex())
    report = check(corpus, tmp_path / "out")
    assert report.level == 2
    assert any("withholds who is selected" in note for note in report.notes)
    with pytest.raises(RefusedError, match="withholds who is selected"):
        issued(corpus, tmp_path / "none")
    withhold(corpus, made.statement_digest.removeprefix("sha256:"))
    with pytest.raises(RefusedError, match="withholds the statement"):
        issued(corpus, tmp_path / "none")


def test_the_policy_is_the_manifests_own_unless_told(tmp_path: Path, corpus: Corpus) -> None:
    head = 'name = "dated"\nversion = 1\nstage = "mid"\nseed = 1\n'
    body = 'cutoff = 2019-01-01\ndatasets = ["diary@1"]\nstrata = ["label"]\n'
    with corpus.open(write=True) as log:
        build(log, mix_of(head + body), tmp_path / "run", load_policy("clean-dated"))
    own = issued(corpus, tmp_path / "own", "manifest:dated@1").statement
    assert (own.policy["name"], own.policy["cutoff"]) == ("clean-dated", "2019-01-01")
    assert own.composition["labels"]["rows"][0]["basis"] == "none"
    other = issued(
        corpus, tmp_path / "other", "manifest:dated@1", policy=load_policy("clean-strict")
    )
    assert other.statement.policy["name"] == "clean-strict"
    assert other.statement.composition["labels"]["rows"][0]["basis"] == "predates"
    for name in ("own", "other"):
        assert check(corpus, tmp_path / name).level == 3


@pytest.mark.parametrize(
    ("subject", "error"),
    [
        ("manifest:none@1", UnknownNameError),
        ("manifest:tiny@2", UnknownNameError),
        ("manifest:", UnknownNameError),
        ("tiny@1", UnknownNameError),
        ("tiny", InputError),
    ],
)
def test_a_subject_that_is_none(
    tmp_path: Path, corpus: Corpus, subject: str, error: type[Exception]
) -> None:
    corpus.build(MIX, tmp_path / "run")
    with pytest.raises(error):
        issued(corpus, tmp_path / "out", subject)
    assert not (tmp_path / "out").exists()


def test_a_subject_and_its_manifest_must_agree(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(MIX, tmp_path / "run")
    said = issued(corpus, tmp_path / "out").statement
    for wrong in (replace(said, subject="tiny@1"), replace(said, manifest=None)):
        with pytest.raises(VerificationError, match="not a composition statement"):
            parse_statement(format_statement(wrong), "here")


def manifest_said(text: str) -> dict[str, Any]:
    """A section with this text wherever a text may stand."""
    gate = {"detail": text, "limit_ppm": 100_000, "name": text}
    stratum = {"achieved_ppm": 33_333, "documents": 9, "given": 2, "selected": 2,
               "target_ppm": 250_000, "units": 2, "values": [text, text]}  # fmt: skip
    return {
        "absent": 1, "accepted": text, "axes": [text, text],
        "bounds": [{"about": text, "at_least": "0", "at_most": "1/3", "found_ppm": 1,
                    "holds": False, "name": text}],
        "budget": 3, "chosen_at": 7,
        "datasets": [{"content_root": text, "documents": 3, "name": text}],
        "documents": 60,
        "exclusions": {"reasons": [{"documents": 1, "reason": text}],
                       "taken_down": {"documents": 1, "root": text}},
        "gates": [gate | {"outcome": "not_evaluated"},
                  gate | {"outcome": "accepted", "found_ppm": 1}],
        "issued_at": 1, "name": text, "parent": text,
        "policy": {"cutoff": text, "digest": text, "name": text, "version": 1},
        "rows": 60, "seed": text, "stage": text, "statement": text,
        "strata": [stratum for _ in range(30)], "taken_down": 2, "tokenizer": text,
        "unit": text, "units": 60,
    }  # fmt: skip


def rendered(section: Any, subject: str = "manifest:x@1") -> str:
    made = page_statement(HOSTILE)
    kept = {section.name for section in covering(built_in_sections(), "manifest")}
    composition = {name: value for name, value in made.composition.items() if name in kept}
    made = replace(made, subject=subject, manifest=bytes(32),
                   composition={**composition, "manifest": section})  # fmt: skip
    return render_page(made, built_in_sections(), "here").decode()


def test_nobodys_text_adds_an_element_to_the_page() -> None:
    found = outline(rendered(manifest_said(HOSTILE), f"manifest:{HOSTILE}"))
    plain = outline(rendered(manifest_said("plain")))
    assert [tag for tag, _ in found.seen] == [tag for tag, _ in plain.seen]
    assert not {tag for tag, _ in found.seen} & {"script", "img", "iframe", "link", "object", "a"}
    assert "19 more strata" not in "".join(found.text)
    assert "7 more strata, listed in certificate.json" in "".join(found.text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda said: said["gates"][0].update(outcome="passed"), "no share was found"),
        (lambda said: said["gates"][0].update(found_ppm=1), "a share was found, but"),
        (lambda said: said["gates"][1].update(outcome="passed", found_ppm=100_002), "passed with"),
        (lambda said: said.pop("accepted"), "no reason is given"),
        (lambda said: said["bounds"][0].update(holds=True, found_ppm=360_000), "said to hold"),
        (lambda said: said["bounds"][0].update(at_most="1e999999999"), "at_most"),
        (lambda said: said["bounds"][0].update(at_most="1/0"), "at_most"),
        (lambda said: said.update(rows=61), "selected add up to 60, expected 61"),
        (lambda said: said.update(documents=61), "given add up to 60, expected 61"),
        (lambda said: said.update(units=0), "units add up to 60, expected 0"),
        (lambda said: said["strata"].pop(), "selected add up to 58"),
        (lambda said: said["strata"][0].update(achieved_ppm=33_334), "achieved_ppm is 33334"),
        (lambda said: said["strata"][0].update(documents=1), "selected 2 of 1 documents"),
        (lambda said: said.update(strata=[], rows=5), "selected add up to 0"),
    ],
)
def test_a_page_reads_better_than_numbers_that_cannot_all_be_true(
    change: Callable[[dict[str, Any]], None], words: str
) -> None:
    said = copy.deepcopy(manifest_said("plain") | {"unit": "documents"})
    rendered(said)
    change(said)
    with pytest.raises(VerificationError, match=rf"composition\.manifest.*{words}"):
        rendered(said)


def test_the_picture_is_told_in_words_too() -> None:
    page = rendered(manifest_said("plain"))
    assert 'role="img" aria-labelledby="strata-title strata-desc"' in page
    assert "plain, plain: reached 3.3 %, wanted 25.0 %" in page


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.just(HOSTILE),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(sorted(manifest_said("x"))), value=_JSON, remove=st.booleans())
def test_somebodys_section_breaks_the_program(name: str, value: Any, remove: bool) -> None:
    section = manifest_said(HOSTILE)
    if remove:
        del section[name]
    else:
        section[name] = value
    try:
        page = rendered(section)
    except VerificationError:
        return
    assert not {tag for tag, _ in outline(page).seen} & {"script", "img", "a", "object"}


def test_the_audits_that_gates_rest_on_are_passed_on(tmp_path: Path, corpus: Corpus) -> None:
    measure(corpus, "wiki@1")
    measure(corpus, "model@1", estimate_ppm=20_000, high_ppm=30_000)
    corpus.build(MIX, tmp_path / "run")
    issued(corpus, tmp_path / "out")
    page = (tmp_path / "out" / "certificate.html").read_text()
    assert "Not evaluated" not in page
    assert check(corpus, tmp_path / "out").level == 3


def test_from_the_command_line(own_place: Path, headwater: Callable[..., Ran]) -> None:
    (own_place / "a.jsonl").write_text("".join(f'{{"text": "page {n}"}}\n' for n in range(9)))
    (own_place / "mix.toml").write_text(
        'name = "mine"\nversion = 1\nstage = "mid"\nseed = 1\nbudget = 4\n'
        'datasets = ["a@1"]\nstrata = ["dataset"]\n'
    )
    for line in ("init", "ingest a.jsonl --dataset a@1", "manifest build mix.toml -o run"):
        assert headwater(*line.split()).code == 0
    for subject in ("manifest:mine", "manifest:mine@1", "run"):
        ran = headwater("certify", subject, "-o", "out")
        assert ran.code == 0, ran.stderr
        assert "manifest mine@1: 4 documents, 4 occurrences" in ran.stdout
        assert "gate contamination: not evaluated" in ran.stdout
    verified = headwater("verify", "out")
    assert verified.code == 0, verified.stderr
    assert "manifest mine@1: level 3" in verified.stdout
    said = json.loads(headwater("--json", "certify", "run", "-o", "out").stdout)
    assert said["manifest"] == "mine@1"
    assert "dataset" not in said
    assert headwater("certify", "manifest:other", "-o", "out").code == 3
