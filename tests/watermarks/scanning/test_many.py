from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.watermarks.detector import Detections, detect
from ledger.watermarks.scanning import many
from ledger.watermarks.scanning.many import scan_tokens
from ledger.watermarks.scanning.sample import hot_tokens
from ledger.watermarks.schemes import Mark
from ledger.watermarks.statistics import Binomial, Null
from ledger.watermarks.tokens import Ids, Scores, Tokens
from tests.watermarks.scanning.making import marked_ids, plain_ids, target


@dataclass(frozen=True)
class Slow:
    """A fixed list that depends on the token before; can look at some contexts first."""

    key: int = field(repr=False)
    seen: list[int] = field(default_factory=list, compare=False)
    vocab_size: int = 2_000
    scheme: str = "slow/slow@1"

    @property
    def null(self) -> Null:
        return Binomial(1, 4)

    @property
    def shared(self) -> str:
        return "pairs"

    def prepare(self, tokens: Tokens) -> None:
        return None

    def green(self, before: Ids, token: Ids) -> np.ndarray[Any, Any]:
        mixed = (before.astype(np.uint64) * np.uint64(2_654_435_761) + token) * np.uint64(self.key)
        return ((mixed >> np.uint64(20)) % np.uint64(4) == 0).astype(np.uint8)

    def score(self, tokens: Tokens, prepared: Any) -> Scores:
        self.seen.append(tokens.documents)
        return self._scores(tokens, None)

    def stage(self, tokens: Tokens, prepared: Any, hot: Ids) -> Scores:
        return self._scores(tokens, hot)

    def _scores(self, tokens: Tokens, hot: Ids | None) -> Scores:
        positions, values, counts = [], [], [0]
        for low, high in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True):
            ids = tokens.ids[low:high]
            pairs = ids[:-1].astype(np.uint64) * np.uint64(2**32) + ids[1:]
            first = np.sort(np.unique(pairs, return_index=True)[1])
            if hot is not None:
                first = first[np.isin(ids[:-1][first], hot)]
            positions.append(first + 1)
            values.append(self.green(ids[first], ids[first + 1]))
            counts.append(len(first))
        none = np.zeros(0, np.int64)
        return Scores(
            np.cumsum(counts).astype(np.int64),
            np.concatenate([none, *positions]).astype(np.int64),
            np.concatenate([none.astype(np.uint8), *values]),
        )


def marked(mark: Slow, count: int, seed: int) -> list[int]:
    """Tokens below 50, most of them green."""
    rng = np.random.default_rng(seed)
    ids = [0]
    while len(ids) < count:
        choices = rng.integers(0, 50, 6).astype(np.uint32)
        good = mark.green(np.full(6, ids[-1], np.uint32), choices)
        ids.append(int(choices[int(np.argmax(good))]))
    return ids


def common(count: int, seed: int) -> list[int]:
    drawn: list[int] = np.random.default_rng([4, seed]).integers(0, 50, count).tolist()
    return drawn


def rows(found: Detections, document: int) -> tuple[Any, ...]:
    columns = (found.counted, found.statistic, found.log_p, found.log_p_whole, found.log_p_part)
    return (*(column[document] for column in columns), found.spans.of(document))


def test_many_marks_at_once_say_other_than_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = [target("unigram", key) for key in (1, 2)] + [target("murmur", 5), target("lefthash")]
    marks: list[Mark] = [one.open() for one in targets]
    tokens = Tokens.of([[], *(plain_ids(90, seed) for seed in range(12)), [4], [7] * 500])
    for size in (1 << 19, 200):
        monkeypatch.setattr(many, "SLICE", size)
        for workers in (1, 2):
            together = scan_tokens(tokens, marks, workers=workers)
            for mark, looked in zip(marks, together, strict=True):
                alone = detect(tokens, mark)
                assert not looked.passed.any()
                for document in range(tokens.documents):
                    assert rows(looked.detections, document) == rows(alone, document)


def test_what_is_passed_over_would_have_been_found() -> None:
    mark = Slow(0x9E3779B97F4A7C15)
    documents = [common(260, seed) for seed in range(60)]
    documents += [marked(mark, 260, 1), common(400, 98) + marked(mark, 120, 2) + common(400, 99)]
    tokens = Tokens.of(documents)
    hot = hot_tokens(tokens, 25)  # half of what the texts are written with
    full = detect(tokens, mark)
    (looked,) = scan_tokens(tokens, [mark], hot=hot, least=[60])
    assert looked.passed[:60].mean() > 0.6
    assert not looked.passed[60:].any()
    kept = np.flatnonzero(~looked.passed)
    assert [rows(looked.detections, d) for d in kept] == [rows(full, d) for d in kept]
    assert not looked.detections.log_p[looked.passed].any()
    assert full.log_p[looked.passed].min() > np.log(1e-4)
    assert full.log_p[60:].max() < np.log(1e-9)


def test_a_passed_document_may_be_too_short_to_be_decided() -> None:
    mark = Slow(12_345)
    tokens = Tokens.of([common(260, 1), common(40, 2), [3] * 5_000, []] * 8)
    (looked,) = scan_tokens(tokens, [mark], hot=hot_tokens(tokens, 50), least=[60])
    assert looked.passed.any()
    assert (looked.detections.counted[looked.passed] >= 60).all()
    exact = detect(tokens, mark).counted
    short = ~looked.passed
    assert np.array_equal(looked.detections.counted[short], exact[short])


def test_staging_depends_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = Slow(777)
    tokens = Tokens.of([common(150, seed) for seed in range(40)])
    hot = hot_tokens(tokens, 20)
    (whole,) = scan_tokens(tokens, [mark], hot=hot, least=[20])
    monkeypatch.setattr(many, "SLICE", 1)
    (single,) = scan_tokens(tokens, [mark], hot=hot, least=[20])
    assert np.array_equal(whole.passed, single.passed)
    for document in range(tokens.documents):
        assert rows(whole.detections, document) == rows(single.detections, document)


def test_staging_saves_no_work() -> None:
    mark = Slow(99)
    tokens = Tokens.of([common(300, seed) for seed in range(80)])
    scan_tokens(tokens, [mark], hot=hot_tokens(tokens, 20), least=[20])
    assert mark.seen and max(mark.seen) < 40


def test_a_marked_text_is_not_found_among_others() -> None:
    wanted = target("unigram", 7)
    tokens = Tokens.of([plain_ids(120, 1), marked_ids(wanted, 120), plain_ids(120, 2)])
    right, wrong = scan_tokens(tokens, [wanted.open(), target("unigram", 8).open()])
    assert right.detections.log_p.argmin() == 1 and right.detections.log_p[1] < np.log(1e-12)
    assert wrong.detections.log_p.min() > np.log(1e-4)


def test_no_documents_are_a_crash(tmp_path: Path) -> None:
    (looked,) = scan_tokens(Tokens.of([]), [Slow(1)], hot=np.zeros(0, np.uint32), least=[1])
    assert looked.detections.documents == 0 and len(looked.passed) == 0
