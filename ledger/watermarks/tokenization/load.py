"""Tokenizers from files, with nothing added: no special tokens, no padding, no cut.

A `tokenizer.json`, or the pair of files in which byte-level BPE was first published
(`encoder.json` and `vocab.bpe`, also `vocab.json` and `merges.txt`). The library `tokenizers` does
the work; it is imported when the first tokenizer is loaded.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import orjson
import pyarrow as pa

from ledger.errors import InputError, LedgerError, MalformedError, printable
from ledger.watermarks.tokenization.fingerprint import (
    behavioural_fingerprint,
    definition_fingerprint,
)
from ledger.watermarks.tokens import Ints, Tokens

if TYPE_CHECKING:
    import tokenizers

__all__ = ["MAX_FILE", "Tokenizer", "load"]

MAX_FILE = 256 << 20
"""Bytes of a tokenizer's file; the largest published ones have about 40 MB."""

_WHOLE = "tokenizer.json"
_PAIRS = (("encoder.json", "vocab.bpe"), ("vocab.json", "merges.txt"))
_END_OF_TEXT = "<|endoftext|>"
_BATCH = 1 << 20  # characters at a time
_REASON = 160
_RANDOM = ("dropout", "alpha")  # options of models that give one text different ids

_Result = TypeVar("_Result")


class Tokenizer:
    """Text to ids, the same every time. Made by `load`; `where` names it in messages."""

    def __init__(self, inner: "tokenizers.Tokenizer", where: str) -> None:
        inner.no_truncation()
        inner.no_padding()
        self._inner, self._where = inner, where
        for name in _RANDOM:
            if value := getattr(inner.model, name, None):
                raise MalformedError(
                    where, None, f"ids are drawn at random ({name} {value:g}), expected fixed ones"
                )

    def __repr__(self) -> str:
        return f"Tokenizer({printable(self._where)!r}, {self.vocab_size} ids)"

    @property
    def serialised(self) -> str:
        """Its definition, as a tokenizer.json that `load` takes."""
        return self._inner.to_str()

    @cached_property
    def definition(self) -> str:
        """The fingerprint of its definition, `sha256:…`."""
        return definition_fingerprint(orjson.loads(self.serialised))

    @cached_property
    def behaviour(self) -> str:
        """The fingerprint of what it gives for the probe text, `sha256:…`."""
        return behavioural_fingerprint(self.encode)

    @cached_property
    def vocab_size(self) -> int:
        """One more than the largest id that it can give."""
        return 1 + max(self._inner.get_vocab(with_added_tokens=True).values(), default=-1)

    def encode(self, text: str) -> list[int]:
        """The ids of one text. Raises InputError for what is no Unicode text."""
        ids: list[int] = self.encode_batch([text]).ids.tolist()
        return ids

    def encode_batch(self, texts: "Sequence[str] | pa.Array | pa.ChunkedArray") -> Tokens:
        """The ids of n texts, in order; on as many processors as the library takes.

        Raises InputError, with the text's number, for a null and a lone surrogate.
        """
        lengths: list[int] = []
        parts = [np.zeros(0, np.uint32)]
        for batch in _batches(texts):
            found = self._encoded(batch, len(lengths))
            lengths += map(len, found)
            ids = chain.from_iterable(one.ids for one in found)
            parts.append(np.fromiter(ids, np.uint32, sum(map(len, found))))
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
        return Tokens(np.concatenate(parts), offsets)

    def offsets(self, text: str) -> Ints:
        """The byte range of every token in the text's UTF-8, n × 2, end exclusive.

        Tokens that share a character, as byte-level ones may, have the same range.
        """
        _check(text, 0)
        encoding = _guarded(self._where, lambda: self._inner.encode(text, add_special_tokens=False))
        ranges = np.array(encoding.offsets, np.int64).reshape(-1, 2)
        if text.isascii():
            return ranges
        codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        widths = 1 + (codes >= 0x80) + (codes >= 0x800).astype(np.int64) + (codes >= 0x10000)
        starts: Ints = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        return starts[ranges]

    def _encoded(self, batch: list[str], first: int) -> "list[tokenizers.Encoding]":
        try:
            return _guarded(
                self._where,
                lambda: self._inner.encode_batch_fast(batch, add_special_tokens=False),
            )
        except (TypeError, ValueError):
            for number, text in enumerate(batch):
                _check(text, first + number)
            raise


