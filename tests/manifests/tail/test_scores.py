"""Scores are what their definition says, and what is no text is never rare."""

import base64
import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.corpus.neardup import TextsGiven
from ledger.engines import content_root, run
from ledger.errors import VerificationError
from ledger.log.runs import keys_of
from ledger.manifests.tail.rate import (
    REASONS,
    UNRATED_WORDS,
    Rated,
    format_scores,
    parse_scores,
    rate,
)
from ledger.manifests.tail.scores import LEAST_WORDS, score_texts, scoring
from ledger.manifests.tail.table import Table, parse_table
from tests.manifests.tail.prose import COMMON, NOISE, RARE, noise, prose
from tests.manifests.tail.test_table import counted
from tests.vectors.manifests import FILE


def language() -> Table:
    rng = random.Random(5)
    return parse_table(counted([prose(rng, 0.1) for _ in range(300)]), "t.tsv")


TABLE = language()
KIND = dict(zip(TABLE.words.to_pylist(), TABLE.kinds.tolist(), strict=True))


def scores(*texts: str, table: Table = TABLE) -> list[int]:
    found: list[int] = score_texts(pa.array(texts, pa.large_string()), table.rarity).tolist()
    return found


def by_definition(text: str, known_as: Mapping[str, int] = KIND) -> int:
    """Of Latin text alone, word by word."""
    words = re.findall(r"[^\W_]+(?:'+[^\W_]+)*", text.lower().replace("’", "'"))
    kinds = [known_as.get(word, 0) for word in words]
    known = sum(len(word.encode()) for word in words if known_as.get(word, 0))
    if len(words) < LEAST_WORDS:
        return -1
    if Fraction(kinds.count(0), len(words)) > Fraction(1, 3):
        return -2
    if Fraction(kinds.count(2), len(words)) < Fraction(1, 3):
        return -3
    if known * 2 < len("".join(text.split()).encode()):
        return -4
    rare = Counter(word for word in words if known_as.get(word, 0) == 1)
    return sum(min(count, 5) for count in rare.values()) * 10**6 // len(words)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(COMMON[:8]),
        st.sampled_from(COMMON[:8]),
        st.sampled_from(RARE[:6]),
        st.sampled_from(["xqz", "vvvvvvvvvvvvvvvvvvvvvvv", "-- ++", "it's"]),
    ),
    min_size=40,
    max_size=140,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.large_base_example])
@given(st.lists(PIECES, min_size=1, max_size=4))
def test_scores_are_those_of_the_definition_whatever_lies_beside(texts: list[list[str]]) -> None:
    whole = [" ".join(words) for words in texts]
    assert scores(*whole) == [by_definition(text) for text in whole]
    assert scores(*whole) == [scores(text)[0] for text in whole]


def made(common: int, rare: int, unknown: int, more: str = "") -> str:
    """A text of so many words of each kind."""
    attested = [word for word in RARE if KIND.get(word) == 1]
    known = [*(COMMON[n % 40] for n in range(common)), *attested[:rare]]
    return " ".join([*known, *(f"qq{n}" for n in range(unknown)), more])


