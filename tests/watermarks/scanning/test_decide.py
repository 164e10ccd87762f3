from pathlib import Path

import numpy as np
import pytest

from ledger.engines import Sidecar, run
from ledger.errors import InputError
from ledger.watermarks.detector import detect
from ledger.watermarks.scanning.decide import (
    MAX_MARKS,
    UNREACHABLE,
    Decisions,
    decide,
    least_units,
    results_of,
)
from ledger.watermarks.scanning.mapping import TokenSource, detecting
from ledger.watermarks.scanning.sample import Corpus, survey
from ledger.watermarks.scanning.targets import ScanTarget
from ledger.watermarks.statistics import NEVER, Binomial
from ledger.watermarks.tokenization import token_scan, tokenize
from ledger.watermarks.tokens import Tokens
from tests.watermarks.scanning.making import (
    Texts,
    marked_ids,
    plain_ids,
    spelled,
    target,
    words_tokenizer,
)

NONE = np.zeros(0, np.uint32)


def scan_of(
    folder: Path, documents: list[list[int]], targets: list[ScanTarget], *, copies: int = 1
) -> tuple[Corpus, list[Sidecar], list[int]]:
    """Survey, results and least units for α = 1e-9; each text lies in `copies` inputs."""
    texts = [Texts(tuple(map(spelled, documents))[copy:]) for copy in range(copies)]
    made = tokenize(words_tokenizer(), texts, folder, workers=1)
    digest = token_scan(words_tokenizer(), folder).digest
    least = [least_units(one.open(), 9_000, len(targets)) for one in targets]
    sources = [TokenSource(sidecar, digest) for sidecar in made]
    results = run(detecting(targets, least, NONE), sources, folder, workers=1)
    return survey(made, None), results, least


def decided(folder: Path, documents: list[list[int]], targets: list[ScanTarget]) -> Decisions:
    corpus, results, least = scan_of(folder, documents, targets)
    return decide(corpus, [(results, least)], alpha_milli=9_000, fdr_milli=2_000)


def digest_of(ids: list[int]) -> bytes:
    from hashlib import sha256

    return sha256(spelled(ids).encode()).digest()


def place_of(found: Decisions, ids: list[int]) -> int:
    """A document's number in the corpus."""
    digests = [row.tobytes() for row in found.corpus.digests]
    return digests.index(digest_of(ids))


def test_outcomes_are_counted_by_pair_and_not_by_document(own_place: Path) -> None:
    targets = [target("unigram", 1), target("unigram", 2), target("murmur", 3)]
    strong = [marked_ids(targets[0], 90, seed) for seed in range(3)]
    strong.append(marked_ids(targets[1], 90))
    documents = [*strong, *(plain_ids(200, seed) for seed in range(20)), [], [4], [4] * 900]
    found = decided(own_place / "s", documents, targets)
    assert found.outcomes == {"undecidable": 2, "below_alpha": 21, "detected": 4}
    assert [tally.detected for tally in found.tallies] == [3, 1, 0]
    assert [tally.undecidable for tally in found.tallies] == [3, 3, 2]  # one Gumbel unit can do
    assert [tally.fdr for tally in found.tallies] == [3, 1, 0]
    hits = {int(found.pairs.document[place]) for place in found.claimed}
    assert hits == {place_of(found, ids) for ids in strong}
    assert list(found.pairs.document) == sorted(found.pairs.document)


def test_an_input_that_lies_twice_is_counted_twice(own_place: Path) -> None:
    targets = [target("unigram", 1)]
    documents = [*(marked_ids(targets[0], 90, seed) for seed in range(3)), [], plain_ids(90, 1)]
    documents += [documents[1]]
    corpus, results, least = scan_of(own_place / "s", documents, targets, copies=3)
    found = decide(corpus, [(results, least)], alpha_milli=9_000, fdr_milli=2_000)
    assert found.outcomes == {"undecidable": 1, "below_alpha": 1, "detected": 3}
    assert len(found.claimed) == 3 and found.tallies[0].undecidable == 1


def test_a_document_that_left_the_dataset_is_decided(own_place: Path) -> None:
    targets = [target("unigram", 1)]
    documents = [marked_ids(targets[0], 90, seed) for seed in range(3)]
    corpus, results, least = scan_of(own_place / "s", documents, targets)
    kept = Corpus(corpus.digests[[0, 2]], corpus.lengths[[0, 2]])
    found = decide(kept, [(results, least)], alpha_milli=9_000, fdr_milli=2_000)
    assert found.outcomes == {"detected": 2}


