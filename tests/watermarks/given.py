"""Texts in memory as a source that workers can import."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa

from ledger.corpus.hashing import hash_texts

__all__ = ["Given"]


@dataclass(frozen=True)
class Given:
    """Texts in tables of `size_` rows."""

    texts: tuple[str, ...]
    rows: int = 2
    size: int = 1 << 20

    @property
    def key(self) -> str:
        return sha256(repr(self.texts).encode()).hexdigest()

    def tables(self) -> Iterator[pa.Table]:
        for at in range(0, len(self.texts), self.rows):
            texts = pa.array(self.texts[at : at + self.rows], pa.large_string())
            yield pa.table({"sha256": hash_texts(texts)[0], "text": texts})
