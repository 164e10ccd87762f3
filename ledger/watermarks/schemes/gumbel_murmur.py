"""Gumbel-max marks of SGLang, on MurmurHash3: one key, or two that a keyed coin chooses between.

A token's uniform number is a hash of the key, the hash of the `context_window` tokens before it
and the token (research §2.7). The context hash is the same for all keys and is all that the mark
sees of a context: each is counted once in a document. The first contexts reach into the prompt,
which a document does not hold, so the first `context_window` tokens are left out. SGLang's own
detector stops after 4,096 contexts; this one does not. With two keys the coin depends on keys and
context, so that the right key of each token is known, and both forms have the Gamma null.

Two 64-bit keys that leave the same 32-bit state are one key: the smallest stands for them.
"""

import math
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ledger.errors import InputError
from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._murmur import (
    Words32,
    finish,
    first_word,
    fold,
    key_state,
    scramble,
)
from ledger.watermarks.schemes._reading import fraction, key_names, known_names, printed, whole
from ledger.watermarks.schemes._windows import MANY, runs
from ledger.watermarks.statistics import Gamma
from ledger.watermarks.tokens import Ints, Scores, Tokens

__all__ = ["FAMILY", "GumbelMurmur"]

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{1,16})", re.ASCII)
_HASH = "murmur3_x86_32"
_BLOCK = 1 << 15
_PARAMETERS = {"context_window", "hash"}
_DEMO_KEYS = (0x123456789ABCDEF, 0)


@dataclass(frozen=True, eq=False)
class Hashed:
    """Units of a batch: the context's hash and the token, scrambled as they enter a state."""

    offsets: Ints
    positions: Ints
    contexts: Words32
    tokens: Words32


@dataclass(frozen=True, eq=False)
class GumbelMurmur:
    """A mark of this family; the values are -ln(1 - u). `threshold` of 2^32 coins choose key a."""

    scheme: str
    vocab_size: int
    window: int
    threshold: int | None
    keys: tuple[int, ...] = field(repr=False)
    null: Gamma = field(default=Gamma(limit=33 * math.log(2)))  # 1 - u is at least 2^-33

    @property
    def shared(self) -> Hashable:
        return ("gumbel-murmur", self.window)

    def prepare(self, tokens: Tokens) -> Hashed:
        counts, positions = [np.zeros(1, np.int64)], [np.zeros(0, np.int64)]
        contexts, scored = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint32)]
        for run in runs(tokens, self.window, 0, skip=True):
            words = scramble(run.ids)
            hashes = _context_hashes(words, self.window)
            new = run.calls
            run.drop_repeats(hashes, new)
            new[run.unfit(self.vocab_size)] = False
            kept = np.flatnonzero(new)
            counts.append(run.count(kept))
            positions.append(run.positions.take(kept))
            contexts.append(scramble(hashes.take(kept)))
            scored.append(words.take(kept))
        return Hashed(
            np.cumsum(np.concatenate(counts)),
            np.concatenate(positions),
            np.concatenate(contexts),
            np.concatenate(scored),
        )

    def score(self, tokens: Tokens, prepared: Hashed) -> Scores:
        values = np.empty(len(prepared.tokens), np.float64)
        hash_units = self._hash_by_kernel if len(values) >= MANY else self._hash
        for start in range(0, len(values), _BLOCK):
            part = slice(start, start + _BLOCK)
            hashes = hash_units(prepared.contexts[part], prepared.tokens[part])
            uniform = np.subtract(2.0**32 - 0.5, hashes)  # 1 - u, times 2^32
            uniform *= 2.0**-32
            np.negative(np.log(uniform, out=uniform), out=values[part])
        return Scores(prepared.offsets, prepared.positions, values)

    @property
    def _states(self) -> list[np.uint32]:
        """What each key leaves; for two keys also what both leave, which the coin goes on from."""
        states = [key_state(key) for key in self.keys]
        if self.threshold is not None:
            states.append(key_state(self.keys[1], states[0]))
        return [np.uint32(state) for state in states]

    def _hash(self, contexts: Words32, tokens: Words32) -> Words32:
        states = self._states
        state = fold(states[0], contexts)
        if self.threshold is not None:
            coin = finish(fold(states[2], contexts), 5)
            other = fold(states[1], contexts)
            first = np.negative((coin < self.threshold).astype(np.uint32))  # all bits or none:
            state = other ^ ((state ^ other) & first)  # np.where stumbles over a random coin
        return finish(fold(state, tokens), 4)

    def _hash_by_kernel(self, contexts: Words32, tokens: Words32) -> Words32:
        """The same; for so many units that the import of kernels pays."""
        from ledger.watermarks.kernels.murmur import dual_hashes, hashes

        found = np.empty(len(tokens), np.uint32)
        if self.threshold is None:
            (key,) = self._states
            hashes(contexts, tokens, key, found)
        else:
            first, second, both = self._states
            dual_hashes(contexts, tokens, first, second, both, np.uint64(self.threshold), found)
        return found


