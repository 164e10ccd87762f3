"""Unicode marks: every kind found, where it lies and what it spells; offsets lead back."""

from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.watermarks.unicode_marks import (
    Text,
    UnicodeMark,
    find,
    kinds,
    strip,
    strip_column,
    suspects,
)

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "watermark" / "unicode_marks.jsonl"
KIND_OF = {
    "zero-width-binary": "zero_width",
    "variation-selector-bytes": "variation_selectors",
    "tag-characters": "tag_characters",
    "narrow-nbsp": "space_alphabet",
    "homoglyph": "homoglyphs",
    "c2pa-text-wrapper": "c2pa_text_manifest",
}
PROSE = "The ferry leaves at six, and whoever misses it walks around the lake with a lantern. " * 8


def selectors(payload: bytes) -> str:
    return "".join(chr(0xFE00 + b) if b < 16 else chr(0xE0100 + b - 16) for b in payload)


def bits(payload: bytes, zero: str = "\u200b", one: str = "\u200c") -> str:
    written = "".join(f"{byte:08b}" for byte in payload)
    return "".join(one if bit == "1" else zero for bit in written)


def tags(payload: bytes) -> str:
    return "".join(chr(0xE0000 + byte) for byte in payload)


def manifest(payload: bytes, version: int = 1, length: int | None = None) -> str:
    size = len(payload) if length is None else length
    header = b"C2PATXT\0" + bytes([version]) + size.to_bytes(4, "big")
    return "\ufeff" + selectors(header + payload)


def only(text: str) -> UnicodeMark:
    (mark,) = find(text)
    return mark


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not beside the checkout")
def test_a_vector_is_missed_or_an_honest_one_flagged() -> None:
    seen = 0
    for line in VECTORS.read_bytes().splitlines():
        row = orjson.loads(line)
        name = row["scheme"].removeprefix("unicode/")
        found = find(row["text"])
        if not row["watermarked"]:
            assert found == [], row["id"]
            continue
        assert [mark.kind for mark in found] == [KIND_OF[name]], row["id"]
        payload = row["params"].get("payload")
        if payload is not None:
            spelled = found[0].payload
            wanted = payload.encode() if name == "tag-characters" else bytes.fromhex(payload)
            assert spelled == wanted, row["id"]
        assert find(strip(row["text"]).text) == []
        seen += 1
    assert seen == 24


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=4, max_size=60), st.integers(1, len(PROSE) - 1))
def test_a_payload_is_not_read_back_from_where_it_lies(payload: bytes, at: int) -> None:
    assume(len(set(payload)) > 2)
    assume(b"C2PATXT" not in payload)
    head, tail = PROSE[:at], PROSE[at:]
    for kind, mark, wanted in (
        ("zero_width", bits(payload), payload),
        ("zero_width", bits(payload, "\u2060", "\ufeff"), payload),
        ("variation_selectors", selectors(payload), payload),
        ("tag_characters", tags(payload.hex().encode()), payload.hex().encode()),
        ("c2pa_text_manifest", manifest(payload), payload),
    ):
        found = only(head + mark + tail)
        assert (found.kind, found.payload) == (kind, wanted)
        assert (found.start, found.end) == (at, at + len(mark.encode()))
        assert found.count == len(mark)
        assert strip(head + mark + tail).text == PROSE


def test_bits_are_missed_where_one_word_carries_one_of_them() -> None:
    rng = np.random.default_rng(5)
    for symbols in ("\u200b\u200c", "\u200b\u200c\u200d\ufeff"):
        words = [word + symbols[rng.integers(len(symbols))] for word in PROSE.split()[:80]]
        text = " ".join(words)
        found = only(text)
        assert (found.kind, found.count) == ("zero_width", 80)
        assert strip(text).text == " ".join(PROSE.split()[:80])


def test_two_bits_a_character_are_not_read() -> None:
    payload = bytes(range(7, 39, 3))
    four = "\u200b\u200c\u200d\u2060"
    mark = "".join(four[byte >> shift & 3] for byte in payload for shift in (6, 4, 2, 0))
    assert only(f"one{mark} two").payload == payload


