"""KGW marks as transformers, lm-watermarking, MarkLLM and three_bricks write them down."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ledger.errors import InputError
from ledger.watermarks.schemes import Recognised
from ledger.watermarks.schemes._kgw_seeding import PRFS
from ledger.watermarks.schemes._reading import number

__all__ = ["CUDA", "DEFAULT_KEY", "SPELLINGS", "TORCH", "read_spelling"]

DEFAULT_KEY = 15485863  # the millionth prime: the default of three projects
TORCH, CUDA = "torch-cpu-mt19937", "torch-cuda-philox"

_NAMED = {  # lm-watermarking's short names: function, width, whether the scored token is in it
    "algorithm-3": ("anchored_minhash", 4, True),
    "lefthash": ("additive", 1, False),
    "minhash": ("minhash", 4, False),
    "selfhash": ("anchored_minhash", 4, True),
    "simple_1": ("additive", 1, False),
    "skipgram": ("skipgram", 5, False),
}
_FREE = re.compile(r"ff-([a-z_]{1,30})_prf-([0-9]{1,9})-(True|False)(?:-([0-9]{1,400}))?", re.ASCII)


def read_spelling(scheme: str, params: Mapping[str, Any], vocab_size: int) -> Recognised | None:
    """The mark in this catalogue's words; None if it is none of these four projects'.

    What says how strong a mark is (delta, bias) does not enter it. Absent values are the project's
    defaults. Raises InputError, without a key, for a spelling that cannot be read.
    """
    reader = _READERS.get(scheme.lower())
    if reader is None:
        return None
    found = reader(scheme, params)
    if found is not None and number(params.get("vocab_size", vocab_size)) != vocab_size:
        raise InputError(f"vocab_size: found another one than {vocab_size}")
    return found


def _transformers(scheme: str, params: Mapping[str, Any]) -> Recognised:
    variant = scheme.lower().removeprefix("kgw-")
    if params.get("seeding_scheme", variant) != variant:
        raise InputError(f"seeding_scheme: found another one than {variant}, which the scheme says")
    given = {
        "context_width": params.get("context_width", 1),
        "gamma": params.get("greenlist_ratio", 0.25),
        "rng": _rng(params),
    }
    return Recognised(variant, given, {"key": params.get("hashing_key", DEFAULT_KEY)})


def _extended(scheme: str, params: Mapping[str, Any]) -> Recognised:
    name, key = params.get("seeding_scheme", "selfhash"), DEFAULT_KEY
    free = _FREE.fullmatch(name) if isinstance(name, str) else None
    if free is not None and free[1] in PRFS:
        prf, width, salted = free[1], int(free[2]), free[3] == "True"
        key = int(free[4]) if free[4] else DEFAULT_KEY
    elif isinstance(name, str) and name in _NAMED:
        prf, width, salted = _NAMED[name]
    else:  # it may hold a key
        raise InputError(
            "seeding_scheme: none that lm-watermarking knows",
            hint="expected ff-FUNCTION_prf-WIDTH-SALTED-KEY, or one of " + ", ".join(_NAMED),
        )
    given = {
        "context_width": width,
        "gamma": params.get("gamma", 0.25),
        "prf": prf,
        "rng": _rng(params),
        "select_green": params.get("select_green_tokens", True),
        "self_salt": salted,
    }
    return Recognised("extended", given, {"key": key})


def _markllm(scheme: str, params: Mapping[str, Any]) -> Recognised:
    given = {
        "f_scheme": params.get("f_scheme", "time"),
        "gamma": params.get("gamma", 0.5),
        "prefix_length": params.get("prefix_length", 1),
        "rng": _rng(params),
        "window_scheme": params.get("window_scheme", "left"),
    }
    return Recognised("markllm", given, {"key": params.get("hash_key", DEFAULT_KEY)})


def _three_bricks(scheme: str, params: Mapping[str, Any]) -> Recognised | None:
    if params.get("method") not in ("maryland", "marylandz"):
        return None  # its other methods are no green lists
    given = {
        "gamma": params.get("gamma", 0.5),
        "ngram": params.get("ngram", 1),
        "payload": params.get("payload", 0),
        "rng": _rng(params),
        "seeding": params.get("seeding", "hash"),
    }
    key = {"salt_key": params.get("salt_key", 35317), "seed": params.get("seed", 0)}
    return Recognised("three-bricks", given, key)


def _rng(params: Mapping[str, Any]) -> Any:
    """Which generator made the lists: a GPU's permutes otherwise."""
    device = params.get("device", "cpu")
    if not isinstance(device, str):
        raise InputError(f"device: found a {type(device).__name__}, expected a text")
    return CUDA if device.startswith("cuda") else params.get("rng", TORCH)


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Recognised | None]] = {
    "greenlist-hash": _three_bricks,
    "gumbel-torchrand / greenlist-hash": _three_bricks,
    "three-bricks": _three_bricks,
    "three_bricks": _three_bricks,
    "kgw-extended": _extended,
    "kgw-lefthash": _transformers,
    "kgw-selfhash": _transformers,
    "markllm-kgw": _markllm,
}
SPELLINGS = tuple(_READERS)
