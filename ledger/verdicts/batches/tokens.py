"""Tokens of running text: words, or those of a tokenizer that a person names.

Measures of one tokenizer say nothing beside another's, so each says which it is: `words@1`, or the
SHA-256 of its file.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.errors import InputError, MalformedError, printable
from ledger.verdicts.signals.tokens import Ids, Ints
from ledger.verdicts.signals.words import WORDS, find_words

__all__ = ["Piece", "Tokenizer", "WordTokenizer", "load_tokenizer"]

_MAX_FILE = 256 << 20


@dataclass(frozen=True, eq=False)
class Piece:
    """k tokens in a row: uint32[k], the same id for the same token in every piece.

    `parts` are what `spell` makes text of: object[k] or the ids themselves.
    """

    ids: Ids
    parts: npt.NDArray[np.object_] | Ids

    def join(self, other: "Piece") -> "Piece":
        """This one and the other after it."""
        return Piece(
            np.concatenate([self.ids, other.ids]), np.concatenate([self.parts, other.parts])
        )

    def cut(self, start: int, end: int) -> "Piece":
        """Tokens `start` to `end`."""
        return Piece(self.ids[start:end], self.parts[start:end])

    def __len__(self) -> int:
        return len(self.ids)


class Tokenizer(Protocol):
    """Text to tokens, the same every time. `identity` says which it is."""

    @property
    def identity(self) -> str: ...
    def encode(self, texts: Sequence[str] | pa.Array | pa.ChunkedArray) -> Piece:
        """All tokens of some texts, one text after the other."""
        ...

    def encode_each(self, texts: Sequence[str]) -> list[Piece]:
        """The tokens of each text by itself."""
        ...

    def spell(self, piece: Piece) -> bytes:
        """The tokens as text again, in UTF-8: for a compressor, not for people."""
        ...


class WordTokenizer:
    """words@1: letters and figures, without case and punctuation."""

    identity = WORDS

    def encode(self, texts: Sequence[str] | pa.Array | pa.ChunkedArray) -> Piece:
        """See Tokenizer.encode; in time linear in the bytes."""
        return self._words(texts)[0]

    def encode_each(self, texts: Sequence[str]) -> list[Piece]:
        """See Tokenizer.encode_each."""
        whole, offsets = self._words(texts)
        return [whole.cut(start, end) for start, end in pairwise(offsets.tolist())]

    def spell(self, piece: Piece) -> bytes:
        """Words with a blank between them."""
        return " ".join(piece.parts.tolist()).encode()

    def _words(self, texts: Sequence[str] | pa.Array | pa.ChunkedArray) -> tuple[Piece, Ints]:
        """The tokens, and where each text's begin and end."""
        found = find_words(_arrow(texts))
        spelled = np.empty(len(found.vocabulary), np.object_)
        spelled[:] = found.vocabulary.to_pylist()
        return Piece(found.stable_ids(), spelled[found.tokens.ids]), found.tokens.offsets


class _FileTokenizer:
    """A `tokenizer.json`, with nothing added: no special tokens, no padding, no cut."""

    def __init__(
        self,
        identity: str,
        encode: Callable[[list[str]], Iterable[list[int]]],
        decode: Callable[[list[int]], str],
    ) -> None:
        self.identity, self._encode, self._decode = identity, encode, decode

    def encode(self, texts: Sequence[str] | pa.Array | pa.ChunkedArray) -> Piece:
        """See Tokenizer.encode."""
        found = self.encode_each([text or "" for text in _arrow(texts).to_pylist()])
        ids = np.concatenate([np.zeros(0, np.uint32), *(piece.ids for piece in found)])
        return Piece(ids, ids)

    def encode_each(self, texts: Sequence[str]) -> list[Piece]:
        """See Tokenizer.encode_each."""
        found = [np.array(ids, np.uint32) for ids in self._encode(list(texts))]
        return [Piece(ids, ids) for ids in found]

    def spell(self, piece: Piece) -> bytes:
        """What the tokenizer decodes them to."""
        return self._decode(piece.ids.tolist()).encode("utf-8", "replace")


def load_tokenizer(path: Path | None) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`; words@1 for None.

    Raises InputError where there is none, MalformedError where it is not what its name says.
    """
    if path is None:
        return WordTokenizer()
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            f"{printable(path)}: {reason}, expected a tokenizer.json",
            hint="--tokenizer FILE takes the tokenizer.json of the model that is trained",
        ) from error
    if len(data) > _MAX_FILE:
        raise MalformedError(path, None, f"more than {_MAX_FILE:,} bytes, expected a tokenizer")
    import tokenizers

    try:
        inner = tokenizers.Tokenizer.from_str(data.decode())
    except Exception as error:  # the library raises plain Exception
        raise MalformedError(path, None, f"no tokenizer: {printable(error, 160)}") from None
    inner.no_truncation()
    inner.no_padding()
    return _FileTokenizer(
        f"sha256:{sha256(data).hexdigest()}",
        lambda texts: [
            list(found.ids) for found in inner.encode_batch_fast(texts, add_special_tokens=False)
        ],
        lambda ids: str(inner.decode(ids, skip_special_tokens=False)),
    )


def _arrow(texts: Sequence[str] | pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if isinstance(texts, pa.Array | pa.ChunkedArray):
        return texts
    return pa.array(texts, pa.large_string())
