"""Gumbel-max on torch's generator: three_bricks' `openai` method and MarkLLM's EXP.

A context seeds torch's CPU generator (both projects use it whatever device the model runs on), and
u is the number that `rand(V)` gives the token: output number t, its low 24 bits over 2^24. Sampling
takes the token of the largest u^(1/p) (Aaronson 2022); a detector adds up -ln(1 - u), which for
unmarked text is at most a sum of unit exponential variables (u lies on a grid, rounded down).

three-bricks (Fernandez et al., "Three Bricks to Consolidate Watermarks for LLMs", WIFS 2023),
seeding `hash`: from `seed`, for each of `ngram` context tokens, seed = (seed·salt_key + token) mod
(2^64 - 1); token t reads number (t + payload) mod V.
markllm: hash_key·((product of the last `prefix_length` tokens) mod V). The product is one of whole
numbers without bound, as in every version of its code that was read.

torch keeps 32 bits of a seed: a document counts each (seed mod 2^32, token) once, which no rule of
contexts is stricter than. Where MarkLLM's product is 0 the seed is the same for every key, so that
token says nothing about a key and is never counted.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from math import log
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, printable
from ledger.watermarks.kernels import LARGEST, nth_output
from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._modular import chain, reduce_chain
from ledger.watermarks.schemes._reading import key_names, known_names, whole
from ledger.watermarks.schemes._units import find_first, find_places, to_scores
from ledger.watermarks.statistics import Gamma, Null
from ledger.watermarks.tokens import Ints, Scores, Tokens

__all__ = ["FAMILY", "GumbelTorchMark"]

_LONGEST = 64  # tokens of context
_LARGEST = 24 * log(2)  # of a unit: u has 24 bits
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_BRICKS = (
    "gumbel-torchrand / greenlist-hash", "gumbel-torchrand", "three-bricks", "three_bricks",
)  # fmt: skip
_EXP = ("markllm-exp", "exp")

_U64 = npt.NDArray[np.uint64]


class _Contexts(NamedTuple):
    places: Ints
    products: _U64  # MarkLLM's, modulo V; empty for three-bricks


@dataclass(frozen=True)
class GumbelTorchMark:
    """`width` tokens of context; `salt` and `payload` are three-bricks' and 0 for MarkLLM."""

    variant: str
    vocab_size: int
    width: int
    payload: int
    seed: int = field(repr=False)
    salt: int = field(repr=False)

    @property
    def scheme(self) -> str:
        return f"gumbel-torch/{self.variant}@1"

    @property
    def null(self) -> Null:
        return Gamma(_LARGEST)

    @property
    def shared(self) -> Hashable:
        return "gumbel-torch", self.variant, self.width

    def prepare(self, tokens: Tokens) -> _Contexts:
        places = find_places(tokens, self.vocab_size, self.width)
        products = np.empty(0, np.uint64)
        if self.variant == "markllm":
            size = np.uint64(self.vocab_size)
            products = np.full(len(places), 1 % self.vocab_size, np.uint64)
            for back in range(1, self.width + 1):
                products = products * tokens.ids[places - back].astype(np.uint64) % size
            places, products = places[products != 0], products[products != 0]
        return _Contexts(places, products)

    def score(self, tokens: Tokens, prepared: _Contexts) -> Scores:
        places = prepared.places
        if self.variant == "markllm":
            seeds = prepared.products * np.uint64(self.seed) & _LOW
        else:
            contexts = [tokens.ids[places - back] for back in range(self.width, 0, -1)]
            seeds = chain(self.seed, self.salt, contexts, len(places)) & _LOW
        states = seeds << _HALF | tokens.ids[places].astype(np.uint64)
        first = find_first(tokens, places, states)
        places, states = places[first], states[first]
        numbers = ((states & _LOW) + np.uint64(self.payload)) % np.uint64(self.vocab_size)
        words = nth_output((states >> _HALF).astype(np.uint32), numbers.astype(np.uint32))
        uniform = (words & np.uint32(0xFFFFFF)) / 2.0**24
        return to_scores(tokens, places, -np.log1p(-uniform))