def test_a_byte_behind_each_letter_is_missed() -> None:
    text = "".join(letter + selectors(bytes([n * 7])) for n, letter in enumerate("ferryboat"))
    found = only(text)
    assert (found.kind, found.payload) == ("variation_selectors", bytes(range(0, 63, 7)))
    assert strip(text).text == "ferryboat"


def test_bytes_smuggled_behind_an_emoji_are_taken_for_its_own() -> None:
    payload = b"hello\x0f\x02there"
    assert only(f"so \U0001f600{selectors(payload)} nice").payload == payload


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        (manifest(b"store", length=2**32 - 1), "5 bytes of 4294967295 declared"),
        (manifest(b"store", version=2), "version 2"),
        (manifest(b"store")[1:], "no U+FEFF"),
        (manifest(b"")[:11], "10 bytes of a header of 13"),
        ("\ufeff" + selectors(b"xC2PATXT\0\1\0\0\0\1s"), "no U+FEFF"),
    ],
)
def test_a_damaged_manifest_passes_for_a_whole_one_or_for_none(mark: str, why: str) -> None:
    found = find(f"A text.{mark} And more.")
    (damaged,) = [one for one in found if one.kind.startswith("c2pa")]
    assert damaged.kind == "c2pa_text_manifest_damaged"
    assert why in damaged.note


def test_what_follows_a_manifest_hides_behind_its_length() -> None:
    found = find("A text." + manifest(b"store") + selectors(b"hidden"))
    assert [mark.kind for mark in found] == ["c2pa_text_manifest", "variation_selectors"]
    assert [mark.payload for mark in found] == [b"store", b"hidden"]


def test_a_second_manifest_passes_without_a_word() -> None:
    found = find("A" + manifest(b"store") + "B" + manifest(b"other"))
    assert [mark.payload for mark in found] == [b"store", b"other"]
    assert all("one of 2" in mark.note for mark in found)


def test_letters_of_another_script_stay_in_the_copy() -> None:
    for other in ("аесорху", "οΑΕΗΙΚΜ", "օսհո", "ａｅｏ"):
        table = {"а": "a", "е": "e", "с": "c", "о": "o", "р": "p", "х": "x", "у": "y"}
        table |= {"ο": "o", "Α": "A", "Ε": "E", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M"}
        table |= {"օ": "o", "ս": "u", "հ": "h", "ո": "n", "ａ": "a", "ｅ": "e", "ｏ": "o"}
        plain = PROSE.upper() if other.startswith("οΑ") else PROSE
        marked = plain
        for letter in other:
            marked = marked.replace(table[letter], letter)
        assert {mark.kind for mark in find(marked)} == {"homoglyphs"}
        assert strip(marked).text == plain


def test_an_article_that_is_all_look_alike_stays_in_the_copy() -> None:
    text = "We h\u0430d \u0430 bo\u0430t \u0430nd \u0430 cr\u0430b in the b\u0430y"
    assert strip(text).text == "We had a boat and a crab in the bay"
    assert only(text).count == 7


def test_spaces_that_alternate_are_missed() -> None:
    words = PROSE.split(" ")[:60]
    rng = np.random.default_rng(3)
    four = ["\u2008", "\u2009", "\u202f", "\u205f"]
    text = words[0] + "".join(four[rng.integers(4)] + word for word in words[1:])
    found = only(text)
    assert found.kind == "space_alphabet"
    assert found.payload is None
    assert strip(text).text.count("\u2009") <= 2  # at the edges only
    assert only(PROSE.replace("the ", "the\u2009").replace("ferry ", "ferry\u2005")).count > 10


def test_a_space_behind_a_semicolon_is_found_and_then_forgotten() -> None:
    text = "so it was;\u2009so it went;\u2009so it stayed;\u2009so it ended;\u2009so it began"
    assert only(text).count == 4
    assert strip(text).text == text.replace("\u2009", " ")


def test_marks_of_two_kinds_hide_each_other() -> None:
    text = "Ferry" + bits(b"first mark") + " and" + tags(b"second") + PROSE + manifest(b"third")
    found = find(text)
    assert [mark.kind for mark in found] == ["zero_width", "tag_characters", "c2pa_text_manifest"]
    raw = text.encode()
    assert raw[found[1].start : found[1].end].decode() == tags(b"second")
    assert strip(text).text == "Ferry and" + PROSE


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            "a|word |é|渡|\U0001f600|\n|\u200b|\u200c|\u200d|\ufeff|\u2009|\u202f|\ufe0f|\ufe01|"
            "\U000e0101|\U000e0061|\U000e007f|h\u0430d |bo\u0430t |\u0430|می\u200cخ|\U0001f3f4|"
            f"\u2060\u200b|о\u2009о|{bits(b'payload')}|{selectors(b'0abc')}|{tags(b'xy')}|"
            f"{manifest(b's')}".split("|")
        ),
        st.text(max_size=6),
    ),
    max_size=40,
)


