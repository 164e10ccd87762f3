"""Conformance vectors: id sequences, and a digest of what a mark decides of each of their units.

    {"format":"headwater watermark vectors v1","vectors":[{"decisions":"sha256:…","ids":[…]},…]}

in canonical JSON; its SHA-256 is `vectors` of the claim. A decoder that has the key and the same
decisions implements the entry. The sequences are arbitrary and carry no mark, so nothing about
the key can be learnt from them. The digests could be tried against every key of a small key
space, so those of a non-public key are blinded with the 32 bytes that blind its commitment too:

    decisions = SHA-256("headwater/decisions/v1\\n" ‖ blinding ‖ unit ‖ unit ‖ …)
    unit = position (8 bytes) ‖ value (8 bytes), big-endian; a real value v is round(v · 2^20)

A digest of too few or too equal decisions proves nothing: a wrong key must have had at most a
chance of 2^-40 to agree with all of them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import numpy as np
import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import encode, parse_digest
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokens import MAX_ID, Scores, Tokens, Values

__all__ = [
    "BLINDING",
    "FORMAT",
    "MAX_VECTORS_BYTES",
    "Reproduced",
    "Vector",
    "Vectors",
    "decisions_of",
    "make_vectors",
    "parse_vectors",
    "reproduce",
    "sequences",
    "vectors_of",
]

FORMAT = "headwater watermark vectors v1"
MAX_VECTORS_BYTES = 1 << 20
BLINDING = 32
_TAG: Final = b"headwater/decisions/v1\n"
_IDS_TAG: Final = b"headwater/ids/v1\n"
_FEWEST, _MOST = 3, 64  # sequences in one file
_MOST_IDS = 1 << 17
_LENGTH = 256  # ids of one of our own sequences
_FIRST, _LAST = 4, 32  # our own sequences: as many as it takes to decide enough
_BITS = 40.0


@dataclass(frozen=True)
class Vector:
    """One sequence of token ids and the digest of its decisions."""

    ids: tuple[int, ...] = field(repr=False)
    decisions: str


@dataclass(frozen=True)
class Vectors:
    """A file of vectors, parsed; `data` is its one canonical spelling."""

    vectors: tuple[Vector, ...]
    data: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        return "sha256:" + sha256(self.data).hexdigest()


def sequences(vocab_size: int, count: int = _FIRST) -> list[list[int]]:
    """Our own id sequences for a vocabulary, the same everywhere.

    Ids are spread evenly over their lengths in bits, so that small ones recur as the frequent
    words of a language do. Id i of sequence s is drawn from word i of SHA-256 in counter mode
    over s and the vocabulary's size.
    """
    return [_sequence(vocab_size, number) for number in range(count)]


def _sequence(vocab_size: int, number: int) -> list[int]:
    seed = _IDS_TAG + vocab_size.to_bytes(8, "big") + number.to_bytes(8, "big")
    blocks = (sha256(seed + block.to_bytes(8, "big")).digest() for block in range(_LENGTH // 4))
    words = np.frombuffer(b"".join(blocks), ">u8").tolist()
    widest = (vocab_size - 1).bit_length()
    return [(word >> 16) % min(1 << (1 + (word & 0xFFFF) % widest), vocab_size) for word in words]


def make_vectors(mark: Mark, blinding: bytes) -> Vectors:
    """Vectors of a mark on our own sequences; `blinding` is empty for a public key.

    Raises InputError for a mark that decides nearly everything alike.
    """
    _check_blinding(blinding)
    count = _FIRST
    while True:
        own = sequences(mark.vocab_size, count)
        scores = _score(mark, own)
        if _bits(scores.values) >= _BITS:
            break
        if count == _LAST:
            raise InputError(
                f"{mark.scheme}: {count * _LENGTH:,} arbitrary tokens give too few different "
                "decisions to tell this key from another",
                hint="a mark like this cannot be detected; look at its parameters",
            )
        count *= 2
    digests = _digests(scores, blinding)
    pairs = zip(own, digests, strict=True)
    return _of([Vector(tuple(ids), digest) for ids, digest in pairs])


@dataclass(frozen=True)
class Reproduced:
    """Which vectors a mark reproduces, and how many units it counted in each.

    `decisions` is a digest of what it decides of our own sequences: equal for marks that are
    equal, whatever they are called. It stays in this process: a small key could be found by it.
    """

    agree: tuple[bool, ...]
    counted: tuple[int, ...]
    decisions: bytes = field(repr=False)


def reproduce(mark: Mark, vectors: Vectors, blinding: bytes) -> Reproduced:
    """Score the vectors' sequences and compare.

    Raises VerificationError where all of them agree and prove nothing, since too little is decided.
    """
    _check_blinding(blinding)
    theirs = [list(vector.ids) for vector in vectors.vectors]
    own = sequences(mark.vocab_size)
    ours = theirs[:_FIRST] == own
    scores = _score(mark, theirs if ours else [*own, *theirs])
    skip = 0 if ours else _FIRST
    digests = _digests(scores, blinding)[skip:]
    agree = tuple(
        vector.decisions == made for vector, made in zip(vectors.vectors, digests, strict=True)
    )
    values = scores.values[scores.offsets[skip] :]
    if all(agree) and _bits(values) < _BITS:
        raise VerificationError(
            f"vectors of {len(values):,} counted units, which another key could give too",
            hint="the provider makes vectors that decide more",
        )
    decisions = b"".join(decisions_of(scores, document) for document in range(_FIRST))
    counted = tuple(scores.counts[skip:].tolist())
    return Reproduced(agree, counted, sha256(_TAG + decisions).digest())


def decisions_of(scores: Scores, document: int) -> bytes:
    """The units of one document as they are digested: (position, value), 8 bytes each."""
    start, end = int(scores.offsets[document]), int(scores.offsets[document + 1])
    values = scores.values[start:end]
    if values.dtype.kind == "f":
        values = np.rint(values * float(1 << 20))
    units = np.empty((end - start, 2), ">i8")
    units[:, 0] = scores.positions[start:end]
    units[:, 1] = values
    return units.tobytes()


def parse_vectors(data: bytes, where: str) -> Vectors:
    """The vectors in a file. Raises VerificationError for what is not one in canonical form."""
    if len(data) > MAX_VECTORS_BYTES:
        raise VerificationError(
            f"{where}: {len(data):,} bytes, expected at most {MAX_VECTORS_BYTES:,}"
        )
    try:
        document = orjson.loads(data)
        canonical = encode(document) == data
    except (orjson.JSONDecodeError, InputError):
        raise VerificationError(f"{where}: not canonical JSON") from None
    if not canonical:
        raise VerificationError(f"{where}: not canonical JSON, expected its one spelling")
    return vectors_of(document, where)


def vectors_of(document: Any, where: str) -> Vectors:
    """The vectors in parsed JSON. Raises VerificationError."""
    if not isinstance(document, dict) or set(document) != {"format", "vectors"}:
        raise VerificationError(f"{where}: expected an object of format and vectors")
    if document["format"] != FORMAT:
        raise VerificationError(
            f"{where}: format {printable(document['format'], 60)!r}, expected {FORMAT!r}"
        )
    items = document["vectors"]
    if not isinstance(items, list) or not _FEWEST <= len(items) <= _MOST:
        count = len(items) if isinstance(items, list) else "no"
        raise VerificationError(f"{where}: {count} vectors, expected {_FEWEST} to {_MOST}")
    found = [_vector(item, f"{where}: vector {number}") for number, item in enumerate(items, 1)]
    if len({vector.ids for vector in found}) != len(found):
        raise VerificationError(f"{where}: a sequence stands there twice")
    total = sum(len(vector.ids) for vector in found)
    if total > _MOST_IDS:
        raise VerificationError(f"{where}: {total:,} ids, expected at most {_MOST_IDS:,}")
    return _of(found)


def _vector(item: Any, where: str) -> Vector:
    if not isinstance(item, dict) or set(item) != {"decisions", "ids"}:
        raise VerificationError(f"{where}: expected an object of decisions and ids")
    ids, decisions = item["ids"], item["decisions"]
    if not isinstance(ids, list) or not all(type(i) is int and 0 <= i <= MAX_ID for i in ids):
        raise VerificationError(f"{where}: ids that are none, expected numbers from 0 to 2^32 - 1")
    try:
        parse_digest(decisions)
    except (InputError, TypeError):
        raise VerificationError(f"{where}: decisions are no digest") from None
    return Vector(tuple(ids), decisions)


def _of(vectors: Sequence[Vector]) -> Vectors:
    items = [{"decisions": v.decisions, "ids": list(v.ids)} for v in vectors]
    return Vectors(tuple(vectors), encode({"format": FORMAT, "vectors": items}))


def _score(mark: Mark, documents: Sequence[Sequence[int]]) -> Scores:
    tokens = Tokens.of(documents)
    return mark.score(tokens, mark.prepare(tokens))


def _digests(scores: Scores, blinding: bytes) -> list[str]:
    return ["sha256:" + sha256(text).hexdigest() for text in _texts(scores, blinding)]


def _texts(scores: Scores, blinding: bytes) -> Iterator[bytes]:
    for document in range(scores.documents):
        yield _TAG + blinding + decisions_of(scores, document)


def _bits(values: Values) -> float:
    """-log2 of the chance that independent decisions of the same frequencies are all the same."""
    units = len(values)
    if units == 0:
        return 0.0
    _, counts = np.unique(values, return_counts=True)
    alike = float(np.sum((counts / units) ** 2))
    return -units * math.log2(alike)


def _check_blinding(blinding: bytes) -> None:
    if len(blinding) not in (0, BLINDING):
        raise ValueError("a blinding has 32 bytes, or none for a public key")
