"""Passages of human text, recombined: as many as WikiText-103 has, and about as long.

Sentences of dated human documents, drawn anew for every passage: real words and real lengths, and
next to no passage twice. The stored registry answer is made up; everything checked against it is
checked.
"""

import gzip
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import orjson
import pyarrow.parquet as pq

__all__ = ["HUMAN", "sentences", "write_passages"]

HUMAN = Path(__file__).parents[3] / "shared" / "data" / "human" / "human_pre2023.parquet"
_MEAN = 606  # bytes a passage: 500 MB in 824,850
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n{2,}")


def write_passages(folder: Path, passages: int, files: int, source: Path = HUMAN) -> list[Path]:
    """`files` .jsonl.gz of passages, with a dataset.toml and a stored answer that dates them."""
    found = sentences(source)
    mean = sum(len(text.encode()) + 1 for text in found) / len(found)
    folder.mkdir(parents=True)
    paths = []
    for number, rows in enumerate(np.array_split(np.arange(passages), files)):
        path = folder / f"passages-{number}.jsonl.gz"
        _write(path, found, len(rows), _MEAN / mean, number)
        paths.append(path)
    answer = {
        "files": [
            {
                "filename": path.name,
                "hashes": {"sha256": sha256(path.read_bytes()).hexdigest()},
                "upload-time": "2021-06-01T12:00:00Z",
            }
            for path in paths
        ],
        "meta": {"api-version": "1.1"},
        "name": "passages",
    }
    (folder / "index.json").write_bytes(orjson.dumps(answer))
    (folder / "dataset.toml").write_text(
        'name = "passages"\nversion = "1"\nlicense = "CC0-1.0"\nchannel = "public_dataset"\n'
        'language = "en"\n\n[[evidence]]\ntype = "registry_release"\nresponse = "index.json"\n'
        'issuer = "registry.example.org"\n'
    )
    return paths


def sentences(source: Path = HUMAN) -> list[str]:
    """Sentences of 21 to 399 characters of the texts in a Parquet file."""
    texts = pq.read_table(source, columns=["text"]).column("text").to_pylist()
    return [part for text in texts for part in _SENTENCE.split(text) if 20 < len(part) < 400]


def _write(path: Path, sentences: Sequence[str], rows: int, each: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(each - 1, rows) + 1
    chosen = rng.integers(0, len(sentences), int(counts.sum())).tolist()
    start = 0
    with gzip.open(path, "wb", compresslevel=3) as file:
        for number, count in enumerate(counts.tolist()):
            text = " ".join(sentences[place] for place in chosen[start : start + count])
            start += count
            file.write(orjson.dumps({"id": f"{seed}-{number}", "text": text}) + b"\n")
