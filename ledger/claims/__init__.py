"""THE SHAPES: one frozen body per kind of claim. Computes nothing, imports nothing of ours."""

from ledger.claims.authorship import Authorship
from ledger.claims.certificate import Certificate
from ledger.claims.dataset import Dataset
from ledger.claims.evidence import Evidence
from ledger.claims.fields import Body
from ledger.claims.key import Key
from ledger.claims.operation import Operation
from ledger.claims.origin import Locator, Origin, Private
from ledger.claims.overlap import Overlap
from ledger.claims.policy import Policy
from ledger.claims.reserve import Reserve
from ledger.claims.takedown import Takedown
from ledger.claims.withdrawal import Withdrawal

__all__ = [
    "BODIES",
    "Authorship",
    "Body",
    "Certificate",
    "Dataset",
    "Evidence",
    "Key",
    "Locator",
    "Operation",
    "Origin",
    "Overlap",
    "Policy",
    "Private",
    "Reserve",
    "Takedown",
    "Withdrawal",
]

BODIES: dict[str, type[Body]] = {
    "authorship": Authorship,
    "certificate": Certificate,
    "dataset": Dataset,
    "evidence": Evidence,
    "key": Key,
    "operation": Operation,
    "origin": Origin,
    "overlap": Overlap,
    "policy": Policy,
    "reserve": Reserve,
    "takedown": Takedown,
    "withdrawal": Withdrawal,
}
