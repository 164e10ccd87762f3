"""A detector: its weights, what they were fitted on, and the one that comes with the package."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, MalformedError, VerificationError, printable
from ledger.verdicts.core.features import BUCKETS
from ledger.verdicts.core.weights import pack, unpack

__all__ = [
    "CUT",
    "FORMAT",
    "NAME",
    "SHIPPED",
    "Model",
    "Training",
    "cut_of",
    "dump_model",
    "load_model",
    "parse_model",
    "shipped",
]

Floats = npt.NDArray[np.float64]

NAME: Final = "headwater-core"
FORMAT: Final = "headwater classifier v1"
SHIPPED: Final = "sha256:6a4114d23c126fe4e872fe925da173d982eb9456db95647054aa3143cfebbc96"
""""Digest of `core.safetensors` beside this file."""
CUT: Final = 0.01
"""Share of human texts that may lie above `cut_1pct`."""


@dataclass(frozen=True, eq=False)
class Training:
    """The n rows that a detector was fitted on, without their text, ascending by digest.

    `sha256` (uint8, n × 32) digests each text's UTF-8 bytes; `label` is 1 for AI text; `words` are
    those of `text.prose`; `score` is the logit that a detector gives that saw neither the row nor
    its `pair_group` (the first 8 bytes of the SHA-256 of its name). `domain`, `generator` and
    `source` are places in the lists of names.
    """

    sha256: npt.NDArray[np.uint8]
    label: npt.NDArray[np.int8]
    words: npt.NDArray[np.int64]
    score: Floats
    domain: npt.NDArray[np.uint8]
    generator: npt.NDArray[np.uint8]
    source: npt.NDArray[np.uint8]
    pair_group: npt.NDArray[np.uint64]
    domains: tuple[str, ...]
    generators: tuple[str, ...]
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True, eq=False)
class Model:
    """Two linear models over 2^16 buckets each and how they are added up.

    The logit of a window is `combination[0] + combination[1]·(pieces·x + bias[0]) +
    combination[2]·(runs·y + bias[1])`, x and y being the values of `features`. Above `cut_1pct` lie
    at most 1 % of human texts like those it was fitted on.
    """

    name: str
    version: str
    digest: str
    cut_1pct: float
    card: Mapping[str, Any]
    training: Training
    pieces: Floats
    runs: Floats
    bias: Floats
    combination: Floats


_LARGEST: Final = 64 << 20  # bytes of a weights file: of a million training rows
_ROWS: Final = {
    "sha256": "<u1", "label": "<u1", "words": "<u4", "score": "<f4", "domain": "<u1",
    "generator": "<u1", "source": "<u1", "pair_group": "<u8",
}  # fmt: skip
_NAMES: Final = ("domains", "generators", "sources")
_TEXTS: Final = ("format", "name", "version", "cut_1pct", "card", *_NAMES)


def cut_of(human: Floats, level: float = CUT) -> float:
    """The cut that m human scores set at a level: a text is flagged where its score is above it.

    The k-th highest with k = floor(level·(m + 1)), so that what is flagged has a conformal p-value,
    (1 + #{human >= score})/(m + 1), of `level` at most. Raises InputError where k is 0.
    """
    rank = math.floor(level * (len(human) + 1) + 1e-9)
    if not rank:
        least = math.ceil(1 / level) - 1
        raise InputError(
            f"found {len(human):,} human scores, expected {least:,} or more for a cut at {level}"
        )
    return float(np.sort(human)[-rank])


def dump_model(model: Model) -> bytes:
    """The weights file of a detector; its own digest is not in it."""
    rows = {f"training.{name}": getattr(model.training, name) for name in _ROWS}
    arrays = {name: rows[name].astype(_ROWS[name.removeprefix("training.")]) for name in rows}
    weights = {name: getattr(model, name).astype("<f2") for name in ("pieces", "runs")}
    numbers = {name: getattr(model, name).astype("<f8") for name in ("bias", "combination")}
    texts = {
        "format": FORMAT,
        "name": model.name,
        "version": model.version,
        "cut_1pct": repr(model.cut_1pct),
        "card": json.dumps(model.card, ensure_ascii=False, sort_keys=True),
    } | {name: json.dumps(list(getattr(model.training, name))) for name in _NAMES}
    return pack(arrays | weights | numbers, texts)


