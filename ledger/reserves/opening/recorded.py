"""Levels 1 and 2 of a reserve: a trusted key signed the statement, and the statement is in the log.

Takes bytes, so that a folder and a proof file go the same way. Needs `cryptography` and `orjson`.

Nothing unsigned may ride along: every signature of the envelope and of both checkpoints is by a
key that is trusted here or that the statement names, and every file is in its one spelling.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from ledger.errors import (
    InputError,
    RootMismatchError,
    UntrustedSignerError,
    VerificationError,
    printable,
)
from ledger.log.canonical import parse_entry
from ledger.log.checkpoint import Checkpoint, parse_checkpoint
from ledger.log.notes import Verifier, open_note, parse_note, parse_vkey
from ledger.log.proofs import InclusionProof, check_entry, format_proof, parse_proof
from ledger.provenance.dsse import open_envelope, parse_envelope
from ledger.provenance.trust import trust_line
from ledger.reserves.statement import (
    Statement,
    limits,
    parse_statement,
    reserve_body,
    reserve_subject,
)

__all__ = ["Recorded", "TrustedKeys", "check_recorded", "named_keys", "raise_if_strange"]


@dataclass(frozen=True)
class TrustedKeys:
    """The keys this user trusts, by what they sign. A seal key is vouched for by the statement."""

    log: Sequence[Verifier] = ()
    statement: Sequence[Verifier] = ()


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
    strangers: list[tuple[Verifier, str]] = field(default_factory=list)


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
    where, entry_at, proof_at = places
    payload, signatures = parse_envelope(envelope, where)
    statement = parse_statement(payload, where)
    if statement.limits != limits(statement.issuer, statement.rule, statement.totals):
        raise VerificationError(
            f"{where}: limits are not the sentences that follow from its rule and totals"
        )
    strangers: list[tuple[Verifier, str]] = []
    signers = _signers(envelope, statement, keys.statement, where, strangers)
    if len(signatures) != len(signers):
        raise VerificationError(
            f"{where}: {len(signatures)} signatures, {len(signers)} of them by known keys; "
            "expected no other"
        )
    _check_body(entry, payload, statement, entry_at)
    proof, log_signers = _check_included(
        entry, tlog_proof, statement, keys.log, (where, proof_at), strangers
    )
    return Recorded(
        statement=statement,
        payload=payload,
        signers=_known(signers, keys.statement),
        index=proof.index,
        entry=entry,
        checkpoint_note=proof.checkpoint_note,
        log_signers=_known(log_signers, keys.log),
        strangers=strangers,
    )


def raise_if_strange(strangers: Sequence[tuple[Verifier, str]], where: str) -> None:
    """Raises UntrustedSignerError if a key that nobody here trusts signed: all else holds then."""
    if not strangers:
        return
    distinct = list(dict.fromkeys(strangers))
    labels = ", ".join(printable(key.label) for key, _ in distinct)
    lines = "; ".join(trust_line(key.vkey, use) for key, use in distinct)
    raise UntrustedSignerError(
        f"{where}: consistent, signer not trusted: {labels}",
        hint=f"if you know these keys from elsewhere: {printable(lines, 4000)}",
    )


def named_keys(vkeys: Sequence[str], where: str) -> list[Verifier]:
    """The keys a statement names. Raises VerificationError for what is no vkey."""
    try:
        return [parse_vkey(vkey) for vkey in vkeys]
    except InputError as error:
        raise VerificationError(f"{where}: vkeys: {error}") from error


def _signers(
    envelope: bytes,
    statement: Statement,
    trusted: Sequence[Verifier],
    where: str,
    strangers: list[tuple[Verifier, str]],
) -> list[Verifier]:
    named = named_keys(statement.statement_vkeys, where)
    signers = open_envelope(envelope, named, where)[1]
    known = [key for key in signers if key in trusted]
    if not known:
        strangers.extend((key, "statement") for key in signers)
    return signers


def _known(signers: Sequence[Verifier], trusted: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """Those of the signers that are trusted; all of them if none is."""
    return tuple(key for key in signers if key in trusted) or tuple(signers)


def _check_body(data: bytes, payload: bytes, statement: Statement, where: str) -> None:
    """The entry says what the statement says, no more and no less."""
    entry = parse_entry(data, where)
    if entry.kind != "reserve":
        raise VerificationError(f"{where}: a {printable(entry.kind)} claim, expected a reserve")
    expected = reserve_body(statement, f"sha256:{sha256(payload).hexdigest()}")
    found = entry.body
    for name in sorted({*found, *expected}):
        if found.get(name) != expected.get(name):
            raise VerificationError(
                f"{where}: {printable(name)} is {printable(found.get(name, 'absent'))}, "
                f"the statement has {printable(expected.get(name, 'nothing'))}"
            )
    subject = reserve_subject(statement)
    if entry.subject != subject:
        raise VerificationError(f"{where}: subject {entry.subject}, expected {subject}")


def _check_included(
    entry: bytes,
    tlog_proof: bytes,
    statement: Statement,
    trusted: Sequence[Verifier],
    places: tuple[str, str],
    strangers: list[tuple[Verifier, str]],
) -> tuple[InclusionProof, list[Verifier]]:
    """(the entry's proof, who signed the checkpoint that includes it)."""
    where, proof_at = places
    named = named_keys(statement.log_vkeys, where)
    with _at(proof_at):
        try:
            text = tlog_proof.decode()
        except UnicodeDecodeError as error:
            raise VerificationError("not UTF-8, expected a tlog-proof") from error
        proof = parse_proof(text)
        if format_proof(proof) != text:
            raise VerificationError("holds more than an index, hashes and a checkpoint")
        keys = [*trusted, *(key for key in named if key not in trusted)]
        signers = _all_signers(proof.checkpoint_note, keys)
        checkpoint, _ = check_entry(entry, proof, keys)
        _check_name(checkpoint, signers, statement)
    with _at(f"{where}: checkpoint"):
        head = statement.head
        signed = parse_checkpoint(open_note(head.note, keys)[0])
        _check_name(signed, _all_signers(head.note, keys), statement)
        if signed != Checkpoint(head.log_name, head.size, head.root):
            raise RootMismatchError(
                f"size {head.size} and root {head.root.hex()}, its note says "
                f"{signed.size} and {signed.root.hex()}"
            )
    if proof.index < head.size:
        raise VerificationError(
            f"{proof_at}: index {proof.index}, expected {head.size} or more: "
            "a reserve is recorded after the entries it is chosen from"
        )
    for note in (proof.checkpoint_note, head.note):
        by = _all_signers(note, keys)
        if not any(key in trusted for key in by):
            strangers.extend((key, "log") for key in by)
    return proof, signers


def _all_signers(note: str, keys: Sequence[Verifier]) -> list[Verifier]:
    """Who signed, if it is known keys and no other. Raises as open_note, or VerificationError."""
    signers = open_note(note, keys)[1]
    count = len(parse_note(note).signatures)
    if count != len(signers):
        raise VerificationError(
            f"{count} signature lines, {len(signers)} of them by known keys; expected no other"
        )
    return signers


def _check_name(checkpoint: Checkpoint, signers: Sequence[Verifier], statement: Statement) -> None:
    name = statement.head.log_name
    if checkpoint.log_name != name or any(signer.name != name for signer in signers):
        signed = ", ".join(printable(signer.name) for signer in signers)
        raise VerificationError(
            f"a checkpoint of {printable(checkpoint.log_name)} signed by {signed}, "
            f"expected {printable(name)}"
        )


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Names the file in errors of those who know only bytes."""
    try:
        yield
    except VerificationError as error:
        if str(error).startswith(where):
            raise
        raise type(error)(f"{where}: {error}", hint=error.hint) from error
