"""Who there is to choose from, and in which stratum."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import InputError, UnknownNameError
from ledger.manifests.strata.candidates import find_named, read_candidates
from ledger.manifests.strata.divide import divide, year_of
from ledger.manifests.strata.excluded import exclude
from ledger.provenance.policy import load_policy
from ledger.provenance.takedown import take_down
from ledger.reserves.sealing.seal import seal
from ledger.reserves.selection.rule import make_rule
from tests.log.making import authorship, key, signer
from tests.manifests.building.corpus import DIARY, WIKI, Corpus, make_corpus, mix_of, row, rows_of


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    made = make_corpus(tmp_path / "corpus")
    yield made
    made.verify()


def sealed(corpus: Corpus, out: Path, name: str = "old", **rule: object) -> None:
    with corpus.open(write=True) as log:
        seal(log, make_rule(log, name, datasets=["diary@1"], **rule), out)  # type: ignore[arg-type]


def counts(corpus: Corpus, mix: str) -> dict[tuple[str, ...], int]:
    """Documents of each stratum by dataset."""
    asked, policy = mix_of(mix), load_policy()
    with corpus.open() as log:
        found = read_candidates(log, find_named(log, asked), policy, None)
        found = found.take(exclude(log, asked, found).kept)
        units = found.bytes * 0 + 1
        strata = divide(log, asked.strata, found, policy, units).strata
    return dict(zip(strata.values, strata.documents.tolist(), strict=True))


def by_dataset(*names: str, stage: str = "pretrain") -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    head = f'name = "tiny"\nversion = 1\nstage = "{stage}"\nseed = 1\n'
    return f'{head}datasets = [{listed}]\nstrata = ["dataset"]\n'


def test_a_document_of_two_datasets_counts_for_the_first(corpus: Corpus) -> None:
    corpus.add("more", [[DIARY[0], WIKI[0], row("mine alone")]], "crawled")
    assert counts(corpus, by_dataset("more@1", "diary@1", "wiki@1")) == {
        ("more@1",): 3, ("diary@1",): len(DIARY) - 1, ("wiki@1",): len(WIKI) - 1,
    }  # fmt: skip
    assert counts(corpus, by_dataset("diary@1", "more@1", "wiki@1")) == {
        ("more@1",): 2, ("diary@1",): len(DIARY), ("wiki@1",): len(WIKI) - 1,
    }  # fmt: skip


def test_a_reserve_comes_before_the_dataset_it_was_sealed_from(
    tmp_path: Path, corpus: Corpus
) -> None:
    corpus.add("late", [[row("a page of the year 2025")]], "user_data")
    sealed(corpus, tmp_path / "old")
    assert counts(corpus, by_dataset("diary@1", "late@1", "reserve:old@1")) == {
        ("late@1",): 1, ("reserve:old@1",): len(DIARY),
    }  # fmt: skip


def test_a_replay_share_is_of_the_reserve(tmp_path: Path, corpus: Corpus) -> None:
    sealed(corpus, tmp_path / "old")
    mix = """
