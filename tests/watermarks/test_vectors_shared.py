"""Marks that other projects' code made are found, and nothing is found where they made none."""

from collections.abc import Mapping
from math import log
from typing import Any

import numpy as np
import pytest

from ledger.watermarks.detector import detect
from tests.watermarks.shared import (
    VECTORS,
    WITHOUT_MARK,
    find_marks,
    mark_of,
    read,
    share,
    statistical,
    tokens_of,
)

pytestmark = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the watermark vectors lie beside this checkout"
)

WEAK = ("hf_lefthash_weak",)  # at this bias short texts hold too little for any test
STRONG = ("gumbel-", "synthid-", "markllm-exp", "exp-shift")  # schemes due at p < 1e-6
GREEN = ("maryland", "greenlist")
DUE = ("hf_synthid", "markllm_exp", "sglang_gumbel", "synthid_ref", "textseal", "three_bricks")
DUE += ("vllm_gumbel", "vllm_gumbel_weak")


def _strong(record: Mapping[str, Any]) -> bool:
    """Whether a text of 150 tokens is due at p < 1e-6."""
    params = record["params"]
    kind = params.get("method") or params.get("watermark_type")
    return kind not in GREEN and (record["scheme"].startswith(STRONG) or kind == "gumbelmax")


@pytest.mark.parametrize("family", statistical())
def test_a_marked_text_goes_unseen(family: str) -> None:
    found = list(find_marks(read(family)))
    long = [item for item in found if item.tokens >= 100]
    assert len(found) >= 9 and len(long) >= 4
    assert all(item.record["family"] == family for item in found)
    detected = share(np.array([item.log_p for item in long]), log(1e-3))
    assert detected >= (0.6 if family in WEAK else 0.95)
    far = [item for item in found if _strong(item.record) and item.tokens >= 150]
    if far:
        assert share(np.array([item.log_p for item in far]), log(1e-6)) >= 0.95
    assert bool(far) == (family in DUE)


def test_a_marked_part_is_not_found_or_elsewhere() -> None:
    found = list(find_marks(read("mixed")))
    long = [item for item in found if np.diff(item.record["span"])[0] >= 200]
    assert len(long) >= 20
    assert share(np.array([item.log_p for item in long]), log(1e-6)) >= 0.95
    overlaps = {
        scheme: float(np.mean([i.iou() for i in long if i.record["scheme"] == scheme]))
        for scheme in {item.record["scheme"] for item in long}
    }
    assert np.mean([item.iou() for item in long]) >= 0.8, overlaps
    assert min(overlaps.values()) >= 0.7, overlaps


@pytest.mark.parametrize("family", WITHOUT_MARK)
def test_a_text_without_a_mark_has_one(family: str) -> None:
    """Under every key of the marked files. Documents share n-grams, so chance has wide bounds."""
    tokens = tokens_of(read(family))
    assert tokens.documents >= 60
    marks = {}
    for name in statistical():
        for record in read(name):
            marks[name, record["key_id"], str(record["params"])] = mark_of(record)
    assert len(marks) >= 25
    log_p = np.concatenate([detect(tokens, mark).log_p for mark in marks.values()])
    assert share(log_p, log(1e-2)) <= 0.015
    assert share(log_p, log(1e-3)) <= 0.004
    assert log_p.min() > log(1e-6)


def test_the_prompt_is_scored() -> None:
    """A prompt is a person's: only what was generated carries the mark."""
    record = read("vllm_gumbel")[0]
    assert record["prompt_ids"]
    mark = mark_of(record)
    alone = detect(tokens_of([record]), mark).log_p[0]
    both = {**record, "generated_ids": record["prompt_ids"] + record["generated_ids"]}
    assert detect(tokens_of([both]), mark).log_p[0] > alone
