"""Tokenized documents, and what a scheme says of them: flat arrays, a document a slice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError

__all__ = ["MAX_ID", "Ids", "Ints", "Scores", "Tokens", "Values"]

Ids = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64] | npt.NDArray[np.uint16] | npt.NDArray[np.uint8]

MAX_ID = 2**32 - 1


@dataclass(frozen=True, eq=False)
class Tokens:
    """A batch of documents as token ids: document d is `ids[offsets[d]:offsets[d + 1]]`."""

    ids: Ids
    offsets: Ints

    @classmethod
    def of(cls, documents: Sequence[Sequence[int]]) -> "Tokens":
        """From lists of ids. Raises InputError for what is no id from 0 to 2^32 - 1."""
        lengths = [len(document) for document in documents]
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
        flat = [token for document in documents for token in document]
        for place, token in enumerate(flat):
            if type(token) is not int or not 0 <= token <= MAX_ID:
                number = int(np.searchsorted(offsets, place, side="right")) - 1
                raise InputError(
                    f"document {number}, token {place - int(offsets[number])}: "
                    f"found {type(token).__name__ if type(token) is not int else 'an id'} "
                    f"outside 0 to 2^32 - 1, expected a token id"
                )
        return cls(np.array(flat, np.uint32), offsets)

    @property
    def documents(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """Tokens of each document."""
        return np.diff(self.offsets)

    def document_of(self) -> npt.NDArray[np.int32]:
        """The document of every token."""
        return np.repeat(np.arange(self.documents, dtype=np.int32), self.lengths)

    def position_of(self) -> Ints:
        """The position of every token within its document."""
        starts = np.repeat(self.offsets[:-1], self.lengths)
        return np.arange(len(self.ids), dtype=np.int64) - starts

    def take(self, documents: Ints) -> "Tokens":
        """Some documents as a batch, in the order asked for."""
        lengths = self.lengths[documents]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(offsets[-1], dtype=np.int64) - np.repeat(offsets[:-1], lengths)
        return Tokens(self.ids[np.repeat(self.offsets[documents], lengths) + within], offsets)


@dataclass(frozen=True, eq=False)
class Scores:
    """What one mark's scheme says of a batch: a value per counted unit, in the order of the text.

    `offsets` delimit the units of each document; `positions` are those of the scored tokens within
    their documents, ascending. `values` are what the mark's null distribution takes. A family that
    chose the best of n alignments says so in `trials`: its p-value is multiplied by n.
    `weights` are what units count for in the test of a document as a whole, chosen without a look
    at values (`statistics.weighted`); None where all count alike.
    """

    offsets: Ints
    positions: Ints
    values: Values
    trials: int = 1
    weights: npt.NDArray[np.uint8] | None = None

    @property
    def documents(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> Ints:
        """Units of each document."""
        return np.diff(self.offsets)