budget = 40
datasets = ["reserve:old@1", "wiki@1"]
strata = ["dataset"]
target = "shares"
[[share]]
where = { dataset = "wiki@1" }
share = 0.75
[[share]]
where = {}
share = 0.25
[replay]
reserve = "old@1"
at_least = 0.2
"""
    made = corpus.build(mix, tmp_path / "out")
    given = {tuple(s["values"]): s["given"] for s in made.strata["strata"]}
    assert given == {("reserve:old@1",): 10, ("wiki@1",): 30}
    assert made.statement.datasets[0]["name"] == "reserve:old@1"
    assert [bound["holds"] for bound in made.statement.bounds] == [True] * 3


def test_the_texts_of_a_reserve_come_from_its_folder(tmp_path: Path, corpus: Corpus) -> None:
    sealed(corpus, tmp_path / "old")
    for path in (corpus.place / "diary").glob("*.jsonl"):
        path.unlink()
    mix = 'datasets = ["reserve:old@1"]\nstrata = ["dataset"]\n'
    with pytest.raises(InputError, match="no such file"):
        corpus.build(mix, tmp_path / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_CONFIG", str(corpus.place / "config"))
        corpus.build(mix, tmp_path / "out", reserves=[tmp_path / "old"])
    assert len(rows_of(tmp_path / "out")) == len(DIARY)


def anchor(corpus: Corpus, out: Path) -> None:
    """Two diary pages whose author signed them, sealed as an anchor."""
    author = signer("example.org/author")
    pages = [digest for digest, text in sorted(corpus.texts.items()) if text.startswith("diary")]
    corpus.say(key(author))
    corpus.say(*(authorship(f"sha256:{page}", "A0", by=[author]) for page in pages[:2]))
    sealed(corpus, out, "writers", anchor=True)


def test_an_anchor_is_kept_out_until_the_last_stage(tmp_path: Path, corpus: Corpus) -> None:
    anchor(corpus, tmp_path / "writers")
    assert counts(corpus, by_dataset("diary@1"))[("diary@1",)] == len(DIARY) - 2
    final = by_dataset("diary@1", "anchor:writers@1", stage="anneal")
    assert counts(corpus, final) == {("anchor:writers@1",): 2, ("diary@1",): len(DIARY) - 2}
    with pytest.raises(InputError, match="found an anchor of that name"):
        counts(corpus, by_dataset("reserve:writers@1", stage="anneal"))


def test_a_reserve_is_no_anchor(tmp_path: Path, corpus: Corpus) -> None:
    sealed(corpus, tmp_path / "old")
    with pytest.raises(InputError, match="found a dated reserve of that name"):
        counts(corpus, by_dataset("anchor:old@1", stage="anneal"))
    with pytest.raises(UnknownNameError):
        counts(corpus, by_dataset("reserve:old@2"))


def test_what_was_taken_down_is_no_candidate(corpus: Corpus) -> None:
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{min(corpus.texts)}", "legal")
    total = sum(counts(corpus, by_dataset("diary@1", "wiki@1", "model@1")).values())
    assert total == len(corpus.texts) - 1


def test_a_policy_decides_the_label_and_evidence_the_period(corpus: Corpus) -> None:
    head = by_dataset("diary@1", "wiki@1").replace('["dataset"]', '["label", "basis", "period"]')
    assert counts(corpus, head) == {
        ("human_unverified", "none", "unknown"): len(WIKI),
        ("human_unverified", "predates", "2020"): len(DIARY),
    }
    corpus.date("diary", 1_500_000_000)  # an earlier one: the least counts
    assert ("human_unverified", "predates", "2017") in counts(corpus, head)


@pytest.mark.parametrize(
    ("seconds", "year"),
    [(0, "1970"), (-1, "1969"), (1_672_531_199, "2022"), (1_672_531_200, "2023"),
     (None, "unknown"), (2**53 - 1, "unknown"), (-(2**53) + 1, "unknown")],
)  # fmt: skip
def test_a_period_is_a_year_in_utc(seconds: int | None, year: str) -> None:
    assert year_of(seconds) == year


def test_a_dataset_without_documents(corpus: Corpus) -> None:
    from tests.log.making import dataset

    corpus.say(dataset("empty", "1"))
    with pytest.raises(InputError, match="empty@1: found no documents in it"):
        counts(corpus, by_dataset("empty@1"))


def test_what_is_much_like_an_anchor_is_kept_out_too(tmp_path: Path, corpus: Corpus) -> None:
    words = [f"word{n}" for n in range(60)]
    signed, like = " ".join(words), " ".join([*words[:-1], "another"])
    corpus.add("essay", [[row(signed)]], "user_data")
    corpus.add("crawl", [[row(like), row("something else altogether")]], "crawled")
    author = signer("example.org/author")
    corpus.say(key(author))
    corpus.say(authorship(f"sha256:{sha256(signed.encode()).hexdigest()}", "A0", by=[author]))
    with corpus.open(write=True) as log:
        seal(log, make_rule(log, "writers", datasets=["essay@1"], anchor=True), tmp_path / "w")
    mix = 'datasets = ["essay@1", "crawl@1"]\nstrata = ["dataset"]\n'
    made = corpus.build(mix, tmp_path / "out")
    assert made.statement.rows == 1
    assert {row["reason"]: row["documents"] for row in made.statement.exclusions["reasons"]} == {
        "anchor": 1, "near_anchor": 1,
    }  # fmt: skip
