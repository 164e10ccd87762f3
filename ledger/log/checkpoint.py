"""Checkpoints: (log name, size, root hash) as the text of a signed note. Formats and parses only.

    example.com/log        the log name; C2SP tlog-checkpoint calls this line the "origin"
    600                    size
    WyMkmHIx…B2Y=          base64 of the 32-byte root hash

Extension lines are refused: newer cosignatures do not cover them.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from ledger.errors import BrokenChainError
from ledger.log.notes import decode_base64

__all__ = ["Checkpoint", "format_checkpoint", "parse_checkpoint", "parse_decimal"]

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True)
class Checkpoint:
    """`root` is the RFC 6962 root hash of the first `size` entries, 32 bytes."""

    log_name: str
    size: int
    root: bytes


def parse_decimal(text: str) -> int:
    """An integer in its one canonical spelling: no sign, no leading zero. Raises ValueError."""
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError(f"{text[:20]!r} is not a canonical decimal")
    return int(text)


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The text that is signed."""
    root = base64.b64encode(checkpoint.root).decode()
    return f"{checkpoint.log_name}\n{checkpoint.size}\n{root}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text. Raises BrokenChainError unless it is canonical."""
    lines = text.split("\n")
    try:
        if len(lines) != 4 or lines[3] != "" or not lines[0]:
            raise ValueError("a checkpoint has three lines")
        checkpoint = Checkpoint(lines[0], parse_decimal(lines[1]), decode_base64(lines[2]))
        if len(checkpoint.root) != 32:
            raise ValueError("a root has 32 bytes")
    except (ValueError, binascii.Error) as error:
        raise BrokenChainError(f"malformed checkpoint: {error}") from error
    return checkpoint
