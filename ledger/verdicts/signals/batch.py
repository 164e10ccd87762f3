"""Texts that several measures are asked about: each thing they share is found once."""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from ledger.verdicts.signals.reference import Reference
from ledger.verdicts.signals.sentences import Sentences, find_sentences
from ledger.verdicts.signals.tokens import Tokens
from ledger.verdicts.signals.words import Words, as_texts, find_words

__all__ = ["Batch"]


@dataclass(frozen=True)
class Batch:
    """n texts, and the reference for measures that need one (stable ids of words)."""

    given: pa.Array | pa.ChunkedArray
    reference: Reference | None = None

    @cached_property
    def texts(self) -> pa.Array:
        """large_string[n] without nulls."""
        return as_texts(self.given)

    @cached_property
    def words(self) -> Words:
        return find_words(self.texts)

    @cached_property
    def tokens(self) -> Tokens:
        return self.words.tokens

    @cached_property
    def stable(self) -> Tokens:
        """The words under ids that mean the same in every batch."""
        return Tokens(self.words.stable_ids(), self.tokens.offsets)

    @cached_property
    def sentences(self) -> Sentences:
        return find_sentences(self.texts)
