"""Folders of models for tests, as transformers leaves them."""

import json
from pathlib import Path
from typing import Any

import pytest

__all__ = ["model_folder"]


def model_folder(folder: Path, fields: Any, vocab_size: int = 1000) -> Path:
    """A folder with a model's config, tokenizer and generation_config.json, whose path it gives."""
    tokenizers = pytest.importorskip("tokenizers", reason="makes a tokenizer of two words")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "generation_config.json"
    document = {"eos_token_id": 2, "transformers_version": "5.23.0", "watermarking_config": fields}
    path.write_text(json.dumps(document))
    (folder / "config.json").write_text(json.dumps({"vocab_size": vocab_size}))
    model = tokenizers.models.WordLevel({"a": 0, "b": 1}, unk_token="a")
    tokenizers.Tokenizer(model).save(str(folder / "tokenizer.json"))
    return path
