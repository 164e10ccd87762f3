"""What every scheme decides about token ids of our own: a digest of its values and their places.

python -m tests.vectors.watermarks      rewrites watermarks.json beside this file

A decision that changes is another decoder: raise the family's version with it, and a registered
mark of the old one is refused instead of read wrongly.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ledger.watermarks.schemes import open_mark
from ledger.watermarks.tokens import Scores, Tokens
from tests.watermarks.conformance.examples import EXAMPLES, VOCABULARY

__all__ = ["DOCUMENTS", "FILE", "digest_of", "sequence", "spelled", "vectors"]

FILE = Path(__file__).with_name("watermarks.json")
_STEP = 1e-6  # last digits of a logarithm differ between processors


def _words(name: str) -> Iterator[int]:
    """Whole numbers below 2^32: SHA-256 of a name and a counter, without end."""
    counter = 0
    while True:
        block = sha256(f"{name} {counter}".encode()).digest()
        yield from (int.from_bytes(block[at : at + 4], "little") for at in range(0, 32, 4))
        counter += 1


def sequence(name: str, length: int, vocab_size: int = VOCABULARY) -> list[int]:
    """Ids as frequent as words are: about as many draws from each octave of ranks (Zipf's law)."""
    words, octaves = _words(name), vocab_size.bit_length()
    ids: list[int] = []
    while len(ids) < length:
        octave, word = next(words) % octaves, next(words)
        rank = (1 << octave) - 1 + word % (1 << octave)
        if rank < vocab_size:
            ids.append(rank)
    return ids


def _uniform(name: str, length: int) -> list[int]:
    words = _words(name)
    return [next(words) % VOCABULARY for _ in range(length)]


def _documents() -> dict[str, list[int]]:
    phrase = sequence("phrase", 23)
    spoilt = sequence("spoilt", 200)
    for place, token in ((3, VOCABULARY), (40, 2**32 - 1), (41, VOCABULARY - 1), (120, 2**31)):
        spoilt[place] = token
    return {
        "empty": [],
        "one token": [262],
        "one token for ever": [262] * 300,
        "phrase repeated": phrase * 9,
        "uniform": _uniform("uniform", 250),
        "with ids beyond the vocabulary": spoilt,
        "words": sequence("words", 600),
    }


DOCUMENTS = _documents()


def digest_of(scores: Scores, document: int) -> str:
    """SHA-256 of a document's unit positions and values, as little-endian 64-bit integers.

    A value that is no whole number counts as the nearest multiple of 1e-6.
    """
    units = slice(int(scores.offsets[document]), int(scores.offsets[document + 1]))
    values = scores.values[units]
    if values.dtype.kind == "f":
        values = np.rint(values.astype(np.float64) / _STEP)
    held = (scores.positions[units].astype("<i8"), values.astype("<i8"))
    return sha256(b"".join(column.tobytes() for column in held)).hexdigest()


def vectors() -> dict[str, Any]:
    """Of every example: the mark in canonical words, and what it decides of each document."""
    tokens = Tokens.of(list(DOCUMENTS.values()))
    marks = {}
    for example in EXAMPLES:
        known = example.known()
        mark = open_mark(known.algorithm, known.parameters, known.key, VOCABULARY)
        scores = mark.score(tokens, mark.prepare(tokens))
        marks[example.name] = {
            "algorithm": known.algorithm,
            "decisions": {
                name: {"digest": digest_of(scores, number), "units": int(scores.counts[number])}
                for number, name in enumerate(DOCUMENTS)
            },
            "key": dict(known.key),
            "parameters": dict(known.parameters),
            "trials": scores.trials,
        }
    said = {name: sha256(np.array(ids, "<u4").tobytes()) for name, ids in DOCUMENTS.items()}
    return {
        "documents": {name: digest.hexdigest() for name, digest in said.items()},
        "marks": marks,
        "vocab_size": VOCABULARY,
    }


def spelled() -> bytes:
    return json.dumps(vectors(), ensure_ascii=True, indent=1, sort_keys=True).encode() + b"\n"


if __name__ == "__main__":
    FILE.write_bytes(spelled())
