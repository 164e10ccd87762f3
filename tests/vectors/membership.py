"""Proof files over the content root of five documents: one that is in, three that are not."""

from bisect import bisect_left
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from ledger.log.content_root import content_root
from ledger.log.merkle import leaf_hash, prove_inclusion, root_of
from ledger.reserves.layout import ENTRY, PROOF, STATEMENT
from ledger.reserves.membership.proofs import Leaf, ProofFile, format_proof, prove_membership

TEXTS = ("one", "two", "three", "four", "five")
ASKED = {"in": "three", "not_in": "six", "before_the_first": "51", "after_the_last": "2"}


def vectors() -> Mapping[str, Any]:
    """The files, as text; `<…>` stands for the text of the reserve's file of that name."""
    members = sorted(sha256(text.encode()).digest() for text in TEXTS)
    return {
        "documents": [f"sha256:{member.hex()}" for member in members],
        "root": content_root(members).hex(),
        "texts": list(TEXTS),
        **{name: _file(members, text) for name, text in ASKED.items()},
    }


def _file(members: list[bytes], text: str) -> str:
    hashes = [leaf_hash(member) for member in members]

    def leaf(at: int) -> Leaf:
        path = prove_inclusion(
            at, len(members), lambda level, n: root_of(hashes[n << level : n + 1 << level])
        )
        return Leaf(members[at], at, tuple(path))

    document = sha256(text.encode()).digest()
    shown = prove_membership(document, len(members), bisect_left(members, document), leaf)
    return format_proof(ProofFile(shown, f"<{STATEMENT}>", f"<{ENTRY}>", f"<{PROOF}>")).decode()
