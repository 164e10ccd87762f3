"""A table's bytes are those of its texts, in whatever order; another's are refused with a line."""

import random
from collections import Counter
from hashlib import sha256
from itertools import islice

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.corpus.neardup import TextsGiven
from ledger.errors import DocumentMismatchError, MalformedError
from ledger.manifests.tail.counting import count_words
from ledger.manifests.tail.table import Table, format_table, parse_table
from tests.manifests.tail.prose import prose

WORDS = st.text("abcdéß'", min_size=1, max_size=4).filter(lambda word: word.strip("'") == word)
HEAD = "headwater word counts v1\twords@1\t9\n"


def made(counts: dict[str, tuple[int, int]], texts: int) -> bytes:
    words = pa.array(list(counts), pa.large_string())
    numbers = np.array([*counts.values()], np.int64).reshape(-1, 2)
    return format_table(words, numbers[:, 0], numbers[:, 1], texts)


def counted(texts: list[str]) -> bytes:
    digests = sorted({sha256(text.encode()).digest() for text in texts})
    matrix = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    halves = texts[: len(texts) // 2], texts[len(texts) // 2 :]
    return count_words(matrix, [TextsGiven(tuple(half)) for half in halves])


@given(st.dictionaries(WORDS, st.tuples(st.integers(1, 50), st.integers(1, 3)), max_size=12))
def test_parse_undoes_format_in_any_order(counts: dict[str, tuple[int, int]]) -> None:
    counts = {word: (count, min(count, held)) for word, (count, held) in counts.items()}
    data = made(counts, 9)
    assert made(dict(reversed(counts.items())), 9) == data
    table = parse_table(data, "t.tsv")
    assert table.texts == 9
    assert table.digest == f"sha256:{sha256(data).hexdigest()}"
    rows = zip(table.words.to_pylist(), table.counts.tolist(), table.documents.tolist(),
               strict=True)  # fmt: skip
    assert {word: (count, held) for word, count, held in rows} == counts
    assert table.words.to_pylist() == sorted(counts, key=str.encode)


@given(st.lists(st.lists(WORDS, max_size=6), max_size=8), st.randoms())
def test_words_are_counted_once_a_text_in_any_order(
    texts: list[list[str]], rng: random.Random
) -> None:
    whole = list({" ".join(words) for words in texts})
    shuffled = [*whole, *whole[:2]]  # some of them lie there twice
    rng.shuffle(shuffled)
    data = counted(shuffled)
    assert data == counted(whole)
    table = parse_table(data, "t.tsv")
    occurrences = Counter(word for text in whole for word in text.split())
    documents = Counter(word for text in whole for word in set(text.split()))
    assert dict(zip(table.words.to_pylist(), table.counts.tolist(), strict=True)) == occurrences
    assert dict(zip(table.words.to_pylist(), table.documents.tolist(), strict=True)) == documents


def test_documents_that_are_not_there_are_named() -> None:
    digest = np.frombuffer(sha256(b"gone").digest(), np.uint8).reshape(1, 32)
    with pytest.raises(DocumentMismatchError, match=f"first sha256:{sha256(b'gone').hexdigest()}"):
        count_words(digest, [TextsGiven(("here",))])


def kinds_of(counts: dict[str, tuple[int, int]]) -> dict[str, int]:
    table = parse_table(made(counts, 9), "t.tsv")
    return dict(zip(table.words.to_pylist(), table.kinds.tolist(), strict=True))


@given(st.dictionaries(WORDS, st.tuples(st.integers(1, 9), st.integers(1, 3)), min_size=1))
def test_common_is_the_most_frequent_tenths_and_equals_are_never_parted(
    counts: dict[str, tuple[int, int]],
) -> None:
    counts = {word: (count, min(count, held)) for word, (count, held) in counts.items()}
    kinds, total = kinds_of(counts), sum(count for count, _ in counts.values())
    levels = sorted({count for count, _ in counts.values()}, reverse=True)
    reached = (
        (level, sum(count for count, _ in counts.values() if count >= level)) for level in levels
    )
    least = next(level for level, mass in reached if 10 * mass >= 9 * total)
    for word, (count, held) in counts.items():
        expected = 2 if count >= least else 1 if held >= 2 else 0
        assert kinds[word] == expected


def test_a_table_of_nothing_calls_nothing_rare() -> None:
    table: Table = parse_table(counted([]), "t.tsv")
    assert (len(table), table.tokens, len(table.rarity.rare)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "t.tsv:1: found '', expected headwater word counts v1"),
        (b"word,count\n", "t.tsv:1: found 'word,count'"),
        (b"\xff\xfe\n", "t.tsv:1: found"),
        (HEAD.replace("words@1", "bpe@1").encode(), "t.tsv:1: counts bpe@1, expected words@1"),
        (HEAD.replace("9", "-9").encode(), "t.tsv:1: found"),
        (HEAD.replace("9", "9" * 40).encode(), "t.tsv:1: found"),
        (f"{HEAD}3\t1\tb\n3\t1\ta\n".encode(), "t.tsv:3: a word that does not come after"),
        (f"{HEAD}3\t1\ta\n3\t1\ta\n".encode(), "t.tsv:3: a word that does not come after"),
        (f"{HEAD}3\t1\t\n".encode(), "t.tsv:2: a word that does not come after"),
        (f"{HEAD}0\t1\ta\n".encode(), "t.tsv:2: a count that is none"),
        (f"{HEAD}3\t4\ta\n".encode(), "t.tsv:2: more documents than there are"),
        (f"{HEAD}30\t10\ta\n".encode(), "t.tsv:2: more documents than there are"),
        (f"{HEAD}3\t1\n".encode(), "t.tsv: no table of word counts: "),
        (f"{HEAD}3\t1\ta\tb\n".encode(), "t.tsv: no table of word counts: "),
        (f"{HEAD}three\t1\ta\n".encode(), "t.tsv: no table of word counts: "),
        (f"{HEAD}99999999999999999999\t1\ta\n".encode(), "t.tsv: no table of word counts: "),
        (HEAD.encode() + b"3\t1\t\xff\n", "t.tsv: no table of word counts: "),
        (f"{HEAD}9007199254740991\t1\ta\n9007199254740991\t1\tb\n".encode(), "too large counts"),
    ],
)
def test_what_is_no_table(data: bytes, words: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_table(data, "t.tsv")
    assert words in str(caught.value)


def test_quotes_and_formulas_are_words_like_any_other() -> None:
    table = parse_table(f'{HEAD}2\t1\t"a\n1\t1\t=b\n4\t2\tc\\\n1\t1\tnull\n'.encode(), "t.tsv")
    assert table.words.to_pylist() == ['"a', "=b", "c\\", "null"]


def test_a_language_has_rare_words() -> None:
    rng = random.Random(5)
    table = parse_table(counted([prose(rng, 0.1) for _ in range(300)]), "t.tsv")
    kinds = Counter(table.kinds.tolist())
    assert kinds[1] > 300
    assert list(islice(kinds, 3))
