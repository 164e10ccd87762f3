"""A manifest is what the ledger and the mix come to, whole or not at all."""

import errno
import json
import shutil
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ledger.corpus.atomic import storage_error
from ledger.errors import (
    DocumentMismatchError,
    InfeasibleError,
    InputError,
    LedgerError,
    MalformedError,
    StorageError,
    UnknownNameError,
)
from ledger.log.content_root import content_root
from ledger.log.merkle import leaf_hash
from ledger.manifests.building import build as building
from ledger.manifests.building import write as writing
from ledger.manifests.forgetting import holding
from ledger.manifests.recorded import manifests
from ledger.manifests.shards import parse_shards
from ledger.manifests.statement import parse_statement
from ledger.provenance.dsse import open_envelope
from ledger.provenance.takedown import take_down
from tests.manifests.building.corpus import DIARY, MODEL, WIKI, Corpus, make_corpus, rows_of

MIX = """
budget = 50
datasets = ["diary@1", "wiki@1", "model@1"]
strata = ["label", "basis", "dataset", "topic", "language", "period"]
"""
TWICE = """
budget = 95
repeat = 3
datasets = ["diary@1", "wiki@1"]
strata = ["dataset", "language"]
[[share]]
where = { dataset = "wiki@1", language = "en" }
share = "1/3"
[[share]]
where = {}
share = "2/3"
"""


def texts_of(folder: Path) -> list[tuple[str, str]]:
    """(digest said, text), in the order of the files."""
    found = []
    for part in parse_shards((folder / "shards.json").read_bytes(), "shards").texts:
        with pa.memory_map(str(folder / part.file)) as source:
            table = pa.ipc.open_file(source).read_all()
            pairs = zip(table["sha256"].to_pylist(), table["text"].to_pylist(), strict=True)
            found += [(digest.hex(), text) for digest, text in pairs]
    return found


def selected(folder: Path) -> set[str]:
    return {row["sha256"].hex() for row in rows_of(folder)}  # type: ignore[attr-defined]


def strata_of(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "strata.json").read_bytes())["strata"]
    return found


