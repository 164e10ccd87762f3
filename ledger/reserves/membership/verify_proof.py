"""Verifies a proof file without the reserve: who signed it, and the arithmetic.

    1  a trusted key signed the statement, and the leaves lead to its root
    2  the statement was recorded: its entry is in the log, under a signed checkpoint

Needs `cryptography` and `orjson` alone. That the reserve's digests really are in order, and that
they are of its texts, is for who has the folder: `headwater verify DIR`.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ledger.errors import printable
from ledger.provenance.conditions import moment
from ledger.reserves.membership.proofs import (
    MAX_PROOF_BYTES,
    Membership,
    ProofFile,
    check_membership,
    parse_proof,
)
from ledger.reserves.opening.listing import read_bounded
from ledger.reserves.opening.recorded import Recorded, TrustedKeys, check_recorded, raise_if_strange
from ledger.reserves.statement import Statement, limits

__all__ = ["ABSENT", "ProofReport", "check_proof", "in_words", "kind_words", "verify_proof_file"]

ABSENT = "No document with exactly these bytes. One changed character gives the same answer."
_PRESENT = "These bytes, and no others, were sealed as a document."
_NO_NEAR = (
    "Near-duplicates: a proof cannot tell. "
    "`headwater reserve check` looks for them in the reserve's folder."
)
_ON_TRUST = (
    "Not checked here: that the reserve's digests are in order and of the texts it holds. "
    "`headwater verify` checks that with the reserve's folder."
)


@dataclass(frozen=True)
class ProofReport:
    """A proof file that holds, as far as level 2.

    `newer`: versions of the reserve that the ledger recorded later; None without the ledger.
    """

    shown: Membership
    recorded: Recorded
    newer: tuple[int, ...] | None = None

    def lines(self) -> list[str]:
        """The report for people."""
        statement = self.recorded.statement
        keys = ", ".join(key.label for key in self.recorded.signers)
        said = [
            f"sha256:{self.shown.document.hex()}: {in_words(self.shown, self.recorded)}",
            *([_PRESENT] if self.shown.present else [ABSENT, _NO_NEAR]),
            "levels 1 and 2: the signature holds, the statement is in the log",
            f"unchanged since {moment(statement.sealed_at)}, by the issuer's clock; "
            f"signed by {keys}. Whether the claims are true is not checked.",
            kind_words(statement),
            f"as of the first {statement.head.size:,} entries of {statement.head.log_name}; "
            f"itself entry {self.recorded.index}",
            self._standing(),
            _ON_TRUST,
        ]
        return [printable(line, 2000) for line in said]

    def _standing(self) -> str:
        name = self.recorded.statement.name
        if self.newer is None:
            return f"whether a newer version of {name} replaces it is not known without the ledger"
        if self.newer:
            return f"superseded by {name} version {self.newer[-1]}"
        return f"the newest version of {name} in the ledger"

    def text(self) -> str:
        """The lines, joined."""
        return "\n".join(self.lines())

    def data(self) -> dict[str, Any]:
        """The report as JSON values."""
        statement = self.recorded.statement
        values: dict[str, Any] = {
            "answer": "in" if self.shown.present else "not_in",
            "content_root": f"sha256:{statement.content_root.hex()}",
            "document": f"sha256:{self.shown.document.hex()}",
            "documents": self.shown.size,
            "index": self.recorded.index,
            "level": 2,
            "limits": list(statement.limits),
            "log_name": statement.head.log_name,
            "log_signers": [key.vkey for key in self.recorded.log_signers],
            "reserve": statement.name,
            "sealed_at": statement.sealed_at,
            "signers": [key.vkey for key in self.recorded.signers],
            "size": statement.head.size,
            "version": statement.version,
        }
        if self.newer is not None:
            values["superseded_by"] = list(self.newer)
        return values


def in_words(shown: Membership, recorded: Recorded) -> str:
    """The answer: `in r version 1, one of its 12 documents`."""
    statement = recorded.statement
    of = f"{statement.name} version {statement.version}"
    if shown.present:
        return f"in {of}, one of its {shown.size:,} documents"
    return f"not in {of}, which has {shown.size:,} documents"


def kind_words(statement: Statement) -> str:
    """What kind of reserve it is: the first of the sentences that follow from its rule."""
    return limits(statement.issuer, statement.rule, statement.totals)[0]


def check_proof(proof: ProofFile, keys: TrustedKeys, where: str) -> ProofReport:
    """Check all of a proof but whether its signers are trusted: see `raise_if_strange`.

    Raises VerificationError or a kind of it, naming `where` and the member.
    """
    places = (f"{where}: statement", f"{where}: entry", f"{where}: tlog_proof")
    recorded = check_recorded(
        proof.statement.encode(), proof.entry.encode(), proof.tlog_proof.encode(), keys, places
    )
    statement = recorded.statement
    check_membership(proof.membership, statement.totals["documents"], statement.content_root, where)
    return ProofReport(proof.membership, recorded)


def verify_proof_file(path: Path, location: str | None = None) -> ProofReport:
    """Verify a proof file with this user's keys; the ledger at `location`, if it is there and the
    reserve's, is asked for newer versions, and not verified.

    Raises as check_proof, and UntrustedSignerError last of all: then everything else holds.
    """
    from ledger.log.keys import KeyRing

    ring, where = KeyRing(), printable(path)
    keys = TrustedKeys(log=ring.verifiers("log"), statement=ring.verifiers("statement"))
    data = read_bounded(path.resolve(), MAX_PROOF_BYTES)  # a link that its user typed is followed
    report = check_proof(parse_proof(data, where), keys, where)
    raise_if_strange(report.recorded.strangers, where)
    return replace(report, newer=_newer(location, report.recorded.statement))


def _newer(location: str | None, statement: Statement) -> tuple[int, ...] | None:
    from ledger.databases import database_for

    if location is None or not database_for(location).exists(location):
        return None
    from ledger.provenance.opening import open_ledger
    from ledger.reserves.sealed import reserves

    with open_ledger(location) as log:
        if log.log_name != statement.head.log_name:
            return None
        bodies = [entry.body for _, entry in reserves(log) if entry.body["name"] == statement.name]
    return tuple(sorted(b["version"] for b in bodies if b["version"] > statement.version))
