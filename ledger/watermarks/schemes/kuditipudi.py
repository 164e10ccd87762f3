"""Exponential minimum sampling with a key sequence and a random shift (Kuditipudi et al., "Robust
Distortion-free Watermarks for Language Models", TMLR 2024), as its authors' demo makes it.

The key seeds MT19937; its 32-bit words over 2^32 fill a matrix of n rows and V columns, row by row.
Token t at position i of a text made with shift s was chosen for a large u in row (i + s) mod n,
column t. A detector does not know s: for each of the n shifts the scores -ln(1 - u) add up to a
Gamma(T) variable, and the p-value is n times the best one's, at most 1 (`Scores.trials`).

A document counts each (i mod n, token) once: any shift reads the same number for its repetitions.
Scores are rounded down to multiples of 2^-15, so that their sums are exact, do not depend on what
else is in the batch, and are never more than the unit exponential variables of the null.

The authors' generator keeps a seed of any size; what it sees of one below 2^61 is seen of a seed
below 2^32 as well, and that one is the canonical key.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from math import log
from typing import Any, NamedTuple

import numpy as np

from ledger.errors import InputError
from ledger.watermarks.kernels import LARGEST
from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._reading import key_names, known_names, whole
from ledger.watermarks.schemes._shifts import best_shifts
from ledger.watermarks.schemes._units import delimit, find_first, find_places, to_scores
from ledger.watermarks.statistics import Gamma, Null
from ledger.watermarks.tokens import Ints, Scores, Tokens

__all__ = ["FAMILY", "KuditipudiMark"]

_LONGEST = 10_000  # rows
_LARGEST = 32 * log(2)  # of a unit: u has 32 bits
_WORDS = 2**32  # the largest matrix, which is drawn once for every group of documents


class _Rows(NamedTuple):
    places: Ints
    rows: Ints  # position modulo n


@dataclass(frozen=True)
class KuditipudiMark:
    """A matrix of `n` rows drawn from `seed`."""

    vocab_size: int
    n: int
    seed: int = field(repr=False)
    scheme: str = "kuditipudi/exponential@1"

    @property
    def null(self) -> Null:
        return Gamma(_LARGEST)

    @property
    def trials(self) -> int:
        """Alignments tried: what a p-value is multiplied by."""
        return self.n

    @property
    def shared(self) -> Hashable:
        return "kuditipudi", self.n

    def prepare(self, tokens: Tokens) -> _Rows:
        places = find_places(tokens, self.vocab_size, 0)
        starts = np.repeat(tokens.offsets[:-1], np.diff(delimit(tokens, places)))
        rows = (places - starts) % self.n
        states = rows.astype(np.uint64) << np.uint64(32) | tokens.ids[places].astype(np.uint64)
        first = find_first(tokens, places, states)
        return _Rows(places[first], rows[first])

    def score(self, tokens: Tokens, prepared: _Rows) -> Scores:
        offsets = delimit(tokens, prepared.places)
        columns = tokens.ids[prepared.places].astype(np.int64)
        values = best_shifts(self.seed, self.n, self.vocab_size, offsets, prepared.rows, columns)
        return to_scores(tokens, prepared.places, values, trials=self.trials)


class _Kuditipudi:
    name = "kuditipudi"
    version = 1
    variants = ("exponential",)
    spellings = ("exp-shift-kuditipudi", "kuditipudi", "kuditipudi-exp", "kuditipudi_exp")

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        """`n`, the key sequence's length. Raises InputError, also where n·V exceeds 2^32 words."""
        known_names(given, ("n",), "parameter of kuditipudi")
        n = whole(given, "n", 1, _LONGEST)
        if vocab_size > LARGEST:  # a row is drawn at once
            raise InputError(f"vocab_size: found {vocab_size}, expected at most {LARGEST}")
        if n * vocab_size > _WORDS:
            raise InputError(f"n: found {n} rows of {vocab_size} tokens, expected 2^32 at most")
        return {"n": str(n)}

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        """`key`, as the seed below 2^32 that makes the same numbers.

        The generator's first word keeps only its highest bit; the second one is made of the low 32
        bits of s xor (s >> 30).
        """
        key_names(given, ("key",), "kuditipudi key")
        seed = whole(given, "key", 0, 2**61 - 1, secret=True)
        folded = (seed ^ seed >> 30) & 0xFFFFFFFF
        return {"key": str(folded ^ folded >> 30)}

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> KuditipudiMark:
        return KuditipudiMark(vocab_size, int(parameters["n"]), int(key["key"]))

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        """42 is the default of the authors' demo; 5489 that of the generator."""
        return int(key["key"]) in (42, 5489)

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        """The demo's `n` and `key`. Raises InputError for another generator than MT19937."""
        if scheme.lower() not in self.spellings:
            return None
        if not str(params.get("rng", "mt19937")).lower().startswith("mt19937"):
            raise InputError("rng: found another generator, expected mt19937")
        return Recognised("exponential", {"n": params.get("n")}, {"key": params.get("key")})


FAMILY = _Kuditipudi()