def _context_hashes(words: Words32, window: int) -> Words32:
    """The hash of the `window` scrambled words before each; 0 for the first ones."""
    count = max(len(words) - window, 0)
    state = fold(np.uint32(0), words[:count])
    for place in range(1, window):
        state = fold(state, words[place : place + count])
    return np.concatenate([np.zeros(len(words) - count, np.uint32), finish(state, window)])


class _Family:
    name, version, variants = "gumbel-murmur", 1, ("dual", "single")
    spellings = ("gumbel-murmur3-sglang",)

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        names = _PARAMETERS | {"mixing_probability"} if variant == "dual" else _PARAMETERS
        known_names(given, names, f"parameter of gumbel-murmur/{variant}")
        if given.get("hash", _HASH) != _HASH:
            raise InputError(f"hash: found {printed(given['hash'])}, expected {_HASH}")
        canonical = {
            "context_window": str(whole(given, "context_window", 1, 64, 4)),
            "hash": _HASH,
        }
        if variant == "dual":
            canonical["mixing_probability"] = repr(fraction(given, "mixing_probability", 0.5))
        return canonical

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        names = ("key", "key_b") if variant == "dual" else ("key",)
        key_names(given, names, f"gumbel-murmur/{variant} key")
        keys = {name: _read_key(given, name) for name in names}
        keys["key"] = first_word(key_state(keys["key"]))
        return {name: f"0x{key:016x}" for name, key in keys.items()}

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> GumbelMurmur:
        dual = variant == "dual"
        share = float(parameters["mixing_probability"]) if dual else 0.0
        return GumbelMurmur(
            f"{self.name}/{variant}@{self.version}",
            vocab_size,
            int(parameters["context_window"]),
            int(share * 2**32) if dual else None,
            tuple(int(key[name], 16) for name in (("key", "key_b") if dual else ("key",))),
        )

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        known = {f"0x{first_word(key_state(demo)):016x}" for demo in _DEMO_KEYS}
        return key["key"] in known

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        if scheme not in self.spellings:
            return None
        variant = "dual" if params.get("key_b") is not None else "single"
        names = _PARAMETERS | {"mixing_probability"} if variant == "dual" else _PARAMETERS
        parameters = {name: params[name] for name in names if name in params}
        key = {name: params.get(name) for name in ("key", "key_b") if params.get(name) is not None}
        return Recognised(variant, parameters, key)


def _read_key(given: Mapping[str, Any], name: str) -> int:
    """Hexadecimal digits, as SGLang writes keys, or a number. Raises InputError without it."""
    value = given.get(name)
    if isinstance(value, str):
        found = _HEX.fullmatch(value)
        if found is not None:
            return int(found[1], 16)
    elif type(value) is int and 0 <= value < 2**64:
        return value
    raise InputError(f"{name}: expected 1 to 16 hexadecimal digits")


FAMILY = _Family()
