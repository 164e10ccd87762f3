"""The measures as their sources define them: one text, one word at a time, exact where they can be.

Slow, and written without a look at how the product counts.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

__all__ = ["MEASURES", "conditional", "entropy", "lengths", "mattr", "words"]


def words(text: str) -> list[str]:
    """words@1, a character at a time."""
    found, stretch = [], ""
    for character in [*text, " "]:
        kind = unicodedata.category(character)
        if kind == "Cf":
            continue
        if character == "’":
            character = "'"
        if kind[0] in "LMN" or character == "'":
            stretch += character
        else:
            found.append(stretch.strip("'"))
            stretch = ""
    composed = [unicodedata.normalize("NFC", word) for word in found if word]
    return ["".join(character.lower()[0] for character in word) for word in composed]


def lengths(text: str) -> list[int]:
    """sentences@1 in words, by walking from each end mark to the white space after it."""
    sentence, sentences, place = "", [], 0

    def blank(at: int) -> bool:
        return text[at] in " \t\n\r\f" or unicodedata.category(text[at])[0] == "Z"

    while place < len(text):
        if text[place] in ".!?…。！？":
            after = place
            while after < len(text) and text[after] in ".!?…。！？":
                after += 1
            while after < len(text) and text[after] in "\"'”’»)]":
                after += 1
            sentence += text[place:after]
            place = after
            if after == len(text) or blank(after):
                sentences.append(sentence)
                sentence = ""
                place += 1  # the white space that ended it belongs to no sentence
            continue
        if text[place] == "\n":
            after = place + 1
            while after < len(text) and blank(after):
                after += 1
            if "\n" in text[place + 1 : after]:
                sentences.append(sentence)
                sentence = ""
                place = after
                continue
        sentence += text[place]
        place += 1
    return [count for part in [*sentences, sentence] if (count := len(words(part)))]


def _moments(text: str) -> tuple[float, float] | None:
    sizes = lengths(text)
    if len(sizes) < 2:
        return None
    mean = Fraction(sum(sizes), len(sizes))
    variance = sum((size - mean) ** 2 for size in sizes) / len(sizes)
    return float(mean), math.sqrt(variance)


def _burstiness_cv(text: str) -> float:
    found = _moments(text)
    return found[1] / found[0] if found else math.nan


def _burstiness_parameter(text: str) -> float:
    found = _moments(text)
    return (found[1] - found[0]) / (found[1] + found[0]) if found else math.nan


def _ttr(run: Sequence[object]) -> float:
    return len(set(run)) / len(run) if run else math.nan


def _ttr_fixed(text: str) -> float:
    run = words(text)
    windows = [run[start : start + 100] for start in range(0, len(run) - 99, 100)]
    return sum(len(set(window)) for window in windows) / (100 * len(windows)) if windows else -1


def mattr(run: Sequence[object]) -> float:
    windows = [run[start : start + 50] for start in range(len(run) - 49)]
    if not windows:
        return math.nan
    return float(sum(Fraction(len(set(window)), 50) for window in windows) / len(windows))


def _hdd(text: str) -> float:
    run = words(text)
    if len(run) < 42:
        return math.nan
    draws = math.comb(len(run), 42)
    contributions = [
        1 - Fraction(math.comb(len(run) - count, 42), draws) for count in Counter(run).values()
    ]
    return float(sum(contributions) / 42)


def _factors(run: Sequence[str]) -> Fraction:
    full, factors, since = Fraction(72, 100), Fraction(0), []
    for word in run:
        since.append(word)
        if Fraction(len(set(since)), len(since)) < full:
            factors += 1
            since = []
    if since:
        factors += (1 - Fraction(len(set(since)), len(since))) / (1 - full)
    return factors


def _mtld(text: str) -> float:
    run = words(text)
    both = _factors(run), _factors(run[::-1])
    if len(run) < 50 or not all(both):
        return math.nan
    return float((len(run) / both[0] + len(run) / both[1]) / 2)


def entropy(run: Sequence[object]) -> float:
    shares = [count / len(run) for count in Counter(run).values()]
    return -math.fsum(share * math.log2(share) for share in shares) if run else math.nan


def conditional(run: Sequence[object]) -> float:
    """−Σ p(a, b) log2 p(b | a)."""
    pairs = list(pairwise(run))
    if not pairs:
        return math.nan
    first = Counter(pair[0] for pair in pairs)
    return -math.fsum(
        count / len(pairs) * math.log2(count / first[pair[0]])
        for pair, count in Counter(pairs).items()
    )


def _grams(text: str, size: int) -> list[tuple[str, ...]]:
    run = words(text)
    return [tuple(run[start : start + size]) for start in range(len(run) - size + 1)]


MEASURES: dict[str, Callable[[str], float]] = {
    "burstiness_cv": _burstiness_cv,
    "burstiness_parameter": _burstiness_parameter,
    "distinct_2": lambda text: _ttr(_grams(text, 2)),
    "distinct_4": lambda text: _ttr(_grams(text, 4)),
    "entropy_conditional": lambda text: conditional(words(text)),
    "entropy_unigram": lambda text: entropy(words(text)),
    "hdd_42": _hdd,
    "mattr_50": lambda text: mattr(words(text)),
    "mtld": _mtld,
    "raw_ttr": lambda text: _ttr(words(text)),
    "ttr_fixed": lambda text: math.nan if len(words(text)) < 100 else _ttr_fixed(text),
}
