"""What scans need in tests: a tokenizer of words, marks with keys, a ledger of marked texts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from ledger.corpus.hashing import hash_texts
from ledger.corpus.ingest import ingest
from ledger.log.canonical import subject_of
from ledger.log.log import Log
from ledger.log.verify import verify_log
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.watermarks.scanning.targets import ScanTarget
from ledger.watermarks.schemes import parse_algorithm
from ledger.watermarks.tokenization import Tokenizer, load
from tests.watermarks.marking import mark_text

SIZE = 2_000
DATASET = "drafts@1"
DESCRIBED = 'license = "CC0-1.0"\nchannel = "other_private"\nlanguage = "en"\n'


def words_tokenizer(folder: Path = Path("."), size: int = SIZE) -> Tokenizer:
    """Words w0, w1, … with the ids 0, 1, …; anything else is the last id."""
    vocab = {f"w{number}": number for number in range(size - 1)} | {"[UNK]": size - 1}
    definition = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"},
    }
    path = folder / "words.json"
    path.write_bytes(orjson.dumps(definition))
    return load(path)


def spelled(ids: Sequence[int] | np.ndarray[Any, Any]) -> str:
    """The text that the words tokenizer reads as these ids."""
    return " ".join(f"w{int(token)}" for token in ids)


def plain_ids(count: int, seed: int) -> list[int]:
    drawn: list[int] = np.random.default_rng([9, seed]).integers(0, SIZE - 1, count).tolist()
    return drawn


def marked_ids(target: ScanTarget, count: int, seed: int = 0, choices: int = 4) -> list[int]:
    """Ids whose mark is as strong as the best of `choices` makes it."""
    mark = target.open()
    if target.algorithm.startswith("unigram"):  # known without asking the detector at every token
        drawn = np.random.default_rng([5, seed]).integers(0, SIZE - 1, (count, choices))
        green = mark.mask[drawn]  # type: ignore[attr-defined]
        best: list[int] = drawn[np.arange(count), green.argmax(axis=1)].tolist()
        return best
    return [int(token) for token in mark_text(mark, count, choices, seed, SIZE - 1)]


def target(
    name: str = "unigram",
    key: int = 7,
    key_class: Any = "committed",
    tokenizer: Tokenizer | None = None,
    **more: Any,
) -> ScanTarget:
    """A mark as the registry would give it."""
    algorithm, given, material = {
        "unigram": ("unigram/shuffle@1", {"fraction": 0.25}, {"watermark_key": key}),
        "lefthash": ("kgw/lefthash@1", {"gamma": 0.25}, {"key": key}),
        "textseal": (
            "textseal/greenlist@1",
            {"gamma": 0.5, "ngram": 2},
            {"secret_key": key},
        ),
        "murmur": ("gumbel-murmur/single@1", {"context_window": 4}, {"key": key}),
    }[name]
    family, variant = parse_algorithm(algorithm)
    parameters = family.parameters(variant, given, SIZE)
    label = f"{name}-{sha256(str(key).encode()).hexdigest()[:6]}"  # a name shows no key
    return ScanTarget(
        **{
            "name": f"{label}@1",
            "subject": subject_of("scheme", label, "1"),
            "state": f"sha256:{sha256(b'state ' + label.encode()).hexdigest()}",
            "vectors": f"sha256:{sha256(b'vectors ' + label.encode()).hexdigest()}",
            "key_class": key_class,
            "tokenizer": (tokenizer or words_tokenizer()).definition,
            "algorithm": algorithm,
            "parameters": parameters,
            "vocab_size": SIZE,
            "key": family.key(variant, parameters, material, SIZE),
        }
        | more
    )


@contextmanager
def ledger_of(texts: dict[str, str], dataset: str = DATASET) -> Iterator[Log]:
    """A ledger in this folder with one dataset, a file a text; verified again at the end."""
    folder = Path(dataset.partition("@")[0])
    folder.mkdir()
    (folder / "dataset.toml").write_text(DESCRIBED)
    for name, text in texts.items():
        (folder / name).write_text(text)
    create_ledger("h.db", log_name="example.org/corpus")
    with open_ledger("h.db", write=True) as log:
        ingest(log, [folder], dataset=dataset)
        yield log
        verify_log(log)


@dataclass(frozen=True)
class Texts:
    """Texts in memory as a source, in tables of so many rows; the key is the texts alone."""

    texts: tuple[str, ...]
    rows: int = 1000

    @property
    def key(self) -> str:
        return sha256("\0".join(self.texts).encode()).hexdigest()

    def tables(self) -> Iterator[pa.Table]:
        for start in range(0, len(self.texts), self.rows):
            column = pa.array(self.texts[start : start + self.rows], pa.large_string())
            yield pa.table({"sha256": hash_texts(column)[0], "text": column})
