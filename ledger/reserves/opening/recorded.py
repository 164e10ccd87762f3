"""Levels 1 and 2 of a reserve: a trusted key signed the statement, and the statement is in the log.

Takes bytes, so that a folder and a proof file go the same way. Needs `cryptography` and `orjson`.
Nothing unsigned may ride along: see provenance/included.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from ledger.errors import VerificationError
from ledger.log.notes import Verifier
from ledger.provenance.dsse import open_envelope, parse_envelope
from ledger.provenance.included import (
    Places,
    Stranger,
    TrustedKeys,
    check_body,
    check_included,
    named_keys,
    raise_if_strange,
    trusted_of,
)
from ledger.reserves.statement import (
    Statement,
    limits,
    parse_statement,
    reserve_body,
    reserve_subject,
)

__all__ = ["Recorded", "TrustedKeys", "check_recorded", "named_keys", "raise_if_strange"]


@dataclass(frozen=True)
class Recorded:
    """A statement that holds together. `strangers`: (key, use) that signed and is not trusted."""

    statement: Statement
    payload: bytes
    signers: tuple[Verifier, ...]
    index: int
    entry: bytes
    checkpoint_note: str
    log_signers: tuple[Verifier, ...]
    strangers: list[Stranger] = field(default_factory=list)


def check_recorded(
    envelope: bytes,
    entry: bytes,
    tlog_proof: bytes,
    keys: TrustedKeys,
    places: tuple[str, str, str],
) -> Recorded:
    """Check a reserve's envelope, its entry and the entry's inclusion proof against each other.

    `places` names the three in errors. Raises VerificationError or a kind of it; a signer nobody
    trusts is none, but a stranger: see `raise_if_strange`.
    """
    where = places[0]
    payload, signatures = parse_envelope(envelope, where)
    statement = parse_statement(payload, where)
    if statement.limits != limits(statement.issuer, statement.rule, statement.totals):
        raise VerificationError(
            f"{where}: limits are not the sentences that follow from its rule and totals"
        )
    strangers: list[Stranger] = []
    signers = _signers(envelope, statement, keys.statement, where, strangers)
    if len(signatures) != len(signers):
        raise VerificationError(
            f"{where}: {len(signatures)} signatures, {len(signers)} of them by known keys; "
            "expected no other"
        )
    body = reserve_body(statement, f"sha256:{sha256(payload).hexdigest()}")
    check_body(entry, "reserve", reserve_subject(statement), body, places[1])
    proof, log_signers = check_included(
        entry, tlog_proof, statement.head, statement.log_vkeys, keys.log, Places(*places), strangers
    )
    return Recorded(
        statement=statement,
        payload=payload,
        signers=trusted_of(signers, keys.statement),
        index=proof.index,
        entry=entry,
        checkpoint_note=proof.checkpoint_note,
        log_signers=log_signers,
        strangers=strangers,
    )


def _signers(
    envelope: bytes,
    statement: Statement,
    trusted: Sequence[Verifier],
    where: str,
    strangers: list[Stranger],
) -> list[Verifier]:
    named = named_keys(statement.statement_vkeys, where)
    signers = open_envelope(envelope, named, where)[1]
    known = [key for key in signers if key in trusted]
    if not known:
        strangers.extend((key, "statement") for key in signers)
    return signers
