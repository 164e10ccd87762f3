"""SynthID as Google DeepMind's reference code makes it: no table, twelve more rounds a layer.

The hash starts from SHA-256 of all keys, so the keys' order counts; a layer's bit is bit 30 after
twelve rounds of the linear step and an arithmetic shift by five (research §2.5). The start enters
the hash as a number added to it: n-grams are hashed once for all marks. Each distinct n-gram of a
document is counted once. Leaves per node and top-k change the embedding only.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._reading import flag, key_names, key_numbers, known_names, whole
from ledger.watermarks.schemes._synthid import (
    DEMO_KEYS,
    DEPTH,
    MULTIPLIER,
    Layout,
    NGrams,
    States,
    constant,
    weights,
)
from ledger.watermarks.schemes._windows import Run
from ledger.watermarks.statistics import Lattice
from ledger.watermarks.tokens import Scores, Tokens

__all__ = ["FAMILY", "SynthIDReference"]

_ROUNDS, _SHIFT, _BIT = 12, 5, 30
_SAMPLE = 1 << 17  # hashes: the spread of their values is known to 0.4 %
_TILTS = (0.25, 0.5, 1.0, 1.5, 2.0)  # a marked token's mean lies up to two deviations high
_WIDEST = 4.0
_BLOCK = 1 << 13  # n-grams: two arrays of 64-bit numbers stay in a core's cache
_PARAMETERS = {"ngram_len", "context_history_size", "skip_first_ngram_calls"}


@dataclass(frozen=True, eq=False)
class SynthIDReference:
    """A mark of this family; the values are weighted sums of the bits of a token's layers."""

    vocab_size: int
    layout: Layout
    keys: tuple[int, ...] = field(repr=False)
    scheme: str = "synthid-reference/mean@1"

    @property
    def shared(self) -> Hashable:
        return ("synthid-reference", self.layout)

    @cached_property
    def null(self) -> Lattice:
        """The law of a value for a hash that nobody chose.

        Each bit is fair, but twelve rounds do not make the layers of one key set independent: their
        pairwise correlation is about 0.03 either way, measured, so a sum spreads 5 % less or 10 %
        more than that of fair coins; equal keys give equal bits. Equal keys are taken together,
        and the law of fair coins is widened until its cumulant generating function is nowhere
        below that of `_SAMPLE` hashes. It is never narrowed.
        """
        together: dict[int, int] = {}
        for key, weight in zip(self.keys, weights(len(self.keys)).tolist(), strict=True):
            together[key] = together.get(key, 0) + weight
        fair = np.ones(1)
        for weight in together.values():
            longer = np.zeros(len(fair) + weight)
            longer[: len(fair)] = fair / 2
            longer[weight:] += fair / 2
            fair = longer
        spread = math.sqrt(sum(weight**2 for weight in together.values())) / 2
        states = np.frombuffer(np.random.RandomState(0).bytes(8 * _SAMPLE), "<u8")
        met = self._values(states).astype(np.float64)
        return Lattice(_widen(fair, (met - met.mean()) / spread, spread))

    def prepare(self, tokens: Tokens) -> NGrams:
        return self.layout.find(tokens, self.vocab_size, _hash, _code)

    def score(self, tokens: Tokens, prepared: NGrams) -> Scores:
        return Scores(prepared.offsets, prepared.positions, self._values(prepared.states))

    def _values(self, states: States) -> npt.NDArray[np.uint16]:
        values = np.zeros(len(states), np.uint16)
        for start in range(0, len(values), _BLOCK):
            part = slice(start, start + _BLOCK)
            for layer, weight in enumerate(weights(len(self.keys))):
                values[part] += self.layer(states[part], layer) * weight
        return values

    def layer(self, states: States, layer: int) -> npt.NDArray[np.uint16]:
        """The g-value of one layer, 0 or 1, for the states of n-grams."""
        factor, one, shift = np.int64(MULTIPLIER), np.int64(1), np.int64(_SHIFT)
        h = states.astype(np.uint64).view(np.int64)
        h *= factor
        h += np.uint64(self._shifts[layer]).astype(np.int64)
        for _ in range(_ROUNDS):
            h += one
            h *= factor
            h += one
            h >>= shift
        h >>= np.int64(_BIT)
        h &= one
        return h.astype(np.uint16)

    @cached_property
    def _shifts(self) -> list[int]:
        """What a layer adds to an n-gram's polynomial times the multiplier, mod 2^64."""
        folded = b"".join(key.to_bytes(8, "little") for key in self.keys)
        start = int.from_bytes(sha256(folded).digest(), "big") % (2**63 - 1)
        start = constant(start, self.layout.ngram_len)
        return [((start + key) * MULTIPLIER + 1) % 2**64 for key in self.keys]


class _Family:
    name, version, variants = "synthid-reference", 1, ("mean",)
    spellings = ("synthid-deepmind",)

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        known_names(given, _PARAMETERS, "parameter of synthid-reference")
        return {
            "context_history_size": str(whole(given, "context_history_size", 0, 2**31 - 1, 1024)),
            "ngram_len": str(whole(given, "ngram_len", 2, 64)),
            "skip_first_ngram_calls": flag(given, "skip_first_ngram_calls", False),
        }

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        key_names(given, {"keys"}, "synthid-reference key")
        keys = key_numbers(given, "keys", 2**64 - 1, DEPTH)
        return {"keys": ",".join(str(key % 2**64) for key in keys)}

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> SynthIDReference:
        layout = Layout(
            int(parameters["ngram_len"]),
            int(parameters["context_history_size"]),
            parameters["skip_first_ngram_calls"] == "true",
        )
        return SynthIDReference(
            vocab_size, layout, tuple(int(each) for each in key["keys"].split(","))
        )

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        keys = tuple(int(each) for each in key["keys"].split(","))
        return keys == DEMO_KEYS[: len(keys)]

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        if scheme not in self.spellings:
            return None
        parameters = {name: params[name] for name in _PARAMETERS if name in params}
        return Recognised("mean", parameters, {"keys": params.get("keys")})


def _widen(
    fair: npt.NDArray[np.float64], met: npt.NDArray[np.float64], spread: float
) -> npt.NDArray[np.float64]:
    """`fair` times the least exp(c·z²), c >= 0, whose moments are nowhere below those of `met`.

    z and `met` are values less their mean, in units of `spread`.
    """
    z = (np.arange(len(fair)) - (len(fair) - 1) / 2) / spread
    needed = np.log([np.exp(tilt * met).mean() for tilt in _TILTS])

    def wide(c: float) -> npt.NDArray[np.float64]:
        law: npt.NDArray[np.float64] = fair * np.exp(c * (z**2 - z[0] ** 2))
        law /= law.sum()
        return law

    def enough(c: float) -> bool:
        law = wide(c)
        return all(
            math.log(float(law @ np.exp(tilt * z))) >= need
            for tilt, need in zip(_TILTS, needed.tolist(), strict=True)
        )

    low, high = 0.0, _WIDEST
    if enough(low):
        return wide(low)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return wide(high)


def _hash(run: Run) -> States:
    return run.polynomial(MULTIPLIER, np.uint64, token=True)


def _code(states: States) -> States:
    return states


FAMILY = _Family()
