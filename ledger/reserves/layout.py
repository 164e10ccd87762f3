"""What lies where in a sealed folder, and the form of its lists of digests.

    content/    what was sealed: a function of the claims, never of ledger, place or time
    receipts/   who sealed it and when: one for each seal

Paths here are relative to the sealed folder; those in a list of digests to the list's own folder.
"""

import re
from collections.abc import Mapping

from ledger.errors import VerificationError, printable

__all__ = [
    "BLOCK",
    "CHECKPOINT",
    "CONTAMINATION",
    "CONTENT",
    "DOCUMENTS",
    "ENTRY",
    "EVIDENCE",
    "LOG_PEM",
    "MODEL_SIGNATURE",
    "PROOF",
    "PROOFS",
    "RECEIPTS",
    "RULE",
    "SEAL_PEM",
    "SHARD_BYTES",
    "STATEMENT",
    "STATEMENT_PEM",
    "SUMS",
    "TEXT",
    "TIMESTAMPS",
    "TREE",
    "format_sums",
    "parse_sums",
    "shard_name",
]

CONTENT = "content"
RECEIPTS = "receipts"

# below content/
SUMS = "SHA256SUMS"
RULE = "rule.json"
DOCUMENTS = "documents.parquet"
TREE = "tree"
TEXT = "text"
EVIDENCE = "evidence.jsonl"
PROOFS = "proofs"
CONTAMINATION = "contamination.json"

# below the sealed folder
STATEMENT = "receipts/statement.dsse.json"
ENTRY = "receipts/entry.json"
PROOF = "receipts/reserve.tlog-proof"
CHECKPOINT = "receipts/checkpoint"
MODEL_SIGNATURE = "receipts/model.sig"
STATEMENT_PEM = "receipts/statement.pem"
LOG_PEM = "receipts/log.pem"
SEAL_PEM = "receipts/seal.pem"
TIMESTAMPS = "receipts/timestamps"

BLOCK = 4096
"""Documents a row group and a root of `tree`: a power of two, so that a block is a subtree."""

SHARD_BYTES = 64 << 20
"""UTF-8 bytes of text a shard holds at most, unless a single document is larger."""

_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*)")
_MAX_PATH = 255


def shard_name(number: int) -> str:
    """The path of a text shard below content/, numbered from 0."""
    return f"{TEXT}/{number:05d}.parquet"


def format_sums(digests: Mapping[str, bytes]) -> bytes:
    """`<hex>  <path>` lines as sha256sum reads them, in the order of the paths' bytes."""
    lines = (f"{digests[name].hex()}  {name}\n" for name in sorted(digests))
    return "".join(lines).encode()


def parse_sums(data: bytes, where: str) -> dict[str, bytes]:
    """Path -> digest of a list in its one form. Raises VerificationError naming the line."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise VerificationError(f"{where}: not ASCII, expected lines of digest and path") from error
    if not text.endswith("\n"):
        raise VerificationError(f"{where}: its last line has no end, expected digest and path")
    found: dict[str, bytes] = {}
    last = ""
    for number, line in enumerate(text[:-1].split("\n"), 1):
        match = _LINE.fullmatch(line)
        if match is None or len(match[2]) > _MAX_PATH or not _plain(match[2]):
            raise VerificationError(
                f"{where}:{number}: {printable(line, 100)!r}, expected 64 hex digits, "
                "two spaces and a relative path"
            )
        if match[2] <= last:
            raise VerificationError(f"{where}:{number}: {match[2]} after {last}, expected in order")
        last = match[2]
        found[last] = bytes.fromhex(match[1])
    return found


def _plain(path: str) -> bool:
    return all(part.strip(".") for part in path.split("/"))  # neither . nor ..
