"""Normal forms, grams and sketches: what the vectorised code makes of difficult text."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.corpus.neardup import NORM_VERSION, long, normal_form
from ledger.corpus.neardup.grams import find_grams, gram_key
from ledger.corpus.neardup.normal import find_words
from ledger.corpus.neardup.sketch import BINS, SKETCHING, sketch_grams
from tests.corpus.neardup_helpers import Texts, Writer, figures, grams

KEY = gram_key(b"a test's")


def _array(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


def _forms(*texts: str) -> list[str]:
    return [form.decode() for form in find_words(_array(*texts)).forms()]


# Ordinary letters with all that can go wrong beside them: marks, wide forms, ligatures, unspaced
# scripts, jamo, invisible characters, separators that compose, a NUL.
NASTY = (
    "aB9_ .,=<\n\x00\u0301\u0338\u00df\ufb01\u00c4\u0130\u1e9e中文のภ\u0e34\u0e33한\u1112\u1161"
    "\u200b\u00ad\u200d\ufe0f\u202e\u00a0\u3000½“…Ｋ²\u0915\u093f\u094d\u06dd"
    "\U0001f600\U00020000"
)
CHARACTERS = st.one_of(st.sampled_from(NASTY), st.characters(codec="utf-8"))


@given(st.lists(st.text(CHARACTERS), max_size=5))
def test_runs_are_folded_otherwise_than_the_whole_text(texts: list[str]) -> None:
    assert _forms(*texts) == [normal_form(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("The  Quick,\n(brown) FOX.", "the quick brown fox"),
        ("don't stop_here 3.14", "don t stop_here 3 14"),
        ("Stra\u00dfe STRASSE \ufb01n \u2460", "strasse strasse fin 1"),
        ("cafe\u0301 caf\u00e9 \uff23\uff21\uff26\u00c9", "caf\u00e9 caf\u00e9 caf\u00e9"),
        ("zero\u200bwidth so\u00adft \u202eright", "zerowidth soft right"),
        ("हिन्दी में", "हिन्दी में"),  # vowel signs stay in their words
        ("中文。第二\n行", "中 文 第 二 行"),
        ("ภาษา ที่", "ภ า ษ า ที่"),  # marks stay with their letter
        ("日本語テキスト ｶﾞ", "日 本 語 テ キ ス ト ガ"),
        ("한국어 문장", "한국어 문장"),
        ("a=\u0338b \u0301c", "a b c"),
        ("... \u2026 !!", ""),
    ],
)
def test_a_text_has_another_normal_form(text: str, form: str) -> None:
    assert normal_form(text) == form
    assert _forms("before", text, "after") == ["before", form, "after"]


def test_words_of_one_text_run_into_the_next() -> None:
    words = find_words(_array("ends", "starts", "", "é", "x", "…"))
    assert [form.decode() for form in words.forms()] == ["ends", "starts", "", "é", "x", ""]
    assert words.counts.tolist() == [1, 1, 0, 1, 1, 0]
    assert words.digests().to_pylist()[2] == words.digests().to_pylist()[5]


def test_a_slice_of_a_column_reads_its_neighbours() -> None:
    column = _array("zero", "One é", "two", "three")
    assert [form.decode() for form in find_words(column.slice(1, 2)).forms()] == ["one é", "two"]
    assert find_words(column.slice(4)).forms() == []


def test_bytes_that_are_no_utf_8_stop_everything() -> None:
    raw = pa.array([b"good \xff\xfe bad\xc3", b"next"], pa.large_binary())
    column = pa.Array.from_buffers(pa.large_string(), 2, raw.buffers())
    assert [form.decode() for form in find_words(column).forms()] == ["good bad", "next"]


def test_the_version_of_unicode_is_not_said() -> None:
    import unicodedata

    assert unicodedata.unidata_version in NORM_VERSION and NORM_VERSION in SKETCHING.version


def _values(*texts: str) -> list[list[int]]:
    found = find_grams(find_words(_array(*texts)), KEY)
    ends = np.cumsum(found.counts).tolist()
    assert found.text.tolist() == sorted(found.text.tolist())
    return [found.values[a:b].tolist() for a, b in pairwise([0, *ends])]


@given(st.lists(st.lists(st.sampled_from(["a", "b", "long" * 3, "é"]), max_size=9), max_size=6))
def test_grams_reach_over_ends_or_are_lost(texts: list[list[str]]) -> None:
    """Equal grams have equal numbers, other grams other ones, and there are as many."""
    joined = [" ".join(words) for words in texts]
    found = _values(*joined)
    wanted = [
        [tuple(words[at : at + 5]) for at in range(max(len(words) - 4, 1))] if words else []
        for words in texts
    ]
    assert [len(values) for values in found] == [len(values) for values in wanted]
    pairs = {
        (value, gram)
        for values, theirs in zip(found, wanted, strict=True)
        for value, gram in zip(values, theirs, strict=True)
    }
    assert len({value for value, _ in pairs}) == len({gram for _, gram in pairs}) == len(pairs)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 15, 16, 17, 24, 63, 64, 65, 72, 200, 5000])
def test_long_words_differ_only_in_what_is_not_hashed(size: int) -> None:
    base = "x" * size
    others = {base[:at] + "y" + base[at + 1 :] for at in {0, size // 2, size - 1}}
    found = _values(base, base + "x", *others, base)
    assert found[0] == found[-1]
    assert len({values[0] for values in found}) == 2 + len(others)


def test_word_order_is_not_hashed() -> None:
    found = _values("a b c d e", "e d c b a", "a b c e d", "a b c d", "a b c d a")
    assert len({values[0] for values in found}) == 5


def test_two_keys_give_one_hash() -> None:
    words = find_words(_array("a b c d e", "f"))
    one, other = (find_grams(words, gram_key(seed)).values for seed in (b"1", b"2"))
    assert not set(one.tolist()) & set(other.tolist())


def test_a_sketch_depends_on_the_texts_beside_it() -> None:
    writer = Writer(1)
    texts = tuple(writer.text(writer.number(0, 400)) + " é" * (n % 2) for n in range(60))
    together = SKETCHING.apply(next(Texts(texts, 60).tables()))
    alone = pa.concat_tables([SKETCHING.apply(table) for table in Texts(texts, 1).tables()])
    chunked = pa.concat_tables(list(Texts(texts, 7).tables()))
    assert together.equals(alone.combine_chunks())
    assert SKETCHING.apply(chunked).combine_chunks().equals(together)


def test_a_text_of_many_megabytes_is_sketched_in_part() -> None:
    """Longer than the slices that are sketched at a time; and its neighbours are not disturbed."""
    long = Writer(2).text(300_000)
    assert len(long) > 1 << 20
    found = SKETCHING.apply(next(Texts(("a b c", long, "d e f"), 3).tables()))
    assert found["grams"].to_pylist() == [1, 300_000 - 4, 1]
    alone = SKETCHING.apply(next(Texts((long,), 1).tables()))
    assert found.slice(1, 1).combine_chunks().equals(alone.combine_chunks())


@pytest.mark.parametrize(
    "text",
    [
        Writer(4).text(3000) + "\n\n… é 中文 " + Writer(5).text(900),
        "one " * 2000,
        "x" * 9000 + " y",
        "中文" * 2000,
        " " * 9000 + "four words in all" + "." * 9000,
        "." * 9000,
        "a " + "." * 9000 + "b c" + " " * 9000 + "d e f",
        "é " * 4000,
    ],
)
def test_a_text_read_in_pieces_has_other_words(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SKETCHING.apply(next(Texts((text,)).tables()))
    exact = find_grams(find_words(_array(text)), KEY)
    monkeypatch.setattr(long, "_PIECE", 257)
    assert long.is_long(_array(text)) and not long.is_long(_array(text, ""))
    assert SKETCHING.apply(next(Texts((text,)).tables())).equals(whole)
    found = long.read_long(_array("before", text).slice(1), KEY)
    assert found.grams == len(exact.values)
    assert found.distinct.tolist() == sorted(set(exact.values.tolist()))


def test_a_long_text_takes_memory_for_each_word() -> None:
    """64 MiB of the shortest words there are: the most grams a document can have."""
    code = (
        "import pyarrow as pa, resource, sys; sys.path[:] = {path!r}\n"
        "from ledger.corpus.neardup.sketch import SKETCHING\n"
        "from ledger.corpus.hashing import hash_texts\n"
        "text = pa.array(['a b ' * (1 << 24)], pa.large_string())\n"
        "table = pa.table({{'sha256': hash_texts(text)[0], 'text': text}})\n"
        "print(SKETCHING.apply(table)['grams'][0])\n"
        "status = open('/proc/self/status').read()\n"
        "print(status.split('VmHWM:')[1].split()[0])\n"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("reads the high-water mark from /proc")
    ran = subprocess.run(
        [sys.executable, "-c", code.format(path=sys.path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    grams_, peak = ran.stdout.split()
    assert int(grams_) == 2 * (1 << 24) - 4
    assert int(peak) < 900_000, "kB: an array of eight bytes a word alone is 270 MB"


def test_sketches_err_more_than_they_may() -> None:
    """Mean error of 128 bins against exact Jaccard, at every length; datasketch has 0.03."""
    writer = Writer(3)
    for words in (12, 60, 300, 1200):
        texts = [writer.text(words) for _ in range(100)]
        edited = [writer.edited(text, 0.01 + 0.002 * n) for n, text in enumerate(texts)]
        exact = np.array(
            [figures(grams(a), grams(b))[0] for a, b in zip(texts, edited, strict=True)]
        )
        one, other = (
            sketch_grams(find_grams(find_words(_array(*side)), KEY)).view("<u2").reshape(-1, BINS)
            for side in (texts, edited)
        )
        error = (one == other).mean(axis=1) - exact / 1e6
        assert np.abs(error).mean() < 0.036, words
        assert abs(error.mean()) < 0.012, words
        assert exact.min() < 300_000 and exact.max() > 800_000


def test_texts_without_words_resemble_each_other() -> None:
    table = SKETCHING.apply(next(Texts(("", "...", "a")).tables()))
    assert table["grams"].to_pylist() == [0, 0, 1]
    assert table["sample"].to_pylist()[0] == []
