"""A mix's tail, from the ledger to the signed statement and back."""

import json
import random
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.errors import (
    DocumentMismatchError,
    InfeasibleError,
    RefusedError,
    UnknownNameError,
    VerificationError,
)
from ledger.manifests.building.build import Built, dry_run
from ledger.manifests.building.recompute import recompute
from ledger.manifests.recorded import statement_of
from ledger.manifests.tail.counting import make_table
from ledger.manifests.tail.rate import Rated, format_scores
from ledger.manifests.tail.table import Table, parse_table
from ledger.manifests.words import built_lines, dry_data, dry_lines
from ledger.provenance.policy import load_policy
from ledger.provenance.takedown import take_down
from tests.manifests.building.corpus import Corpus, make_corpus, mix_of, row, rows_of
from tests.manifests.tail.prose import NOISE, noise, prose

RNG = random.Random(11)
BOOKS = [row(prose(RNG, 0.1)) for _ in range(120)]
ESSAYS = [row(prose(RNG, 0.02 if n % 4 else 0.3)) for n in range(100)]
ESSAYS += [row(noise(kind, RNG)) for kind in NOISE for _ in range(3)]
REPLIES = [row(prose(RNG, 0.05)) for _ in range(40)]

WEIGHED = """
budget = 60
datasets = ["essays@1", "replies@1"]
strata = ["dataset"]
max_synthetic = { estimate = 0.5, upper = 0.5 }
[tail]
table = "words.tsv"
quantiles = [0.5, 0.8]
weights = [1, 2, 6]
"""
DIVIDED = """
budget = 60
datasets = ["essays@1", "replies@1"]
strata = ["label", "dataset", "tail"]
novel_tail = 0.2
[tail]
table = "words.tsv"
quantiles = [0.75]
[[bound]]
name = "no-noise"
where = { tail = "unrated" }
at_most = 0
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    made = make_corpus(tmp_path / "corpus")
    made.add("books", [BOOKS], "public_dataset")
    made.add("essays", [ESSAYS[:70], ESSAYS[70:]], "crawled")
    made.add("replies", [REPLIES], "own_synthetic")
    return made


@pytest.fixture
def table(corpus: Corpus) -> Table:
    with corpus.open() as log:
        return parse_table(make_table(log, "books@1"), "words.tsv")


def asked_again(corpus: Corpus, made: Built) -> str | None:
    with corpus.open() as log:
        return recompute(log, made.statement, made.strata)


def named(name: str, text: str) -> str:
    """The mix under a name of its own, as budgets of one name are one mix."""
    return f'name = "{name}"\nversion = 1\nstage = "pretrain"\nseed = 7\n{text}'


def mean(corpus: Corpus, folder: Path) -> float:
    """Rare words a text, counted by who wrote them: words of seven letters."""
    texts = [corpus.texts[item["sha256"].hex()] for item in rows_of(folder)]  # type: ignore[attr-defined]
    return float(np.mean([sum(len(w) == 7 for w in text.split()) / len(text.split())
                          for text in texts]))  # fmt: skip


def test_weights_draw_rare_documents_and_all_is_signed(
    tmp_path: Path, corpus: Corpus, table: Table
) -> None:
    made = corpus.build(WEIGHED, tmp_path / "a", table=table)
    even = corpus.build(
        named("even", WEIGHED.replace("[1, 2, 6]", "[1, 1, 1]")), tmp_path / "b", table=table
    )
    assert mean(corpus, tmp_path / "a") > 1.2 * mean(corpus, tmp_path / "b")
    tail, plain = made.statement.tail, even.statement.tail
    assert tail is not None
    assert plain is not None
    assert tail["selected_ppm"] > plain["selected_ppm"]
    assert tail["available_ppm"] == plain["available_ppm"]
    assert tail["table"] == {"digest": table.digest, "documents": 120, "tokens": 9600,
                             "types": len(table)}  # fmt: skip
    assert sum(item["documents"] for item in tail["unrated"]) == 3 * len(NOISE)
    classes = made.strata["strata"][0]["tail"]["classes"]
    assert [item["weight"] for item in classes] == [1, 2, 6, 1]
    assert sum(item["documents"] for item in classes) == len(ESSAYS)
    assert sum(item["selected"] for item in classes) == made.strata["strata"][0]["selected"]
    assert [item["units"] for item in made.strata["strata"]] == [
        item["units"] for item in even.strata["strata"]
    ]
    below = "\n".join(built_lines(made)[1])
    assert "rare words (mean over documents)" in below
    assert "in no class of the tail: " in below
    with corpus.open() as log:
        found = statement_of(log, made.index, log.entry(made.index))
    assert found is not None
    assert found[0].tail == made.statement.tail
    assert asked_again(corpus, made) is None
    corpus.verify()


def test_the_tail_as_an_axis_has_shares_and_noise_a_value_of_its_own(
    tmp_path: Path, corpus: Corpus, table: Table
) -> None:
    corpus.date("essays")
    made = corpus.build(DIVIDED, tmp_path / "a", table=table, accept_synthetic="a study")
    values = {tuple(item["values"]): item for item in made.strata["strata"]}
    bad = [item for key, item in values.items() if key[-1] == "unrated"]
    assert [(item["documents"], item["units"]) for item in bad] == [(3 * len(NOISE), 0)]
    novel = next(item for item in made.statement.bounds if item["name"] == "novel_tail")
    assert (novel["holds"], novel["at_least"]) == (True, "1/5")
    rare = values["human_unverified", "essays@1", "q1"]
    assert rare["units"] * 5 >= 60
    assert novel["found_ppm"] == rare["units"] * 10**6 // 60
    assert asked_again(corpus, made) is None
    with corpus.open() as log:
        asked = mix_of(DIVIDED)
        dry = dry_run(log, asked, load_policy(), table=table, accept_synthetic="a study")
        assert any("bound novel_tail" in line for line in dry_lines(dry)[1])
        assert dry_data(dry)["tail"] == made.statement.tail
        far = replace(asked, novel_tail=Fraction(9, 10))
        nearest = dry_run(log, far, load_policy(), table=table, accept_synthetic="a study")
        assert not nearest.feasible
        assert any("novel_tail" in line and "does not hold" in line
                   for line in dry_lines(nearest)[1])  # fmt: skip
    with pytest.raises(InfeasibleError, match="novel_tail"):
        corpus.build(named("more", DIVIDED.replace("0.2", "0.9")), tmp_path / "b", table=table,
                     accept_synthetic="a study")  # fmt: skip
    assert not (tmp_path / "b").exists()
    corpus.verify()


@pytest.mark.parametrize("kind", ["dataset", "manifest"])
def test_what_an_earlier_set_holds_is_not_new(
    tmp_path: Path, corpus: Corpus, table: Table, kind: str
) -> None:
    corpus.date("essays")
    first = corpus.build(DIVIDED, tmp_path / "a", table=table, accept_synthetic="a study")
    rare = {at for at, item in enumerate(first.strata["strata"]) if item["values"][-1] == "q1"}
    older = {item["sha256"] for item in rows_of(tmp_path / "a") if item["stratum"] in rare}
    name = {"dataset": "essays@1", "manifest": "manifest:tiny@1"}[kind]
    since = DIVIDED.replace("quantiles", f'earlier = "{name}"\nquantiles')
    since = named("next", since.replace("novel_tail = 0.2", "novel_tail = 0.05"))
    since = since.replace("budget = 60", "budget = 40")
    if kind == "dataset":  # all of it is there already: nothing rare is new
        with pytest.raises(InfeasibleError, match="novel_tail"):
            corpus.build(since, tmp_path / "b", table=table, accept_synthetic="a study")
        return
    made = corpus.build(since, tmp_path / "b", table=table, accept_synthetic="a study")
    new = {at for at, item in enumerate(made.strata["strata"])
           if item["values"][-1] == "q1" and item["values"][0].startswith("human")}  # fmt: skip
    taken = {item["sha256"] for item in rows_of(tmp_path / "b") if item["stratum"] in new}
    assert len(taken) * 20 >= made.statement.rows
    assert not taken & older
    assert made.statement.tail is not None
    assert made.statement.tail["earlier"]["documents"] == first.statement.rows
    assert asked_again(corpus, made) is None


def test_tokens_are_given_to_rare_documents_too(
    tmp_path: Path, corpus: Corpus, table: Table
) -> None:
    counted = 'unit = "tokens"\n' + WEIGHED.replace("budget = 60", "budget = 4000")
    made = corpus.build(counted, tmp_path / "a", table=table)
    assert 4000 <= made.statement.units < 4000 + 2 * 300
    assert made.statement.tail is not None
    assert made.statement.tail["selected_ppm"] > 1.2 * made.statement.tail["available_ppm"]
    assert "tokens were not counted again" in (asked_again(corpus, made) or "")
    corpus.verify()


def test_an_earlier_set_that_is_none(tmp_path: Path, corpus: Corpus, table: Table) -> None:
    since = DIVIDED.replace("quantiles", 'earlier = "manifest:old@2"\nquantiles')
    with pytest.raises(UnknownNameError, match="unknown manifest: old@2"):
        corpus.build(since, tmp_path / "b", table=table, accept_synthetic="a study")


def test_another_ledger_in_other_files_gives_the_same_rows(tmp_path: Path) -> None:
    roots = set()
    for shards in (1, 3, 7):
        made = make_corpus(tmp_path / str(shards))
        rows = list(ESSAYS)
        random.Random(shards).shuffle(rows)
        made.add("books", [BOOKS[n::shards] for n in range(shards)], "public_dataset")
        made.add("replies", [REPLIES], "own_synthetic")
        made.add("essays", [rows[n::shards] for n in range(shards)], "crawled")
        with made.open() as log:
            table = parse_table(make_table(log, "books@1"), "words.tsv")
        built = made.build(WEIGHED, tmp_path / f"out{shards}", table=table)
        assert built.statement.tail is not None
        roots.add((built.statement.content_root, built.statement.tail["scores"], table.digest))
    assert len(roots) == 1


def test_the_scores_are_part_of_what_is_recomputed(
    tmp_path: Path, corpus: Corpus, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An issuer who draws by other scores than it records is found out, and so is a change."""
    made = corpus.build(WEIGHED, tmp_path / "a", table=table)
    said = made.statement.tail
    assert said is not None
    for change in ({"selected_ppm": 1}, {"available_ppm": 1}, {"unrated": []}):
        other = replace(made.statement, tail={**said, **change})
        with pytest.raises(VerificationError, match="tiny@1: tail: found another"):
            asked_again(corpus, replace(made, statement=other))
    with pytest.raises(VerificationError, match="tail: found another than its mix asks for"):
        asked_again(corpus, replace(made, statement=replace(made.statement, tail=None)))
    gone = {**said, "scores": "sha256:" + sha256(b"gone").hexdigest()}
    found = asked_again(corpus, replace(made, statement=replace(made.statement, tail=gone)))
    assert found == "the vault withholds how rare each candidate's words are"


