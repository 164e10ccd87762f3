"""A language model of a few hundred numbers, saved as transformers saves one."""

from pathlib import Path
from typing import Any

__all__ = ["WORDS", "save_tiny"]

WORDS = [f"w{number}" for number in range(40)]


def save_tiny(folder: Path, seed: int = 0) -> Any:
    """Writes config.json, model.safetensors and the tokenizer; the model in float32."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(WORDS) + 1,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    model = LlamaForCausalLM(config).train(False)
    model.save_pretrained(folder)
    tokenizer = Tokenizer(
        models.WordLevel({word: at for at, word in enumerate([*WORDS, "?"])}, unk_token="?")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    wrapped: Any = PreTrainedTokenizerFast
    wrapped(tokenizer_object=tokenizer, unk_token="?").save_pretrained(folder)
    return model
