"""Issues a certificate: numbers as of the head, signed, recorded, then written to a folder."""

from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

from ledger.certificates.composition import View, compose, find_dataset
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
    policy_shown,
    record_policy,
)
from ledger.certificates.sections import Section, all_sections
from ledger.certificates.statement import (
    Head,
    Page,
    Statement,
    certificate_body,
    format_statement,
    limits,
    parse_statement,
)
from ledger.claims import Certificate
from ledger.errors import InputError, LogMovedError, RefusedError, printable
from ledger.log.canonical import parse_digest, subject_of
from ledger.log.log import Log
from ledger.log.notes import Signer
from ledger.log.projection import Reader
from ledger.log.proofs import format_proof
from ledger.log.record import Claim, record
from ledger.provenance.dsse import sign_envelope
from ledger.provenance.opening import statement_key_name
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
    dataset: str,
    out: Path,
    *,
    policy: Policy,
    cutoff: date | None = None,
    issuer: str | None = None,
) -> Issued:
    """Certify `name@version` as it stands at the log's head, and write the folder `out`.

    The issuer is the log's name unless given. If nothing that the newest certificate of the
    dataset says has changed, that one is written again. Raises UnknownNameError or InputError for
    the dataset, issuer or folder, RefusedError without a statement key, LogMovedError if another
    writer came between; and what appending raises.
    """
    find_dataset(log.connection, dataset)
    check_target(out, dataset)
    log.sign_head()
    signer = log.keys.signer(
        "statement", statement_key_name(log.log_name), log.log_vkeys("statement")
    )
    record_policy(log, policy)
    sections = all_sections()
    draft = _draft(log, dataset, policy, cutoff or policy.cutoff, issuer, signer, sections)
    statement = _earlier(log, draft, sections) or draft
    page = render_page(statement, sections, dataset)
    statement = replace(statement, page=Page(sha256(page).digest(), PAGE_VERSION))
    payload = format_statement(statement)
    digest = f"sha256:{sha256(payload).hexdigest()}"
    body = certificate_body(statement, digest)
    subject = subject_of("certificate", dataset, digest.removeprefix("sha256:"))
    claim = Claim("certificate", subject, Certificate.model_validate(body))
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


def _draft(
    log: Log,
    dataset: str,
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
        view = View(
            tables,
            dataset,
            find_dataset(log.connection, dataset),
            policy,
            cutoff,
            checkpoint.size,
            attachments_of(log),
        )
        composition = compose(view, sections)
        root = view.root
    finally:
        log.database.rollback(log.connection)
    return Statement(
        dataset=dataset,
        content_root=root,
        composition=composition,
        head=Head(checkpoint.log_name, checkpoint.size, checkpoint.root, note),
        policy=policy_shown(policy, cutoff),
        issued_at=log.clock(),
        issuer=name,
        limits=limits(name, policy.sentence(cutoff)),
        log_vkeys=tuple(log.log_vkeys("log")),
        statement_vkeys=(signer.verifier.vkey,),
        page=Page(bytes(32), PAGE_VERSION),
    )


def _issuer(name: str) -> str:
    if not name.strip() or len(name) > 200 or printable(name) != name:
        raise InputError(
            f"issuer: found {printable(name)!r}, expected 1 to 200 visible characters",
            hint="--issuer 'Your organisation'",
        )
    return name


def _earlier(log: Log, draft: Statement, sections: list[Section]) -> Statement | None:
    """The newest certificate of the dataset, if it says what `draft` says of an older head."""
    payload = _newest_payload(log, draft.dataset)
    if payload is None:
        return None
    earlier = parse_statement(payload, "the vault's copy of the newest certificate")
    same = replace(draft, head=earlier.head, issued_at=earlier.issued_at, page=earlier.page)
    if earlier != same:
        return None
    page = render_page(earlier, sections, draft.dataset)
    return earlier if earlier.page == Page(sha256(page).digest(), PAGE_VERSION) else None


def _newest_payload(log: Log, dataset: str) -> bytes | None:
    if log.vault is None:
        raise RefusedError(f"{log.location}: opened for reading, expected for writing")
    for index in certificates_of(log, dataset):
        return log.vault.attachment(parse_digest(str(log.entry(index).body["statement"])))
    return None
