"""Which tokenizer: by its definition, and by what it does.

Two files that differ in one merge have two definitions; two programs that give the same ids for the
probe text share a behaviour, whatever their files look like. A mark names both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import orjson

from ledger.errors import InputError
from ledger.watermarks.tokenization.probe import PROBE

__all__ = ["behavioural_fingerprint", "definition_fingerprint"]

_LABEL = "headwater tokenizer v1"
_PARTS = ("normalizer", "pre_tokenizer")
_MAX_ID = 2**32 - 1


def definition_fingerprint(definition: Mapping[str, Any]) -> str:
    """`sha256:…` of what decides over ids, from a tokenizer.json as the library writes it.

    Model and its options, vocabulary by id, merges in their order, normalizer, pre-tokenizer, added
    tokens by id, and the number of ids. Members that are null or false are left out, so that a
    release of the library that writes more of them says the same. What only acts on decoding, on
    padding or on special tokens around a text does not count. Raises KeyError or TypeError where
    it is no such definition.
    """
    model = dict(definition["model"])
    vocab, merges = model.pop("vocab"), model.pop("merges", None)
    if isinstance(vocab, Mapping):
        entries: list[list[object]] = sorted([number, token] for token, number in vocab.items())
        size = 1 + max((int(number) for number in vocab.values()), default=-1)
    else:  # a unigram model's: token and score, numbered by their order
        entries, size = [[number, *entry] for number, entry in enumerate(vocab)], len(vocab)
    added = sorted(definition.get("added_tokens") or (), key=lambda token: int(token["id"]))
    size = max([size, *(int(token["id"]) + 1 for token in added)])
    parts: dict[str, object] = {
        "label": _LABEL,
        "model": _pruned(model),
        "vocab": entries,
        "merges": [_pair(merge) for merge in merges or ()],
        "added_tokens": _pruned(added),
        "size": size,
    }
    parts |= {name: _pruned(definition.get(name)) for name in _PARTS}
    return f"sha256:{sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()}"


def behavioural_fingerprint(encode: Callable[[str], Any]) -> str:
    """`sha256:…` of the ids that `encode` gives for PROBE, as 32-bit little-endian integers.

    `encode` may return ids, or an object that has them in `ids`; it adds no special tokens. So any
    tokenizer of any library can be asked. Raises InputError for what are no token ids.
    """
    found = encode(PROBE)
    ids = _checked(getattr(found, "ids", found))
    return f"sha256:{sha256(np.array(ids, '<u4').tobytes()).hexdigest()}"


def _checked(ids: Iterable[Any]) -> Sequence[int]:
    listed = list(ids)
    for place, token in enumerate(listed):
        whole = isinstance(token, int | np.integer) and not isinstance(token, bool)
        if not whole or not 0 <= token <= _MAX_ID:
            raise InputError(
                f"probe text, token {place}: {type(token).__name__} that is no id, "
                "expected an integer from 0 to 2^32 - 1"
            )
    return listed


def _pair(merge: str | Sequence[str]) -> list[str]:
    """Merges were once written as one string with a space in the middle."""
    return merge.split(" ", 1) if isinstance(merge, str) else list(merge)


def _pruned(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _pruned(member) for key, member in value.items()}
        return {
            key: member
            for key, member in kept.items()
            if member is not None and member is not False
        }
    if isinstance(value, list):
        return [_pruned(member) for member in value]
    return value
