"""From a context to the seed of a green list, as three projects compute it.

`distances` say which tokens a seed depends on: 0 is the scored token, 1 the one before it; `seeds`
takes one array for each of them, in that order. `reach` is the length of text before a token that
its window spans: the first position that is scored, as in the projects' detectors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from itertools import combinations
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels import randperm, table
from ledger.watermarks.schemes._kgw_keys import as_int64
from ledger.watermarks.schemes._modular import M, chain, times
from ledger.watermarks.tokens import Ids, Ints

__all__ = ["PRFS", "TABLE", "MarkLLM", "Seeding", "ThreeBricks", "Windowed", "distances_of"]

TABLE = 1_000_003
_COMMON_TABLE = 2971215073  # lm-watermarking's seed of the table, for every key

_Residues = npt.NDArray[np.uint64]


class Seeding(Protocol):
    """Turns contexts into 32-bit seeds. Its repr shows no key."""

    @property
    def distances(self) -> tuple[int, ...]: ...
    @property
    def reach(self) -> int: ...
    @property
    def static(self) -> bool:
        """Whether every context gives one seed."""
        ...

    def seeds(self, tokens: Sequence[Ids]) -> Ids: ...


@dataclass(frozen=True)
class Windowed:
    """lm-watermarking's functions of a window of `width` tokens; transformers has two of them.

    With `salted` the window ends with the scored token. h(x) = table[x mod 1,000,003] + 1, where
    the table is a permutation seeded with `table_seed`.
    """

    prf: str
    width: int
    salted: bool
    vocab_size: int
    key: int = field(repr=False)
    table_seed: int = field(default=_COMMON_TABLE, repr=False)

    @property
    def distances(self) -> tuple[int, ...]:
        return distances_of(self.prf, self.width, self.salted)

    @property
    def reach(self) -> int:
        return self.width - self.salted

    @property
    def static(self) -> bool:
        return self.key == 0

    @property
    def _table(self) -> Ids:
        if self.table_seed == _COMMON_TABLE:
            return table(_COMMON_TABLE, TABLE)
        return randperm(self.table_seed, TABLE)

    @cached_property
    def plain(self) -> Ints:
        """h(x) of every token x."""
        return self._table[np.arange(self.vocab_size) % TABLE].astype(np.int64) + 1

    @cached_property
    def keyed(self) -> Ints:
        """h(key·x) of every token x; the product wraps at 64 bits, the remainder is ≥ 0."""
        return self.hashed(np.int64(as_int64(self.key)) * np.arange(self.vocab_size))

    def hashed(self, values: Ints) -> Ints:
        """h of any 64-bit integers."""
        return self._table[values % TABLE].astype(np.int64) + 1

    def seeds(self, tokens: Sequence[Ids]) -> Ids:
        return _PRFS[self.prf](self, tokens)


@dataclass(frozen=True)
class MarkLLM:
    """prf = randperm(V) seeded with the key; f is prf of the product or the sum of the last
    `width` ids mod V, or of the oldest of them, or the least prf among them.

    The seed is key·f mod V, a product that wraps at 64 bits, or with `salted` f·prf[scored token]
    mod V.
    """

    f_scheme: str
    width: int
    salted: bool
    vocab_size: int
    key: int = field(repr=False)

    @property
    def distances(self) -> tuple[int, ...]:
        context = (self.width,) if self.f_scheme == "skip" else tuple(range(self.width, 0, -1))
        return (*context, 0) if self.salted else context

    @property
    def reach(self) -> int:
        return self.width

    @property
    def static(self) -> bool:
        wraps = abs(self.key) * (self.vocab_size - 1) >= 2**63
        return not self.salted and not wraps and self.key % self.vocab_size == 0

    @cached_property
    def prf(self) -> Ints:
        """The permutation of the vocabulary."""
        return randperm(self.key, self.vocab_size).astype(np.int64)

    def seeds(self, tokens: Sequence[Ids]) -> Ids:
        context = tokens[: len(tokens) - self.salted]
        size = self.vocab_size
        if self.f_scheme == "min":
            f = reduce(np.minimum, (self.prf[each] for each in context))
        elif self.f_scheme == "additive":
            f = self.prf[sum(each.astype(np.int64) for each in context) % size]
        else:  # one factor, for `skip`
            f = self.prf[reduce(lambda a, b: a * b % size, (c.astype(np.int64) for c in context))]
        seeds = f * (self.prf[tokens[-1]] if self.salted else np.int64(as_int64(self.key))) % size
        return np.asarray(seeds, np.uint32)


@dataclass(frozen=True)
class ThreeBricks:
    """seed ← (seed·salt + token) mod 2^64 - 1 for each of `ngram` tokens, the oldest first.

    The reference leaves out the first token that has its whole context; we count it.
    """

    ngram: int
    seed: int = field(repr=False)
    salt: int = field(repr=False)

    @property
    def distances(self) -> tuple[int, ...]:
        return tuple(range(self.ngram, 0, -1)) or (0,)

    @property
    def reach(self) -> int:
        return self.ngram

    @property
    def static(self) -> bool:
        return self.ngram == 0

    def seeds(self, tokens: Sequence[Ids]) -> Ids:
        context = tokens[: self.ngram]
        return _low(chain(self.seed, self.salt, context, len(tokens[0])))


def distances_of(prf: str, width: int, salted: bool) -> tuple[int, ...]:
    """Which tokens of the window a function reads, the oldest first."""
    window = tuple(range(width - salted, -salted, -1))
    if prf == "skipgram":
        return window[:1]
    if prf == "simple_skip":
        return window[::2]
    if prf == "anchored_skipgram":
        return (window[0], window[-1])
    return window


def _residues(values: Ints) -> _Residues:
    """Signed 64-bit integers mod M: a negative x is x + M, which is x + 2^64 less one."""
    return values.view(np.uint64) - (values < 0)


def _low(values: _Residues) -> Ids:
    return (values & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def _product(of: Windowed, values: Ints) -> Ids:
    """The seed where Python multiplies an unbounded key with a number of 64 bits."""
    return _low(times(of.key % M, _residues(values)))


def _ids(tokens: Sequence[Ids]) -> list[Ints]:
    return [each.astype(np.int64) for each in tokens]


def _multiply(values: Sequence[Ints]) -> Ints:
    """The product, wrapped at 64 bits."""
    return reduce(lambda a, b: a * b, values)


def _least(values: Sequence[Ints]) -> Ints:
    return reduce(lambda a, b: np.minimum(a, b), values)


def _multiplicative(of: Windowed, tokens: Sequence[Ids]) -> Ids:
    return _product(of, _multiply(_ids(tokens)))


def _additive(of: Windowed, tokens: Sequence[Ids]) -> Ids:
    return _product(of, reduce(lambda a, b: a + b, _ids(tokens)))


def _minfunc(of: Windowed, tokens: Sequence[Ids]) -> Ids:
    return _product(of, _least(_ids(tokens)))


def _hash_product(of: Windowed, tokens: Sequence[Ids]) -> Ids:
    """simple_skip, skipgram, anchored_skipgram: they differ in the tokens they read."""
    return _low(_residues(_multiply([of.keyed[each] for each in tokens])))


def _minhash(of: Windowed, tokens: Sequence[Ids]) -> Ids:
    return _low(_residues(_least([of.keyed[each] for each in tokens])))


def _anchored_minhash(of: Windowed, tokens: Sequence[Ids]) -> Ids:
    anchor = of.plain[tokens[-1]] * np.int64(as_int64(of.key))
    return _low(_residues(_least([of.plain[each] * anchor for each in tokens])))


def _minskipgram(of: Windowed, tokens: Sequence[Ids]) -> Ids:
    hashes = [of.keyed[each] for each in tokens]
    return _low(_residues(_least([a * b for a, b in combinations(hashes, 2)])))


def _noncomm(of: Windowed, tokens: Sequence[Ids]) -> Ids:
    """key ← key·h(key·token) mod 2^32, token by token."""
    key = np.full(len(tokens[0]), as_int64(of.key), np.int64)
    for each in _ids(tokens):
        key = key * of.hashed(key * each) % 2**32
    return _low(_residues(key))


def _position(of: Windowed, tokens: Sequence[Ids]) -> Ids:
    key = np.int64(as_int64(of.key))
    weighted = [key * each * np.int64(place) for place, each in enumerate(_ids(tokens), 1)]
    return _low(_residues(reduce(lambda a, b: a + b, weighted)))


_PRFS: dict[str, Callable[[Windowed, Sequence[Ids]], Ids]] = {
    "additive": _additive,
    "anchored_minhash": _anchored_minhash,
    "anchored_skipgram": _hash_product,
    "minfunc": _minfunc,
    "minhash": _minhash,
    "minskipgram": _minskipgram,
    "multiplicative": _multiplicative,
    "noncomm": _noncomm,
    "position": _position,
    "simple_skip": _hash_product,
    "skipgram": _hash_product,
}

PRFS = tuple(_PRFS)
