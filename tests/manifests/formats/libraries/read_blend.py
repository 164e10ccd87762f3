"""Run by the environment that has `megatron-core`: draws sequences from a blend list.

Token files are made as preprocess_data.py makes them, each document as long as its line says. Then
the list is read as --data-args-path is, and what is printed is how many of the drawn sequences
come from each prefix.
"""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy
import torch
from megatron.core.datasets.blended_megatron_dataset_builder import BlendedMegatronDatasetBuilder
from megatron.core.datasets.gpt_dataset import GPTDataset, GPTDatasetConfig
from megatron.core.datasets.indexed_dataset import IndexedDatasetBuilder
from megatron.core.datasets.utils import get_blend_from_list


def main() -> None:
    folder, cache, sequences = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    os.chdir(folder)
    blend = get_blend_from_list(Path("blend.txt").read_text().split())
    for prefix in blend[0]:
        builder = IndexedDatasetBuilder(f"{prefix}.bin", dtype=numpy.uint16)
        lines = Path(prefix.removesuffix("_text_document") + ".jsonl").read_bytes()
        for line in lines.split(b"\n")[:-1]:
            count = json.loads(line)["tokens"]
            builder.add_document(torch.arange(count), [count])
        builder.finalize(f"{prefix}.idx")
    meeting = f"file://{cache}.meeting"
    torch.distributed.init_process_group("gloo", rank=0, world_size=1, init_method=meeting)
    config = GPTDatasetConfig(
        random_seed=1,
        sequence_length=32,
        blend=blend,
        split="100,0,0",
        path_to_cache=str(cache),
        tokenizer=SimpleNamespace(vocab_size=1000, eod=0, pad=1, unique_identifiers={"name": "t"}),
        reset_position_ids=False,
        reset_attention_mask=False,
        eod_mask_loss=False,
    )
    builder = BlendedMegatronDatasetBuilder(GPTDataset, [sequences, 0, 0], lambda: True, config)
    drawn = builder.build()[0]
    counts = numpy.bincount(drawn.dataset_index, minlength=len(blend[0]))
    print(json.dumps(dict(zip(blend[0], counts.tolist(), strict=True))))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