@settings(max_examples=120, deadline=None)
@given(PIECES)
def test_an_offset_of_the_copy_leads_elsewhere(pieces: list[str]) -> None:
    text = "".join(pieces)
    raw, done = text.encode(), strip(text)
    assert list(done.marks) == find(text)
    kept, at = b"", 0
    for (start, end), size in zip(done.removed, done.sizes.tolist(), strict=True):
        assert at <= start < end
        kept += raw[at:start]
        kept += done.text.encode()[len(kept) : len(kept) + size]
        at = end
    assert kept + raw[at:] == done.text.encode()
    place = 0
    for character in done.text:
        size = len(character.encode())
        start, end = done.to_raw(place), done.to_raw(place + size, end=True)
        there = raw[start:end].decode()
        assert len(there) == 1
        assert there == character or (start, end) in done.removed
        place += size


@settings(max_examples=120, deadline=None)
@given(PIECES)
def test_the_gate_lets_a_mark_through(pieces: list[str]) -> None:
    text = "".join(pieces)
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    taken = np.zeros(len(codes), np.bool_)
    found = []
    if len(codes):
        for kind in kinds():
            for one in kind.find(Text(codes, taken)):
                taken[one.places] = True
                found.append((one.kind, len(one.places), one.payload))
    assert sorted(found, key=str) == sorted(
        ((mark.kind, mark.count, mark.payload) for mark in find(text)), key=str
    )
    column = pa.array(["x", text, None, PROSE, text], pa.large_string())
    flagged = suspects(column.slice(1))
    assert min(flagged[0], flagged[3]) >= bool(found)
    assert not flagged[1] and not flagged[2]


def test_a_neighbour_decides_over_a_text_in_a_column() -> None:
    texts = [PROSE, "h\u0430d", "bo\u0430t", "cr\u0430b", "", "e" + bits(b"12345"), "z"]
    column = pa.chunked_array(
        [pa.array(texts[:4], pa.string()), pa.array(texts[4:], pa.string())], pa.string()
    )
    assert suspects(column).tolist() == [bool(find(text)) for text in texts]
    done = strip_column(pa.array(texts, pa.large_string()))
    assert done.texts.to_pylist() == [strip(text).text for text in texts]
    assert done.counts.tolist() == [0, 0, 0, 0, 0, 1, 0]
    assert done.kinds() == ["", "", "", "", "", "zero_width", ""]
    assert suspects(pa.array([], pa.large_string())).tolist() == []


def test_a_lone_surrogate_is_looked_at() -> None:
    with pytest.raises(InputError, match=r"character 2: a surrogate U\+D800"):
        find("é \ud800")


def test_an_offset_beyond_the_copy_is_made_up() -> None:
    done = strip("Ferry" + bits(b"first mark"))
    assert (done.to_raw(5, end=True), done.to_raw(5)) == (5, 5 + 80 * 3)
    with pytest.raises(IndexError):
        done.to_raw(6)


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\U000e0123" * 80_000,
        "می\u200cخ" * 40_000,
        "word\u200b word\u200c" * 25_000,
        "x\U000e0041" * 60_000,
        ("pаy pаy pаy " + "x" * 401) * 900,
        "aа" * 100_000,
        manifest(b"s", length=2**32 - 1) * 4_000,
    ],
    ids=["selectors", "persian", "apart", "tags", "runs", "one word", "manifests"],
)
def test_a_text_made_to_be_slow_is(text: str) -> None:
    import time

    begun = time.process_time()
    find(text)
    assert time.process_time() - begun < 5  # some 400 kB; what is quadratic takes longer