def load(path: Path) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`, or of a folder with one or with a pair of BPE files.

    Raises InputError where there is none, MalformedError where it is not what its name says.
    """
    if not path.is_dir():
        return _whole(path)
    if (path / _WHOLE).exists():
        return _whole(path / _WHOLE)
    for vocab, merges in _PAIRS:
        if (path / vocab).exists() and (path / merges).exists():
            return _pair(path / vocab, path / merges)
    raise InputError(
        f"{printable(path)}: a folder without a tokenizer",
        hint=f"expected {_WHOLE}, or " + ", or ".join(" and ".join(pair) for pair in _PAIRS),
    )


def _whole(path: Path) -> Tokenizer:
    import tokenizers

    text = _text(path)
    inner = _guarded(str(path), lambda: tokenizers.Tokenizer.from_str(text))
    return Tokenizer(inner, str(path))


def _pair(vocab_path: Path, merges_path: Path) -> Tokenizer:
    """Byte-level BPE as GPT-2 has it: no space put before a text, and one special token."""
    import tokenizers
    from tokenizers import models, pre_tokenizers

    vocab = _vocab(vocab_path)
    merges = _merges(merges_path)
    inner = _guarded(
        str(merges_path), lambda: tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=merges))
    )
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if _END_OF_TEXT in vocab:
        inner.add_special_tokens([tokenizers.AddedToken(_END_OF_TEXT, normalized=False)])
    return Tokenizer(inner, str(vocab_path.parent))


def _vocab(path: Path) -> dict[str, int]:
    try:
        vocab = orjson.loads(_text(path))
    except orjson.JSONDecodeError as error:
        raise MalformedError(path, error.lineno, "no JSON, expected tokens and their ids") from None
    if not isinstance(vocab, dict) or not vocab:
        raise MalformedError(path, None, "no object, expected tokens and their ids")
    for token, number in vocab.items():
        if type(number) is not int or not 0 <= number < 2**31:
            raise MalformedError(path, None, f"token {printable(token, 40)!r} has no id below 2^31")
    if len(set(vocab.values())) != len(vocab):
        raise MalformedError(path, None, "two tokens with one id")
    return vocab


def _merges(path: Path) -> list[tuple[str, str]]:
    merges = []
    for number, line in enumerate(_text(path).split("\n"), 1):
        line = line.removesuffix("\r")
        if not line or (number == 1 and line.startswith("#version")):
            continue
        parts = line.split(" ")
        if len(parts) != 2 or not all(parts):
            raise MalformedError(path, number, f"{len(parts)} parts, expected two tokens to merge")
        merges.append((parts[0], parts[1]))
    return merges


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise MalformedError(path, None, f"{size} bytes, expected at most {MAX_FILE}")
        return path.read_bytes().decode()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{printable(path)}: {printable(reason)}") from error
    except UnicodeDecodeError:
        raise MalformedError(path, None, "not UTF-8, expected a tokenizer's JSON or text") from None


def _batches(texts: "Sequence[str] | pa.Array | pa.ChunkedArray") -> Iterator[list[str]]:
    """The texts in lists of about _BATCH characters."""
    batch: list[str] = []
    held = 0
    for number, text in enumerate(_each(texts)):
        if not isinstance(text, str):
            raise InputError(f"text {number}: {type(text).__name__}, expected a string")
        batch.append(text)
        held += len(text)
        if held >= _BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _each(texts: "Sequence[str] | pa.Array | pa.ChunkedArray") -> Iterator[Any]:
    if isinstance(texts, pa.ChunkedArray):
        for chunk in texts.chunks:
            yield from _each(chunk)
    elif isinstance(texts, pa.Array):
        for start in range(0, len(texts), 1024):
            yield from texts.slice(start, 1024).to_pylist()
    else:
        yield from texts


def _check(text: str, number: int) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"text {number}, character {error.start}: a surrogate "
            f"U+{ord(text[error.start]):04X} by itself, expected Unicode text"
        ) from None


def _guarded(where: str, work: Callable[[], _Result]) -> _Result:
    """What the library refuses, and where it panics, as an error of ours."""
    try:
        return work()
    except (LedgerError, UnicodeError, TypeError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = printable(str(error).split("\n")[0], _REASON) or type(error).__name__
        raise MalformedError(
            where, None, f"the tokenizer was refused: {reason}", hint="expected a tokenizer.json"
        ) from None
