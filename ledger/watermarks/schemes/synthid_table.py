"""SynthID as transformers makes it: all layers' bits are looked up with one small hash.

The hash of an n-gram, a key folded into it, taken modulo the table's size, is a place in a table
of random bits (research §2.5). Where the size is a power of two, everything modulo 2^64 may be
taken modulo the size, so one number below it, which no key enters, decides all bits of a token:
a mark is one more table over those numbers, and the table is also the exact null. Other sizes go
the long way. A number that was seen in a document tells nothing new: it is counted once.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._reading import (
    flag,
    key_names,
    key_numbers,
    known_names,
    printed,
    whole,
)
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

__all__ = ["FAMILY", "SynthIDTable"]

_RNG = "torch-cpu-mt19937"
_LARGEST_TABLE = 1 << 24  # as transformers
_BLOCK = 1 << 14
_PARAMETERS = {
    "ngram_len", "sampling_table_size", "sampling_table_seed", "context_history_size",
    "skip_first_ngram_calls", "rng",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class SynthIDTable:
    """A mark of this family; the values are weighted sums of the bits of a token's layers."""

    vocab_size: int
    layout: Layout
    size: int
    seed: int
    keys: tuple[int, ...] = field(repr=False)
    scheme: str = "synthid-table/mean@1"

    @property
    def shared(self) -> Hashable:
        return ("synthid-table", self.layout, self.size)

    @cached_property
    def bits(self) -> npt.NDArray[np.uint8]:
        """The sampling table: low bits of the words of MT19937, as torch's `randint(0, 2)`."""
        words = np.frombuffer(np.random.RandomState(self.seed).bytes(4 * self.size), "<u4")
        return (words & 1).astype(np.uint8)

    @cached_property
    def null(self) -> Lattice:
        size, top = self.size, int(weights(len(self.keys)).sum()) + 1
        if _power_of_two(size):
            counts = np.bincount(self._scores, minlength=top).astype(np.float64)
            return Lattice(counts / size)
        return Lattice(self._null_of_any_size(top))

    def prepare(self, tokens: Tokens) -> NGrams:
        return self.layout.find(tokens, self.vocab_size, self._state, self._code)

    def score(self, tokens: Tokens, prepared: NGrams) -> Scores:
        if _power_of_two(self.size):
            values = self._scores.take(prepared.states)
        else:
            values = np.empty(len(prepared.states), np.uint16)
            for start in range(0, len(values), _BLOCK):
                part = slice(start, start + _BLOCK)
                values[part] = self.layers(prepared.states[part]) @ weights(len(self.keys))
        return Scores(prepared.offsets, prepared.positions, values)

    def layers(self, states: States) -> npt.NDArray[np.uint8]:
        """uint8[n, depth]: the g-value of every layer."""
        out = np.empty((len(states), len(self.keys)), np.uint8)
        products = states.astype(np.uint64) * np.uint64(MULTIPLIER)
        for layer, shift in enumerate(self._shifts):
            places = (products + np.uint64(shift)).view(np.int64) % self.size
            out[:, layer] = self.bits.take(places)
        return out

    def _state(self, run: Run) -> States:
        """What decides an n-gram's bits: its hash, modulo the table's size if that may be done."""
        if not _power_of_two(self.size):
            return run.polynomial(MULTIPLIER, np.uint64, token=True)
        if self.size <= 1 << 16:
            small = run.polynomial(MULTIPLIER, np.uint16, token=True)
            small &= np.uint16(self.size - 1)
            return small
        large = run.polynomial(MULTIPLIER, np.uint32, token=True)
        large &= np.uint32(self.size - 1)
        return large

    def _code(self, states: States) -> States:
        """A hash modulo 2^64 and then modulo the size decides the bits but for a key's wrap."""
        if _power_of_two(self.size):
            return states
        product = states.astype(np.uint64) * np.uint64(MULTIPLIER)
        return (product.view(np.int64) % self.size).view(np.uint64)

    @cached_property
    def _shifts(self) -> list[int]:
        """What a layer adds to an n-gram's polynomial times the multiplier, mod 2^64."""
        start = constant(1, self.layout.ngram_len)
        return [((start + key) * MULTIPLIER + 1) % 2**64 for key in self.keys]

    @cached_property
    def _scores(self) -> npt.NDArray[np.uint16]:
        """The value of each state, where there are `size` of them."""
        places = np.arange(self.size, dtype=np.uint64) * np.uint64(MULTIPLIER)
        places &= np.uint64(self.size - 1)
        values = np.zeros(self.size, np.uint16)  # by place without shift
        for weight, shift in zip(weights(len(self.keys)), self._shifts, strict=True):
            values += np.roll(self.bits, -(shift % self.size)) * weight
        return values.take(places.view(np.int64))

    def _null_of_any_size(self, top: int) -> npt.NDArray[np.float64]:
        """P(value) for a hash uniform in 0 … 2^64 - 1.

        A layer's place is (x + shift) mod 2^64, read as signed, mod size. Between the values of x
        where a layer's sum wraps, all layers are fixed rotations of the table; one rotation
        changes at a time.
        """
        layers = weights(len(self.keys))
        # signed x from -2^63 on: where each layer's sum wraps, and its rotation before and after
        turns = []
        values = np.zeros(self.size, np.uint16)
        for layer, shift in enumerate(self._shifts):
            signed = shift - 2**64 if shift >= 2**63 else shift
            wrap, before, after = (
                (2**63 - signed, signed, signed - 2**64)
                if signed > 0
                else (-(2**63) - signed, signed + 2**64, signed)
            )
            values += np.roll(self.bits, -(before % self.size)) * layers[layer]
            turns.append((wrap, layer, before, after))
        pmf, left = np.zeros(top), -(2**63)
        for wrap, layer, before, after in [*sorted(turns), (2**63, -1, 0, 0)]:
            share = (wrap - left) / 2**64
            pmf += np.bincount(values, minlength=top) * (share / self.size)
            left = wrap
            if layer >= 0:
                values += np.roll(self.bits, -(after % self.size)) * layers[layer]
                values -= np.roll(self.bits, -(before % self.size)) * layers[layer]
        pmf /= pmf.sum()
        return pmf