def test_what_is_signed_is_what_lies_there(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(MIX, tmp_path / "out")
    folder, statement = tmp_path / "out", made.statement
    envelope = (folder / "manifest.json").read_bytes()
    payload, _ = open_envelope(envelope, corpus.ring.verifiers("statement"))
    assert parse_statement(payload, "manifest.json") == statement
    assert sha256((folder / "strata.json").read_bytes()).digest() == statement.strata
    assert sha256((folder / "shards.json").read_bytes()).digest() == statement.shards
    parts = parse_shards((folder / "shards.json").read_bytes(), "shards")
    for part in (*parts.rows, *parts.texts):
        data = (folder / part.file).read_bytes()
        assert (sha256(data).digest(), len(data)) == (part.sha256, part.size)
    rows, texts = rows_of(folder), texts_of(folder)
    assert [(row["shard"], row["row"]) for row in rows] == [(0, n) for n in range(50)]
    assert [row["sha256"].hex() for row in rows] == [digest for digest, _ in texts]  # type: ignore[attr-defined]
    assert all(corpus.texts[digest] == text for digest, text in texts)
    assert (
        statement.members == sha256(b"".join(sorted(map(bytes.fromhex, selected(folder))))).digest()
    )
    corpus.verify()


def test_strata_are_what_people_would_count(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(MIX, tmp_path / "out")
    counted = {tuple(row["values"]): row["documents"] for row in strata_of(tmp_path / "out")}
    german = sum(row["lang"] == "de" for row in WIKI)
    assert counted == {
        ("human_unverified", "predates", "diary@1", "life", "en", "2020"): len(DIARY),
        ("human_unverified", "none", "wiki@1", "facts", "de", "unknown"): german,
        ("human_unverified", "none", "wiki@1", "facts", "en", "unknown"): len(WIKI) - german,
        ("synthetic_known", "declared", "model@1", "facts", "en", "unknown"): len(MODEL),
    }


@pytest.mark.parametrize(("shuffle", "files"), [(1, 1), (2, 3), (3, 7)])
@pytest.mark.parametrize("mix", [MIX, TWICE])
def test_order_and_shards_decide_nothing(
    tmp_path: Path, corpus: Corpus, mix: str, shuffle: int, files: int
) -> None:
    other = make_corpus(tmp_path / "other", shuffle=shuffle, files=files)
    first, second = corpus.build(mix, tmp_path / "a"), other.build(mix, tmp_path / "b")
    assert first.statement.content_root == second.statement.content_root
    assert first.strata == second.strata


@pytest.mark.parametrize("mix", [MIX, TWICE])
def test_plain_sql_finds_the_same_rows(tmp_path: Path, corpus: Corpus, mix: str) -> None:
    """Keys, thresholds and content_root from the planned units, without a line of ours."""
    made = corpus.build(mix, tmp_path / "out")
    strata = strata_of(tmp_path / "out")
    axes = made.statement.axes
    database = sqlite3.connect(":memory:")
    database.create_function("keyhex", 2, lambda a, b: sha256(a + b).hexdigest()[:16])
    database.execute("CREATE TABLE document (digest BLOB, stratum INT)")
    database.execute("CREATE TABLE stratum (number INT, planned INT, held INT)")
    for number, row in enumerate(strata):
        database.execute(
            "INSERT INTO stratum VALUES (?, ?, ?)", (number, row["planned"], row["available"])
        )
    number_of = {tuple(row["values"]): number for number, row in enumerate(strata)}
    for name, rows, label, basis, period in (
        ("diary@1", DIARY, "human_unverified", "predates", "2020"),
        ("wiki@1", WIKI, "human_unverified", "none", "unknown"),
        ("model@1", MODEL, "synthetic_known", "declared", "unknown"),
    ):
        known = {"label": label, "basis": basis, "period": period}
        for item in rows:
            values = {"dataset": name, "topic": item["topic"], "language": item["lang"]} | known
            place = number_of.get(tuple(values[axis] for axis in axes))
            if place is not None:
                digest = sha256(item["text"].encode()).digest()
                database.execute("INSERT INTO document VALUES (?, ?)", (digest, place))
    prefix = b"headwater key 1" + (7).to_bytes(8, "big")
    found = database.execute(
        "WITH ranked AS (SELECT d.digest, d.stratum, s.planned, s.held, row_number() OVER "
        "(PARTITION BY d.stratum ORDER BY keyhex(?, d.digest), d.digest) AS n "
        "FROM document AS d JOIN stratum AS s ON s.number = d.stratum) "
        "SELECT digest, stratum, planned / held + (n <= planned % held) AS copies "
        "FROM ranked WHERE copies > 0",
        (prefix,),
    ).fetchall()
    leaves = sorted(
        sha256(
            digest + stratum.to_bytes(2, "big") + (copies << 16).to_bytes(4, "big") + b"\0\0\0\1"
        ).digest()
        for digest, stratum, copies in found
    )
    assert content_root(leaves) == made.statement.content_root
    assert len(leaves) > 1 and content_root(leaves) != leaf_hash(leaves[0])


def test_repeats_are_whole_and_exact(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(TWICE, tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert all(int(row["repeat_q16"]) % 65536 == 0 for row in rows)  # type: ignore[call-overload]
    given = sum(int(row["repeat_q16"]) >> 16 for row in rows)  # type: ignore[call-overload]
    assert given == made.statement.documents == made.statement.units == 95
    (wiki,) = (s for s in strata_of(tmp_path / "out") if s["values"] == ["wiki@1", "en"])
    assert wiki["given"] in (31, 32) and wiki["available"] == 14 and wiki["every"] == 2


def test_a_greater_budget_keeps_what_was_chosen(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(MIX, tmp_path / "a")
    more = MIX.replace("budget = 50", "budget = 80")
    head = 'name = "tiny"\nversion = 2\nstage = "pretrain"\nseed = 7\n'
    made = corpus.build(head + more, tmp_path / "b")
    assert selected(tmp_path / "a") < selected(tmp_path / "b")
    assert made.statement.parent is not None


def test_a_takedown_changes_two_rows_at_most(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(MIX, tmp_path / "a")
    victim = min(selected(tmp_path / "a"))
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{victim}", "privacy")
        (held,) = holding(log, f"sha256:{victim}")
        assert (held.name, held.version, held.consumers, held.models) == ("tiny", "1", (), ())
    again = corpus.build(MIX, tmp_path / "b")
    before, after = selected(tmp_path / "a"), selected(tmp_path / "b")
    assert victim not in after
    assert len(before - after) <= 2 and len(after - before) <= 2
    assert again.statement.parent == bytes.fromhex(made.statement_digest.removeprefix("sha256:"))
    assert again.statement.exclusions["reasons"] == [{"documents": 1, "reason": "taken_down"}]
    assert again.statement.exclusions["taken_down"]["documents"] == 1
    corpus.verify()


def test_the_same_again_is_the_same(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(MIX, tmp_path / "a")
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{sha256(b'nobody').hexdigest()}", "other")
        before = log.size
    shutil.rmtree(tmp_path / "a")
    again = corpus.build(MIX, tmp_path / "a")
    assert again.statement.exclusions != made.statement.exclusions  # the list of takedowns grew
    third = corpus.build(MIX, tmp_path / "c")
    assert (third.new, third.statement_digest) == (False, again.statement_digest)
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "c" / path.relative_to(tmp_path / "a")).read_bytes()
    with corpus.open() as log:
        assert log.size == before + 1


def test_killed_before_the_folder_has_its_name(
    tmp_path: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(fresh: Path, out: Path) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(building, "settle_folder", kill)
        corpus.build(MIX, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    made = corpus.build(MIX, tmp_path / "out")
    assert not made.new
    with corpus.open() as log:
        assert len(manifests(log)) == 1


@pytest.mark.parametrize("where", ["write_whole", "_write_rows", "_settled"])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    home = building if where == "write_whole" else writing
    monkeypatch.setattr(home, where, full)
    with pytest.raises(StorageError, match="no space left"):
        corpus.build(MIX, tmp_path / "out")
    assert sorted(item.name for item in tmp_path.iterdir() if "out" in item.name) == []
    with corpus.open() as log:
        assert manifests(log) == []
    assert isinstance(storage_error(tmp_path, OSError()), StorageError)


def change(corpus: Corpus) -> None:
    path = corpus.place / "wiki" / "0.jsonl"
    path.write_text(path.read_text().replace("wiki page 3", "wiki page X"))


def lose(corpus: Corpus) -> None:
    (corpus.place / "wiki" / "0.jsonl").unlink()


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (change, DocumentMismatchError, "0.jsonl: SHA-256 is"),
        (lose, InputError, "0.jsonl: no such file"),
    ],
)
def test_an_input_changed_or_moved(
    tmp_path: Path,
    corpus: Corpus,
    spoil: Callable[[Corpus], None],
    error: type[LedgerError],
    words: str,
) -> None:
    spoil(corpus)
    with pytest.raises(error, match=words):
        corpus.build(MIX, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / ".out.building").exists()
    with corpus.open() as log:
        assert manifests(log) == []


def test_a_moved_input_is_found_below_a_root(tmp_path: Path, corpus: Corpus) -> None:
    (tmp_path / "moved").mkdir()
    shutil.move(corpus.place / "wiki", tmp_path / "moved" / "wiki")
    made = corpus.build(MIX, tmp_path / "out", roots=[tmp_path / "moved"])
    assert len(texts_of(tmp_path / "out")) == made.statement.rows


@pytest.mark.parametrize(
    ("mix", "error", "words"),
    [
        (MIX.replace('"wiki@1"', '"wike@1"'), UnknownNameError, "unknown dataset: wike@1"),
        (MIX.replace('"wiki@1"', '"reserve:old@1"'), UnknownNameError, "reserve: old version 1"),
        (MIX.replace("budget = 50", "budget = 5000"), InfeasibleError, "5,000|5000"),
        (MIX + '[tail]\ntable = "t.tsv"\nquantiles = ["1/2"]\nweights = [1, 2]\n',
         InputError, r"found \[tail\], but no table of word counts was given"),
        (MIX.replace("seed", "sed") + "[[bound]]\nwhere = {}\n", MalformedError, "bound 1"),
    ],
)  # fmt: skip
def test_a_mix_that_cannot_be_built(
    tmp_path: Path, corpus: Corpus, mix: str, error: type[LedgerError], words: str
) -> None:
    with pytest.raises(error, match=words):
        corpus.build(mix, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_with_files_is_not_written_over(tmp_path: Path, corpus: Corpus) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="found files, expected an empty folder"):
        corpus.build(MIX, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_a_name_and_version_stand_for_one_mix(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(MIX, tmp_path / "a")
    with pytest.raises(InputError, match=r"tiny@1: built before from another mix, at entry \d+"):
        corpus.build(MIX.replace("budget = 50", "budget = 51"), tmp_path / "b")


def test_tokens_reach_the_budget_to_a_document_of_each_stratum(
    tmp_path: Path, corpus: Corpus
) -> None:
    mix = 'unit = "tokens"\nbudget = 200\ndatasets = ["diary@1", "wiki@1"]\nstrata = ["dataset"]\n'
    made = corpus.build(mix, tmp_path / "out")
    words = {digest: len(text.split()) for digest, text in corpus.texts.items()}
    rows = rows_of(tmp_path / "out")
    assert all(words[row["sha256"].hex()] == row["units"] for row in rows)  # type: ignore[attr-defined]
    assert made.statement.units == sum(int(row["units"]) for row in rows)  # type: ignore[call-overload]
    assert made.statement.tokenizer == "words@1"
    for stratum in strata_of(tmp_path / "out"):
        assert stratum["planned"] <= stratum["units"] < stratum["planned"] + max(words.values())
