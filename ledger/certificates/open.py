"""Verifies a certificate's folder, as far as what is at hand allows.

    1  a trusted key signed the statement, and the page is the one it names
    2  the statement was recorded: its entry is in the log, under a signed checkpoint
    3  its numbers, computed again from the ledger, are the same   (needs the ledger)

Levels 1 and 2 need only `cryptography` and `orjson`: no SQL, no Arrow, no section. Whether the
claims behind the numbers are true is checked nowhere.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.certificates.folder import CERTIFICATE, ENTRY, PAGE, PROOF, foreign_files, read_file
from ledger.certificates.report import Report
from ledger.certificates.statement import Statement, certificate_body, parse_statement
from ledger.errors import (
    InputError,
    RootMismatchError,
    UntrustedSignerError,
    VerificationError,
    printable,
)
from ledger.log.canonical import parse_entry, subject_of
from ledger.log.checkpoint import Checkpoint, parse_checkpoint
from ledger.log.notes import Verifier, open_note, parse_vkey
from ledger.log.proofs import check_entry, parse_proof
from ledger.provenance.dsse import open_envelope, parse_envelope
from ledger.provenance.trust import trust_line

if TYPE_CHECKING:
    from ledger.log.log import Log

__all__ = ["is_certificate", "verify_certificate", "verify_directory"]


def is_certificate(path: Path) -> bool:
    """Whether `path` looks like a certificate's folder."""
    return (path / CERTIFICATE).is_file()


def verify_certificate(
    folder: Path,
    log_keys: Sequence[Verifier],
    statement_keys: Sequence[Verifier],
    log: "Log | None" = None,
) -> Report:
    """Verify a folder with the keys trusted for checkpoints and for statements.

    `log` is the ledger, if at hand; another log than the certificate's is noted and not read.
    Raises VerificationError (or a kind of it) naming the file, UntrustedSignerError last of all:
    then everything else holds.
    """
    where = printable(folder / CERTIFICATE)
    data = read_file(folder, CERTIFICATE)
    payload = parse_envelope(data, where)[0]
    statement = parse_statement(payload, where)
    strangers: list[tuple[Verifier, str]] = []
    try:
        signers = open_envelope(data, statement_keys, where)[1]
    except UntrustedSignerError:
        named = _named(statement.statement_vkeys, where)
        signers = open_envelope(data, named, where)[1]
        strangers.extend((key, "statement") for key in signers)
    notes = _check_page_digest(folder, statement)
    entry, index, checkpoints = _check_recorded(
        folder, payload, statement, log_keys, where, strangers
    )
    notes.extend(_check_page(folder, statement, where))
    if "reserves" in statement.composition:
        from ledger.certificates.receipts import check_receipts

        trusted = log_keys, statement_keys
        notes.extend(check_receipts(folder, statement, trusted, where, strangers))
    notes.extend(
        f"{printable(name)} lies in the folder and is no part of the certificate"
        for name in foreign_files(folder)
    )
    level, superseded = 2, None
    if log is not None and log.log_name == statement.head.log_name:
        from ledger.certificates.recompute import recompute

        result = recompute(log, statement, index, entry, where)
        level, superseded = 3 if result.reached else 2, result.superseded_by
        notes.extend(result.notes)
    elif log is not None:
        notes.append(f"the ledger at {printable(log.location)} is another log and was not read")
    if strangers:
        raise _untrusted(strangers, where)
    return Report(
        level=level,
        subject=statement.subject,
        content_root=statement.content_root,
        issuer=statement.issuer,
        issued_at=statement.issued_at,
        log_name=statement.head.log_name,
        size=statement.head.size,
        index=index,
        signers=tuple(key.vkey for key in signers),
        log_signers=tuple(key.vkey for key in checkpoints),
        superseded_by=superseded,
        notes=tuple(notes),
    )


def verify_directory(folder: Path, location: str) -> Report:
    """Verify a folder with this user's keys, and with the ledger at `location` if there is one.

    Raises as verify_certificate, and what opening the ledger raises.
    """
    from ledger.databases import database_for
    from ledger.log.keys import KeyRing

    ring = KeyRing()
    keys = ring.verifiers("log"), ring.verifiers("statement")
    if not database_for(location).exists(location):
        return verify_certificate(folder, *keys)
    from ledger.provenance.opening import open_ledger

    with open_ledger(location) as log:
        return verify_certificate(folder, *keys, log)


def _named(vkeys: Sequence[str], where: str) -> list[Verifier]:
    try:
        return [parse_vkey(vkey) for vkey in vkeys]
    except InputError as error:
        raise VerificationError(f"{where}: vkeys: {error}") from error


def _untrusted(strangers: Sequence[tuple[Verifier, str]], where: str) -> UntrustedSignerError:
    distinct = list(dict.fromkeys(strangers))
    labels = ", ".join(printable(key.label) for key, _ in distinct)
    lines = "; ".join(trust_line(key.vkey, use) for key, use in distinct)
    return UntrustedSignerError(
        f"{where}: consistent, signer not trusted: {labels}",
        hint=f"if you know these keys from elsewhere: {printable(lines, 2000)}",
    )


