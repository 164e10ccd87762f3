"""The seal as a whole: the same from everywhere, whole or not at all, and never twice."""

import fcntl
import json
import os
import random
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ledger.corpus.ingest import ingest
from ledger.corpus.readers.jsonl import READER
from ledger.errors import (
    AlreadySealedError,
    BusyError,
    DocumentMismatchError,
    GateError,
    InputError,
    RefusedError,
    StorageError,
)
from ledger.log.canonical import format_entry
from ledger.log.verify import verify_log
from ledger.provenance.takedown import take_down
from ledger.reserves.layout import CONTENT, SUMS
from ledger.reserves.sealing import seal as sealing
from ledger.reserves.sealing.seal import seal
from ledger.reserves.selection.rule import make_rule
from tests.conftest import Ran
from tests.corpus.neardup_helpers import Writer
from tests.log.making import authorship, evidence, key, signer
from tests.reserves.sealing import OLD, TEXTS, Corpus, make_corpus


def members(folder: Path) -> list[bytes]:
    table = pq.read_table(folder / CONTENT / "documents.parquet", columns=["sha256"])
    found: list[bytes] = table.column(0).to_pylist()
    return found


def texts(folder: Path) -> list[str]:
    shards = sorted((folder / CONTENT / "text").iterdir())
    return [text for shard in shards for text in pq.read_table(shard)["text"].to_pylist()]


def sums(folder: Path) -> bytes:
    return (folder / CONTENT / SUMS).read_bytes()


def assert_whole(corpus: Corpus, *folders: Path) -> None:
    with corpus.open() as log:
        assert verify_log(log).trusted
    for folder in folders:
        assert corpus.verify(folder).levels == (1, 2, 3, 4)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return make_corpus(tmp_path / "corpus")


def test_a_text_is_lost_or_spoilt_on_the_way(tmp_path: Path, corpus: Corpus) -> None:
    corpus.seal(tmp_path / "out")
    assert sorted(texts(tmp_path / "out")) == sorted(TEXTS)
    hashed = [sha256(text.encode()).digest() for text in texts(tmp_path / "out")]
    assert hashed == members(tmp_path / "out") == sorted(hashed)
    assert_whole(corpus, tmp_path / "out")


def test_somebody_writes_into_a_sealed_folder(tmp_path: Path, corpus: Corpus) -> None:
    corpus.seal(tmp_path / "out")
    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o555 if path.is_dir() else 0o444), path


def other_ledger(place: Path, lines: list[str], files: int) -> Corpus:
    """The same documents from other files' order, in a ledger of another name and history."""
    corpus = make_corpus(place, ["something else, so that entries have other numbers"])
    (place / "split").mkdir()
    paths = []
    for number in range(files):
        path = place / "split" / f"part-{number}.jsonl"
        path.write_text("".join(lines[number::files]))
        paths.append(path)
    random.Random(files).shuffle(paths)
    with corpus.open(write=True) as log:
        for path in paths:
            ingest(log, [path], dataset="split@1")
        for path in paths:
            subject = f"sha256:{sha256(path.read_bytes()).hexdigest()}"
            log.append([format_entry(evidence(subject, OLD))])
    return corpus


def test_the_ledger_or_its_history_or_the_workers_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.reserves.layout.SHARD_BYTES", 700)
    lines = [json.dumps({"text": text}) + "\n" for text in [*TEXTS, *TEXTS[:7]]]
    first = other_ledger(tmp_path / "a", lines, 3)
    second = other_ledger(tmp_path / "b", lines, 3)
    for corpus, out, workers in ((first, "x", 1), (second, "y", 3)):
        with corpus.open(write=True) as log:
            rule = make_rule(log, "old", datasets=["split@1"])
            seal(log, rule, tmp_path / out, workers=workers)
    assert sums(tmp_path / "x") == sums(tmp_path / "y")
    assert len(list((tmp_path / "x/content/text").iterdir())) > 3
    for path in (tmp_path / "x" / CONTENT).rglob("*"):
        if path.is_file():
            twin = tmp_path / "y" / path.relative_to(tmp_path / "x")
            assert path.read_bytes() == twin.read_bytes()
    assert sorted(texts(tmp_path / "y")) == sorted(TEXTS)
    assert_whole(first, tmp_path / "x")
    assert_whole(second, tmp_path / "y")


def test_a_time_of_checking_or_a_path_gets_into_the_content(tmp_path: Path, corpus: Corpus) -> None:
    corpus.seal(tmp_path / "out")
    for path in (tmp_path / "out" / CONTENT).rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert str(tmp_path).encode() not in data and b"1790000000" not in data


# --- twice


