"""C2SP tlog-proof files: one entry's inclusion, with the checkpoint it is included in.

c2sp.org/tlog-proof@v1
index 73
<base64 hash>…         the leaf's sibling first
                       a blank line, then the checkpoint with its signatures, verbatim
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import BrokenChainError
from ledger.log.checkpoint import Checkpoint, parse_checkpoint, parse_decimal
from ledger.log.merkle import check_inclusion, leaf_hash
from ledger.log.notes import Verifier, decode_base64, open_note

__all__ = ["InclusionProof", "check_entry", "format_proof", "parse_proof"]

_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class InclusionProof:
    """`hashes` runs from the leaf's sibling upward; the note is kept verbatim."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: str


def format_proof(proof: InclusionProof) -> str:
    """The proof file."""
    hashes = "".join(base64.b64encode(h).decode() + "\n" for h in proof.hashes)
    return f"{_HEADER}\nindex {proof.index}\n{hashes}\n{proof.checkpoint_note}"


def parse_proof(text: str) -> InclusionProof:
    """A proof file. Raises BrokenChainError unless it is canonical."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    try:
        if not blank or lines[0] != _HEADER:
            raise ValueError("not a tlog-proof")
        rest = lines[1:]
        if rest and rest[0].startswith("extra "):  # unauthenticated by definition: read past
            decode_base64(rest.pop(0).removeprefix("extra "))
        if not rest or not rest[0].startswith("index "):
            raise ValueError("no index line")
        index = parse_decimal(rest[0].removeprefix("index "))
        hashes = tuple(decode_base64(line) for line in rest[1:])
        if len(hashes) > 63 or any(len(h) != 32 for h in hashes):
            raise ValueError("a proof is at most 63 hashes of 32 bytes")
    except (ValueError, binascii.Error) as error:
        raise BrokenChainError(f"malformed tlog-proof: {error}") from error
    return InclusionProof(index, hashes, note)


def check_entry(
    entry: bytes, proof: InclusionProof, trusted: Sequence[Verifier]
) -> tuple[Checkpoint, list[Verifier]]:
    """The checkpoint that includes `entry`, and who signed it.

    Raises BadSignatureError, UntrustedSignerError, BrokenChainError or RootMismatchError.
    """
    text, signers = open_note(proof.checkpoint_note, trusted)
    checkpoint = parse_checkpoint(text)
    check_inclusion(proof.index, checkpoint.size, leaf_hash(entry), checkpoint.root, proof.hashes)
    return checkpoint, signers
