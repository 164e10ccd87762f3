"""TextSeal's hash of 2025: a green list and Gumbel-max on 8,191 states (facebookresearch/textseal).

With a context c of `ngram` tokens, oldest first, the candidate t and the key s, in 64-bit integers
that wrap: x = (p·c + 100000007·t + 500001713·s)·15485863·40499, p being fixed primes; then
h = (x xor (x >> 13)) mod 8191 with an arithmetic shift. A token is green where h/8191 < gamma in
single precision; Gumbel-max reads u = h/8191.

Two n-grams of one h say the same, so a document counts each h once. Its states are then a sample
*without replacement* from 8,191. The number of green ones is hypergeometric, exactly. For Gumbel a
state's rank r among the L not yet drawn in this document is uniform and independent of what came
before (`_ranks`); -ln(1 - r/L) reaches each of its values v with probability e^-v and is never more
than a unit exponential variable, so the sum's tail is at most that of Gamma(T). Scoring h/8191 with
replacement would be the wrong null, and blind to the mark once most states were seen.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from math import log
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._ranks import rank_unseen
from ledger.watermarks.schemes._reading import fraction, key_names, known_names, whole
from ledger.watermarks.schemes._units import delimit, find_first, find_places, to_scores
from ledger.watermarks.statistics import Gamma, Hypergeometric, Null
from ledger.watermarks.tokens import Ints, Scores, Tokens

__all__ = ["FAMILY", "STATES", "TextSealMark"]

STATES = 8191
_PRIMES = (
    10000019, 10000247, 10000439, 10000643, 10000747,
    10000867, 10000993, 10001213, 10001357, 10001501,
)  # fmt: skip
_TOKEN, _KEY, _MIX = 100000007, 500001713, 15485863 * 40499
_SHIFT = 13
_METHODS = {"greenlist": "greenlist", "gumbelmax": "gumbel", "gumbel": "gumbel"}


class _Sums(NamedTuple):
    places: Ints
    sums: npt.NDArray[np.uint64]  # the key-independent part of the hash


@dataclass(frozen=True)
class TextSealMark:
    """`green`, the number of green states, is 0 for the Gumbel variant."""

    variant: str
    vocab_size: int
    ngram: int
    green: int
    secret: int = field(repr=False)

    @property
    def scheme(self) -> str:
        return f"textseal/{self.variant}@1"

    @property
    def null(self) -> Null:
        return Hypergeometric(self.green, STATES) if self.green else Gamma(log(STATES))

    @property
    def shared(self) -> Hashable:
        return "textseal", self.ngram

    def prepare(self, tokens: Tokens) -> _Sums:
        places = find_places(tokens, self.vocab_size, self.ngram)
        sums = tokens.ids[places].astype(np.uint64) * np.uint64(_TOKEN)
        for back, prime in zip(range(self.ngram, 0, -1), _PRIMES, strict=False):
            sums += tokens.ids[places - back].astype(np.uint64) * np.uint64(prime)
        return _Sums(places, sums)

    def score(self, tokens: Tokens, prepared: _Sums) -> Scores:
        mixed = (prepared.sums + np.uint64(_KEY * self.secret % 2**64)) * np.uint64(_MIX)
        signed = mixed.view(np.int64)
        states = (signed ^ (signed >> _SHIFT)) % STATES
        first = find_first(tokens, prepared.places, states.astype(np.uint64))
        places, states = prepared.places[first], states[first]
        if self.green:
            return to_scores(tokens, places, (states < self.green).astype(np.uint8))
        offsets = delimit(tokens, places)
        ranks = rank_unseen(states, offsets, _SHIFT)
        seen = np.arange(len(places)) - np.repeat(offsets[:-1], np.diff(offsets))
        return to_scores(tokens, places, -np.log1p(-ranks / (STATES - seen)))


class _TextSeal:
    name = "textseal"
    version = 1
    variants = ("greenlist", "gumbel")
    spellings = ("textseal", "facebookresearch/textseal")

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        """`ngram`, the context's length; for a green list `gamma`, or the `green_states` it makes.

        Raises InputError for more context tokens than the hash has primes, too.
        """
        known = ("gamma", "green_states", "ngram") if variant == "greenlist" else ("ngram",)
        known_names(given, known, f"parameter of textseal/{variant}")
        canonical = {"ngram": str(whole(given, "ngram", 0, len(_PRIMES)))}
        if variant != "greenlist":
            return canonical
        if "green_states" in given:
            green = whole(given, "green_states", 1, STATES - 1)
            if "gamma" in given and green != _count_green(given):
                raise InputError("gamma: found one that makes another number of green_states")
        else:
            green = _count_green(given)
        if not 0 < green < STATES:
            raise InputError(f"gamma: found one that makes {green} of {STATES} states green")
        return {"green_states": str(green)} | canonical

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        """`secret_key` modulo 2^64: the hash wraps."""
        key_names(given, ("secret_key",), "textseal key")
        secret = whole(given, "secret_key", -(2**128), 2**128, secret=True)
        return {"secret_key": str(secret % 2**64)}

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> TextSealMark:
        ngram, green = int(parameters["ngram"]), int(parameters.get("green_states", 0))
        return TextSealMark(variant, vocab_size, ngram, green, int(key["secret_key"]))

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        """42 is the default of its own commands; 0 adds nothing to the hash."""
        return int(key["secret_key"]) in (0, 42)

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        """Its own `watermark_type`, `ngram`, `secret_key` and `gamma`.

        Raises InputError for its other types, which are not in this catalogue.
        """
        if scheme.lower() not in self.spellings:
            return None
        variant = _METHODS.get(str(params.get("watermark_type")))
        if variant is None:
            raise InputError(
                f"watermark_type: expected {' or '.join(sorted(_METHODS))}",
                hint="textseal's other types are not in this release's catalogue",
            )
        names = ("ngram", "gamma") if variant == "greenlist" else ("ngram",)
        parameters = {name: params.get(name) for name in names}
        return Recognised(variant, parameters, {"secret_key": params.get("secret_key")})


def _count_green(given: Mapping[str, Any]) -> int:
    """How many states are below gamma, compared as its authors do, in single precision."""
    gamma = fraction(given, "gamma")
    uniform = np.arange(STATES, dtype=np.float32) / np.float32(STATES)
    return int((uniform < np.float32(gamma)).sum())


FAMILY = _TextSeal()
