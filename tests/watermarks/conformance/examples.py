"""An example of every variant, spelled as the project that makes such text spells it.

The suite reads nothing else about a family: a variant without an example here fails it. Keys are
made for the tests and belong to nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ledger.watermarks.schemes import Family, Mark, Recognised, families, open_mark

__all__ = ["EXAMPLES", "VOCABULARY", "Example", "Known"]

VOCABULARY = 50_257
_WORD = 2**32

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """An example as its family reads it."""

    family: Family
    variant: str
    parameters: Mapping[str, str]
    key: Mapping[str, str]

    @property
    def algorithm(self) -> str:
        return f"{self.family.name}/{self.variant}@{self.family.version}"


@dataclass(frozen=True)
class Example:
    """`key` draws the secret part; `equal` changes only what the scheme does not see.

    `width`: tokens of context that a unit depends on; `most`: units that one token repeated for
    ever may give.
    """

    name: str
    scheme: str
    params: Params
    key: Callable[[Random], Params]
    width: int
    equal: Sequence[Callable[[Params], Params]] = ()
    most: int = 0
    randomised: bool = True  # whether its p-values are uniform once ties are broken at random

    def spelled(self, seed: int = 0, vocab_size: int = VOCABULARY) -> dict[str, Any]:
        """The record's `params` with the key that `seed` draws."""
        return {**self.params, "vocab_size": vocab_size, **self.key(Random(f"{self.name} {seed}"))}

    def read(self, params: Params, vocab_size: int = VOCABULARY) -> Known:
        """What the one family that knows the spelling makes of it, in canonical words."""
        found: list[tuple[Family, Recognised]] = []
        for family in families().values():
            recognised = family.recognise(self.scheme, params, vocab_size)
            if recognised is not None:
                found.append((family, recognised))
        assert len(found) == 1, f"{self.name}: {len(found)} families know {self.scheme}"
        family, (variant, given, key) = found[0]
        parameters = family.parameters(variant, given, vocab_size)
        return Known(family, variant, parameters, family.key(variant, parameters, key, vocab_size))

    def known(self, seed: int = 0, vocab_size: int = VOCABULARY) -> Known:
        return self.read(self.spelled(seed, vocab_size), vocab_size)

    def mark(self, seed: int = 0, vocab_size: int = VOCABULARY) -> Mark:
        known = self.known(seed, vocab_size)
        return open_mark(known.algorithm, known.parameters, known.key, vocab_size)


def _whole(name: str, bits: int = 31) -> Callable[[Random], Params]:
    """A whole number with its highest bit set: long enough to be found in a message."""
    return lambda rng: {name: rng.getrandbits(bits) | 1 << bits - 1}


def _plus(name: str, more: int) -> Callable[[Params], Params]:
    return lambda params: {**params, name: params[name] + more}


def _kgw(name: str, scheme: str, **params: Any) -> Example:
    shape: dict[str, Any] = {"bias": 2.0, "context_width": 1, "greenlist_ratio": 0.25}
    shape |= {"seeding_scheme": scheme, **params}
    width = 1 if scheme == "lefthash" else shape["context_width"] - 1
    equal = [_plus("hashing_key", _WORD)] if scheme == "lefthash" else []
    return Example(name, f"kgw-{scheme}", shape, _whole("hashing_key"), width, equal, most=2)


def _extended(prf: str, width: int, salted: bool, **params: Any) -> Example:
    def key(rng: Random) -> Params:
        return {"seeding_scheme": f"ff-{prf}_prf-{width}-{salted}-{rng.getrandbits(30) | 1 << 29}"}

    shape = {"delta": 2.0, "device": "cpu", "gamma": 0.25, "rng": "torch-cpu"}
    shape |= {"select_green_tokens": True, **params}
    name = f"extended {prf} {width}" + " salted" * salted + "".join(f" {n}" for n in params)
    return Example(name, "kgw-extended", shape, key, width - salted, most=2)


def _markllm_kgw(f_scheme: str, window: str, width: int) -> Example:
    shape = {"algorithm_name": "KGW", "delta": 2.0, "device": "cpu", "f_scheme": f_scheme}
    shape |= {"gamma": 0.5, "prefix_length": width, "window_scheme": window, "z_threshold": 4.0}

    # A salted seed sees the key through its permutation alone, mod 2^32.
    equal = [_plus("hash_key", _WORD)] if window == "self" else []
    name = f"markllm {f_scheme} {window} {width}"
    return Example(name, "markllm-kgw", shape, _whole("hash_key"), width, equal, most=2)


def _three_bricks(method: str, ngram: int, **params: Any) -> Example:
    shape = {"method": method, "ngram": ngram, "payload": 0, "seeding": "hash", **params}
    return Example(
        f"three bricks {method} {ngram}" + "".join(f" {n}" for n in params),
        "gumbel-torchrand / greenlist-hash",
        shape,
        lambda rng: {"salt_key": rng.getrandbits(31) | 1 << 30, "seed": rng.getrandbits(31)},
        ngram,
        [_plus("seed", 2**64 - 1), _plus("salt_key", 2**64 - 1)],
        most=2,
    )