def test_an_issuer_records_other_scores_than_it_drew_by(
    tmp_path: Path, corpus: Corpus, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ledger.manifests.building import build as building

    with monkeypatch.context() as patch:
        patch.setattr(building, "format_scores", lambda score: format_scores(score[::-1]))
        patch.setattr(
            Rated, "digest", property(lambda self: sha256(format_scores(self.score[::-1])).digest())
        )
        made = corpus.build(WEIGHED, tmp_path / "a", table=table)
    with pytest.raises(VerificationError, match=r"tiny@1: (strata|content_root|tail): found"):
        asked_again(corpus, made)


def test_after_a_takedown_few_rows_change(tmp_path: Path, corpus: Corpus, table: Table) -> None:
    first = corpus.build(WEIGHED, tmp_path / "a", table=table)
    before = {item["sha256"] for item in rows_of(tmp_path / "a")}
    gone = min(before)  # type: ignore[type-var]
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{gone.hex()}", "privacy")  # type: ignore[attr-defined]
    second = corpus.build(WEIGHED, tmp_path / "b", table=table)
    after = {item["sha256"] for item in rows_of(tmp_path / "b")}
    assert gone not in after
    assert len(before ^ after) <= 2 + 2 * 2
    assert second.statement.parent is not None
    assert second.index != first.index
    corpus.verify()


def test_a_text_that_is_gone_stops_it(tmp_path: Path, corpus: Corpus, table: Table) -> None:
    path = next(corpus.place.glob("essays/0.jsonl"))
    path.write_text(path.read_text().replace(ESSAYS[0]["text"], ESSAYS[0]["text"] + " more"))
    with pytest.raises((DocumentMismatchError, RefusedError)):
        corpus.build(WEIGHED, tmp_path / "a", table=table)
    assert not (tmp_path / "a").exists()


def test_the_commands(own_place: Path, headwater: Any) -> None:
    for name, rows in (("books", BOOKS), ("essays", ESSAYS)):
        lines = (json.dumps({"text": item["text"]}) + "\n" for item in rows)
        (own_place / f"{name}.jsonl").write_text("".join(lines))
    assert headwater("init").code == 0
    for name in ("books", "essays"):
        assert headwater("ingest", f"{name}.jsonl", "--dataset", f"{name}@1").code == 0
    ran = headwater("audit", "tail", "books@1", "--write", "words.tsv")
    assert ran.code == 0, ran.stderr
    assert "books@1: 120 documents against itself, the word counts of 120 documents" in ran.stdout
    assert "wrote 4" in ran.stdout
    found = json.loads(
        headwater("--json", "audit", "tail", "essays@1", "--table", "words.tsv").stdout
    )
    digest = f"sha256:{sha256((own_place / 'words.tsv').read_bytes()).hexdigest()}"
    assert found["table"]["digest"] == digest
    assert (found["documents"], found["rated"]) == (len(ESSAYS), len(ESSAYS) - 3 * len(NOISE))
    assert sum(found["unrated"].values()) == 3 * len(NOISE)
    places = [*found["percentiles_ppm"].values()]
    assert places == sorted(places)
    assert places[0] < places[-1]
    mix = WEIGHED.replace('"essays@1", "replies@1"', '"essays@1"')
    (own_place / "mix.toml").write_text(
        'name = "mine"\nversion = 1\nstage = "mid"\nseed = 1\n' + mix
    )
    ran = headwater("manifest", "build", "mix.toml", "-o", "run")
    assert ran.code == 0, ran.stderr
    assert "rare words (mean over documents)" in ran.stdout
    assert "rare words (mean over documents)" in headwater("manifest", "show", "run").stdout
    verified = headwater("verify", "run")
    assert verified.code == 0, verified.stderr
    assert "mine@1: levels 1, 2, 3 and 4: the signature holds" in verified.stdout
    (own_place / "words.tsv").unlink()
    ran = headwater("manifest", "build", "mix.toml", "--dry-run")
    assert (ran.code, "words.tsv: no table of word counts can be read there" in ran.stderr) == (
        3, True,
    )  # fmt: skip
    ran = headwater("audit", "tail", "books@1", "--write", "words.csv")
    assert ran.code == 3
    ran = headwater("audit", "tail", "books@1", "--write", "w.tsv", "--table", "w.tsv")
    assert ran.code == 2
    assert headwater("verify").code == 0
