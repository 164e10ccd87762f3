"""Run alone: looks for 100 marks in a million tokens, and prints seconds and the most memory held.

python -m tests.bench.many DOCUMENTS MARKS
"""

import json
import sys
from collections.abc import Mapping
from math import log
from typing import Any

import numpy as np

from ledger.watermarks.scanning.decide import least_units
from ledger.watermarks.scanning.many import HOT, scan_tokens
from ledger.watermarks.schemes import Mark, recognise
from ledger.watermarks.tokens import Tokens
from tests.bench.groups.watermark_gumbel import open_murmur
from tests.bench.groups.watermark_synthid import open_synthid
from tests.bench.peak import peak_bytes
from tests.bench.timing import seconds_of
from tests.bench.tokens import VOCABULARY, draw_tokens
from tests.watermarks.marking import mark_text

__all__ = ["ALPHA_MILLI", "LENGTH", "open_marks"]

LENGTH = 250
ALPHA_MILLI = 9_000  # a document's level, shared by the marks
_LEVEL = -ALPHA_MILLI / 1_000 * log(10)
_PLANTED = 5  # marks that have a text among the documents


def open_marks(count: int) -> list[Mark]:
    """Of ten marks four SynthID, two Philox, two Murmur and two KGW lefthash."""
    made = []
    for number in range(count):
        place = number % 10
        if place in (1, 3, 6, 8):
            made.append(open_synthid(number))
        elif place in (2, 7):
            made.append(open_murmur(number))
        elif place in (0, 5):
            given: dict[str, Any] = {
                "bias": 2.0,
                "greenlist_ratio": 0.25,
                "hashing_key": 15_485_863 + 2 * number,
            }
            made.append(_known("kgw-lefthash", {**given, "seeding_scheme": "lefthash"}))
        else:
            given = {"algorithm": "gumbel", "context_width": 4, "key": 2**63 + number}
            made.append(_known("gumbel-philox-vllm", given))
    return made


def _known(scheme: str, given: Mapping[str, Any]) -> Mark:
    mark = recognise(scheme, given, VOCABULARY)
    if mark is None:
        raise RuntimeError("no family knows the configuration")
    return mark


def _planted(tokens: Tokens, marks: list[Mark]) -> Tokens:
    """The same, a text of the first, second, … mark as the first, second, … document."""
    ids = tokens.ids.copy()
    for number, mark in enumerate(marks[:_PLANTED]):
        ids[number * LENGTH : (number + 1) * LENGTH] = mark_text(mark, LENGTH, 4, seed=number)
    return Tokens(ids, tokens.offsets)


def main(documents: int, count: int) -> None:
    marks = open_marks(count)
    tokens = _planted(draw_tokens(documents, LENGTH), marks)
    frequent = np.argsort(np.bincount(tokens.ids))[::-1][:HOT].astype(np.uint32)
    scan_tokens(draw_tokens(6, LENGTH, seed=2), marks[:10], hot=frequent)  # kernels are compiled
    marks = open_marks(count)  # and no table is made beforehand
    hot, found = np.sort(frequent), []

    def scan() -> None:
        least = [least_units(mark, ALPHA_MILLI, count) for mark in marks]
        found.extend(scan_tokens(tokens, marks, workers=2, hot=hot, least=least))

    seconds = seconds_of(scan)
    hits = [
        (number, int(document))
        for number, looked in enumerate(found)
        for document in np.flatnonzero(looked.detections.log_p <= _LEVEL - log(count))
    ]
    if hits != [(number, number) for number in range(min(_PLANTED, count))]:
        raise AssertionError(f"found {hits}, expected the {_PLANTED} planted texts and no other")
    print(json.dumps({"peak": peak_bytes(), "seconds": seconds, "tokens": len(tokens.ids)}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
