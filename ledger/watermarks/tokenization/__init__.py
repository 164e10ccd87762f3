"""Text to token ids: loading a tokenizer, saying exactly which it is, and keeping what it gave.

A mark lies in token ids, so a mark names its tokenizer by fingerprint and nothing else will do: ids
are never carried over from one tokenizer to another. Tokenizing costs more than most detectors, so
it is done once per tokenizer and kept.
"""

from ledger.watermarks.tokenization.cache import (
    TOKEN_IDS,
    read_digests,
    read_tokens,
    token_scan,
    tokenize,
)
from ledger.watermarks.tokenization.fingerprint import (
    behavioural_fingerprint,
    definition_fingerprint,
)
from ledger.watermarks.tokenization.load import Tokenizer, load
from ledger.watermarks.tokenization.probe import PROBE

__all__ = [
    "PROBE",
    "TOKEN_IDS",
    "Tokenizer",
    "behavioural_fingerprint",
    "definition_fingerprint",
    "load",
    "read_digests",
    "read_tokens",
    "token_scan",
    "tokenize",
]
