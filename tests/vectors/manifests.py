"""Worked examples of what a manifest selects and in which order: keys, thresholds, positions.

python -m tests.vectors.manifests      rewrites manifests.json beside this file

Numbers that do not fit 53 bits are hexadecimal.
"""

import json
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ledger.corpus.neardup import TextsGiven
from ledger.manifests.order.items import Items
from ledger.manifests.order.order import Order
from ledger.manifests.order.permutation import round_keys, side_of
from ledger.manifests.order.quotas import Quotas
from ledger.manifests.sampling.classes import Classes, Scores
from ledger.manifests.sampling.draw import draw
from ledger.manifests.sampling.keys import COPIES, DRAW, document_key, key_hex, prefix_of
from ledger.manifests.sampling.repeats import copies_of
from ledger.manifests.sampling.rows import rows_of
from ledger.manifests.tail.counting import count_words
from ledger.manifests.tail.scores import score_texts
from ledger.manifests.tail.table import parse_table

__all__ = ["FILE", "order", "sampling", "spelled", "tail", "vectors"]

FILE = Path(__file__).with_name("manifests.json")
SEEDS = (0, 1, 2**64 - 1)
MANIFEST = sha256(b"manifest").digest()
DIGESTS = [sha256(b"document %d" % number).digest() for number in range(24)]


def sampling() -> dict[str, Any]:
    """Keys by seed, and a draw of 24 documents in 3 strata."""
    matrix = np.frombuffer(b"".join(DIGESTS), np.uint8).reshape(-1, 32)
    number = np.arange(len(DIGESTS))
    stratum, units = number % 3, 100 + number * 37 % 90
    zeros = np.zeros(len(DIGESTS), np.int64)
    score = number * 7 % 24
    classes = Classes.of(Scores.part(zeros, score), 1, [Fraction(3, 4)], [1, 4])
    weight = classes.weight(zeros, score)
    seed, budgets = 20_221_130, [400, 1, 5000]
    rows = rows_of(matrix, stratum, seed, units=units, weight=weight)
    drawn = draw(lambda: [rows], budgets)
    taken = np.flatnonzero(drawn.thresholds.takes(rows))
    repeat = 65536 * 5 // 2
    return {
        "keys": [
            {
                "digest": DIGESTS[0].hex(),
                "draw": key_hex(document_key(DIGESTS[0], seed, DRAW)),
                "draw_prefix": prefix_of(seed, DRAW).hex(),
                "copies": key_hex(document_key(DIGESTS[0], seed, COPIES)),
                "copies_prefix": prefix_of(seed, COPIES).hex(),
                "seed": f"{seed:016x}",
            }
            for seed in SEEDS
        ],
        "copies": {
            "copies": copies_of(matrix, np.full(len(matrix), repeat), seed).tolist(),
            "repeat": repeat,
        },
        "draw": {
            "budgets": budgets,
            "classes": {"quantiles": ["3/4"], "scores": score.tolist(), "weights": [1, 4]},
            "digests": [digest.hex() for digest in DIGESTS],
            "limits": [
                {str(each): drawn.thresholds.limits(place, each).hex() for each in (1, 4)}
                for place in range(len(budgets))
            ],
            "places": [key_hex(int(place)) for place in rows.place],
            "seed": seed,
            "selected": taken.tolist(),
            "stratum": stratum.tolist(),
            "taken": drawn.units.tolist(),
            "thresholds": [
                [key_hex(int(place)), digest.tobytes().hex()]
                for place, digest in zip(
                    drawn.thresholds.place, drawn.thresholds.digest, strict=True
                )
            ],
            "units": units.tolist(),
        },
    }


def order() -> dict[str, Any]:
    """Orders with and without quotas, small and large, and the batch of each row's items."""
    sizes = (1, 2, 5, 16, 1000, 10**9, 2**48)
    counts = [7, 0, 1, 12, 4]
    mixed = Order(MANIFEST, 1, counts)
    repeated = Items(np.array([1, 3, 2]))
    twice = Order(MANIFEST, 0, repeated.counts)
    return {
        "keys": [
            {
                "epoch": epoch,
                "keys": [key_hex(int(key)) for key in round_keys(MANIFEST, epoch, stratum)],
                "stratum": stratum,
            }
            for epoch, stratum in ((0, 0), (1, 0), (0, 1))
        ],
        "manifest": MANIFEST.hex(),
        "permutations": [_permutation(size) for size in sizes],
        "quotas": {
            "counts": counts,
            "epoch": 1,
            "items": mixed.at(np.arange(mixed.size)).tolist(),
            "turns": Quotas(counts).at(np.arange(sum(counts)))[0].tolist(),
        },
        "rows": {
            "copies": [1, 3, 2],
            "rows": repeated.rows(twice.at(np.arange(twice.size))).tolist(),
        },
    }


def _permutation(size: int) -> dict[str, Any]:
    positions = sorted({place for place in (0, 1, 2, 3, size // 2, size - 1) if 0 <= place < size})
    items = Order(MANIFEST, 0, [size]).at(np.array(positions)).tolist()
    return {"items": items, "positions": positions, "side": side_of(size), "size": size}


def tail() -> dict[str, Any]:
    """Word counts of four texts, and the scores of these and of some others."""
    common = [["the", "sea", "was", "calm"][n % 4] for n in range(60)]
    rare = [["halyard", "gunwale"], ["halyard", "d’être"], ["d’Être"] * 7, ["mizzen"]]
    counted = [" ".join([*common, *words]) for words in rare]
    asked = ["The sea.", " ".join(f"x{n}" for n in range(60)), " ".join(["halyard"] * 60),
             f"{counted[0]} {'-' * 999}"]  # fmt: skip
    digests = sorted(sha256(text.encode()).digest() for text in counted)
    matrix = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    data = count_words(matrix, [TextsGiven(tuple(counted))])
    table = parse_table(data, "vectors")
    texts = [*counted, *asked]
    scores = score_texts(pa.array(texts, pa.large_string()), table.rarity)
    return {
        "digest": table.digest,
        "kinds": dict(zip(table.words.to_pylist(), table.kinds.tolist(), strict=True)),
        "scores": scores.tolist(),
        "table": data.decode(),
        "texts": texts,
    }


def vectors() -> dict[str, Any]:
    return {"order": order(), "sampling": sampling(), "tail": tail()}


def spelled() -> bytes:
    return json.dumps(vectors(), ensure_ascii=True, indent=1, sort_keys=True).encode() + b"\n"


if __name__ == "__main__":
    FILE.write_bytes(spelled())
