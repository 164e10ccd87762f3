"""Gumbel-max marks of vLLM, on Philox4x32-10 (`philox4x32-10-v1`): one key, or two mixed.

The uniform number of a token depends on the key and the `context_width` tokens the model wrote
before it; the prompt is no part of it, and what is missing is -1 (research §2.6). -ln(1 - u) is
Exp(1) for whom the key says nothing. Each context of a document is counted once. With two keys,
each token is drawn with one of them, which nobody can tell; their scores are added with weights
1 - alpha and alpha, and the null is the exact sum of two Gammas, not vLLM's fitted one.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._philox import context_state, token_word
from ledger.watermarks.schemes._reading import (
    fraction,
    key_names,
    known_names,
    number,
    printed,
    whole,
)
from ledger.watermarks.schemes._windows import MANY, SALT, runs
from ledger.watermarks.statistics import Gamma, Null, TwoGamma
from ledger.watermarks.tokens import Ids, Ints, Scores, Tokens

__all__ = ["FAMILY", "GumbelPhilox"]

Reals = npt.NDArray[np.float64]

_PRF = "philox4x32-10-v1"
_PAD = 2**32 - 1  # -1
_BLOCK = 1 << 14
_MIX = 0x9E3779B97F4A7C15
_DEMO_KEY = 42
_LARGEST = 24 * math.log(2)  # 1 - u is at least 2^-24 once rounded
_PARAMETERS = {"context_width", "prf"}


@dataclass(frozen=True, eq=False)
class Contexts:
    """Units of a batch: document d has those from `offsets[d]` to `offsets[d + 1]`.

    `positions` are the tokens' within their documents, and `starts` their documents' first ones
    among `ids`.
    """

    offsets: Ints
    positions: Ints
    starts: Ints
    ids: Ids

    @cached_property
    def at(self) -> Ints:
        """The units' places among `ids`."""
        return np.repeat(self.starts, np.diff(self.offsets)) + self.positions


@dataclass(frozen=True, eq=False)
class GumbelPhilox:
    """A mark of this family; the values are -ln(1 - u), or two of them weighted."""

    scheme: str
    vocab_size: int
    width: int
    alpha: float | None
    keys: tuple[int, ...] = field(repr=False)

    @property
    def shared(self) -> Hashable:
        return ("gumbel-philox", self.width)

    @cached_property
    def null(self) -> Null:
        if self.alpha is None:
            return Gamma(limit=_LARGEST)
        return TwoGamma(min(self.alpha, 1 - self.alpha), limit=_LARGEST)

    def prepare(self, tokens: Tokens) -> Contexts:
        first = _first_by_kernel if len(tokens.ids) >= MANY else _first
        counts, positions = first(tokens, self.width, self.vocab_size)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        return Contexts(offsets, positions, tokens.offsets[:-1], tokens.ids)

    def score(self, tokens: Tokens, prepared: Contexts) -> Scores:
        values = _exponential(prepared, self.width, self.keys[0])
        if self.alpha is not None:
            values *= 1 - self.alpha
            second = _exponential(prepared, self.width, self.keys[1])
            second *= self.alpha
            values += second
        return Scores(prepared.offsets, prepared.positions, values)


def _first(tokens: Tokens, width: int, vocab_size: int) -> tuple[Ints, Ints]:
    """How many units each document has, and their positions: contexts that are new in it."""
    counts, positions = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for run in runs(tokens, width, _PAD):
        new = run.calls
        run.drop_repeats(run.polynomial(_MIX, np.uint64, token=False), new)
        new[run.unfit(vocab_size)] = False
        kept = np.flatnonzero(new)
        counts.append(run.count(kept))
        positions.append(run.positions.take(kept))
    return np.concatenate(counts), np.concatenate(positions)


def _first_by_kernel(tokens: Tokens, width: int, vocab_size: int) -> tuple[Ints, Ints]:
    """The same; for so many tokens that the import of kernels pays."""
    from ledger.watermarks.kernels.contexts import first_contexts

    counts, positions = np.empty(tokens.documents, np.int64), np.empty(len(tokens.ids), np.int64)
    pad, multiplier = np.uint64(_PAD), np.uint64(_MIX)
    found = first_contexts(
        tokens.ids, tokens.offsets, width, pad, multiplier, vocab_size, SALT, counts, positions
    )
    positions.resize(found, refcheck=False)  # nobody else has it yet
    return counts, positions


