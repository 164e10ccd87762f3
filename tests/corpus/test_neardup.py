"""Overlap: every match found, the right one named, and nothing matched that does not resemble."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.corpus.neardup import (
    PAIRS,
    Overlap,
    ParquetTexts,
    TextsGiven,
    near_of,
    normal_form,
    overlap,
)
from ledger.corpus.neardup import candidates as limits
from ledger.corpus.neardup.grams import find_grams
from ledger.corpus.neardup.normal import find_words
from ledger.corpus.neardup.sketch import SKETCHING, sketch_key
from ledger.engines import Source, content_root, run
from ledger.errors import DocumentMismatchError, InputError, MalformedError
from tests.corpus.neardup_helpers import Texts, Writer, all_pairs, digest, grams, listed


@dataclass(frozen=True)
class Corpora:
    candidates: tuple[str, ...]
    references: tuple[str, ...]


@pytest.fixture(scope="module")
def corpora() -> Corpora:
    """Unrelated texts, copies, respellings, edits of every degree, excerpts both ways, oddities."""
    writer = Writer(11)
    references = [writer.text(writer.number(3, 500)) for _ in range(120)]
    candidates = [writer.text(writer.number(3, 500)) for _ in range(30)]
    candidates += references[:10]
    candidates += [text.upper().replace(" ", ",\n ") for text in references[5:15]]
    for number, text in enumerate(references[15:95]):
        candidates.append(writer.edited(text, 0.004 * (number + 1)))
    for text in references[95:105]:
        words = text.split()
        candidates.append(" ".join(words[len(words) // 3 : 2 * len(words) // 3]))
    for text in references[105:115]:
        candidates.append(f"{writer.text(600)} {text} {writer.text(300)}")
    odd = ["", "...", "!!!", "中文没有空格的句子也要比较", "One two", "one TWO"]
    return Corpora(
        (*candidates, *odd, candidates[0]), (*references, "", "?!", "中文没有空格的句子也要比较。")
    )


@pytest.fixture(scope="module")
def found(corpora: Corpora, tmp_path_factory: pytest.TempPathFactory) -> Overlap:
    folder = tmp_path_factory.mktemp("sidecars")
    return overlap([Texts(corpora.candidates)], [Texts(corpora.references)], folder, workers=1)


def test_a_match_is_missed_or_its_figures_are_estimates(corpora: Corpora, found: Overlap) -> None:
    truth = all_pairs(corpora.candidates, corpora.references)
    sizes = {digest(t): len(grams(t)) for t in (*corpora.candidates, *corpora.references)}
    due = {
        pair
        for pair, (jaccard, ours, theirs) in truth.items()
        if jaccard >= 500_000
        or (ours >= 800_000 and sizes[pair[0]] >= 10)
        or (theirs >= 800_000 and sizes[pair[1]] >= 10)
    }
    pairs = listed(found.pairs)
    assert len(due) > 60
    assert not due - pairs.keys()
    assert all(truth[pair] == figures for pair, figures in pairs.items())


def test_documents_are_counted_by_another_than_their_closest_match(
    corpora: Corpora, found: Overlap
) -> None:
    truth = all_pairs(corpora.candidates, corpora.references)
    distinct = {digest(text): text for text in corpora.candidates}
    best = {one: 0 for one in distinct}
    for (one, _), (jaccard, _, _) in truth.items():
        best[one] = max(best[one], jaccard)
    forms = {normal_form(text) for text in corpora.references} - {""}
    exact = set(map(digest, corpora.references)) & distinct.keys()
    counts = found.counts
    assert counts.documents == len(distinct) < len(corpora.candidates)
    assert counts.against_documents == len(set(corpora.references))
    assert counts.exact == len(exact)
    same = {one for one, text in distinct.items() if normal_form(text) in forms}
    assert counts.normalised == len(exact | same)
    assert counts.near_80 == sum(jaccard >= 800_000 for jaccard in best.values())
    assert counts.near_50 == sum(jaccard >= 500_000 for jaccard in best.values())
    assert counts.novel == sum(jaccard < 200_000 for jaccard in best.values())
    assert counts.contained >= 20 - 4
    assert 0 < counts.exact < counts.normalised < counts.near_80 < counts.near_50


def test_the_matched_document_is_not_named(corpora: Corpora, found: Overlap) -> None:
    assert found.pairs.schema.equals(PAIRS)
    ours, theirs = map(digest, corpora.candidates), set(map(digest, corpora.references))
    assert set(found.pairs["candidate"].to_pylist()) <= set(ours)
    assert set(found.pairs["reference"].to_pylist()) <= theirs
    rows = found.pairs.to_pylist()
    for row in rows:
        assert (row["method"] == "exact") == (row["candidate"] == row["reference"])
    order = [(r["candidate"], r["method"] != "exact", -r["jaccard_ppm"]) for r in rows]
    assert order == sorted(order)
    assert {row["method"] for row in rows} == {"exact", "normalised", "near"}


def test_order_division_or_workers_change_the_result(
    corpora: Corpora, found: Overlap, tmp_path: Path
) -> None:
    def halves(texts: tuple[str, ...]) -> list[Source]:
        backwards = texts[::-1]
        return [Texts(backwards[:70], 9), Texts(backwards[70:], 1000), Texts(backwards[:5])]

    ours, theirs = halves(corpora.candidates), halves(corpora.references)
    for workers in (1, 3):
        again = overlap(ours, theirs, tmp_path / str(workers), workers=workers)
        assert again.pairs.equals(found.pairs)
        assert (again.counts, again.capped) == (found.counts, found.capped)


def test_what_is_kept_holds_text(corpora: Corpora, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    overlap([Texts(corpora.candidates)], [Texts(corpora.references)], folder, workers=1)
    kept = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert len(kept) > 50_000
    words = {word for text in corpora.references for word in text.split() if len(word) > 7}
    assert len(words) > 100
    assert not [word for word in words if word.encode() in kept]
    assert not [path for path in folder.iterdir() if path.suffix != ".parquet"]


def test_a_second_look_reads_every_text_again(tmp_path: Path) -> None:
    writer = Writer(5)
    texts = tuple(writer.text(60) for _ in range(20))
    overlap([_Once(texts)], [Texts((writer.text(50),))], tmp_path)
    overlap([_Once(texts)], [Texts((writer.text(50),))], tmp_path)  # nothing to compare exactly
    with pytest.raises(AssertionError, match="read again"):
        overlap([_Once(texts)], [Texts((texts[0] + " end",))], tmp_path)


_READ: set[str] = set()


@dataclass(frozen=True)
class _Once(Texts):
    def tables(self) -> Iterator[pa.Table]:
        assert self.key not in _READ, "read again"
        _READ.add(self.key)
        yield from super().tables()


def test_texts_without_a_word_are_the_same_text(tmp_path: Path) -> None:
    found = overlap([Texts(("...", "", "?!"))], [Texts(("!!!", "", "words"))], tmp_path)
    assert (found.counts.exact, found.counts.normalised, found.counts.novel) == (1, 1, 2)
    assert found.pairs.num_rows == 1


def test_no_documents_on_a_side_is_a_traceback(tmp_path: Path) -> None:
    some = [Texts(("a few words of text here",))]
    for ours, theirs in ((some, []), ([], some), ([], []), ([Texts(())], some)):
        found = overlap(ours, theirs, tmp_path)
        assert found.pairs.num_rows == 0 and found.pairs.schema.equals(PAIRS)
        assert found.counts.novel == found.counts.documents == len(ours and ours[0].texts)


def test_resemblance_is_handed_on(tmp_path: Path) -> None:
    """A is like B and B is like C; that C came back in A is not said."""
    words = Writer(6).text(300).split()
    chain = [" ".join(words[at : at + 100]) for at in range(0, 150, 25)]
    found = overlap([Texts((chain[0],))], [Texts(tuple(chain[1:]))], tmp_path)
    pairs = listed(found.pairs)
    assert (digest(chain[0]), digest(chain[1])) in pairs
    assert (digest(chain[0]), digest(chain[5])) not in pairs


def test_a_passage_in_every_document_hides_the_match(tmp_path: Path) -> None:
    """More documents share a licence than are looked at; the one that matters is still found."""
    writer = Writer(7)
    licence = writer.text(80)
    texts = [f"{licence} {writer.text(120)}" for _ in range(300)]
    edited = tuple(writer.edited(text, 0.02) for text in texts[::10])
    found = overlap([Texts(edited)], [Texts(tuple(texts))], tmp_path)
    pairs = listed(found.pairs)
    for one, text in zip(edited, texts[::10], strict=True):
        best = max((pair for pair in pairs if pair[0] == digest(one)), key=lambda p: pairs[p])
        assert best[1] == digest(text)
    assert found.capped, "that more matches may exist is not said"


def test_more_equals_than_are_looked_at_go_unsaid(tmp_path: Path) -> None:
    text = Writer(8).text(40)
    copies = tuple(text.replace(" ", " " * spaces) for spaces in range(2, 102))
    found = overlap([Texts((text, "quite another one"))], [Texts(copies)], tmp_path)
    assert found.counts.normalised == 1
    assert found.pairs.num_rows == limits.LARGEST
    assert found.capped == 1
    assert found.pairs["reference"].to_pylist() == sorted(map(digest, copies))[: limits.LARGEST]


def test_a_five_word_file_is_contained_in_whatever_quotes_it(tmp_path: Path) -> None:
    long = Writer(9).text(400)
    words = long.split()
    tiny, excerpt = " ".join(words[50:55]), " ".join(words[100:160])
    found = overlap([Texts((long,))], [Texts((tiny,))], tmp_path)
    assert found.counts.contained == 0
    found = overlap([Texts((long, tiny))], [Texts((excerpt,))], tmp_path)
    assert found.counts.contained == 1
    assert listed(found.pairs)[digest(long), digest(excerpt)][2] == 10**6


def test_words_put_in_to_spoil_the_sketch_hide_a_copy(tmp_path: Path) -> None:
    """Whoever knows the hashes adds grams of least value, until most bins are theirs."""
    writer = Writer(10)
    text = writer.text(500)
    junk = [writer.text(5) for _ in range(20_000)]
    hashed = find_grams(find_words(pa.array(junk, pa.large_string())), sketch_key()).values
    least: dict[int, tuple[int, str]] = {}
    for value, words in zip(hashed.tolist(), junk, strict=True):
        place = value >> 57
        least[place] = min(least.get(place, (value, words)), (value, words))
    spoilt = f"{text} " + " ".join(words for _, words in least.values())
    found = overlap([Texts((text,))], [Texts((spoilt,))], tmp_path)
    assert found.counts.contained == 1
    assert listed(found.pairs)[digest(text), digest(spoilt)][1] == 10**6


@pytest.mark.parametrize(("share", "least"), [(0.03, 1.0), (0.09, 0.995)])
def test_recall_is_lower_than_said(tmp_path: Path, share: float, least: float) -> None:
    """Of pairs with J ≥ 0.5 nearly all, whatever their length."""
    writer = Writer(12)
    texts = [writer.text(20 + 3 * number) for number in range(200)]
    edited = [writer.edited(text, share) for text in texts]
    truth = {pair for pair, figures in all_pairs(edited, texts).items() if figures[0] >= 500_000}
    found = overlap([Texts(tuple(edited))], [Texts(tuple(texts))], tmp_path)
    assert len(truth) > 70
    assert len(truth & listed(found.pairs).keys()) >= least * len(truth)


def test_documents_that_are_not_members_are_compared(corpora: Corpora, tmp_path: Path) -> None:
    ours = sorted(map(digest, corpora.candidates[30:34]))
    theirs = sorted(map(digest, corpora.references[:2]))
    found = overlap(
        [Texts(corpora.candidates)],
        [Texts(corpora.references)],
        tmp_path,
        candidates_only=b"".join(ours),
        references_only=b"".join(theirs),
    )
    assert (found.counts.documents, found.counts.against_documents) == (4, 2)
    assert found.counts.exact == 2
    nobody = overlap(
        [Texts(corpora.candidates)], [Texts(corpora.references)], tmp_path, candidates_only=b""
    )
    assert nobody.counts.documents == 0


def test_one_text_finds_other_matches_than_a_set(
    corpora: Corpora, found: Overlap, tmp_path: Path
) -> None:
    references = [Texts(corpora.references[:60], 13), Texts(corpora.references[50:], 13)]
    for text in corpora.candidates[25:160:9]:
        alone = near_of(text, references, tmp_path)
        rows = [row for row in found.pairs.to_pylist() if row["candidate"] == digest(text)]
        assert alone.to_pylist() == rows
    assert near_of("", references, tmp_path)["method"].to_pylist() == ["exact"]


def test_one_text_against_nothing_is_a_traceback(tmp_path: Path) -> None:
    assert near_of("some words", [], tmp_path).num_rows == 0


def test_an_input_that_changes_under_way_is_half_compared(tmp_path: Path) -> None:
    text = Writer(13).text(100)
    with pytest.raises(DocumentMismatchError, match="not where they were"):
        overlap([_Fickle((text,))], [Texts((text + " end",))], tmp_path)


@dataclass(frozen=True)
class _Fickle(Texts):
    def tables(self) -> Iterator[pa.Table]:
        if self.key in _READ:
            yield from Texts(("something else",)).tables()
        else:
            _READ.add(self.key)
            yield from super().tables()


def _shard(path: Path, texts: list[str], digests: list[bytes] | None = None) -> ParquetTexts:
    digests = [digest(text) for text in texts] if digests is None else digests
    column = pa.array(texts, pa.large_string())
    pq.write_table(pa.table({"sha256": pa.array(digests, pa.binary(32)), "text": column}), path)
    data = path.read_bytes()
    return ParquetTexts(path, sha256(data).digest(), len(data))


def test_a_shard_that_was_touched_is_read(tmp_path: Path) -> None:
    shard = _shard(tmp_path / "0.parquet", ["one text", "another text"])
    given = [TextsGiven(("one text", "One text!"))]
    found = overlap(given, [shard], tmp_path / "s")
    assert (found.counts.exact, found.counts.normalised) == (1, 2)
    with pytest.raises(DocumentMismatchError, match="recorded was"):
        overlap(given, [replace(shard, digest=bytes(32))], tmp_path / "s")
    with pytest.raises(InputError, match="no such file"):
        overlap(given, [replace(shard, path=tmp_path / "1.parquet", digest=b"1")], tmp_path / "s")
    lying = _shard(tmp_path / "2.parquet", ["one text"], [digest("another text")])
    with pytest.raises(DocumentMismatchError, match="not the one its digest names"):
        overlap(given, [lying], tmp_path / "s")
    (tmp_path / "3.parquet").write_bytes(b"PAR1nothingPAR1")
    broken = ParquetTexts(tmp_path / "3.parquet", sha256(b"PAR1nothingPAR1").digest(), 15)
    with pytest.raises(MalformedError, match="not a parquet file"):
        overlap(given, [broken], tmp_path / "s")


def test_sketches_change_without_a_new_version(tmp_path: Path) -> None:
    """What is kept is a function of the texts; with other results the version must be another."""
    assert SKETCHING.version.startswith("1 headwater-normal-1/")
    texts = Texts(("The quick brown fox jumps over the lazy dog.", "naïve 中文", "", "x" * 70))
    assert content_root(run(SKETCHING, [texts], tmp_path)).hex() == SKETCHED


SKETCHED = "142d660f1ac8fd0a444313c9aae722b44e4b456d45bcf8512010b83bb9c1c902"