def test_the_same_set_is_sealed_twice(tmp_path: Path, corpus: Corpus) -> None:
    first = corpus.seal(tmp_path / "out")
    with corpus.open() as log:
        size = log.size
    for out in (tmp_path / "out", tmp_path / "elsewhere"):
        with pytest.raises(AlreadySealedError, match="already sealed, as old version 1"):
            corpus.seal(out)
    with pytest.raises(AlreadySealedError, match=f"at entry {first.index}"):
        corpus.seal(tmp_path / "elsewhere", name="another_name")
    assert not (tmp_path / "elsewhere").exists()
    with corpus.open() as log:
        assert log.size == size


def test_a_lost_folder_cannot_be_had_again(tmp_path: Path, corpus: Corpus) -> None:
    first = corpus.seal(tmp_path / "out")
    with corpus.open(write=True) as log:
        rule = make_rule(log, "old", datasets=["notes@1"])
        second = seal(log, rule, tmp_path / "copy", again=True)
    assert (second.index, second.again, second.statement) == (first.index, True, first.statement)
    assert sums(tmp_path / "copy") == sums(tmp_path / "out")
    assert_whole(corpus, tmp_path / "copy")


def test_a_seal_is_repeated_over_changed_evidence(tmp_path: Path, corpus: Corpus) -> None:
    corpus.seal(tmp_path / "out")
    file = sha256((tmp_path / "corpus/notes.jsonl").read_bytes()).hexdigest()
    with corpus.open(write=True) as log:
        log.append([format_entry(evidence(f"sha256:{file}", OLD - 1))])
        rule = make_rule(log, "old", datasets=["notes@1"])
        with pytest.raises(RefusedError, match="sealed with other evidence than there is now"):
            seal(log, rule, tmp_path / "copy", again=True)
    assert list(tmp_path.glob("*copy*")) == []


def test_a_takedown_stays_in_the_next_version(tmp_path: Path, corpus: Corpus) -> None:
    first = corpus.seal(tmp_path / "one")
    gone = sha256(TEXTS[5].encode()).digest()
    with corpus.open(write=True) as log:
        take_down(log, f"sha256:{gone.hex()}", "privacy", "the author asked")
    second = corpus.seal(tmp_path / "two")
    assert second.statement.version == 2
    assert second.statement.parent == first.statement.content_root
    assert set(members(tmp_path / "one")) - set(members(tmp_path / "two")) == {gone}
    report = corpus.verify(tmp_path / "one")
    assert "superseded by old version 2" in report.text()
    assert_whole(corpus, tmp_path / "one", tmp_path / "two")


def test_one_name_is_a_reserve_and_an_anchor(tmp_path: Path, corpus: Corpus) -> None:
    corpus.seal(tmp_path / "out")
    with pytest.raises(InputError, match="is the name of a dated reserve already"):
        corpus.seal(tmp_path / "anchor", anchor=True)


def test_an_anchor_is_sealed_that_does_not_verify(tmp_path: Path, corpus: Corpus) -> None:
    ada = signer("ada")
    signed = [f"sha256:{sha256(text.encode()).hexdigest()}" for text in TEXTS[:3]]
    with corpus.open(write=True) as log:
        log.append([format_entry(key(ada))])
        log.append([format_entry(authorship(digest, "A0", by=[ada])) for digest in signed])
    sealed = corpus.seal(tmp_path / "out", name="writers", anchor=True)
    assert sealed.statement.stage == "final"
    assert sorted(texts(tmp_path / "out")) == sorted(TEXTS[:3])
    assert "last stage of training only" in sealed.statement.limits[0]
    assert not any("existed before" in sentence for sentence in sealed.statement.limits)
    assert_whole(corpus, tmp_path / "out")


# --- whole or not at all


class KilledError(Exception):
    """Stands for a crash."""


def broken(*_: object, **__: object) -> None:
    raise KilledError


