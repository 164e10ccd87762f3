"""What a statement brings along to show that it was recorded: its entry, and the entry's proof.

Takes bytes, so that a folder and a proof file go the same way. Needs `cryptography` and `orjson`.

Nothing unsigned may ride along: every signature of the envelope and of both checkpoints is by a
key that is trusted here or that the statement names, and every file is in its one spelling.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

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
from ledger.provenance.trust import trust_line

__all__ = [
    "Head",
    "Places",
    "Stranger",
    "TrustedKeys",
    "check_body",
    "check_included",
    "named_keys",
    "raise_if_strange",
    "trusted_of",
]

Stranger = tuple[Verifier, str]
"""A key that signed and is trusted by nobody here, and its use."""


class Places(NamedTuple):
    """What the statement, its entry and the proof are called in errors."""

    statement: str
    entry: str
    proof: str


@dataclass(frozen=True)
class Head:
    """The log's first `size` entries and the signed note over their root."""

    log_name: str
    size: int
    root: bytes
    note: str


@dataclass(frozen=True)
class TrustedKeys:
    """The keys this user trusts, by what they sign. A seal key is vouched for by the statement."""

    log: Sequence[Verifier] = ()
    statement: Sequence[Verifier] = ()


def named_keys(vkeys: Sequence[str], where: str) -> list[Verifier]:
    """The keys a statement names. Raises VerificationError for what is no vkey."""
    try:
        return [parse_vkey(vkey) for vkey in vkeys]
    except InputError as error:
        raise VerificationError(f"{where}: vkeys: {error}") from error


def raise_if_strange(strangers: Sequence[Stranger], where: str) -> None:
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


def trusted_of(signers: Sequence[Verifier], trusted: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """Those of the signers that are trusted; all of them if none is."""
    return tuple(key for key in signers if key in trusted) or tuple(signers)


def check_body(
    data: bytes, kind: str, subject: str, expected: Mapping[str, Any], where: str
) -> None:
    """Whether an entry says what the statement says, no more and no less.

    Raises VerificationError.
    """
    entry = parse_entry(data, where)
    if entry.kind != kind:
        article = "an" if kind[0] in "aeiou" else "a"
        raise VerificationError(
            f"{where}: a {printable(entry.kind)} claim, expected {article} {kind}"
        )
    found = entry.body
    for name in sorted({*found, *expected}):
        if found.get(name) != expected.get(name):
            raise VerificationError(
                f"{where}: {printable(name)} is {printable(found.get(name, 'absent'))}, "
                f"the statement has {printable(expected.get(name, 'nothing'))}"
            )
    if entry.subject != subject:
        raise VerificationError(f"{where}: subject {entry.subject}, expected {subject}")


def check_included(
    entry: bytes,
    tlog_proof: bytes,
    head: Head,
    vkeys: Sequence[str],
    trusted: Sequence[Verifier],
    places: Places,
    strangers: list[Stranger],
) -> tuple[InclusionProof, tuple[Verifier, ...]]:
    """(the entry's proof, who signed the checkpoint that includes it).

    `head` is what the statement was made over, `vkeys` the log keys it names. Signers that nobody
    trusts are added to `strangers`. Raises VerificationError or a kind of it.
    """
    where, _, proof_at = places
    named = named_keys(vkeys, where)
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
        _check_name(checkpoint, signers, head)
    with _at(f"{where}: checkpoint"):
        signed = parse_checkpoint(open_note(head.note, keys)[0])
        _check_name(signed, _all_signers(head.note, keys), head)
        if signed != Checkpoint(head.log_name, head.size, head.root):
            raise RootMismatchError(
                f"size {head.size} and root {head.root.hex()}, its note says "
                f"{signed.size} and {signed.root.hex()}"
            )
    if proof.index < head.size:
        raise VerificationError(
            f"{proof_at}: index {proof.index}, expected {head.size} or more: "
            "a statement is recorded after the entries it is made over"
        )
    for note in (proof.checkpoint_note, head.note):
        by = _all_signers(note, keys)
        if not any(key in trusted for key in by):
            strangers.extend((key, "log") for key in by)
    return proof, trusted_of(signers, trusted)


def _all_signers(note: str, keys: Sequence[Verifier]) -> list[Verifier]:
    """Who signed, if it is known keys and no other. Raises as open_note, or VerificationError."""
    signers = open_note(note, keys)[1]
    count = len(parse_note(note).signatures)
    if count != len(signers):
        raise VerificationError(
            f"{count} signature lines, {len(signers)} of them by known keys; expected no other"
        )
    return signers


def _check_name(checkpoint: Checkpoint, signers: Sequence[Verifier], head: Head) -> None:
    name = head.log_name
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