# --- level 2


def _check_recorded(
    folder: Path,
    payload: bytes,
    statement: Statement,
    log_keys: Sequence[Verifier],
    where: str,
    strangers: list[tuple[Verifier, str]],
) -> tuple[bytes, int, list[Verifier]]:
    """(the certificate's entry, its index, who signed the checkpoint that includes it)."""
    entry_path, proof_path = printable(folder / ENTRY), printable(folder / PROOF)
    data = read_file(folder, ENTRY)
    _check_entry(data, payload, statement, entry_path)
    with _at(proof_path):
        try:
            proof = parse_proof(read_file(folder, PROOF).decode())
        except UnicodeDecodeError as error:
            raise VerificationError("not UTF-8, expected a tlog-proof") from error
    named = _named(statement.log_vkeys, where)
    with _at(f"{proof_path}, {ENTRY}"):
        keys = _or_strangers(proof.checkpoint_note, log_keys, named, strangers)
        checkpoint, signers = check_entry(data, proof, keys)
        _check_name(checkpoint, signers, statement)
    head = statement.head
    with _at(f"{where}: checkpoint"):
        text, head_signers = open_note(head.note, keys)
        signed = parse_checkpoint(text)
        _check_name(signed, head_signers, statement)
        if signed != Checkpoint(head.log_name, head.size, head.root):
            raise RootMismatchError(
                f"size {head.size} and root {head.root.hex()}, its note says "
                f"{signed.size} and {signed.root.hex()}"
            )
    if proof.index < head.size:
        raise VerificationError(
            f"{proof_path}: index {proof.index}, expected {head.size} or more: "
            "a statement is recorded after the entries it counts"
        )
    return data, proof.index, signers


def _or_strangers(
    note: str,
    trusted: Sequence[Verifier],
    named: Sequence[Verifier],
    strangers: list[tuple[Verifier, str]],
) -> Sequence[Verifier]:
    """The trusted keys if one of them signed, else those the statement names, as strangers."""
    try:
        open_note(note, trusted)
    except UntrustedSignerError:
        strangers.extend((key, "log") for key in open_note(note, named)[1])
        return named
    return trusted


def _check_entry(data: bytes, payload: bytes, statement: Statement, where: str) -> None:
    entry = parse_entry(data, where)
    if entry.kind != "certificate":
        raise VerificationError(f"{where}: a {printable(entry.kind)} claim, expected a certificate")
    digest = f"sha256:{sha256(payload).hexdigest()}"
    expected = certificate_body(statement, digest)
    for name in sorted({*entry.body, *expected}):
        if entry.body.get(name) != expected.get(name):
            raise VerificationError(
                f"{where}: {printable(name)} is {printable(entry.body.get(name, 'absent'))}, "
                f"{CERTIFICATE} has {printable(expected.get(name, 'nothing'))}"
            )
    subject = subject_of("certificate", statement.subject, digest.removeprefix("sha256:"))
    if entry.subject != subject:
        raise VerificationError(f"{where}: subject {entry.subject}, expected {subject}")


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


# --- the page


def _check_page_digest(folder: Path, statement: Statement) -> list[str]:
    path = folder / PAGE
    if not path.exists():
        return [f"{PAGE} is not there; {CERTIFICATE} is what is signed"]
    found = sha256(read_file(folder, PAGE)).digest()
    if found != statement.page.digest:
        raise VerificationError(
            f"{printable(path)}: digest {found.hex()}, {CERTIFICATE} names "
            f"{statement.page.digest.hex()}",
            hint=f"the page was changed after signing; only {CERTIFICATE} is signed",
        )
    return []


def _check_page(folder: Path, statement: Statement, where: str) -> list[str]:
    """A signed page could still say other numbers than the statement: render it again."""
    if not (folder / PAGE).exists():
        return []
    from ledger.certificates.page import PAGE_VERSION, render_page
    from ledger.certificates.sections import built_in_sections

    sections = built_in_sections()
    foreign = sorted(set(statement.composition) - {section.name for section in sections})
    if statement.page.version != PAGE_VERSION or foreign:
        made = (
            f"section {printable(foreign[0])}"
            if foreign
            else f"version {statement.page.version} of the page"
        )
        return [
            f"{PAGE} is the page that was signed; {made} is not known here, so it was not "
            f"compared with the numbers: trust {CERTIFICATE} alone"
        ]
    if sha256(render_page(statement, sections, where)).digest() != statement.page.digest:
        raise VerificationError(
            f"{printable(folder / PAGE)}: does not say what {CERTIFICATE} says",
            hint=f"the issuer signed a page that differs from its numbers; read {CERTIFICATE}",
        )
    return [f"{PAGE} is for reading and says what {CERTIFICATE} says, which is what is signed"]