class _Family:
    name, version, variants = "synthid-table", 1, ("mean",)
    spellings = ("synthid-transformers",)

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        known_names(given, _PARAMETERS, "parameter of synthid-table")
        rng = given.get("rng", _RNG)
        if rng != _RNG:
            raise InputError(
                f"rng: found {printed(rng)}, expected {_RNG}",
                hint="a table drawn on a GPU is another table; it has not been recorded",
            )
        seed = whole(given, "sampling_table_seed", -(2**63), 2**64 - 1, 0)
        history = whole(given, "context_history_size", 0, 2**31 - 1, 1024)
        return {
            "context_history_size": str(history),
            "ngram_len": str(whole(given, "ngram_len", 2, 64)),
            "rng": _RNG,
            "sampling_table_seed": str(seed % 2**32),
            "sampling_table_size": str(
                whole(given, "sampling_table_size", 2, _LARGEST_TABLE, 1 << 16)
            ),
            "skip_first_ngram_calls": flag(given, "skip_first_ngram_calls", False),
        }

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        key_names(given, {"keys"}, "synthid-table key")
        size = int(parameters["sampling_table_size"])
        modulus = size if _power_of_two(size) else 2**64
        keys = key_numbers(given, "keys", 2**64 - 1, DEPTH)
        return {"keys": ",".join(str(key % modulus) for key in keys)}

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> SynthIDTable:
        layout = Layout(
            int(parameters["ngram_len"]),
            int(parameters["context_history_size"]),
            parameters["skip_first_ngram_calls"] == "true",
        )
        return SynthIDTable(
            vocab_size,
            layout,
            int(parameters["sampling_table_size"]),
            int(parameters["sampling_table_seed"]),
            tuple(int(each) for each in key["keys"].split(",")),
        )

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        keys = [int(each) for each in key["keys"].split(",")]
        size = int(parameters["sampling_table_size"])
        modulus = size if _power_of_two(size) else 2**64
        return keys == [demo % modulus for demo in DEMO_KEYS[: len(keys)]]

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        if scheme not in self.spellings:
            return None
        parameters = {name: params[name] for name in _PARAMETERS if name in params}
        return Recognised("mean", parameters, {"keys": params.get("keys")})


def _power_of_two(size: int) -> bool:
    return size & (size - 1) == 0


FAMILY = _Family()
