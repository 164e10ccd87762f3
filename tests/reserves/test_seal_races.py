"""Two processes seal at once: every version is one reserve, and every folder is whole."""

from pathlib import Path
from typing import Any

import pytest

from ledger.errors import AlreadySealedError, LogMovedError
from ledger.log.verify import verify_log
from ledger.reserves.sealed import reserves
from ledger.reserves.sealing import seal as sealing
from ledger.reserves.sealing.seal import seal
from ledger.reserves.selection.rule import make_rule
from tests.reserves.sealing import Corpus, make_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return make_corpus(tmp_path / "corpus")


def assert_whole(corpus: Corpus, folder: Path) -> None:
    with corpus.open() as log:
        assert verify_log(log).trusted
    assert corpus.verify(folder).levels == (1, 2, 3, 4)


@pytest.mark.parametrize("same", [True, False])
def test_two_processes_seal_two_reserves_as_one_version(
    tmp_path: Path, corpus: Corpus, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other comes in at the last moment: the statement is signed, the entry not recorded."""
    record = sealing.record

    def late(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(sealing, "record", record)
        corpus.seal(tmp_path / "theirs", **({} if same else {"allow_asserted": True}))
        return record(*arguments, **named)

    monkeypatch.setattr(sealing, "record", late)
    kind = AlreadySealedError if same else LogMovedError
    with pytest.raises(kind, match="already sealed, as old" if same else "sealed version 1 in the"):
        corpus.seal(tmp_path / "ours")
    assert [path.name for path in tmp_path.iterdir() if "ours" in path.name] == []
    with corpus.open() as log:
        assert [entry.body["version"] for _, entry in reserves(log)] == [1]
    assert_whole(corpus, tmp_path / "theirs")
    if not same:
        sealed = corpus.seal(tmp_path / "ours").statement
        assert (sealed.version, sealed.parent is None) == (2, False)


def test_another_process_seals_while_texts_are_read(tmp_path: Path, corpus: Corpus) -> None:
    done: list[Path] = []

    def meanwhile(what: str, *_: object) -> None:
        if what == "reading" and not done:
            done.append(tmp_path / "theirs")
            corpus.seal(done[0], allow_asserted=True)

    with corpus.open(write=True) as log:
        rule = make_rule(log, "old", datasets=["notes@1"])
        ours = seal(log, rule, tmp_path / "ours", progress=meanwhile).statement
    assert (ours.version, ours.parent is None) == (2, False)
    assert corpus.verify(tmp_path / "ours").levels == (1, 2, 3, 4)
