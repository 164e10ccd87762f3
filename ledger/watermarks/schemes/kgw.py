"""KGW: green lists seeded by context (Kirchenbauer et al., "A Watermark for Large Language
Models", 2023, and "On the Reliability of Watermarks for Large Language Models", 2024).

A context makes a seed, the seed a permutation of the vocabulary, and its first int(V·gamma) tokens
are green: favoured by whoever marks. Five variants, by who computes the seed:

- `lefthash`, `selfhash`: transformers' WatermarkLogitsProcessor. lefthash reads the last token
  only, whatever context_width says. selfhash of width 1 reads the scored token only: a colour for
  each token, whatever the context.
- `extended`: the functions of lm-watermarking.
- `markllm`: MarkLLM's KGW, whose seeds are numbers below V.
- `three-bricks`: the green list of three_bricks, with a payload.

All replay torch's CPU generator. A list that a GPU permuted is another list.
"""

from collections.abc import Mapping
from typing import Any

from ledger.errors import InputError, UnknownNameError
from ledger.watermarks.kernels import LARGEST
from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._kgw_keys import (
    as_int64,
    reduce_hashed,
    reduce_markllm,
    reduce_product,
)
from ledger.watermarks.schemes._kgw_mark import KgwMark, make_mark
from ledger.watermarks.schemes._kgw_seeding import (
    PRFS,
    TABLE,
    MarkLLM,
    Seeding,
    ThreeBricks,
    Windowed,
)
from ledger.watermarks.schemes._kgw_spellings import (
    CUDA,
    DEFAULT_KEY,
    SPELLINGS,
    TORCH,
    read_spelling,
)
from ledger.watermarks.schemes._modular import M, reduce_chain
from ledger.watermarks.schemes._reading import flag, fraction, key_names, known_names, whole

__all__ = ["FAMILY"]

_WIDEST = 64
_LARGEST_KEY = 1024  # bits, where Python multiplies it: no project's key is longer than 64
_COMMON = ("gamma", "green_tokens", "rng")
_NAMES = {
    "lefthash": ("context_width",),
    "selfhash": ("context_width",),
    "extended": ("context_width", "prf", "select_green", "self_salt"),
    "markllm": ("f_scheme", "prefix_length", "window_scheme"),
    "three-bricks": ("ngram", "payload", "seeding"),
}
_SAME = {  # of a window so wide, one function is another
    ("minfunc", 1): "additive",
    ("minhash", 1): "skipgram",
    ("minskipgram", 2): "anchored_skipgram",
    ("multiplicative", 1): "additive",
    ("simple_skip", 1): "skipgram",
    ("simple_skip", 2): "skipgram",
    ("simple_skip", 3): "anchored_skipgram",
}


class _Kgw:
    name = "kgw"
    version = 1
    variants = tuple(_NAMES)
    spellings = SPELLINGS

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        """Given `gamma` or `green_tokens` (what it comes to: int(V·gamma)), `rng`, and the
        variant's own; widths have no default but lefthash's, which is not looked at."""
        known_names(given, (*_COMMON, *_NAMES[variant]), f"parameter of kgw/{variant}")
        if vocab_size > LARGEST:
            raise InputError(f"vocab_size: found {vocab_size}, expected at most {LARGEST}")
        found = {"green_tokens": str(_green(given, vocab_size)), "rng": _generator(given)}
        if variant == "lefthash":
            whole(given, "context_width", 1, _WIDEST, 1)
        elif variant == "selfhash":
            found["context_width"] = str(whole(given, "context_width", 1, _WIDEST))
        elif variant == "extended":
            found |= _window(given)
        elif variant == "markllm":
            found |= _markllm(given)
        else:
            found["ngram"] = str(whole(given, "ngram", 0, _WIDEST))
            found["payload"] = str(whole(given, "payload", -M, M, 0) % vocab_size)
            found["seeding"] = _three_bricks_seeding(given)
        return dict(sorted(found.items()))

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        """Given `key`; for three-bricks `seed` and `salt_key`."""
        if variant == "three-bricks":
            key_names(given, ("salt_key", "seed"), "KGW key")
            seed = _secret(given, "seed", unbounded=True)
            salt = _secret(given, "salt_key", unbounded=True)
            seed, salt = reduce_chain(seed, salt, int(parameters["ngram"]), vocab_size)
            return {"salt_key": str(salt), "seed": str(seed)}
        key_names(given, ("key",), "KGW key")
        prf = parameters.get("prf", "additive" if variant == "lefthash" else "")
        unbounded = variant == "extended" and prf in ("additive", "minfunc", "multiplicative")
        key, most = _secret(given, "key", unbounded=unbounded), vocab_size - 1
        if variant == "markllm":
            salted = parameters["window_scheme"] == "self"
            key = key % 2**32 if salted else reduce_markllm(key, vocab_size)
        elif prf in ("additive", "minfunc", "multiplicative"):
            width = int(parameters.get("context_width", "1"))
            largest = {"additive": width * most, "multiplicative": most**width}.get(prf, most)
            key = reduce_product(key, largest) if largest < 2**63 else key % M
        elif prf in ("", "anchored_minhash", "noncomm", "position"):
            key = as_int64(key)
        else:
            key = reduce_hashed(key, most, TABLE)
        return {"key": str(key)}

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> KgwMark:
        return make_mark(
            f"{self.name}/{variant}@{self.version}",
            vocab_size,
            int(parameters["green_tokens"]),
            _seeding(variant, parameters, key, vocab_size),
            parameters.get("select_green") == "false",
            int(parameters.get("payload", "0")),
        )

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        """15485863 in three projects, seed 0 and salt 35317 in three_bricks. None of them is so
        long that the size of the vocabulary would matter, except to a table of hashes."""
        if variant == "three-bricks":
            return dict(key) == self.key(variant, parameters, {"seed": 0, "salt_key": 35317}, 2)
        return key["key"] in (str(DEFAULT_KEY), str(DEFAULT_KEY % TABLE))

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        return read_spelling(scheme, params, vocab_size)