@pytest.mark.parametrize(
    ("text", "score"),
    [
        (made(40, 9, 0), -1),
        (made(41, 9, 0), 9 * 10**6 // 50),
        (made(60, 10, 35), 10 * 10**6 // 105),
        (made(60, 10, 36), -2),
        (made(40, 80, 0), 80 * 10**6 // 120),
        (made(39, 80, 0), -3),
        (made(100, 10, 0, "-" * 470), 10 * 10**6 // 110),
        (made(100, 10, 0, "-" * 471), -4),
    ],
)
def test_the_limits_of_what_is_rated(text: str, score: int) -> None:
    assert scores(text) == [score]


@settings(deadline=None)
@given(st.sampled_from(NOISE), st.integers(0, 10**9))
def test_noise_is_never_rated(kind: str, seed: int) -> None:
    assert scores(noise(kind, random.Random(seed)))[0] < 0


@settings(deadline=None)
@given(st.binary(max_size=4000), st.text(max_size=2000))
def test_random_bytes_and_characters_are_never_rare(data: bytes, text: str) -> None:
    for each in (base64.b64encode(data).decode(), data.hex(" ", 3), text):
        assert scores(each)[0] <= 0


def test_noise_that_is_in_the_table_many_times_is_a_copy_or_unknown(tmp_path: Path) -> None:
    """The same picture in ten pages of the reference makes no word of its bytes."""
    rng = random.Random(3)
    blob = noise("base64", rng)
    pages = [prose(rng, 0.1) for _ in range(200)]
    table = parse_table(counted([*pages, blob, blob + " "]), "t.tsv")
    assert scores(blob, table=table)[0] < 0


def test_a_rare_word_said_over_and_over_is_no_rarity() -> None:
    plain = " ".join(COMMON[n % 50] for n in range(95))
    said = plain + (" " + RARE[0]) * 5
    often = plain + (" " + RARE[0]) * 40
    assert scores(often)[0] < scores(said)[0] == 5 * 10**6 // 100


def test_more_rare_words_score_higher() -> None:
    rng = random.Random(1)
    means = [np.mean(scores(*(prose(rng, share, 200) for _ in range(20))))
             for share in (0.0, 0.05, 0.2, 0.5)]  # fmt: skip
    assert means == sorted(means)
    assert means[0] == 0


def test_the_published_examples_are_those_of_the_definition() -> None:
    made = json.loads(FILE.read_bytes())["tail"]
    assert made["digest"] == f"sha256:{sha256(made['table'].encode()).hexdigest()}"
    rows = [line.split("\t") for line in made["table"].splitlines()[1:]]
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), key=str.encode)
    assert {row[2]: made["kinds"][row[2]] for row in rows} == made["kinds"]
    assert made["kinds"]["d'être"] == made["kinds"]["halyard"] == 1
    assert made["scores"] == [by_definition(text, made["kinds"]) for text in made["texts"]]
    assert {score for score in made["scores"] if score < 0} == {-1, -2, -3, -4}


def digests_of(texts: list[str]) -> np.ndarray:
    found = sorted({sha256(text.encode()).digest() for text in texts})
    return np.frombuffer(b"".join(found), np.uint8).reshape(-1, 32)


def test_of_texts_much_alike_one_is_rated(tmp_path: Path) -> None:
    rng = random.Random(2)
    base = prose(rng, 0.3, 300)
    alike = [base, base + " " + COMMON[0], base.upper(), base + " " + COMMON[1]]
    others = [prose(rng, 0.3, 300) for _ in range(5)]
    texts = [*alike, *others]
    digests = digests_of(texts)
    rated = rate(digests, [TextsGiven(tuple(texts))], TABLE, tmp_path)
    assert rated.reasons == {"copy": 3}
    by_digest = dict(zip((row.tobytes() for row in digests), rated.score.tolist(), strict=True))
    first = min(sha256(text.encode()).digest() for text in alike)
    kept = {text for text in alike if by_digest[sha256(text.encode()).digest()] >= 0}
    assert {sha256(text.encode()).digest() for text in kept} == {first}
    assert all(by_digest[sha256(text.encode()).digest()] > 0 for text in others)


@pytest.mark.parametrize("shards", [1, 3, 7])
def test_ratings_do_not_hang_on_order_shards_or_workers(tmp_path: Path, shards: int) -> None:
    rng = random.Random(9)
    texts = [prose(rng, rng.choice([0, 0.1, 0.4])) for _ in range(40)]
    texts += [noise(kind, rng) for kind in NOISE]
    digests = digests_of(texts)
    plain = rate(digests, [TextsGiven(tuple(texts))], TABLE, tmp_path / "a")
    rng.shuffle(texts)
    sources = [TextsGiven(tuple(texts[n::shards])) for n in range(shards)]
    again = rate(digests, sources, TABLE, tmp_path / "b", workers=1 + shards % 2)
    assert again.score.tolist() == plain.score.tolist()
    assert again.digest == plain.digest
    roots = {
        content_root(run(scoring(TABLE), parts, tmp_path / "c"))
        for parts in (sources, [TextsGiven(tuple(texts))])
    }
    assert len(roots) == 1


def test_another_table_is_another_scan() -> None:
    other = parse_table(counted(["one two two"]), "t.tsv")
    assert scoring(TABLE).digest != scoring(other).digest
    assert set(UNRATED_WORDS) == set(REASONS)


@given(st.lists(st.integers(-len(REASONS), 10**6), max_size=20))
def test_scores_are_kept_in_four_bytes_each(found: list[int]) -> None:
    data = format_scores(np.array(found, np.int64))
    assert parse_scores(data, len(found), "here").score.tolist() == found
    with pytest.raises(VerificationError, match=r"here: \d+ bytes of scores, expected 4 for each"):
        parse_scores(data + b"\0", len(found), "here")


@pytest.mark.parametrize("bad", [-6, 10**6 + 1])
def test_scores_that_no_scan_gives(bad: int) -> None:
    with pytest.raises(VerificationError, match=rf"scores from {bad} to {bad}, expected -5"):
        parse_scores(format_scores(np.array([bad])), 1, "here")


def test_reasons_are_counted() -> None:
    rated = Rated(np.array([-1, -5, -1, 0, 7]))
    assert rated.reasons == {"short": 2, "copy": 1}
    assert len(keys_of(digests_of(["a"]))) == 1
