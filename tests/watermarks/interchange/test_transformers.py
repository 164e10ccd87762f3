"""transformers itself reads what is exported, makes the registered mark with it, or stops."""

import json
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.watermarks.detector import detect
from ledger.watermarks.interchange.engine_config import engine_file
from ledger.watermarks.interchange.generation_config import parse_config
from ledger.watermarks.interchange.reading import parse_json
from ledger.watermarks.registry.register import register
from ledger.watermarks.registry.states import OpenedMark, open_marks
from ledger.watermarks.tokens import Tokens
from tests.watermarks.peers import INSTALLED, load
from tests.watermarks.registry.making import ledger_of, write_description

pytestmark = [
    pytest.mark.differential,
    pytest.mark.skipif(not INSTALLED, reason="extra [differential] is not installed"),
]

V = 1000
SCHEMES: dict[str, dict[str, Any]] = {
    "kgw/lefthash@1": {"parameters": {"gamma": 0.25}, "key": {"key": secrets.randbits(63)}},
    "kgw/selfhash@1": {
        "parameters": {"gamma": 0.25, "context_width": 3},
        "key": {"key": secrets.randbits(50)},
    },
    "synthid-table/mean@1": {
        "parameters": {"ngram_len": 4, "sampling_table_size": 65_537},
        "key": {"keys": [secrets.randbits(64) for _ in range(12)]},
    },
}


def registered(folder: Path, algorithm: str, *, with_key: bool) -> tuple[OpenedMark, Path]:
    """A mark with a fresh key, and its exported config."""
    with ledger_of(folder / "acme").open(write=True) as log:
        register(log, write_description(folder, algorithm=algorithm, **SCHEMES[algorithm]))
        (opened,) = open_marks(log)
        path = folder / "generation_config.json"
        path.write_bytes(engine_file(log, opened.state, "transformers", with_key=with_key).data)
    return opened, path


def processor(path: Path, algorithm: str) -> Any:
    """The processor that transformers makes of the file."""
    transformers = load("transformers")
    if algorithm.startswith("kgw"):
        config = transformers.GenerationConfig.from_pretrained(path.parent)
        config.validate()
        made = config.watermarking_config
    else:
        made = transformers.SynthIDTextWatermarkingConfig.from_dict(json.loads(path.read_bytes()))
        made.validate()
    return made.construct_processor(V, "cpu")


def generated(make: Any, tokens: int) -> list[int]:
    """Sampled from random logits, once the processor has had its say."""
    torch = load("torch")
    torch.manual_seed(7)
    ids = torch.randint(0, V, (1, 5))
    for _ in range(tokens):
        logits = 3 * torch.randn(1, V)
        chances = make(ids, logits).softmax(-1)
        ids = torch.cat([ids, torch.multinomial(chances, 1)], dim=1)
    made: list[int] = ids[0, 5:].tolist()
    return made


@pytest.mark.parametrize("algorithm", SCHEMES)
def test_a_model_marks_with_the_exported_config_and_is_recognised(
    tmp_path: Path, algorithm: str
) -> None:
    """What a team's own model writes with the file comes back as that team's mark."""
    opened, path = registered(tmp_path, algorithm, with_key=True)
    ids = generated(processor(path, algorithm), 200)
    found = detect(Tokens.of([ids]), opened.mark)
    assert found.counted[0] > 150
    assert found.log_p[0] / np.log(10) < -6


@pytest.mark.parametrize("algorithm", SCHEMES)
def test_without_its_key_transformers_stops(tmp_path: Path, algorithm: str) -> None:
    """Left out instead of null, the well-known default key would mark the team's text."""
    _, path = registered(tmp_path, algorithm, with_key=False)
    with pytest.raises((RuntimeError, TypeError)):
        generated(processor(path, algorithm), 5)


def test_every_field_of_transformers_is_known(tmp_path: Path) -> None:
    """A field that a new version adds would be refused as unknown, or must be understood."""
    transformers = load("transformers")
    kgw = transformers.WatermarkingConfig(hashing_key=7, seeding_scheme="selfhash")
    synthid = transformers.SynthIDTextWatermarkingConfig(ngram_len=5, keys=[1, 2])
    for given, algorithm in ((kgw, "kgw/selfhash@1"), (synthid, "synthid-table/mean@1")):
        config = transformers.GenerationConfig(watermarking_config=given, do_sample=True)
        config.save_pretrained(tmp_path)
        saved = (tmp_path / "generation_config.json").read_bytes()
        assert parse_config(parse_json(saved, "x"), "x").algorithm == algorithm
        given.to_json_file(str(tmp_path / "own.json"))
        own = parse_json((tmp_path / "own.json").read_bytes(), "x")
        assert parse_config(own, "x") == parse_config(parse_json(saved, "x"), "x")
    assert parse_config({}, "x").key == {"key": transformers.WatermarkingConfig().hashing_key}


def test_synthid_alone_is_read_by_transformers(tmp_path: Path) -> None:
    """Why SynthID's fields are exported alone: this version reads the other form as KGW's."""
    transformers = load("transformers")
    given = transformers.SynthIDTextWatermarkingConfig(ngram_len=5, keys=[1, 2])
    transformers.GenerationConfig(watermarking_config=given).save_pretrained(tmp_path)
    try:
        read = transformers.GenerationConfig.from_pretrained(tmp_path).watermarking_config
    except TypeError:
        return
    pytest.fail(f"transformers reads it now, as {type(read).__name__}: export it whole")