def load_model(path: str | Path, *, digest: str | None = None) -> Model:
    """Read a weights file.

    Raises MalformedError for bytes that are no weights file of ours; VerificationError if they
    do not have the SHA-256 `digest` (`sha256:…`).
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MalformedError(path, None, f"{printable(reason)}, expected weights") from error
    if len(raw) > _LARGEST:
        raise MalformedError(path, None, f"found more than {_LARGEST >> 20} MiB, expected weights")
    return parse_model(raw, path, digest=digest)


@cache
def shipped() -> Model:
    """The detector that comes with the package, its bytes checked against their digest."""
    place = files(__package__) / "core.safetensors"
    return parse_model(place.read_bytes(), "core.safetensors", digest=SHIPPED)


def parse_model(raw: bytes, where: object, *, digest: str | None = None) -> Model:
    """As `load_model`, from bytes; `where` is named in errors."""
    found = f"sha256:{sha256(raw).hexdigest()}"
    if digest is not None and found != digest:
        raise VerificationError(
            f"{printable(where)}: found {found}, expected {digest}",
            hint="the weights were changed or cut short: install headwater anew",
        )
    arrays, texts = unpack(raw, where)
    if texts.get("format") != FORMAT:
        known = printable(texts.get("format", "no format"))
        raise MalformedError(where, None, f"found {known}, expected {FORMAT}")
    _check(arrays, where)
    try:
        names = {name: tuple(map(str, json.loads(texts[name]))) for name in _NAMES}
        card, cut = json.loads(texts["card"]), float(texts["cut_1pct"])
        name, version = texts["name"], texts["version"]
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedError(where, None, f"metadata: {printable(error)}") from None
    training = _training({key: arrays[f"training.{key}"] for key in _ROWS}, names, where)
    numbers = {key: arrays[key].astype(np.float64) for key in _SHAPES}
    finite = math.isfinite(cut) and all(np.isfinite(n).all() for n in numbers.values())
    if not isinstance(card, dict) or not finite:
        raise MalformedError(where, None, "expected a card and finite weights")
    return Model(name, version, found, cut, card, training, **numbers)


_SHAPES: Final = {"pieces": BUCKETS, "runs": BUCKETS, "bias": 2, "combination": 3}


def _check(arrays: Mapping[str, npt.NDArray[Any]], where: object) -> None:
    """Raise MalformedError unless names, types and shapes are those of `Model`."""
    expected: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {
        name: (np.dtype("<f2" if size == BUCKETS else "<f8"), (size,))
        for name, size in _SHAPES.items()
    }
    rows = len(arrays["training.label"]) if arrays.get("training.label") is not None else 0
    for name, dtype in _ROWS.items():
        wide = (32,) if name == "sha256" else ()
        expected[f"training.{name}"] = (np.dtype(dtype), (rows, *wide))
    if set(arrays) != set(expected):
        odd = ", ".join(map(printable, sorted(set(arrays) ^ set(expected))))
        raise MalformedError(where, None, f"missing or unknown arrays: {odd}")
    for name, (kind, shape) in expected.items():
        if arrays[name].dtype != kind or arrays[name].shape != shape:
            found = f"{arrays[name].dtype} {list(arrays[name].shape)}"
            raise MalformedError(
                where, None, f"{name}: found {found}, expected {kind} {list(shape)}"
            )


def _training(
    rows: Mapping[str, npt.NDArray[Any]], names: Mapping[str, tuple[str, ...]], where: object
) -> Training:
    for plural, known in names.items():
        codes = rows[plural.removesuffix("s")]
        if len(codes) and int(codes.max()) >= len(known):
            raise MalformedError(where, None, f"{plural}: found {len(known)} names, too few")
    if not (rows["label"] <= 1).all() or not np.isfinite(rows["score"]).all():
        raise MalformedError(where, None, "training: expected labels 0 and 1, and finite scores")
    if any(a >= b for a, b in pairwise(map(bytes, rows["sha256"]))):
        raise MalformedError(where, None, "training: expected digests ascending, each once")
    return Training(
        sha256=rows["sha256"],
        label=rows["label"].astype(np.int8),
        words=rows["words"].astype(np.int64),
        score=rows["score"].astype(np.float64),
        domain=rows["domain"],
        generator=rows["generator"],
        source=rows["source"],
        pair_group=rows["pair_group"],
        **names,
    )
