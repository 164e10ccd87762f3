"""The detector that is shipped, and files that are none."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ledger.errors import InputError, MalformedError, VerificationError
from ledger.verdicts.core.card import page
from ledger.verdicts.core.model import (
    NAME,
    SHIPPED,
    Model,
    cut_of,
    dump_model,
    load_model,
    parse_model,
    shipped,
)  # fmt: skip
from ledger.verdicts.core.weights import pack, unpack
from ledger.verdicts.evaluation.metrics import auc
from ledger.verdicts.outcomes import MIN_WORDS


@pytest.fixture(scope="module")
def raw() -> bytes:
    return dump_model(shipped())


def test_the_shipped_file_is_in_the_one_form(raw: bytes) -> None:
    again = parse_model(raw, "again")
    assert again.digest == SHIPPED == shipped().digest
    assert (again.name, again.version) == (NAME, "1")
    assert 400_000 < len(raw) < 500_000


def test_the_page_in_the_docs_is_another_card(root: Path) -> None:
    model = shipped()
    assert (root / "docs/verdicts-model-card.md").read_text() == page(model.card, model.digest)


def test_the_card_tells_what_the_training_rows_say() -> None:
    model = shipped()
    rows, card = model.training, model.card
    human = rows.label == 0
    assert (card["human"], card["synthetic"]) == (int(human.sum()), int((~human).sum()))
    assert sum(row["human"] + row["synthetic"] for row in card["sources"]) == len(rows)
    assert card["groups"][0]["auc"] == round(auc(rows.score[human], rows.score[~human]), 4) >= 0.89
    long = human & (rows.words >= MIN_WORDS)
    assert card["cut_rows"] == long.sum()
    assert np.mean(rows.score[long] > model.cut_1pct) <= 0.01
    assert cut_of(rows.score[long]) == model.cut_1pct
    assert {row["by"] for row in card["groups"]} == {"all", "length", "domain", "generator"}
    assert card["never"] and card["fails"] and card["attribution"]


def test_rows_of_a_pair_share_a_number() -> None:
    rows = shipped().training
    _, sizes = np.unique(rows.pair_group, return_counts=True)
    assert len(sizes) < len(rows) / 1.5
    assert rows.sha256.shape == (len(rows), 32)


@pytest.mark.parametrize(("rows", "rank"), [(99, 1), (199, 2), (198, 1), (1_000, 10)])
def test_a_cut_holds_its_level(rows: int, rank: int) -> None:
    scores = np.random.default_rng(rows).permutation(rows).astype(float)
    cut = cut_of(scores)
    assert cut == rows - rank
    for flagged in scores[scores > cut]:
        assert (1 + (scores >= flagged).sum()) / (rows + 1) <= 0.01
    assert (1 + (scores >= cut).sum()) / (rows + 1) > 0.01 - 1 / (rows + 1)


def test_too_few_scores_have_a_cut() -> None:
    with pytest.raises(InputError, match="found 98 human scores, expected 99 or more"):
        cut_of(np.arange(98.0))
    assert cut_of(np.arange(19.0), 0.05) == 18


def test_a_changed_file_is_the_shipped_one(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(
        VerificationError, match=rf"own.safetensors: found sha256:.*, expected {SHIPPED}"
    ):
        load_model(path, digest=SHIPPED)
    path.write_bytes(raw)
    assert load_model(path, digest=SHIPPED).digest == SHIPPED


def _changed(raw: bytes, **arrays: np.ndarray) -> bytes:
    found, texts = unpack(raw, "w")
    return pack(found | {name.replace("__", "."): array for name, array in arrays.items()}, texts)


def test_files_of_another_shape_are_read(raw: bytes, tmp_path: Path) -> None:
    arrays, texts = unpack(raw, "w")
    rows = arrays["training.sha256"]
    score = arrays["training.score"].copy()
    score[3] = np.nan
    odd = {
        "missing or unknown arrays: more": _changed(raw, more=np.zeros(1)),
        "pieces: found float16 \\[5\\], expected float16 \\[65536\\]": _changed(
            raw, pieces=np.zeros(5, np.float16)
        ),
        "bias: found float32": _changed(raw, bias=np.zeros(2, np.float32)),
        "finite weights": _changed(raw, bias=np.array([0, np.inf])),
        "domains: found 12 names, too few": _changed(
            raw, training__domain=np.full(len(rows), 99, np.uint8)
        ),
        "labels 0 and 1": _changed(raw, training__label=np.full(len(rows), 2, np.uint8)),
        "finite scores": _changed(raw, training__score=score),
        "digests ascending": _changed(raw, training__sha256=rows[::-1].copy()),
        "found other, expected headwater classifier v1": pack(arrays, texts | {"format": "other"}),
        "found no format": pack(arrays, {}),
        "metadata: 'card'": pack(arrays, {k: v for k, v in texts.items() if k != "card"}),
        "metadata": pack(arrays, texts | {"card": "{"}),
        "expected a card": pack(arrays, texts | {"card": "[]"}),
        "expected a card and finite weights": pack(arrays, texts | {"cut_1pct": "nan"}),
    }
    for reason, file in odd.items():
        with pytest.raises(MalformedError, match=reason):
            parse_model(file, "w")
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(MalformedError, match="expected weights"):
            load_model(path)


def test_a_model_is_what_was_dumped() -> None:
    model = shipped()
    few = dataclasses.replace(
        model.training,
        **{
            name: getattr(model.training, name)[:3]
            for name in ("sha256", "label", "words", "score", "domain", "generator", "source",
                         "pair_group")
        },
    )  # fmt: skip
    given = Model("own", "7", "", 0.25, {"a": "é"}, few, model.pieces, model.runs, model.bias,
                  model.combination)  # fmt: skip
    read = parse_model(dump_model(given), "w")
    assert (read.name, read.version, read.cut_1pct, read.card) == ("own", "7", 0.25, {"a": "é"})
    assert np.array_equal(read.pieces, model.pieces)
    assert np.array_equal(read.training.score, few.score)
    assert read.training.domains == few.domains
    assert read.digest.startswith("sha256:")
