"""A training run that checkpoints, is killed, and goes on: run by test_torch.py as a process.

The checkpoint holds model, stream and the documents trained on so far, all of one moment.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ledger.manifests.loading.stream import Batch
from ledger.manifests.opening.open import open_manifest

EVERY = 3  # steps between checkpoints
WIDTH = 32


def encode(batch: Batch) -> tuple[list[str], torch.Tensor]:
    """In the worker: documents, and their bytes, padded."""
    rows = [list(text.encode()[:WIDTH].ljust(WIDTH, b"\0")) for text in batch.texts]
    return batch.sha256, torch.tensor(rows, dtype=torch.long)


class Tiny(nn.Module):
    """The next byte from this one."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(256, 16)
        self.out = nn.Linear(16, 256)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        guess = self.out(self.table(rows[:, :-1]))
        return nn.functional.cross_entropy(guess.flatten(0, 1), rows[:, 1:].flatten())


def train(job: dict[str, Any]) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    kept = Path(job["checkpoint"])
    model = Tiny()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    stream = open_manifest(job["folder"], trusted_keys=job["key"]).torch(batch_size=job["size"])
    loader = stream.loader(job["workers"], collate_fn=encode)
    seen: list[str] = []
    if kept.exists():
        held = torch.load(kept, weights_only=True)
        model.load_state_dict(held["model"])
        loader.load_state_dict(held["stream"])
        seen = held["seen"]
    for step, (documents, rows) in enumerate(loader, 1):
        optimizer.zero_grad()
        model(rows).backward()
        optimizer.step()
        seen += documents
        if step == job.get("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if step % EVERY == 0:
            save(kept, model, loader.state_dict(), seen)
    save(kept, model, loader.state_dict(), seen)


def save(path: Path, model: Tiny, state: dict[str, Any], seen: list[str]) -> None:
    fresh = path.with_suffix(".new")
    torch.save({"model": model.state_dict(), "stream": state, "seen": seen}, fresh)
    os.replace(fresh, path)


if __name__ == "__main__":
    train(json.loads(sys.argv[1]))
