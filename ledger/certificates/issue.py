"""Issues a certificate: numbers as of the head, signed, recorded, then written to a folder."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.certificates.composition import compose
from ledger.certificates.folder import (
    CERTIFICATE,
    ENTRY,
    PAGE,
    PROOF,
    check_target,
    write_folder,
)
from ledger.certificates.page import PAGE_VERSION, render_page
from ledger.certificates.receipts import reserve_receipts
from ledger.certificates.recorded import (
    attachments_of,
    certificates_of,
    find_policy,
    policy_shown,
)
from ledger.certificates.sections import Section, all_sections
from ledger.certificates.statement import (
    MANIFEST,
    Head,
    Page,
    Statement,
    certificate_body,
    format_statement,
    limits,
    parse_statement,
)
from ledger.certificates.subjects import kind_of, view_of
from ledger.claims import Certificate
from ledger.errors import InputError, LogMovedError, RefusedError, printable
from ledger.log.canonical import parse_digest, subject_of
from ledger.log.log import Log
from ledger.log.notes import Signer
from ledger.log.projection import Reader
from ledger.log.proofs import format_proof
from ledger.log.record import Claim, record
from ledger.provenance.documents import find_dataset
from ledger.provenance.dsse import sign_envelope
from ledger.provenance.in_use import choose_policy
from ledger.provenance.opening import statement_key_name
from ledger.provenance.recorded import record_policy
from ledger.provenance.rules import Policy

__all__ = ["Issued", "certify"]


@dataclass(frozen=True)
class Issued:
    """A certificate in `folder`; `index` is its entry. `new` is False if it was issued before."""

    folder: Path
    statement: Statement
    statement_digest: str
    index: int
    signer: str
    new: bool


def certify(
    log: Log,
    subject: str,
    out: Path,
    *,
    policy: Policy | None = None,
    cutoff: date | None = None,
    issuer: str | None = None,
    manifest: bytes | None = None,
) -> Issued:
    """Certify a dataset, `name@version`, or the documents of `manifest:name@version`.

    As it stands at the log's head; written to the folder `out`. Of several manifests of one name
    and version the newest is meant, or the one whose statement has the digest `manifest`. The
    policy is the one in use, or that of the manifest with its cut-off, unless given; the issuer is
    the log's name unless given.
    If nothing that the newest certificate of the same says has changed, that one is written again.
    Raises UnknownNameError or InputError for the subject, issuer or folder, RefusedError without a
    statement key or what the vault withholds of a manifest, LogMovedError if another writer came
    between; and what appending raises.
    """
    subject, made_by = _subject(log, subject, manifest)
    policy, cutoff = _policy(log, made_by, policy, cutoff)
    check_target(out, subject)
    log.sign_head()
    signer = log.keys.signer(
        "statement", statement_key_name(log.log_name), log.log_vkeys("statement")
    )
    record_policy(log, policy)
    sections = all_sections()
    draft = _draft(log, subject, manifest, policy, cutoff, issuer, signer, sections)
    statement = _earlier(log, draft, sections) or draft
    page = render_page(statement, sections, subject)
    statement = replace(statement, page=Page(sha256(page).digest(), PAGE_VERSION))
    payload = format_statement(statement)
    digest = f"sha256:{sha256(payload).hexdigest()}"
    body = certificate_body(statement, digest)
    about = subject_of("certificate", subject, digest.removeprefix("sha256:"))
    claim = Claim("certificate", about, Certificate.model_validate(body))
    (recorded,) = record(log, [claim], attachments=[payload])
    receipts = reserve_receipts(log, statement, signer)
    write_folder(
        out,
        {
            **receipts,
            CERTIFICATE: sign_envelope(payload, signer),
            PAGE: page,
            ENTRY: log.entry_bytes(recorded.index),
            PROOF: format_proof(log.prove(recorded.index)).encode(),
        },
    )
    return Issued(out, statement, digest, recorded.index, signer.verifier.vkey, recorded.new)


def _subject(
    log: Log, subject: str, manifest: bytes | None
) -> tuple[str, Mapping[str, Any] | None]:
    """The subject with its version, and of a manifest the policy that it was made by.

    Raises as finding it, and RefusedError where the vault withholds a manifest's statement.
    """
    if kind_of(subject) == "dataset":
        find_dataset(log.connection, subject)
        return subject, None
    from ledger.manifests.recorded import find_manifest, find_statement, statement_of

    asked = subject.removeprefix(MANIFEST)
    index, entry = find_manifest(log, asked) if manifest is None else find_statement(log, manifest)
    found = statement_of(log, index, entry)
    if found is None:
        raise RefusedError(
            f"entry {index}: the vault withholds the statement of {printable(asked)}",
            hint="the vault beside the ledger has it",
        )
    return f"{MANIFEST}{found[0].reference}", found[0].policy


def _policy(
    log: Log, made_by: Mapping[str, Any] | None, policy: Policy | None, cutoff: date | None
) -> tuple[Policy, date]:
    """The policy and cut-off that are asked for; else those that a manifest was made by."""
    if made_by is None or policy is not None:
        policy = policy or choose_policy(log, None)
        return policy, cutoff or policy.cutoff
    known = find_policy(log, str(made_by["digest"]))
    if known is None:
        raise RefusedError(
            f"the vault withholds the policy that the manifest was made by, {made_by['digest']}",
            hint="--policy NAME takes another one",
        )
    return known, cutoff or date.fromisoformat(str(made_by["cutoff"]))


def _draft(
    log: Log,
    subject: str,
    manifest: bytes | None,
    policy: Policy,
    cutoff: date,
    issuer: str | None,
    signer: Signer,
    sections: list[Section],
) -> Statement:
    """The statement as of the head, still without its page."""
    name = _issuer(log.log_name if issuer is None else issuer)
    log.database.begin_read(log.connection)
    try:
        checkpoint, note = log.checkpoint()
        if checkpoint.size != log.size:
            raise LogMovedError(
                f"{log.location}: {log.size} entries, signed are {checkpoint.size}",
                hint="somebody is writing; try again",
            )
        tables = Reader(log.database, log.connection, log.store, log.runs, checkpoint.size)
        view = view_of(
            log,
            tables,
            checkpoint.size,
            subject,
            policy,
            cutoff,
            attachments_of(log),
            manifest=manifest,
        )
        composition = compose(view, sections)
        root = view.root
    finally:
        log.database.rollback(log.connection)
    meant = None if view.selected is None else view.selected.digest
    return Statement(
        subject=subject,
        content_root=root,
        composition=composition,
        head=Head(checkpoint.log_name, checkpoint.size, checkpoint.root, note),
        policy=policy_shown(policy, cutoff),
        issued_at=log.clock(),
        issuer=name,
        limits=limits(name, policy.sentence(cutoff), manifest=meant is not None),
        log_vkeys=tuple(log.log_vkeys("log")),
        statement_vkeys=(signer.verifier.vkey,),
        page=Page(bytes(32), PAGE_VERSION),
        manifest=meant,
    )


def _issuer(name: str) -> str:
    if not name.strip() or len(name) > 200 or printable(name) != name:
        raise InputError(
            f"issuer: found {printable(name)!r}, expected 1 to 200 visible characters",
            hint="--issuer 'Your organisation'",
        )
    return name


def _earlier(log: Log, draft: Statement, sections: list[Section]) -> Statement | None:
    """The newest certificate of the same, if it says what `draft` says of an older head."""
    payload = _newest_payload(log, draft.subject if draft.manifest is None else draft.manifest)
    if payload is None:
        return None
    earlier = parse_statement(payload, "the vault's copy of the newest certificate")
    same = replace(draft, head=earlier.head, issued_at=earlier.issued_at, page=earlier.page)
    if earlier != same:
        return None
    page = render_page(earlier, sections, draft.subject)
    return earlier if earlier.page == Page(sha256(page).digest(), PAGE_VERSION) else None


def _newest_payload(log: Log, subject: str | bytes) -> bytes | None:
    if log.vault is None:
        raise RefusedError(f"{log.location}: opened for reading, expected for writing")
    for index in certificates_of(log, subject):
        return log.vault.attachment(parse_digest(str(log.entry(index).body["statement"])))
    return None