def _synthid(name: str, scheme: str, depth: int, ngram: int, **params: Any) -> Example:
    def key(rng: Random) -> Params:
        return {"keys": [rng.getrandbits(31) | 1 << 30 for _ in range(depth)]}

    def same(params: Params) -> Params:
        return {**params, "keys": [key + 65_536 for key in params["keys"]]}

    shape = {"context_history_size": 1024, "ngram_len": ngram, **params}
    equal = [same] if params.get("sampling_table_size") == 65_536 else []
    return Example(name, scheme, shape, key, ngram - 1, equal, most=ngram + 1)


def _table(depth: int, ngram: int, **params: Any) -> Example:
    shape = {"sampling_table_seed": 7, "sampling_table_size": 65_536}
    shape |= {"skip_first_ngram_calls": False, **params}
    name = f"synthid table {depth} {ngram}" + "".join(f" {n}" for n in params)
    return _synthid(name, "synthid-transformers", depth, ngram, **shape)


def _philox(name: str, width: int, **params: Any) -> Example:
    shape = {"algorithm": "gumbel", "context_excludes_prompt": True, "context_padding": -1}
    shape |= {"context_width": width, "deduplicate_contexts": "single_turn"}
    shape |= {"prf": "philox4x32-10-v1", **params}
    return Example(name, "gumbel-philox-vllm", shape, _whole("key", 64), width, most=width + 1)


def _murmur(name: str, width: int, *, dual: bool) -> Example:
    def key(rng: Random) -> Params:
        first = {"key": f"0x{rng.getrandbits(64) | 1 << 63:x}"}
        return first | ({"key_b": f"0x{rng.getrandbits(64) | 1 << 63:x}"} if dual else {})

    shape = {"context_window": width, "hash": "murmur3_x86_32", "max_contexts": 4096}
    shape |= {"mixing_probability": 0.5} if dual else {}

    def respelled(params: Params) -> Params:
        return {**params, "key": params["key"].upper().replace("0X", "0x")}

    return Example(name, "gumbel-murmur3-sglang", shape, key, width, [respelled], most=2)


def _textseal(kind: str, ngram: int, **params: Any) -> Example:
    shape = {"ngram": ngram, "temperature": 1.0, "top_p": 0.95, "watermark_type": kind, **params}
    name = f"textseal {kind} {ngram}"
    return Example(name, "textseal", shape, _whole("secret_key"), ngram, most=2)


EXAMPLES: tuple[Example, ...] = (
    _kgw("lefthash", "lefthash"),
    _kgw("lefthash half", "lefthash", greenlist_ratio=0.5),
    _kgw("selfhash", "selfhash", context_width=4),
    _kgw("selfhash of one token, a static list", "selfhash"),
    _extended("anchored_minhash", 4, True),
    _extended("minhash", 4, False),
    _extended("skipgram", 5, False),
    _extended("additive", 2, False, gamma=0.5),
    _extended("minskipgram", 3, False),
    _extended("simple_skip", 4, False),
    _extended("anchored_skipgram", 3, False),
    _extended("multiplicative", 2, False),
    _extended("minhash", 3, True, select_green_tokens=False),
    _markllm_kgw("time", "left", 1),
    _markllm_kgw("additive", "left", 2),
    _markllm_kgw("skip", "left", 3),
    _markllm_kgw("min", "left", 2),
    _markllm_kgw("min", "self", 2),
    _three_bricks("maryland", 2, gamma=0.25, delta=3.0),
    _three_bricks("maryland", 2, gamma=0.25, delta=3.0, payload=11),
    _three_bricks("openai", 2),
    _three_bricks("openai", 4, payload=3),
    Example(
        "markllm exp",
        "markllm-exp",
        {"algorithm_name": "EXP", "device": "cpu", "prefix_length": 4, "threshold": 1e-4},
        _whole("hash_key"),
        4,
        most=2,
    ),
    Example(
        "unigram",
        "unigram",
        {"fraction": 0.5, "strength": 2.0},
        _whole("watermark_key"),
        0,
        most=1,
    ),
    _table(30, 5),
    _table(20, 4, skip_first_ngram_calls=True),
    _table(9, 3, sampling_table_size=1_000),
    _synthid("synthid reference", "synthid-deepmind", 30, 5, num_leaves=2, top_k=100),
    _synthid("synthid reference shallow", "synthid-deepmind", 8, 3, num_leaves=3, top_k=100),
    _philox("philox", 4),
    _philox("philox wide", 9),
    _philox("philox dual", 4, algorithm="dual_key_gumbel", alpha=0.1),
    _murmur("murmur", 4, dual=False),
    _murmur("murmur dual", 4, dual=True),
    _textseal("greenlist", 2, gamma=0.5, delta=2.0),
    _textseal("gumbelmax", 2),
    Example(
        "kuditipudi",
        "exp-shift-kuditipudi",
        {"n": 16, "rng": "mt19937 (init_genrand), rand=u32/2^32"},
        _whole("key"),
        0,
        most=16,
        randomised=False,  # the best of n shifts, times n: super-uniform and no more
    ),
)
