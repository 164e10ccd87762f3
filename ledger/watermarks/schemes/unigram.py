"""Unigram: one fixed green list, whatever came before (Zhao et al., "Provable Robust Watermarking
for AI-Generated Text", ICLR 2024), as their code and MarkLLM's make it.

The list is a mask of the vocabulary: int(V·fraction) ones, shuffled by numpy's default generator
seeded with 32 bits of SHA-256 of the key. Those 32 bits are all the scheme sees of a key, and few
enough to be searched through by whoever holds marked text. Every token is scored, the first
included; a document's distinct tokens are drawn without replacement from the vocabulary, so the
number of green ones is hypergeometric, exactly.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._reading import fraction, key_names, known_names, whole
from ledger.watermarks.schemes._shuffle import shuffle_mask
from ledger.watermarks.schemes._units import find_first, find_places, to_scores
from ledger.watermarks.statistics import Hypergeometric, Null
from ledger.watermarks.tokens import Ints, Scores, Tokens

__all__ = ["FAMILY", "UnigramMark"]

_LARGEST = 1 << 22  # tokens: a mask is shuffled in memory, one token at a time


@dataclass(frozen=True)
class UnigramMark:
    """A fixed green list of `green` of `vocab_size` tokens."""

    vocab_size: int
    green: int
    seed: int = field(repr=False)
    scheme: str = "unigram/shuffle@1"

    @property
    def null(self) -> Null:
        return Hypergeometric(self.green, self.vocab_size)

    @property
    def shared(self) -> Hashable:
        return "distinct tokens"

    @cached_property
    def mask(self) -> npt.NDArray[np.bool_]:
        """bool[vocab_size]: which tokens are green. As secret as the key."""
        return shuffle_mask(self.seed, self.green, self.vocab_size)

    @property
    def mask_digest(self) -> str:
        """SHA-256 of the mask, eight tokens a byte, the lowest bit first: pins the shuffle.

        As secret as the key where the key is: whoever has it can try all 2^32 seeds.
        """
        return sha256(np.packbits(self.mask, bitorder="little").tobytes()).hexdigest()

    def prepare(self, tokens: Tokens) -> Ints:
        """The places of each document's distinct tokens."""
        places = find_places(tokens, self.vocab_size, 0)
        states = tokens.ids[places].astype(np.uint64)
        return places[find_first(tokens, places, states)]

    def score(self, tokens: Tokens, prepared: Ints) -> Scores:
        return to_scores(tokens, prepared, self.mask[tokens.ids[prepared]].astype(np.uint8))


class _Unigram:
    name = "unigram"
    version = 1
    variants = ("shuffle",)
    spellings = ("unigram", "unigram-watermark", "markllm-unigram")

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        """Given `fraction`, as its authors write it, or `green_tokens`: what it comes to."""
        known_names(given, ("fraction", "green_tokens"), "parameter of unigram")
        if vocab_size > _LARGEST:
            raise InputError(f"vocab_size: found {vocab_size}, expected at most {_LARGEST}")
        if "green_tokens" in given:
            green = whole(given, "green_tokens", 1, vocab_size - 1)
            if "fraction" in given and green != int(vocab_size * fraction(given, "fraction")):
                raise InputError("fraction: found one that makes another number of green_tokens")
        else:
            green = int(vocab_size * fraction(given, "fraction"))
        if not 0 < green < vocab_size:
            raise InputError(f"fraction: found one that makes {green} of {vocab_size} tokens green")
        return {"green_tokens": str(green)}

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        """Given `watermark_key` (an int64), or `seed`: the 32 bits of its hash."""
        key_names(given, ("seed", "watermark_key"), "unigram key")
        if "watermark_key" not in given:
            return {"seed": str(whole(given, "seed", 0, 2**32 - 1, secret=True))}
        seed = _hash(whole(given, "watermark_key", -(2**63), 2**63 - 1, secret=True))
        if "seed" in given and whole(given, "seed", 0, 2**32 - 1, secret=True) != seed:
            raise InputError("seed: found one that is not the hash of watermark_key")
        return {"seed": str(seed)}

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> UnigramMark:
        return UnigramMark(vocab_size, int(parameters["green_tokens"]), int(key["seed"]))

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        """0 is the default of the authors' code, 15485863 that of MarkLLM's."""
        return int(key["seed"]) in (_hash(0), _hash(15485863))

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        """The authors' `fraction` and `watermark_key`, or MarkLLM's `gamma` and `hash_key`."""
        if scheme.lower() not in self.spellings:
            return None
        parameters = {"fraction": params.get("fraction", params.get("gamma"))}
        key = params.get("watermark_key", params.get("hash_key"))
        return Recognised("shuffle", parameters, {"watermark_key": key})


def _hash(key: int) -> int:
    return int.from_bytes(sha256(key.to_bytes(8, "little", signed=True)).digest()[:4], "little")


FAMILY = _Unigram()