def _exponential(prepared: Contexts, width: int, key: int) -> Reals:
    """-ln(1 - u) of every unit."""
    values = np.empty(len(prepared.positions), np.float64)
    complements = _complements_by_kernel if len(values) >= MANY else _complements
    for start in range(0, len(values), _BLOCK):
        part = values[start : start + _BLOCK]
        complements(prepared, start, width, key, part)
        np.negative(np.log(part, out=part), out=part)
    return values


def _complements(prepared: Contexts, start: int, width: int, key: int, out: Reals) -> None:
    """1 - u of the units from `start` on, as many as `out` takes."""
    part = slice(start, start + len(out))
    back = np.arange(-width, 1)[:, np.newaxis]
    ids = prepared.ids.take(np.maximum(prepared.at[part] + back, 0)).astype(np.uint64)
    ids[prepared.positions[part] + back < 0] = _PAD
    out[:] = _complement(token_word(context_state(ids[:-1], key), ids[-1], key))


def _complements_by_kernel(
    prepared: Contexts, start: int, width: int, key: int, out: Reals
) -> None:
    """The same; for so many units that the import of kernels pays."""
    from ledger.watermarks.kernels.philox import token_complements

    low, high = np.uint64(key & 0xFFFFFFFF), np.uint64(key >> 32)
    starts, offsets, positions = prepared.starts, prepared.offsets, prepared.positions
    token_complements(prepared.ids, starts, offsets, positions, start, width, low, high, out)


def _complement(words: npt.NDArray[np.uint64]) -> Reals:
    """1 - u; u has the upper 24 bits of 32, and is rounded to float32 as the engine's is."""
    uniform = (words >> np.uint64(8)).astype(np.float64)
    uniform += 1
    uniform /= 2.0**24 + 1
    found: Reals = 1.0 - uniform.astype(np.float32).astype(np.float64)
    return found


class _Family:
    name, version, variants = "gumbel-philox", 1, ("dual", "single")
    spellings = ("gumbel-philox-vllm",)

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        names = _PARAMETERS | {"alpha"} if variant == "dual" else _PARAMETERS
        known_names(given, names, f"parameter of gumbel-philox/{variant}")
        prf = given.get("prf", _PRF)
        if prf != _PRF:
            raise InputError(f"prf: found {printed(prf)}, expected {_PRF}")
        width = whole(given, "context_width", 1, 64, 4)
        canonical = {"context_width": str(width), "prf": _PRF}
        if variant == "dual":
            canonical = {"alpha": repr(fraction(given, "alpha", 0.1)), **canonical}
        return canonical

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        key_names(given, {"key"}, "gumbel-philox key")
        key = number(given.get("key"))
        if key is None or not 0 <= key < 2**64:
            raise InputError("key: expected a whole number from 0 to 2^64 - 1")
        return {"key": str(key)}

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> GumbelPhilox:
        master = int(key["key"])
        dual = variant == "dual"
        return GumbelPhilox(
            f"{self.name}/{variant}@{self.version}",
            vocab_size,
            int(parameters["context_width"]),
            float(parameters["alpha"]) if dual else None,
            (_derive(master, b"key_a"), _derive(master, b"key_b")) if dual else (master,),
        )

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        return key["key"] == str(_DEMO_KEY)

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        if scheme not in self.spellings:
            return None
        variants = {"gumbel": "single", "dual_key_gumbel": "dual"}
        algorithm = params.get("algorithm", "gumbel")
        variant = variants.get(algorithm) if isinstance(algorithm, str) else None
        if variant is None:
            raise InputError(
                f"algorithm: found {printed(algorithm)}, expected one of {', '.join(variants)}"
            )
        names = _PARAMETERS | {"alpha"} if variant == "dual" else _PARAMETERS
        parameters = {name: params[name] for name in names if name in params}
        return Recognised(variant, parameters, {"key": params.get("key")})


def _derive(master: int, domain: bytes) -> int:
    return int.from_bytes(sha256(domain + master.to_bytes(8, "big")).digest()[:8], "big")


FAMILY = _Family()
