"""Marked text made on the spot: a small tokenizer, a small language model, and a sampler.

The sampler is the Gumbel-max rule (Aaronson 2022): of the tokens that the model finds likely, the
one with the greatest u^(1/p), u being the mark's pseudo-random number for the token in its context.
Without a mark u is drawn afresh, which gives the same distribution of texts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokens import Tokens

__all__ = ["CONTEXT", "VOCABULARY", "Writer", "train_tokenizer"]

VOCABULARY = 4_096
_LIKELIEST = 48  # tokens among which the next one is chosen
_WIDTHS = (2, 1, 0)  # tokens of context of the three models that are mixed
CONTEXT = 4  # tokens that the mark sees
_DOUBT = 8  # a context seen so often is believed by half; the rest is the shorter context's to say


def train_tokenizer(texts: Iterable[str], path: Path) -> Any:
    """A byte-level BPE tokenizer of `texts`, written to `path` as tokenizer.json."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(path))
    return tokenizer


class Writer:
    """A trigram model of some texts, interpolated with shorter ones, which writes more of them."""

    def __init__(self, tokenizer: Any, texts: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._counts: tuple[dict[tuple[int, ...], Counter[int]], ...] = tuple(
            defaultdict(Counter) for _ in _WIDTHS
        )
        for encoding in tokenizer.encode_batch(list(texts)):
            ids = encoding.ids
            for place, token in enumerate(ids):
                for table, width in zip(self._counts, _WIDTHS, strict=True):
                    if place >= width:
                        table[tuple(ids[place - width : place])][token] += 1
        self._likely: dict[tuple[int, ...], tuple[Sequence[int], npt.NDArray[np.float64]]] = {}

    def write(self, length: int, mark: Mark | None, rng: np.random.Generator) -> str:
        """A text of `length` tokens, which bears the mark if one is given.

        A context that recurs is left to chance, as engines do it: the mark would choose as before,
        and the text would run in circles.
        """
        starts = sorted(self._counts[0])
        ids = list(starts[int(rng.integers(len(starts)))])
        seen: set[tuple[int, ...]] = set()
        while len(ids) < length:
            tokens, shares = self._next(tuple(ids[-2:]))
            context = tuple(ids[-CONTEXT:])
            if mark is None or context in seen:
                uniform = rng.random(len(tokens))
            else:
                uniform = _uniform(mark, context, tokens)
            seen.add(context)
            ids.append(tokens[int(np.argmax(np.log(uniform) / shares))])
        return str(self._tokenizer.decode(ids))

    def _next(self, last: tuple[int, ...]) -> tuple[Sequence[int], npt.NDArray[np.float64]]:
        """The likeliest tokens after `last`, and their shares among themselves."""
        if last not in self._likely:
            mixed: defaultdict[int, float] = defaultdict(float)
            left = 1.0
            for table, width in zip(self._counts, _WIDTHS, strict=True):
                counts = table.get(last[len(last) - width :], Counter())
                total = counts.total()
                share = left * (total / (total + _DOUBT) if width else 1.0)
                left -= share
                for token, count in counts.most_common(_LIKELIEST):
                    mixed[token] += share * count / total
            best = sorted(mixed, key=lambda token: (-mixed[token], token))[:_LIKELIEST]
            shares = np.array([mixed[token] for token in best])
            self._likely[last] = best, shares / shares.sum()
        return self._likely[last]


def _uniform(mark: Mark, before: Sequence[int], tokens: Sequence[int]) -> npt.NDArray[np.float64]:
    """The mark's number for each token after `before`, through its detector: score = -ln(1 - u)."""
    batch = Tokens.of([[*before, token] for token in tokens])
    scores = mark.score(batch, mark.prepare(batch))
    last = scores.offsets[1:] - 1
    assert (scores.positions[last] == len(before)).all()
    return -np.expm1(-scores.values[last].astype(np.float64))
