"""Near-duplicates as a hint of `reserve check`: found, missed, or said to be what they are not."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.corpus.extractors import extractor_for
from ledger.reserves import layout
from tests.reserves.folders import Made, digest, make_reserve

Command = Callable[..., Any]

_RANDOM = Random(5)
_WORDS = ["".join(_RANDOM.choices("abcdefghijklmnop", k=6)) for _ in range(2000)]
TEXTS = [" ".join(_RANDOM.choices(_WORDS, k=_RANDOM.randrange(40, 200))) for _ in range(300)]
OTHER = " ".join(_RANDOM.choices(_WORDS, k=400))


@pytest.fixture
def made(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_place.parent / "cache"))
    monkeypatch.setattr(layout, "SHARD_BYTES", 100_000)
    return make_reserve(own_place / "sealed", TEXTS)


def near(headwater: Command, *names: str) -> list[Any]:
    ran = headwater("--json", "reserve", "check", *names, "--reserve", "sealed")
    assert ran.code == 0, ran.stderr
    return [answer["near"] for answer in json.loads(ran.stdout)]


def edited(text: str) -> str:
    words = text.split()
    words[len(words) // 2] = "inserted"
    return " ".join(words)


def test_a_changed_copy_looks_like_a_new_text(made: Made, headwater: Command) -> None:
    Path("case.txt").write_text(TEXTS[7].upper() + "\n")
    Path("edit.txt").write_text(edited(TEXTS[8]))
    Path("quoted.txt").write_text(f"{OTHER} {TEXTS[9]} {OTHER}")
    Path("part.txt").write_text(" ".join(TEXTS[10].split()[:30]))
    Path("other.txt").write_text(OTHER)
    case, edit, quoted, part, other = near(
        headwater, "case.txt", "edit.txt", "quoted.txt", "part.txt", "other.txt"
    )
    named = [[found["document"] for found in each] for each in (case, edit, quoted, part)]
    assert named == [[f"sha256:{digest(TEXTS[n]).hex()}"] for n in (7, 8, 9, 10)]
    assert case[0]["method"] == "normalised"
    words = len(TEXTS[8].split())
    grams, kept = words - 4, words - 9  # one word changed is five 5-grams lost, on both sides
    assert edit[0]["jaccard_ppm"] == kept * 1_000_000 // (2 * grams - kept)
    assert edit[0]["containment_ppm"] == edit[0]["contained_ppm"] == kept * 1_000_000 // grams
    assert quoted[0]["contained_ppm"] == 1_000_000 and quoted[0]["jaccard_ppm"] < 500_000
    assert part[0]["containment_ppm"] == 1_000_000
    assert other == []


def test_the_words_say_there_is_none_where_nobody_looked(made: Made, headwater: Command) -> None:
    Path("edit.txt").write_text(edited(TEXTS[8]))
    Path("bytes.txt").write_bytes(b"caf\xe9")
    check = ("reserve", "check", "--reserve")
    absent = "One changed character gives the same answer. Near-duplicates"
    for arguments, said in [
        ((*check, "sealed", "edit.txt"), f"{absent} found: 1."),
        ((*check, "sealed", "edit.txt", "--no-near"), f"{absent} not looked for."),
        ((*check, "old", "edit.txt"), "not looked for, which needs the reserve's folder."),
        ((*check, "sealed", "bytes.txt"), "not looked for: invalid UTF-8 at byte 4."),
        ((*check, "sealed", "0" * 64), "not looked for, which needs the text."),
    ]:
        ran = headwater(*arguments)
        assert (ran.code, ran.stderr) == (0, "")
        assert said in ran.stdout
    Path("same.txt").write_text(TEXTS[3])
    assert "Near" not in headwater(*check, "sealed", "same.txt").stdout


def test_a_second_look_reads_the_reserve_again(
    made: Made, headwater: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("other.txt").write_text(OTHER)
    assert near(headwater, "other.txt") == [[]]
    from ledger.corpus.neardup import ParquetTexts

    def refuse(self: object) -> Any:
        raise AssertionError("read again")

    monkeypatch.setattr(ParquetTexts, "tables", refuse)
    assert near(headwater, "other.txt") == [[]]


def test_the_cache_holds_text(made: Made, headwater: Command, own_place: Path) -> None:
    Path("edit.txt").write_text(edited(TEXTS[8]))
    assert len(near(headwater, "edit.txt")[0]) == 1
    files = [path for path in (own_place.parent / "cache").rglob("*") if path.is_file()]
    assert files
    for path in files:
        for name in pq.read_schema(path).names if path.suffix == ".parquet" else ():
            column = pq.read_table(path, columns=[name]).column(0)
            assert not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type)


def test_texts_that_nobody_signed_give_hints(made: Made, headwater: Command) -> None:
    Path("edit.txt").write_text(edited(TEXTS[8]))
    shard = made.content / "text/00001.parquet"
    table = pq.read_table(shard)
    texts = pa.array(["planted " * 50] * table.num_rows, pa.large_string())
    pq.write_table(table.set_column(1, "text", texts), shard)
    ran = headwater("reserve", "check", "edit.txt", "--reserve", "sealed")
    assert (ran.code, ran.stdout) == (1, "")
    assert "00001.parquet" in ran.stderr
    sums = made.content / "SHA256SUMS"
    listed = sums.read_text().splitlines(keepends=True)
    fresh = f"{sha256(shard.read_bytes()).hexdigest()}  text/00001.parquet\n"
    sums.write_text("".join(fresh if "00001.parquet" in line else line for line in listed))
    ran = headwater("reserve", "check", "edit.txt", "--reserve", "sealed")
    assert (ran.code, ran.stdout) == (1, "")
    assert "SHA256SUMS: digest" in ran.stderr


def test_a_sealed_text_is_not_known_in_its_word_file(
    made: Made, headwater: Command, own_place: Path, root: Path
) -> None:
    """The file's bytes are no document, but the text that was taken out of it is one."""
    path = root / "tests/fixtures/office/water.docx"
    extractor = extractor_for(path.name)
    assert extractor is not None
    text = extractor.text(path.read_bytes())
    make_reserve(own_place / "second", [*TEXTS[:50], text], version=2)
    ran = headwater("--json", "reserve", "check", path, "--reserve", "second")
    (answer,) = json.loads(ran.stdout)
    assert answer["answer"] == "not_in"
    assert [(near["document"], near["method"]) for near in answer["near"]] == [
        (f"sha256:{digest(text).hex()}", "exact")
    ]