def test_pairs_carry_another_documents_spans(own_place: Path) -> None:
    targets = [target("unigram", 1), target("unigram", 2)]
    documents = [
        [*plain_ids(300, 1), *marked_ids(targets[0], 60, 1), *plain_ids(300, 2)],
        [*marked_ids(targets[1], 80, 2), *plain_ids(100, 3), *marked_ids(targets[0], 80, 3)],
        plain_ids(400, 4),
        marked_ids(targets[0], 100, 5),
    ]
    found = decided(own_place / "s", documents, targets)
    seen = 0
    for place in range(len(found.pairs)):
        ids = documents[[place_of(found, each) for each in documents].index(
            int(found.pairs.document[place])
        )]  # fmt: skip
        number = int(found.pairs.mark[place])
        exact = detect(Tokens.of([ids]), targets[number].open())
        assert found.pairs.counted[place] == exact.counted[0]
        assert found.pairs.tokens[place] == len(ids)
        assert found.pairs.micro[place] == int(-exact.log_p[0] / np.log(10) * 1e6)
        spans = [(start, end) for start, end, _ in exact.spans.of(0)]
        assert [span[:2] for span in found.pairs.spans(place)] == spans
        seen += len(spans)
    assert seen >= 4


def test_marks_of_two_tokenizers_are_mixed_up(own_place: Path) -> None:
    targets = [target("unigram", 1), target("unigram", 2), target("murmur", 3)]
    documents = [marked_ids(targets[1], 90, 1), marked_ids(targets[0], 90, 2), plain_ids(90, 3)]
    whole = decided(own_place / "s", documents, targets)
    corpus, first, least = scan_of(own_place / "t", documents, targets[:1])
    _, second, more = scan_of(own_place / "u", documents, targets[1:])
    least = [least_units(one.open(), 9_000, 3) for one in targets]
    groups = [(first, least[:1]), (second, least[1:])]
    parts = decide(corpus, groups, alpha_milli=9_000, fdr_milli=2_000)
    for name in ("document", "mark", "micro", "counted", "statistic"):
        assert np.array_equal(getattr(whole.pairs, name), getattr(parts.pairs, name)), name
    assert parts.outcomes == whole.outcomes and parts.tallies == whole.tallies
    assert len(more) == 2


def test_a_text_that_any_mark_can_decide_is_undecidable(own_place: Path) -> None:
    targets = [target("unigram", 1), target("murmur", 3)]
    least = [least_units(one.open(), 9_000, 2) for one in targets]
    assert least[0] > least[1]
    short = plain_ids(least[1] + 6, 1)  # enough for one of the two
    found = decided(own_place / "s", [short], targets)
    assert found.outcomes == {"below_alpha": 1}
    assert [tally.undecidable for tally in found.tallies] == [1, 0]
    assert [tally.least for tally in found.tallies] == least


def test_the_least_length_could_not_be_decided_or_a_shorter_one_could() -> None:
    mark = target("unigram", 1).open()
    for keys in (1, 7, 40):
        least = least_units(mark, 9_000, keys)
        best = mark.null.best(np.array([least - 1, least]))
        level = (-9 - np.ceil(1000 * np.log10(keys)) / 1000) * np.log(10) + np.log(0.9)
        assert best[1] <= level < best[0]


def test_a_level_that_no_length_reaches_does_not_fit_an_entry() -> None:
    class Never(Binomial):
        def minimum(self, log_alpha: float) -> int:
            return NEVER

    class Mark:
        null = Never(1, 4)

    assert least_units(Mark(), 9_000, 1) == UNREACHABLE  # type: ignore[arg-type]


def test_more_marks_than_an_entry_holds_are_scanned_for() -> None:
    none = Corpus(np.zeros((0, 32), np.uint8), np.zeros(0, np.int64))
    for count in (0, MAX_MARKS + 1):
        with pytest.raises(InputError, match=f"{count} marks"):
            decide(none, [([], [9] * count)], alpha_milli=9_000, fdr_milli=2_000)


def test_an_empty_dataset_is_a_crash() -> None:
    none = Corpus(np.zeros((0, 32), np.uint8), np.zeros(0, np.int64))
    found = decide(none, [([], [9])], alpha_milli=9_000, fdr_milli=2_000)
    assert found.outcomes == {} and len(found.claimed) == 0


def test_results_of_one_mark_are_another_documents(own_place: Path) -> None:
    targets = [target("unigram", 1)]
    documents = [plain_ids(60 + seed, seed) for seed in range(9)] + [marked_ids(targets[0], 80)]
    corpus, results, _ = scan_of(own_place / "s", documents, targets, copies=2)
    counted, micro = results_of(corpus, results)
    for ids in documents:
        exact = detect(Tokens.of([ids]), targets[0].open())
        place = [row.tobytes() for row in corpus.digests].index(digest_of(ids))
        assert counted[place] == exact.counted[0]
        p = int(-exact.log_p[0] / np.log(10) * 1e6)
        assert micro[place] == (p if p >= 2_000_000 else 0)
