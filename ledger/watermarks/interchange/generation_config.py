"""Marks as the programs that make them write them down: transformers' and vLLM's configs.

transformers keeps `watermarking_config` in generation_config.json: the fields of
WatermarkingConfig (KGW) or of SynthIDTextWatermarkingConfig, whose names differ, so that the
fields tell which it is. vLLM takes a JSON object with `--watermark-config`. What only says how
strong a mark is, or when one is left out, does not enter it: it is `ignored`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ledger.errors import InputError, UnknownNameError, printable
from ledger.watermarks.schemes import families, format_algorithm

__all__ = ["ENGINES", "PHILOX", "Engine", "EngineConfig", "parse_config"]

Engine = Literal["transformers", "vllm"]
ENGINES: Final[tuple[Engine, ...]] = ("transformers", "vllm")
PHILOX: Final = "philox4x32-10-v1"  # what vLLM calls philox

_KGW = ("bias", "context_width", "greenlist_ratio", "hashing_key", "seeding_scheme")
_KGW_DEFAULT_KEY = 15485863  # transformers' own default, which marks where no key is named
_SYNTHID_PARAMETERS = (
    "context_history_size", "ngram_len", "sampling_table_seed", "sampling_table_size",
    "skip_first_ngram_calls",
)  # fmt: skip
_SYNTHID = (*_SYNTHID_PARAMETERS, "debug_mode", "keys")
_VLLM_IGNORED = (
    "allow_target_only_watermarking", "deduplicate_contexts", "deduplicate_contexts_max_history",
    "sbw_delta", "sbw_gamma", "sbw_scheme",
)  # fmt: skip
_VLLM = ("algorithm", "alpha", "context_width", "key", "prf", *_VLLM_IGNORED)
_VARIANTS = {"gumbel": "single", "dual_key_gumbel": "dual"}


@dataclass(frozen=True)
class EngineConfig:
    """A mark in this catalogue's words, less the vocabulary's size. `key` is in no repr.

    `ignored` are the fields that a detector has no use for; `default_key` says that the config
    names no key and the engine takes its well-known one.
    """

    engine: Engine
    algorithm: str
    parameters: Mapping[str, Any]
    key: Mapping[str, Any] = field(repr=False)
    ignored: tuple[str, ...] = ()
    default_key: bool = False


def parse_config(document: Any, where: str) -> EngineConfig:
    """The mark in a parsed generation_config.json, a config object of its own, or vLLM's.

    Raises UnknownNameError for a field that its engine does not have, InputError for one that
    does not fit, and for a config that makes no mark. No message quotes a key.
    """
    if not isinstance(document, dict):
        raise InputError(f"{where}: expected a JSON object")
    fields: Any = document
    if "watermarking_config" in document or "transformers_version" in document:
        fields = document.get("watermarking_config")
        if fields is None:
            raise InputError(
                f"{where}: no watermarking_config, so this model marks nothing",
                hint="generation_config.json has one if the model's maker set it",
            )
    if not isinstance(fields, dict):
        raise InputError(f"{where}: watermarking_config: expected an object")
    if "algorithm" in fields:
        return _vllm(fields, where)
    if "ngram_len" in fields or "keys" in fields:
        return _synthid(fields, where)
    return _kgw(fields, where)


def _kgw(fields: Mapping[str, Any], where: str) -> EngineConfig:
    _check_names(fields, _KGW, where)
    scheme = fields.get("seeding_scheme", "lefthash")
    if scheme not in ("lefthash", "selfhash"):
        raise InputError(
            f"{where}: seeding_scheme: found {printable(scheme, 40)}, expected lefthash or selfhash"
        )
    ratio = fields.get("greenlist_ratio", 0.25)
    if type(ratio) not in (int, float) or not 0 < ratio < 1:
        raise InputError(f"{where}: greenlist_ratio: expected a number between 0 and 1")
    width = fields.get("context_width", 1)
    if type(width) is not int or not 1 <= width <= 64:
        raise InputError(f"{where}: context_width: expected a whole number from 1 to 64")
    key = fields.get("hashing_key", _KGW_DEFAULT_KEY)
    if type(key) is not int:
        raise InputError(f"{where}: hashing_key: expected a whole number")
    return EngineConfig(
        engine="transformers",
        algorithm=_algorithm("kgw", scheme),
        parameters={"context_width": width, "gamma": ratio},
        key={"key": key},
        ignored=_ignored(fields, ("bias",)),
        default_key="hashing_key" not in fields,
    )


def _synthid(fields: Mapping[str, Any], where: str) -> EngineConfig:
    _check_names(fields, _SYNTHID, where)
    keys = fields.get("keys")
    if not isinstance(keys, list) or not keys or not all(type(key) is int for key in keys):
        raise InputError(f"{where}: keys: expected a list of whole numbers")
    if "ngram_len" not in fields:
        raise InputError(f"{where}: no ngram_len, which transformers has no default for")
    return EngineConfig(
        engine="transformers",
        algorithm=_algorithm("synthid-table", "mean"),
        parameters={name: fields[name] for name in _SYNTHID_PARAMETERS if name in fields},
        key={"keys": keys},
        ignored=_ignored(fields, ("debug_mode",)),
    )


def _vllm(fields: Mapping[str, Any], where: str) -> EngineConfig:
    _check_names(fields, _VLLM, where)
    algorithm = fields["algorithm"]
    variant = _VARIANTS.get(algorithm) if isinstance(algorithm, str) else None
    if variant is None:
        raise InputError(
            f"{where}: algorithm: found {printable(algorithm, 40)}, "
            f"expected {' or '.join(_VARIANTS)}",
            hint="this release decodes no other algorithm of vLLM's",
        )
    if fields.get("prf", "philox") != "philox":
        raise InputError(f"{where}: prf: expected philox")
    key = fields.get("key")
    if type(key) is not int or not 0 <= key < 2**64:
        raise InputError(
            f"{where}: key: expected a whole number from 0 to 2^64 - 1",
            hint="vLLM shows its config without the key; add it to a copy that only you can read",
        )
    width = fields.get("context_width")
    parameters: dict[str, Any] = {"context_width": 4 if width is None else width, "prf": PHILOX}
    unread = list(_VLLM_IGNORED)
    if variant == "dual":
        parameters["alpha"] = fields.get("alpha", 0.1)
    else:
        unread.append("alpha")
    return EngineConfig(
        engine="vllm",
        algorithm=_algorithm("gumbel-philox", variant),
        parameters=parameters,
        key={"key": key},
        ignored=_ignored(fields, unread),
    )


def _algorithm(family: str, variant: str) -> str:
    return format_algorithm(families()[family], variant)


def _check_names(fields: Mapping[str, Any], known: Collection[str], where: str) -> None:
    for name in fields:
        if name not in known:
            near = UnknownNameError("field", name, known)
            raise InputError(f"{where}: {near}", hint=near.hint)


def _ignored(fields: Mapping[str, Any], names: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if name in fields))