@pytest.mark.parametrize("step", ["write_content", "_statement", "_record"])
def test_half_a_folder_is_left(
    tmp_path: Path, corpus: Corpus, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sealing, step, broken)
        with pytest.raises(KilledError):
            corpus.seal(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []
    assert not corpus.seal(tmp_path / "out").again
    assert_whole(corpus, tmp_path / "out")


@pytest.mark.parametrize("step", ["write_receipts", "settle_folder"])
def test_a_recorded_seal_never_gets_its_folder(
    tmp_path: Path, corpus: Corpus, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sealing, step, broken)
        with pytest.raises(KilledError):
            corpus.seal(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    sealed = corpus.seal(tmp_path / "out")
    assert (sealed.again, sealed.statement.version) == (True, 1)
    assert list(tmp_path.glob(".out*")) == []
    assert_whole(corpus, tmp_path / "out")


def test_what_a_killed_seal_left_is_sealed_with_the_rest(tmp_path: Path, corpus: Corpus) -> None:
    left = tmp_path / ".out.sealing" / CONTENT / "text"
    left.mkdir(parents=True)
    (left / "00009.parquet").write_bytes(b"half")
    left.chmod(0o555)
    corpus.seal(tmp_path / "out")
    assert_whole(corpus, tmp_path / "out")


def test_two_seals_write_one_folder(tmp_path: Path, corpus: Corpus) -> None:
    beside = tmp_path / ".out.sealing"
    beside.mkdir()
    handle = os.open(beside, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another process is sealing there"):
            corpus.seal(tmp_path / "out")
    finally:
        os.close(handle)
    corpus.seal(tmp_path / "out")


def test_a_link_leads_a_seal_to_a_folder_that_it_empties(tmp_path: Path, corpus: Corpus) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("precious")
    (tmp_path / ".out.sealing").symlink_to(tmp_path / "thesis")
    with pytest.raises(StorageError):
        corpus.seal(tmp_path / "out")
    (tmp_path / ".out.sealing").unlink()
    (tmp_path / "thesis").rename(tmp_path / ".out.sealing")
    with pytest.raises(InputError, match=r"found chapter\.txt, expected what a seal left"):
        corpus.seal(tmp_path / "out")
    assert (tmp_path / ".out.sealing/chapter.txt").read_text() == "precious"


@pytest.mark.parametrize("out", [".", "..", "x/..", "/", "y" * 300])
def test_a_folder_that_has_no_name(corpus: Corpus, out: str) -> None:
    with pytest.raises((InputError, StorageError)):
        corpus.seal(Path(out))


def test_long_and_many_licences_make_a_seal_that_does_not_verify(tmp_path: Path) -> None:
    """A dictionary is bounded when it is read, so it is when it is written."""
    place = tmp_path / "in"
    place.mkdir()
    rows = [
        {"text": f"text {n}", "license": f"{n:05}" + "\u00fc" * 195, "language": f"x{n}" * 30}
        for n in range(9000)
    ]
    (place / "many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = make_corpus(tmp_path / "corpus")
    with corpus.open(write=True) as log:
        ingest(log, [place / "many.jsonl"], dataset="many@1")
        digest = sha256((place / "many.jsonl").read_bytes()).hexdigest()
        log.append([format_entry(evidence(f"sha256:{digest}", OLD))])
        seal(log, make_rule(log, "many", datasets=["many@1"]), tmp_path / "out")
    table = pq.read_table(tmp_path / "out/content/documents.parquet")
    assert len(set(table["license"].to_pylist())) == 9000
    assert_whole(corpus, tmp_path / "out")


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling", "other"])
def test_something_else_is_written_over(tmp_path: Path, corpus: Corpus, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("precious")
    elif kind == "folder":
        out.mkdir()
        (out / "thesis.txt").write_text("precious")
    elif kind == "link":
        (tmp_path / "real").mkdir()
        out.symlink_to(tmp_path / "real")
    elif kind == "dangling":
        out.symlink_to(tmp_path / "nowhere")
    else:
        corpus.seal(out, allow_asserted=True)
    with pytest.raises(InputError, match="expected"):
        corpus.seal(out)
    if kind == "folder":
        assert (out / "thesis.txt").read_text() == "precious"


# --- texts that are gone


def test_a_changed_input_is_sealed(tmp_path: Path, corpus: Corpus) -> None:
    notes = tmp_path / "corpus/notes.jsonl"
    notes.write_text(notes.read_text().replace("2020", "2O2O", 1))
    with pytest.raises(DocumentMismatchError, match=r"notes\.jsonl"):
        corpus.seal(tmp_path / "out")
    assert list(tmp_path.glob("*out*")) == []


def test_a_missing_input_shrinks_a_reserve(tmp_path: Path, corpus: Corpus) -> None:
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere/notes.jsonl"
    (tmp_path / "corpus/notes.jsonl").rename(moved)
    with pytest.raises(InputError, match=r"notes\.jsonl: no such file") as error:
        corpus.seal(tmp_path / "out")
    assert "--root" in str(error.value.hint)
    with corpus.open(write=True) as log:
        rule = make_rule(log, "old", datasets=["notes@1"])
        seal(log, rule, tmp_path / "out", roots=[tmp_path / "elsewhere"])
    assert len(members(tmp_path / "out")) == len(TEXTS)


def test_an_input_that_nothing_is_sealed_of_is_asked_for(tmp_path: Path, corpus: Corpus) -> None:
    (tmp_path / "corpus/dated.jsonl").unlink()
    corpus.seal(tmp_path / "out")
    assert len(members(tmp_path / "out")) == len(TEXTS)


def test_a_reader_that_gives_other_texts_shrinks_a_reserve(
    tmp_path: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = type(READER).read

    def skipping(self: object, path: Path, options: object) -> object:
        for table in read(self, path, options):  # type: ignore[arg-type]
            yield table.slice(3)

    monkeypatch.setattr(type(READER), "read", skipping)
    with pytest.raises(DocumentMismatchError, match=r"notes\.jsonl: row [012], part 0: found ano"):
        corpus.seal(tmp_path / "out")
    assert list(tmp_path.glob("*out*")) == []


def test_an_empty_reserve_is_sealed(tmp_path: Path, corpus: Corpus) -> None:
    why = "nothing to seal: 40: dated, but not before the cut-off; 4: edited after"
    with pytest.raises(GateError, match=why):
        corpus.seal(tmp_path / "out", before="2001-01-01", allow_asserted=True)
    assert list(tmp_path.glob("*out*")) == []


def test_asserted_dates_pass_for_checked_ones(tmp_path: Path, corpus: Corpus) -> None:
    sealed = corpus.seal(tmp_path / "out", allow_asserted=True)
    assert "1 of its 41 documents have only asserted dates" in " ".join(sealed.statement.limits)
    assert_whole(corpus, tmp_path / "out")


# --- what models wrote


def test_text_like_our_models_gets_in(tmp_path: Path) -> None:
    writer = Writer(5)
    human = [writer.text(120) for _ in range(6)]
    passage = writer.text(60)
    made = [human[0], human[1].upper(), f"{human[2]} and so on", passage]
    corpus = make_corpus(tmp_path / "corpus", [*human, f"{passage} {writer.text(70)}"])
    with corpus.open(write=True) as log:
        place = tmp_path / "ours"
        place.mkdir()
        (place / "dataset.toml").write_text('channel = "own_synthetic"\n')
        (place / "ours.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in made))
        ingest(log, [place / "ours.jsonl"], dataset="ours@1")
    sealed = corpus.seal(tmp_path / "out")
    found = set(members(tmp_path / "out"))
    assert found == {sha256(text.encode()).digest() for text in human[3:]}
    (run,) = sealed.statement.contamination["guards"]
    counted = {name: run[name] for name in ("against", "normalised", "near", "contained")}
    assert counted == {"against": "ours@1", "normalised": 1, "near": 1, "contained": 1}
    reasons = {
        row["reason"]: row["documents"] for row in sealed.statement.contamination["excluded"]
    }
    assert reasons["declared_ai"] == 1  # the very text: its author is our model
    assert reasons["matched"] == 3
    assert_whole(corpus, tmp_path / "out")


def test_a_guard_whose_texts_are_gone_lets_everything_in(tmp_path: Path, corpus: Corpus) -> None:
    ours = tmp_path / "ours.jsonl"
    ours.write_text(json.dumps({"text": "something else altogether"}) + "\n")
    with corpus.open(write=True) as log:
        ingest(log, [ours], dataset="ours@1")
    ours.unlink()
    with pytest.raises(InputError, match=r"ours\.jsonl: no such file"):
        corpus.seal(tmp_path / "out", against=["ours@1"])


# --- the command


def test_the_command_says_less_than_it_sealed(
    own_place: Path, headwater: Callable[..., Ran], root: Path
) -> None:
    shutil.copytree(root / "tests/fixtures/archive", "archive")
    shutil.copytree(root / "tests/fixtures/text", "text")
    assert headwater("init", "--name", "example.org/c").code == 0
    headwater("ingest", "archive/notes-1.tar.gz", "--dataset", "notes@2022")
    headwater("ingest", "text", "--dataset", "notes@2025")
    ran = headwater("--json", "reserve", "seal", "old", "-o", "out")
    said = json.loads(ran.stdout)
    assert (ran.code, said["totals"]["documents"], said["index"]) == (0, 4, 18)
    assert said["contamination"]["excluded"] == [{"documents": 2, "reason": "undated"}]
    again = headwater("reserve", "seal", "old", "-o", "out2")
    assert again.code == 4 and "already sealed" in again.stderr
    assert headwater("reserve", "seal", "x", "--min-evidence", "E9", "-o", "o").code == 3
    assert headwater("reserve", "anchor", "x", "-o", "o").code == 4
    shown = json.loads(headwater("--json", "reserve", "show", "old").stdout)
    assert shown["content_root"] == said["content_root"]
    assert json.loads(headwater("--json", "reserve", "show", "out").stdout)["rule"] == said["rule"]
    (row,) = json.loads(headwater("--json", "reserve", "list").stdout)
    assert (row["name"], row["documents"], row["superseded"]) == ("old", 4, False)
    assert headwater("reserve", "show", "old@7").code == 3