class _GumbelTorch:
    name = "gumbel-torch"
    version = 1
    variants = ("markllm", "three-bricks")
    spellings = (*_BRICKS, *_EXP)

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        """three-bricks: `ngram`, `payload` (0; modulo V) and `seeding` (`hash`). MarkLLM:
        `prefix_length`.

        Raises InputError for another seeding: three_bricks then shuffles a table with a generator
        that nobody seeds, and no one can draw that table again. Raises it too for a vocabulary
        whose last token is farther down the generator's stream than anybody would wait for.
        """
        if vocab_size > LARGEST:
            raise InputError(f"vocab_size: found {vocab_size}, expected at most {LARGEST}")
        if variant == "markllm":
            known_names(given, ("prefix_length",), "parameter of gumbel-torch/markllm")
            return {"prefix_length": str(whole(given, "prefix_length", 1, _LONGEST))}
        known_names(
            given, ("ngram", "payload", "seeding"), "parameter of gumbel-torch/three-bricks"
        )
        seeding = given.get("seeding", "hash")
        if seeding != "hash":
            raise InputError(
                f"seeding: found {printable(seeding, 40)}, expected hash",
                hint="the other seedings depend on a table that was drawn without a seed",
            )
        payload = whole(given, "payload", -(2**63), 2**63 - 1, 0) % vocab_size
        ngram = whole(given, "ngram", 0, _LONGEST)
        return {"ngram": str(ngram), "payload": str(payload), "seeding": "hash"}

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        """three-bricks: `seed` and `salt_key` (35317, their default). MarkLLM: `hash_key`.

        MarkLLM sees its key modulo 2^32. What three-bricks sees of seed and salt depends on the
        length of the context (`reduce_chain`); the least pair that it cannot tell from the given
        one is canonical.
        """
        if variant == "markllm":
            key_names(given, ("hash_key",), "gumbel-torch/markllm key")
            return {"hash_key": str(_read_key(given, "hash_key") % 2**32)}
        key_names(given, ("salt_key", "seed"), "gumbel-torch/three-bricks key")
        seed, salt = _read_key(given, "seed"), _read_key(given, "salt_key", 35317)
        seed, salt = reduce_chain(seed, salt, int(parameters["ngram"]), vocab_size)
        return {"salt_key": str(salt), "seed": str(seed)}

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> GumbelTorchMark:
        if variant == "markllm":
            width, seed = int(parameters["prefix_length"]), int(key["hash_key"])
            return GumbelTorchMark(variant, vocab_size, width, 0, seed, 0)
        width, payload = int(parameters["ngram"]), int(parameters["payload"])
        seed, salt = int(key["seed"]), int(key["salt_key"])
        return GumbelTorchMark(variant, vocab_size, width, payload, seed, salt)

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        """15485863 is MarkLLM's default, 0 seeds nothing; three_bricks' are seed 0, salt 35317."""
        if variant == "markllm":
            return int(key["hash_key"]) in (0, 15485863)
        return dict(key) == self.key(variant, parameters, {"seed": 0}, 2)

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        """three_bricks' `method` openai (its green lists are another family's), MarkLLM's EXP."""
        spelling = scheme.lower()
        if spelling in _EXP:
            parameters = {"prefix_length": params.get("prefix_length")}
            return Recognised("markllm", parameters, {"hash_key": params.get("hash_key")})
        if spelling not in _BRICKS or params.get("method") not in ("aaronson", "openai", "openaiz"):
            return None
        parameters = {name: params[name] for name in _BRICK_FIELDS if name in params}
        key = {name: params[name] for name in ("salt_key", "seed") if name in params}
        return Recognised("three-bricks", parameters, key)


_BRICK_FIELDS = ("ngram", "payload", "seeding")


def _read_key(given: Mapping[str, Any], name: str, default: int | None = None) -> int:
    return whole(given, name, -(2**128), 2**128, default, secret=True)


FAMILY = _GumbelTorch()
