"""torch and transformers as peers: their detector and processors, told to remember and compared.

Imported nowhere but in the differential group and the bench: extra [differential] installs them.
"""

import warnings
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokens import Scores, Tokens

__all__ = ["INSTALLED", "Greens", "load", "processor", "rows", "small_model", "z_scores"]

INSTALLED = find_spec("torch") is not None and find_spec("transformers") is not None


def load(name: str) -> Any:
    """torch or transformers, on one thread; what their import warns of is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = import_module(name)
        import_module("torch").set_num_threads(1)
    return module


def rows(tokens: Tokens, documents: Iterable[int]) -> list[list[int]]:
    """Some documents as lists of ids."""
    offsets = tokens.offsets
    return [tokens.ids[offsets[d] : offsets[d + 1]].tolist() for d in documents]


class Greens:
    """transformers' WatermarkDetector, which keeps every decision that it takes.

    `given` are the fields of its WatermarkingConfig. Repeated n-grams are counted once unless
    `repeated`, which is its default.
    """

    def __init__(
        self, given: Mapping[str, Any], vocab_size: int, *, repeated: bool = False
    ) -> None:
        self._torch, library = load("torch"), load("transformers")
        model = SimpleNamespace(vocab_size=vocab_size, bos_token_id=-1, is_encoder_decoder=False)
        self._detector = library.WatermarkDetector(
            model, "cpu", library.WatermarkingConfig(**given), ignore_repeated_ngrams=not repeated
        )
        self._selfhash = given["seeding_scheme"] == "selfhash"
        self._width = given["context_width"] + 1 - self._selfhash
        self._decide = self._detector._get_ngram_score_cached
        self._detector._get_ngram_score_cached = self._noted
        self.told: dict[tuple[int, ...], bool] = {}
        self.counts: dict[int, tuple[int, int]] = {}
        self.z: dict[int, float] = {}

    def _noted(self, prefix: Any, target: int) -> bool:
        green = bool(self._decide(prefix, target))
        ngram = tuple(prefix.tolist())
        self.told[ngram if self._selfhash else (*ngram, target)] = green
        return green

    def count(self, tokens: Tokens, documents: Iterable[int]) -> None:
        """One call a document, as a batch of theirs is of one length."""
        for document in documents:
            ids = self._torch.tensor(rows(tokens, [document]), dtype=self._torch.int64)
            found = self._detector(ids, return_dict=True)
            counts = (int(found.num_tokens_scored[0]), int(found.num_green_tokens[0]))
            self.counts[document], self.z[document] = counts, float(found.z_score[0])

    def compare(self, scores: Scores, tokens: Tokens, *, counts: bool) -> int:
        """How many units were decided alike; AssertionError where one was not.

        With `counts`, each document has also as many units and green ones as the peer found.
        """
        same = 0
        for document, told in self.counts.items():
            (ids,) = rows(tokens, [document])
            units = slice(int(scores.offsets[document]), int(scores.offsets[document + 1]))
            values = scores.values[units]
            for place, value in zip(scores.positions[units].tolist(), values.tolist(), strict=True):
                ngram = tuple(ids[place + 1 - self._width : place + 1])
                if len(ngram) < self._width:
                    continue  # the peer begins where a whole context lies before
                if self.told[ngram] != bool(value):
                    raise AssertionError(f"document {document}, token {place}: decided otherwise")
                same += 1
            if counts and told != (len(values), int(values.sum())):
                raise AssertionError(
                    f"document {document}: {int(values.sum())} of {len(values)} green, "
                    f"the peer has {told[1]} of {told[0]}"
                )
        return same


def z_scores(tokens: Tokens, mark: Mark, ratio: float) -> npt.NDArray[np.float64]:
    """transformers' default z-score of each document, from our decisions under a lefthash mark.

    It counts a pair of tokens as often as it occurs, which no distribution known to it allows for.
    """
    scores = mark.score(tokens, mark.prepare(tokens))
    document, place = tokens.document_of().astype(np.int64), tokens.position_of()
    units = np.repeat(np.arange(tokens.documents), scores.counts)
    decided = np.full(len(tokens.ids), -1, np.int64)
    decided[tokens.offsets[units] + scores.positions] = scores.values
    rows = np.flatnonzero(place > 0)
    codes = tokens.ids[rows - 1].astype(np.int64) << 17 | tokens.ids[rows]  # ids below 2^17
    _, first, number = np.unique(
        document[rows] << 34 | codes, return_index=True, return_inverse=True
    )
    green = decided[rows[first]][number]
    assert green.min() >= 0, "the first of equal pairs is the one that is counted"
    count = np.bincount(document[rows], minlength=tokens.documents)
    sums = np.bincount(document[rows], weights=green, minlength=tokens.documents)
    z: npt.NDArray[np.float64] = (sums - ratio * count) / np.sqrt(count * ratio * (1 - ratio))
    return z


def processor(given: Mapping[str, Any]) -> Any:
    """transformers' SynthID logits processor."""
    return load("transformers").SynthIDTextWatermarkLogitsProcessor(**given, device="cpu")


def small_model(vocab_size: int, seed: int) -> Any:
    """A transformer of one layer with random weights: next to every token is as likely."""
    torch, library = load("torch"), load("transformers")
    torch.manual_seed(seed)
    config = library.LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
    )
    return library.LlamaForCausalLM(config).eval()
