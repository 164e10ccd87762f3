from pathlib import Path

import numpy as np

from ledger.engines import Sidecar
from ledger.watermarks.detector import detect
from ledger.watermarks.scanning.sample import (
    common_grams,
    hot_tokens,
    pooled,
    survey,
    take_sample,
)
from ledger.watermarks.tokenization import tokenize
from ledger.watermarks.tokens import MAX_ID, Tokens
from tests.watermarks.scanning.making import (
    Texts,
    marked_ids,
    plain_ids,
    spelled,
    target,
    words_tokenizer,
)


def sidecars(folder: Path, *groups: list[list[int]], rows: int = 4) -> list[Sidecar]:
    sources = [Texts(tuple(map(spelled, group)), rows) for group in groups]
    return tokenize(words_tokenizer(), sources, folder, workers=1)


def test_a_sample_depends_on_files_order_or_batches(own_place: Path) -> None:
    documents = [plain_ids(20 + seed, seed) for seed in range(30)] + [[], [5]]
    found = []
    for number, (groups, rows) in enumerate(
        [([documents], 4), ([documents[::-1]], 1), ([documents[:9], documents[5:]], 7)]
    ):
        made = sidecars(own_place / f"{number}", *groups, rows=rows)
        corpus = survey(made, None)
        assert len(corpus.digests) == 32  # those that lie in two files count once
        assert corpus.tokens == sum(map(len, documents))
        sample = take_sample(made, corpus, budget=200)
        assert len(sample.ids) == 200  # the last one is cut
        found.append((sample.ids.tolist(), sample.offsets.tolist()))
    assert found[0] == found[1] == found[2]
    everything = take_sample(made, corpus, budget=10**6)
    assert sorted(everything.lengths.tolist()) == sorted(map(len, documents))


def test_documents_that_left_the_dataset_are_counted(own_place: Path) -> None:
    documents = [plain_ids(20, seed) for seed in range(6)]
    made = sidecars(own_place / "s", documents)
    everything = survey(made, None)
    members = everything.digests[[1, 4]].tobytes() + b"\xff" * 32
    corpus = survey(made, members)
    assert np.array_equal(corpus.digests, everything.digests[[1, 4]])
    assert take_sample(made, corpus).documents == 2


def test_an_empty_corpus_is_a_crash(own_place: Path) -> None:
    made = sidecars(own_place / "s", [[]])
    for corpus in (survey([], None), survey(made, b""), survey(made, None)):
        sample = take_sample(made, corpus)
        assert len(sample.ids) == 0
        assert len(hot_tokens(sample, 10)) == 0 and common_grams(sample, 2, 10) == []
        assert pooled(sample, target().open()) == (0, 0.0)


def test_hot_tokens_are_counted_by_occurrence_and_not_by_document() -> None:
    sample = Tokens.of([[1, 1, 1, 1, 2], [2, 3], [3, 2], [9]])
    assert hot_tokens(sample, 2).tolist() == [2, 3]
    assert hot_tokens(sample, 3).tolist() == [1, 2, 3]  # of 1 and 9, the lower
    assert hot_tokens(sample, 50).tolist() == [1, 2, 3, 9]


def test_grams_span_two_documents() -> None:
    sample = Tokens.of([[1, 2, 1, 2], [1, 2], [3, 1, 2], [7], [3, 1], []])
    assert common_grams(sample, 2, 10) == [((1, 2), 3), ((3, 1), 2)]
    assert common_grams(sample, 2, 1) == [((1, 2), 3)]


def test_a_unit_that_documents_share_is_counted_for_each() -> None:
    wanted = target("murmur", 77)
    mark = wanted.open()
    text = plain_ids(200, 3)
    once = pooled(Tokens.of([text]), mark)
    again = pooled(Tokens.of([text] * 50), mark)
    alone = detect(Tokens.of([text]), mark, parts=False)
    assert once == (int(alone.counted[0]), float(alone.log_p[0])) == again


def test_a_context_spans_two_documents() -> None:
    mark = target("murmur", 77).open()
    ids = plain_ids(300, 4)
    halves = pooled(Tokens.of([ids[:150], ids[150:]]), mark)
    assert halves[0] == 2 * (150 - 4)
    assert mark.vocab_size < MAX_ID


def test_a_mark_in_few_documents_of_many_is_never_seen() -> None:
    wanted = target("lefthash", 5)
    marked = [marked_ids(wanted, 25, seed, choices=3) for seed in range(24)]
    sample = Tokens.of([*marked, *(plain_ids(60, seed) for seed in range(60))])
    units, log_p = pooled(sample, wanted.open())
    assert units > 3_000 and log_p < np.log(1e-6)
    assert detect(sample, wanted.open()).log_p.min() > np.log(1e-9)
    assert pooled(sample, target("lefthash", 6).open())[1] > np.log(1e-3)


def test_a_scheme_of_few_states_is_blind_in_a_large_corpus() -> None:
    wanted = target("textseal", 5)
    mark = wanted.open()
    plain = [plain_ids(1_000, seed) for seed in range(80)]  # every one of 8,191 states, many times
    shown = [marked_ids(wanted, 90, seed, choices=4) for seed in range(14)]
    sample = Tokens.of(
        [text for pair in zip(plain, shown + [[]] * 66, strict=True) for text in pair]
    )
    units, log_p = pooled(sample, mark)
    assert 3_000 < units < 8_000 and log_p < np.log(1e-6)
    everything = detect(Tokens.of([sample.ids.tolist()]), mark, parts=False)
    assert everything.counted[0] > 8_150 and everything.log_p[0] > np.log(0.01)
    assert pooled(sample, target("textseal", 6).open())[1] > np.log(1e-3)
