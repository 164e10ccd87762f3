"""Entropies of what a text was seen to hold, in bits: plain counts, no correction for length."""

import numpy as np

from ledger.verdicts.signals.tokens import Floats, Tally, Tokens, divide, sums

__all__ = ["conditional_entropy", "distinct", "entropy"]


def entropy(tokens: Tokens) -> Floats:
    """Shannon entropy of the token frequencies of each text; NaN for an empty one."""
    return _entropy(tokens.tally, tokens)


def conditional_entropy(tokens: Tokens) -> Floats:
    """Entropy of a token given the one before it: H(both) − H(first); NaN below two tokens."""
    both, first = tokens.bigrams, tokens.heads(1)
    return np.maximum(entropy(both) - entropy(first), 0.0)


def distinct(tokens: Tokens) -> Floats:
    """Distinct tokens over tokens; NaN for an empty text."""
    return divide(tokens.tally.types, tokens.sizes)


def _entropy(tally: Tally, tokens: Tokens) -> Floats:
    """H = log2 N − Σ c log2 c / N."""
    counts = tally.counts.astype(np.float64)
    total = np.where(tokens.sizes, tokens.sizes, np.nan)
    repeated = sums(counts * np.log2(counts), tally.offsets)
    return np.maximum(np.log2(total) - repeated / total, 0.0)
