"""Whether a document is in a sealed set, as a file that anybody can check without the set.

The leaves of a reserve's tree are its documents' digests in ascending order (FORMAT.md §12), so
two neighbouring leaves show what is not between them. A root alone does not say how many leaves
it has; the signed statement does, and every proof is checked against that number.

    {"answer":"not_in","document":"sha256:…","entry":"…","format":"headwater reserve proof v1",
     "leaves":[{"digest":"sha256:…","index":6,"path":["<hex>",…]},{…"index":7…}],
     "size":1000,"statement":"…","tlog_proof":"…"}

    in      one leaf: the document's own
    not_in  the last leaf below the document and the first above it, so far as there are such

`statement` is the reserve's signed envelope, `entry` and `tlog_proof` show it in the log; each is
the text of the reserve's file, byte for byte. Nothing here reads a file or knows a key.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ledger.errors import InputError, RootMismatchError, VerificationError, printable
from ledger.log.canonical import encode, parse_digest
from ledger.log.merkle import EMPTY_ROOT, check_inclusion, leaf_hash

__all__ = [
    "FORMAT",
    "MAX_PROOF_BYTES",
    "Leaf",
    "Membership",
    "ProofFile",
    "check_membership",
    "format_proof",
    "parse_proof",
    "prove_membership",
]

FORMAT = "headwater reserve proof v1"
MAX_PROOF_BYTES = 64 << 20  # a statement is the only long part
_MAX_PATH = 53  # hashes; sizes are below 2^53
_HEX = re.compile(r"[0-9a-f]{64}")
_MEMBERS = frozenset(
    {"answer", "document", "entry", "format", "leaves", "size", "statement", "tlog_proof"}
)


@dataclass(frozen=True)
class Leaf:
    """A digest of the set (32 bytes), where it stands, and its path from the sibling upward."""

    digest: bytes
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True)
class Membership:
    """Whether `document` (32 bytes) is one of a set's `size`, and the leaves that show it."""

    document: bytes
    present: bool
    size: int
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class ProofFile:
    """A membership, and the text of the three files that say for which reserve."""

    membership: Membership
    statement: str
    entry: str
    tlog_proof: str


def prove_membership(
    document: bytes, size: int, below: int, leaf: Callable[[int], Leaf]
) -> Membership:
    """Membership of `document` in a set of `size`, `below` of which are less than it."""
    if below < size:
        found = leaf(below)
        if found.digest == document:
            return Membership(document, True, size, (found,))
    around = (leaf(index) for index in (below - 1, below) if 0 <= index < size)
    return Membership(document, False, size, tuple(around))


def check_membership(shown: Membership, size: int, root: bytes, where: str) -> None:
    """Whether the leaves show the answer for the set of `size` documents under `root`.

    Size and root are the signed ones. Raises VerificationError naming `where`; RootMismatchError
    where a path does not lead to the root.
    """
    if shown.size != size:
        raise VerificationError(
            f"{where}: a proof over {shown.size} documents, the signed statement has {size}"
        )
    if shown.present:
        _check_present(shown, where)
    else:
        _check_absent(shown, where)
    if size == 0 and root != EMPTY_ROOT:
        raise RootMismatchError(f"{where}: root {root.hex()} is not that of no documents")
    for leaf in shown.leaves:
        try:
            check_inclusion(leaf.index, size, leaf_hash(leaf.digest), root, leaf.path)
        except RootMismatchError as error:
            raise RootMismatchError(f"{where}: {error}") from error


def _check_present(shown: Membership, where: str) -> None:
    if len(shown.leaves) != 1:
        raise VerificationError(
            f"{where}: {len(shown.leaves)} leaves, expected one: the document's own"
        )
    (leaf,) = shown.leaves
    if leaf.digest != shown.document:
        raise VerificationError(
            f"{where}: leaf {leaf.digest.hex()}, expected the document {shown.document.hex()}"
        )


def _check_absent(shown: Membership, where: str) -> None:
    """Neighbours, in order, with nothing but the document's place between them."""
    below = [leaf for leaf in shown.leaves if leaf.digest < shown.document]
    above = [leaf for leaf in shown.leaves if leaf.digest > shown.document]
    if (*below, *above) != shown.leaves or len(below) > 1 or len(above) > 1:
        raise VerificationError(
            f"{where}: the leaves are not one below {shown.document.hex()} and one above it"
        )
    # -1 and size stand for "nothing further down" and "nothing further up"
    left = below[0].index if below else -1
    right = above[0].index if above else shown.size
    if left + 1 != right:
        raise VerificationError(
            f"{where}: documents stand between the leaves {left} and {right} of {shown.size}: "
            "expected neighbours"
        )


def format_proof(proof: ProofFile) -> bytes:
    """The file: canonical JSON and a newline. Raises InputError outside the canonical domain."""
    shown = proof.membership
    document = {
        "answer": "in" if shown.present else "not_in",
        "document": f"sha256:{shown.document.hex()}",
        "entry": proof.entry,
        "format": FORMAT,
        "leaves": [
            {
                "digest": f"sha256:{leaf.digest.hex()}",
                "index": leaf.index,
                "path": [digest.hex() for digest in leaf.path],
            }
            for leaf in shown.leaves
        ],
        "size": shown.size,
        "statement": proof.statement,
        "tlog_proof": proof.tlog_proof,
    }
    return encode(document) + b"\n"


def parse_proof(data: bytes, where: str) -> ProofFile:
    """A proof file, of which nothing but the form is checked. Raises VerificationError."""
    try:
        document = orjson.loads(data)
        _has(document, _MEMBERS, "the file")
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r:.80}, expected {FORMAT!r}")
        if document["answer"] not in ("in", "not_in"):
            raise ValueError(f"answer {document['answer']!r:.80}, expected 'in' or 'not_in'")
        if not isinstance(document["leaves"], list) or len(document["leaves"]) > 2:
            raise ValueError("leaves is not a list of at most two")
        proof = ProofFile(
            Membership(
                document=_digest(document["document"]),
                present=document["answer"] == "in",
                size=_count(document["size"]),
                leaves=tuple(map(_parse_leaf, document["leaves"])),
            ),
            statement=_text(document["statement"]),
            entry=_text(document["entry"]),
            tlog_proof=_text(document["tlog_proof"]),
        )
        if format_proof(proof) != data:
            raise ValueError("a repeated key, or another spelling than the canonical one")
    except (InputError, ValueError, TypeError) as error:
        raise VerificationError(
            f"{where}: not a proof about a reserve: {printable(error)}",
            hint="`headwater reserve check FILE --reserve DIR -o PROOF` writes one",
        ) from error
    return proof


def _parse_leaf(value: Any) -> Leaf:
    _has(value, frozenset({"digest", "index", "path"}), "a leaf")
    path = value["path"]
    if not isinstance(path, list) or len(path) > _MAX_PATH:
        raise ValueError(f"a path is not a list of at most {_MAX_PATH} hashes")
    if not all(isinstance(step, str) and _HEX.fullmatch(step) for step in path):
        raise ValueError("a step of a path is not 64 hex digits")
    return Leaf(_digest(value["digest"]), _count(value["index"]), tuple(map(bytes.fromhex, path)))


def _has(value: Any, members: frozenset[str], what: str) -> None:
    if not isinstance(value, Mapping) or set(value) != members:
        raise ValueError(f"{what} has not the members {', '.join(sorted(members))}")


def _digest(value: Any) -> bytes:
    if not _text(value).startswith("sha256:"):
        raise ValueError(f"{value!r:.80} is not a sha256 digest")
    return parse_digest(value)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r:.40} is not a count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is not text")
    return value
