"""Texts that no dataset of this ledger holds: given in memory, or in a sealed reserve's shards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.corpus.hashing import hash_file, hash_texts
from ledger.errors import DocumentMismatchError, InputError, MalformedError, printable

__all__ = ["ParquetTexts", "TextsGiven"]

_ROWS = 8192


@dataclass(frozen=True)
class TextsGiven:
    """Texts in memory, for a few."""

    texts: tuple[str, ...]

    @cached_property
    def key(self) -> str:
        """SHA-256 over the texts' digests."""
        digests = (sha256(text.encode()).digest() for text in self.texts)
        return sha256(b"".join(digests)).hexdigest()

    @property
    def size(self) -> int:
        """Characters, near enough to bytes."""
        return sum(map(len, self.texts))

    def tables(self) -> Iterator[pa.Table]:
        column = pa.array(self.texts, pa.large_string())
        yield pa.table({"sha256": hash_texts(column)[0], "text": column})


@dataclass(frozen=True)
class ParquetTexts:
    """A Parquet file of the columns `sha256` and `text`, such as a reserve's `text/00000.parquet`.

    `digest` is the file's SHA-256 as it is recorded elsewhere; `groups` are the row groups to read,
    None for all.
    """

    path: Path
    digest: bytes
    size: int
    groups: tuple[int, ...] | None = None

    @property
    def key(self) -> str:
        """The file's digest, and what is read of it."""
        part = "" if self.groups is None else f"/{','.join(map(str, self.groups))}"
        return f"{self.digest.hex()}{part}"

    def only(self, rows: npt.NDArray[np.int64]) -> "ParquetTexts":
        """The row groups in which some rows lie. Raises MalformedError."""
        with self._reading(), pq.ParquetFile(self.path) as file:
            sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        groups = np.unique(np.searchsorted(np.cumsum(sizes), rows, side="right")).tolist()
        share = len(groups) * self.size // max(len(sizes), 1)
        return replace(self, size=share, groups=tuple(groups))

    def check(self) -> None:
        """Raises DocumentMismatchError for other bytes than recorded, InputError."""
        try:
            found, _ = hash_file(self.path)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"{printable(self.path)}: {reason}") from error
        if found != self.digest:
            raise DocumentMismatchError(
                f"{printable(self.path)}: SHA-256 is {found.hex()}, "
                f"recorded was {self.digest.hex()}"
            )

    def tables(self) -> Iterator[pa.Table]:
        """Every row, each text hashed. Raises DocumentMismatchError where a digest is another's."""
        with self._reading(), pq.ParquetFile(self.path) as file:
            groups = range(file.num_row_groups) if self.groups is None else self.groups
            for batch in file.iter_batches(_ROWS, list(groups), ["sha256", "text"]):
                yield self._checked(pa.Table.from_batches([batch]))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"{printable(self.path)}: {(error.strerror or 'not readable').lower()}"
            ) from error
        except (pa.ArrowException, KeyError, UnicodeDecodeError) as error:
            raise MalformedError(
                self.path, None, "not a parquet file of texts and their digests"
            ) from error

    def _checked(self, table: pa.Table) -> pa.Table:
        texts = table.column("text").cast(pa.large_string())
        digests = pa.chunked_array([hash_texts(texts)[0]])
        if not digests.equals(table.column("sha256").cast(pa.binary(32))):
            raise DocumentMismatchError(
                f"{printable(self.path)}: a text is not the one its digest names"
            )
        return pa.table({"sha256": digests, "text": texts})
