from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.provenance.marks import correction_milli
from ledger.watermarks.detector import detect
from ledger.watermarks.scanning.decide import least_units
from ledger.watermarks.scanning.detect import (
    MarkFinding,
    TextFindings,
    detect_ids,
    detect_text,
)
from ledger.watermarks.scanning.targets import ScanTarget
from ledger.watermarks.tokens import Tokens
from tests.watermarks.scanning.making import (
    SIZE,
    marked_ids,
    plain_ids,
    spelled,
    target,
    words_tokenizer,
)

SECRET = 918_273_645
BITS = "".join("\u200b\u200c"[int(bit)] for bit in f"{0x2FF771CC196F44C5:064b}")


@pytest.fixture
def targets(own_place: Path) -> list[ScanTarget]:
    warned = ("demo-key: a well-known default key",)
    return [target("unigram", SECRET, warnings=warned), target("murmur", 3), target("lefthash", 4)]


def look(
    text: str | bytes, targets: Sequence[ScanTarget], alpha_milli: int = 9_000
) -> TextFindings:
    tokenizer = words_tokenizer()
    known = {tokenizer.definition: tokenizer}
    return detect_text(text, targets, known, alpha_milli=alpha_milli, where="essay.txt")


def test_a_text_s_marks_are_in_another_order(targets: list[ScanTarget]) -> None:
    text = spelled(marked_ids(targets[0], 90))
    found = look(text, targets)
    assert [mark.target for mark in found.marks] == targets
    assert [mark.outcome for mark in found.marks] == ["detected", "below_alpha", "below_alpha"]
    assert found.document == f"sha256:{sha256(text.encode()).hexdigest()}"
    assert found.bytes == len(text) and found.marks[0].warnings == targets[0].warnings
    reverse = look(text.encode(), targets[::-1])
    assert [mark.target for mark in reverse.marks] == targets[::-1]
    assert list(reverse.marks[::-1]) == list(found.marks)


def test_p_is_not_the_detector_s_or_forgets_the_other_marks(targets: list[ScanTarget]) -> None:
    ids = marked_ids(targets[0], 90)
    exact = detect(Tokens.of([ids]), targets[0].open())
    log10_p = float(exact.log_p[0]) / np.log(10)
    mark = look(spelled(ids), targets).marks[0]
    assert log10_p <= mark.log10_p <= log10_p + 0.0011
    assert mark.corrected == pytest.approx(mark.log10_p + correction_milli(3) / 1000)
    assert (mark.tokens, mark.counted) == (90, int(exact.counted[0]))
    assert mark.statistic == exact.statistic[0]


def test_a_short_text_is_called_clean(targets: list[ScanTarget]) -> None:
    least = least_units(targets[0].open(), 9_000, 3)
    for count in (0, 1, least - 1):
        ids = marked_ids(targets[0], count, choices=1) if count else []
        mark = look(spelled(ids), targets).marks[0]
        assert (mark.outcome, mark.least) == ("undecidable", least)
        assert mark.counted <= count and mark.log10_p <= 0 and mark.corrected <= 0
    long = look(spelled(plain_ids(least + 40, 1)), targets).marks[0]
    assert long.outcome == "below_alpha" and long.corrected > -2


def test_a_level_decides_at_another_level(targets: list[ScanTarget]) -> None:
    text = spelled(marked_ids(targets[0], 40, 3))
    strength = -look(text, targets).marks[0].corrected * 1000
    assert 3_000 < strength < 300_000
    assert look(text, targets, round(strength)).marks[0].outcome == "detected"
    assert look(text, targets, round(strength) + 1).marks[0].outcome != "detected"


