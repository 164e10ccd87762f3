"""Text for windows: words by a law like Zipf's, and the batches that ought to be held."""

import numpy as np

SENTENCE = "The quick brown fox jumps over the lazy dog and runs away."


def zipf(count: int, seed: int, vocabulary: int = 2_000) -> str:
    """`count` words in a row, drawn alone: rare ones are as rare as in prose."""
    rng = np.random.default_rng([11, seed])
    weights = 1 / (np.arange(vocabulary) + 2.7)
    drawn = rng.choice(vocabulary, count, p=weights / weights.sum())
    return " ".join(f"w{number:x}" for number in drawn.tolist())


def documents(count: int, seed: int, words: int = 400) -> list[str]:
    """So many texts of so many words."""
    whole = zipf(count * words, seed).split()
    return [" ".join(whole[start : start + words]) for start in range(0, len(whole), words)]


def templates(count: int, seed: int) -> list[str]:
    """Spam: one form, filled in."""
    rng = np.random.default_rng([13, seed])
    form = zipf(60, 1).split()
    made = []
    for _ in range(count):
        words = list(form)
        for place in (5, 20, 41):
            words[place] = f"name{rng.integers(10_000)}"
        made.append(" ".join(words))
    return made
