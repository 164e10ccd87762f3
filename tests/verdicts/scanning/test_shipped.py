"""The weights of the package, in this process and in workers: the same numbers."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from ledger.provenance.overlap import Reference
from ledger.verdicts.core.model import Model, shipped
from ledger.verdicts.core.score import score
from ledger.verdicts.scanning import gather
from ledger.verdicts.scanning.gather import Scored, gather_scores
from ledger.verdicts.scanning.mapping import milli
from tests.verdicts.scanning.making import draw
from tests.watermarks.scanning.making import Texts

TEXTS = [*draw(30, 0.0), "short", ""]


def gathered(model: Model, folder: str, workers: int, cut: int = 8) -> Scored:
    sources = tuple(
        Texts(tuple(TEXTS[start : start + cut]), 5) for start in range(0, len(TEXTS), cut)
    )
    reference = Reference("x@1", b"", len(TEXTS), sources)
    return gather_scores(reference, model, Path(folder), workers=workers)


def test_workers_score_otherwise(own_place: Path) -> None:
    alone, together = gathered(shipped(), "one", 1), gathered(shipped(), "two", 2)
    whole = gathered(shipped(), "whole", 1, len(TEXTS))
    assert alone.root == together.root == whole.root
    wanted = dict(zip((sha256(text.encode()).digest() for text in TEXTS),
                      milli(score(shipped(), TEXTS)).tolist(), strict=True))  # fmt: skip
    for row in np.flatnonzero(alone.measurable).tolist():
        assert wanted[alone.digests[row].tobytes()] == alone.milli[row]
    assert alone.reasons() == {"too_short": 2}


def test_weights_of_ones_own_stay_at_home(own_place: Path) -> None:
    ours = shipped()
    other = replace(ours, digest=f"sha256:{'7' * 64}", combination=-ours.combination)
    alone, together = gathered(other, "one", 1), gathered(other, "two", 2)
    assert alone.root == together.root
    plain = gathered(ours, "one", 1)  # beside the others, in the same folder
    usable = plain.measurable
    assert (np.abs(plain.milli[usable] + alone.milli[usable]) <= 1).all()


def test_a_large_input_is_cut_otherwise(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gather.STRIPE == 64 << 20
    whole = gathered(shipped(), "one", 1, len(TEXTS))
    monkeypatch.setattr(Texts, "size", property(lambda self: 1000), raising=False)
    monkeypatch.setattr(gather, "STRIPE", 300)
    assert gathered(shipped(), "two", 1, len(TEXTS)).root == whole.root
    assert len(list(Path("two").glob("*.parquet"))) == 4
