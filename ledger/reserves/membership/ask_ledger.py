"""A reserve asked without its folder: the vault keeps the statement and the sorted digests.

The envelope is signed again by the ledger's own key. Ed25519 has one signature for a payload, so
what comes out is the file that lies in the folder, byte for byte.
"""

from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise

from ledger.errors import RefusedError, RootMismatchError, VerificationError
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.merkle import leaf_hashes, level_up, prove_inclusion, tree_root
from ledger.log.proofs import format_proof
from ledger.provenance.dsse import sign_envelope
from ledger.provenance.opening import statement_key_name
from ledger.reserves.membership.proofs import Leaf, Membership, check_membership, prove_membership
from ledger.reserves.sealed import members_of, statement_of

__all__ = ["members_prover", "receipts_of"]

_WIDTH = 32


def receipts_of(log: Log, index: int, entry: Entry) -> tuple[bytes, bytes, bytes]:
    """The envelope, entry and tlog-proof of a recorded reserve, as its folder has them.

    The proof is under the newest signed checkpoint. Raises RefusedError where the vault withholds
    the statement, or its signing key is not here.
    """
    found = statement_of(log, index, entry)
    if found is None:
        raise _withheld("statement", entry)
    statement, payload = found
    signer = log.keys.signer(
        "statement", statement_key_name(log.log_name), statement.statement_vkeys
    )
    proof = format_proof(log.prove(index)).encode()
    return sign_envelope(payload, signer), log.entry_bytes(index), proof


def members_prover(log: Log, index: int, entry: Entry) -> Callable[[bytes], Membership]:
    """Proves membership out of the digests in the vault.

    Raises RefusedError where they are withheld, RootMismatchError where they are others.
    """
    members, where = members_of(log, index, entry), f"entry {index}: its members"
    if members is None:
        raise _withheld("members", entry)
    digests = [members[at : at + _WIDTH] for at in range(0, len(members), _WIDTH)]
    if any(low >= high for low, high in pairwise(digests)):
        raise VerificationError(f"{where} are not digests in ascending order")
    levels, root = [leaf_hashes(digests)], parse_digest(str(entry.body["content_root"]))
    while len(levels[-1]) > 1:
        levels.append(level_up(levels[-1][: len(levels[-1]) & ~1]))

    def subtree(level: int, at: int) -> bytes:
        return levels[level][at]

    if tree_root(len(digests), subtree) != root:
        raise RootMismatchError(f"{where} do not have the recorded root {root.hex()}")

    def leaf(at: int) -> Leaf:
        return Leaf(digests[at], at, tuple(prove_inclusion(at, len(digests), subtree)))

    def prove(document: bytes) -> Membership:
        below = bisect_left(digests, document)
        shown = prove_membership(document, len(digests), below, leaf)
        check_membership(shown, int(entry.body["documents"]), root, where)
        return shown

    return prove


def _withheld(name: str, entry: Entry) -> RefusedError:
    return RefusedError(
        f"the {name} of reserve {entry.body['name']}: withheld",
        hint="the vault beside the ledger keeps it; or ask the reserve's folder itself",
    )
