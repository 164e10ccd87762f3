"""A registered mark as the config of the engine that makes it, so that its own model marks text.

transformers: generation_config.json with `watermarking_config` for KGW. SynthID's fields stand
alone, for `SynthIDTextWatermarkingConfig.from_dict`: transformers 5 reads any
`watermarking_config` as one of KGW and stops at SynthID's fields. vLLM: the object that
`--watermark-config` takes.

How strong a mark is (bias) is no part of a registered mark; the engine's default stands.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.claims import Scheme
from ledger.errors import InputError, RefusedError, VerificationError, printable
from ledger.log.log import Log
from ledger.watermarks.interchange.generation_config import ENGINES, PHILOX, Engine
from ledger.watermarks.registry.keystore import stored_envelopes
from ledger.watermarks.registry.opening import find_material
from ledger.watermarks.registry.states import MarkState
from ledger.watermarks.schemes import parse_algorithm

__all__ = ["EngineFile", "engine_file"]

_Maker = Callable[[str, Mapping[str, str], Mapping[str, str] | None, int], dict[str, Any]]


@dataclass(frozen=True)
class EngineFile:
    """The bytes of a config. `has_key`: whoever reads it can make the mark, and look for it.

    Without the key it has null in its place, which the engine refuses: left out, transformers
    would mark with its well-known default. `secret` keys are those that are not public.
    """

    engine: Engine
    has_key: bool
    secret: bool
    data: bytes = field(repr=False)


def engine_file(log: Log, state: MarkState, engine: str, *, with_key: bool = False) -> EngineFile:
    """A mark as `transformers` or `vllm` takes it; a key that is not public only `with_key`.

    Raises InputError for a mark that the engine cannot make, RefusedError where the key is asked
    for and not at hand, VerificationError where no state of the mark counts.
    """
    maker = _maker(state, engine)
    body = state.body
    if not state.counts:
        raise VerificationError(f"mark {state.label}: {state.refused}")
    if body.status == "revoked":
        raise RefusedError(
            f"mark {state.label} was revoked; a model must not make it any more",
            hint="headwater watermark rotate to a new version",
        )
    key: Mapping[str, str] | None = None
    secret = body.key is None
    if not secret or with_key:
        key = _key(log, state, body)
    fields = maker(_variant(body), body.parameters, key, body.vocab_size)
    if engine == "transformers" and body.algorithm.startswith("kgw/"):
        fields = {"watermarking_config": fields}
    data = _encode(fields)
    return EngineFile("vllm" if engine == "vllm" else "transformers", key is not None, secret, data)


def _key(log: Log, state: MarkState, body: Scheme) -> Mapping[str, str]:
    envelopes = stored_envelopes(log).get(state.subject, ())
    material = find_material(state.subject, body, log.keys, envelopes)
    if material is None:
        raise RefusedError(
            f"mark {state.label}: its key is not at hand",
            hint="leave --with-key out for a config with a place for the key",
        )
    return material.key


def _maker(state: MarkState, engine: str) -> _Maker:
    if engine not in ENGINES:
        raise InputError(f"{printable(engine, 40)}: expected {' or '.join(ENGINES)}")
    found = _MAKERS.get((engine, state.algorithm.rpartition("@")[0]))
    if found is None:
        made = ", ".join(name for of, name in _MAKERS if of == engine)
        raise InputError(
            f"mark {state.label}: {engine} does not make {state.algorithm}, expected {made}"
        )
    return found


def _variant(body: Scheme) -> str:
    _, variant = parse_algorithm(body.algorithm)
    return variant


def _kgw(
    variant: str, parameters: Mapping[str, str], key: Mapping[str, str] | None, vocab_size: int
) -> dict[str, Any]:
    return {
        "context_width": int(parameters.get("context_width", "1")),
        "greenlist_ratio": _ratio(int(parameters["green_tokens"]), vocab_size),
        "hashing_key": None if key is None else int(key["key"]),
        "seeding_scheme": variant,
    }


def _synthid(
    variant: str, parameters: Mapping[str, str], key: Mapping[str, str] | None, vocab_size: int
) -> dict[str, Any]:
    return {
        "context_history_size": int(parameters["context_history_size"]),
        "keys": None if key is None else [_signed(each) for each in key["keys"].split(",")],
        "ngram_len": int(parameters["ngram_len"]),
        "sampling_table_seed": int(parameters["sampling_table_seed"]),
        "sampling_table_size": int(parameters["sampling_table_size"]),
        "skip_first_ngram_calls": parameters["skip_first_ngram_calls"] == "true",
    }


def _vllm(
    variant: str, parameters: Mapping[str, str], key: Mapping[str, str] | None, vocab_size: int
) -> dict[str, Any]:
    assert parameters["prf"] == PHILOX  # the family's only one
    fields: dict[str, Any] = {
        "algorithm": "dual_key_gumbel" if variant == "dual" else "gumbel",
        "context_width": int(parameters["context_width"]),
        "key": None if key is None else int(key["key"]),
        "prf": "philox",
    }
    if variant == "dual":
        fields["alpha"] = float(parameters["alpha"])
    return fields


_MAKERS: Mapping[tuple[str, str], _Maker] = {
    ("transformers", "kgw/lefthash"): _kgw,
    ("transformers", "kgw/selfhash"): _kgw,
    ("transformers", "synthid-table/mean"): _synthid,
    ("vllm", "gumbel-philox/dual"): _vllm,
    ("vllm", "gumbel-philox/single"): _vllm,
}


def _ratio(green: int, vocab_size: int) -> float:
    """The shortest decimal whose share of the vocabulary, rounded down, is `green` tokens."""
    for digits in range(1, 17):
        power = 10**digits
        ratio: float = math.ceil(green * power / vocab_size) / power
        if 0 < ratio < 1 and int(vocab_size * ratio) == green:
            return ratio
    return (green + 0.5) / vocab_size


def _signed(text: str) -> int:
    """A key mod 2^64 as torch holds it, in a signed word."""
    value = int(text)
    return value - 2**64 if value >= 2**63 else value


def _encode(fields: Mapping[str, Any]) -> bytes:
    """JSON for people to read; unlike orjson's it has numbers over 64 bits, as a key may be."""
    return json.dumps(fields, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"