def _seeding(
    variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
) -> Seeding:
    if variant == "three-bricks":
        return ThreeBricks(int(parameters["ngram"]), int(key["seed"]), int(key["salt_key"]))
    secret = int(key["key"])
    if variant == "lefthash":
        return Windowed("additive", 1, False, vocab_size, secret)
    if variant == "selfhash":
        width = int(parameters["context_width"])
        return Windowed("anchored_minhash", width, True, vocab_size, secret, table_seed=secret)
    if variant == "extended":
        width, salted = int(parameters["context_width"]), parameters["self_salt"] == "true"
        return Windowed(parameters["prf"], width, salted, vocab_size, secret)
    width, salted = int(parameters["prefix_length"]), parameters["window_scheme"] == "self"
    return MarkLLM(parameters["f_scheme"], width, salted, vocab_size, secret)


def _green(given: Mapping[str, Any], vocab_size: int) -> int:
    gamma = fraction(given, "gamma") if "gamma" in given else None
    green = int(vocab_size * gamma) if gamma is not None else 0
    if "green_tokens" in given or gamma is None:
        found = whole(given, "green_tokens", 1, vocab_size - 1)
        if gamma is not None and found != green:
            raise InputError(f"gamma: found one that makes {green} tokens green, not {found}")
        return found
    if not 0 < green < vocab_size:
        raise InputError(f"gamma: found one that makes {green} of {vocab_size} tokens green")
    return green


def _generator(given: Mapping[str, Any]) -> str:
    name = _chosen({"rng": TORCH, **given}, "rng", (TORCH, CUDA, "torch-cpu"))
    if name == CUDA:
        raise InputError(
            f"rng: found {CUDA}, expected {TORCH}: lists that a GPU made cannot be replayed",
            hint="how CUDA permutes depends on the launch geometry of the GPU, and no reference "
            "permutation has been recorded; mark with lists made on the CPU",
        )
    return TORCH


def _window(given: Mapping[str, Any]) -> dict[str, str]:
    """The function and its window, as the simplest of those that read the same."""
    prf = _chosen(given, "prf", PRFS)
    width = whole(given, "context_width", 1, _WIDEST)
    salted = flag(given, "self_salt", False)
    if prf == "minskipgram" and width == 1:
        raise InputError("context_width: found 1, expected at least 2: minskipgram needs pairs")
    prf = _SAME.get((prf, width), prf)
    if prf == "skipgram" and salted == "true" and width > 1:
        width, salted = width - 1, "false"  # it reads the oldest token only
    return {
        "context_width": str(width),
        "prf": prf,
        "select_green": flag(given, "select_green", True),
        "self_salt": salted,
    }


def _markllm(given: Mapping[str, Any]) -> dict[str, str]:
    width = whole(given, "prefix_length", 1, _WIDEST)
    scheme = _chosen(given, "f_scheme", ("additive", "min", "skip", "time"))
    return {
        "f_scheme": scheme if width > 1 else "time",  # of one token they are the same
        "prefix_length": str(width),
        "window_scheme": _chosen(given, "window_scheme", ("left", "self")),
    }


def _three_bricks_seeding(given: Mapping[str, Any]) -> str:
    name = _chosen({"seeding": "hash", **given}, "seeding", ("hash", "additive", "min", "skip"))
    if name != "hash":
        raise InputError(
            f"seeding: found {name}, expected hash",
            hint="the other seedings use a table drawn from an unseeded generator: nobody can "
            "compute it again",
        )
    return name


def _chosen(given: Mapping[str, Any], name: str, among: tuple[str, ...]) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise InputError(f"{name}: found a {type(value).__name__}, expected {', '.join(among)}")
    if value not in among:
        raise UnknownNameError(name, value, among)
    return value


def _secret(given: Mapping[str, Any], name: str, *, unbounded: bool) -> int:
    """A whole number of 64 bits, or of more where Python multiplies it. Never spelled."""
    value = given.get(name)
    if isinstance(value, str) and 0 < len(value) <= 310:
        digits = value.removeprefix("-")
        value = int(value) if digits.isascii() and digits.isdigit() else None
    if type(value) is not int or value.bit_length() > _LARGEST_KEY:
        raise InputError(f"{name}: expected a whole number, written in decimal digits")
    if not unbounded and not -(2**63) <= value < 2**64:
        raise InputError(f"{name}: expected a whole number from -2^63 to 2^64 - 1")
    return value


FAMILY = _Kgw()