def test_bytes_of_a_part_are_those_of_the_stripped_copy(targets: list[ScanTarget]) -> None:
    before, after = spelled(plain_ids(300, 1)), spelled(plain_ids(300, 2))
    part = spelled(marked_ids(targets[0], 80, 5))
    text = f"ä{BITS} {before}\n{part} {BITS[:40]}é {after}"
    found = look(text, targets[:1])
    (span,) = found.marks[0].spans
    raw = text.encode()[span.first_byte : span.end_byte].decode()
    assert len(set(raw.split()) & set(part.split())) > 60
    words = text.replace(BITS, "").replace(BITS[:40], "").split()
    assert raw.split() == words[span.start : span.end]
    assert [item.kind for item in found.unicode] == ["zero_width", "zero_width"]
    assert span.neg_log10_p_milli > 5_000


def test_characters_hide_a_mark_or_make_one(targets: list[ScanTarget]) -> None:
    ids = marked_ids(targets[0], 90)
    whole = look(spelled(ids), targets).marks[0]
    half = spelled(ids)[:60]
    signed = look(half + BITS + spelled(ids)[60:], targets)
    assert signed.marks[0].log10_p == whole.log10_p and len(signed.unicode) == 1
    assert look(f"word {BITS}", targets).marks[0].outcome == "undecidable"


@pytest.mark.parametrize("text", [b"\xff\xfe", b"a\xc3", "a\ud800b", "\udfff"])
def test_what_is_no_text_is_a_traceback(targets: list[ScanTarget], text: str | bytes) -> None:
    with pytest.raises(InputError, match=r"essay\.txt, (byte|character) \d"):
        look(text, targets)


def test_a_mark_is_looked_for_with_another_tokenizer(targets: list[ScanTarget]) -> None:
    other = words_tokenizer(size=900)
    with pytest.raises(InputError, match="its tokenizer is not there"):
        detect_text("w1", targets, {other.definition: other}, alpha_milli=9_000)
    with pytest.raises(InputError, match="named twice"):
        look("w1", [targets[0], targets[0]])


def test_ten_megabytes_of_one_token_are_evidence(targets: list[ScanTarget]) -> None:
    for mark in detect_ids(np.full(5_000_000, 9, np.uint32), targets, alpha_milli=9_000):
        assert mark.counted <= 2 and mark.log10_p > -3
    text = look("w9 " * 300_000, targets)
    assert all(mark.outcome != "detected" for mark in text.marks)


def test_ids_beyond_the_vocabulary_are_scored(targets: list[ScanTarget]) -> None:
    for mark in detect_ids([SIZE, 2**32 - 1] * 50, targets, alpha_milli=9_000):
        assert mark.counted == 0 and mark.log10_p == 0.0 and mark.outcome == "undecidable"
    for wrong in ([-1], [2**32], [True], ["7"], [1.0]):
        with pytest.raises(InputError, match="expected a token id"):
            detect_ids(wrong, targets, alpha_milli=9_000)  # type: ignore[arg-type]
    same = detect_ids(marked_ids(targets[0], 90), targets, alpha_milli=9_000)
    assert same[0].log10_p == look(spelled(marked_ids(targets[0], 90)), targets).marks[0].log10_p


def test_a_picture_rises_where_no_mark_is(targets: list[ScanTarget]) -> None:
    ids = [*plain_ids(300, 1), *marked_ids(targets[0], 80, 5), *plain_ids(300, 2)]
    (mark,) = detect_ids(ids, targets[:1], alpha_milli=9_000)
    walk = np.cumsum(mark.ratios)
    assert len(mark.positions) == len(mark.ratios) == mark.counted
    top = mark.positions[int(np.argmax(walk - np.minimum.accumulate(walk)))]
    assert 360 <= top <= 385
    (empty,) = detect_ids([], targets[:1], alpha_milli=9_000)
    assert len(empty.positions) == len(empty.ratios) == 0


def test_a_key_stands_in_a_repr(targets: list[ScanTarget]) -> None:
    shown = repr(look(spelled(plain_ids(30, 1)), targets)) + repr(targets)
    assert str(SECRET) not in shown and targets[0].key["seed"] not in shown
    assert isinstance(look("w1", targets).marks[0], MarkFinding)
