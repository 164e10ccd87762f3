"""Seals a reserve: chosen as of the head, written with its text, signed, recorded, closed.

One straight walk. Before the entry is recorded a failure leaves nothing; after it, the same command
again writes the same folder for the same entry.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.claims import Reserve
from ledger.corpus.texts import TextSource, text_sources
from ledger.engines import Workers, at_home
from ledger.errors import (
    AlreadySealedError,
    GateError,
    InputError,
    LedgerError,
    LogMovedError,
    RefusedError,
    printable,
)
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.notes import Signer
from ledger.log.record import Claim, record
from ledger.provenance.opening import statement_key_name
from ledger.provenance.overlap import Reference, dataset_reference, sidecar_folder
from ledger.reserves.layout import CONTENT
from ledger.reserves.receipts.write import SealKey, seal_key, write_receipts
from ledger.reserves.sealing.content import (
    Found,
    Members,
    Progress,
    Root,
    Written,
    root_of_selection,
    write_content,
    write_said,
)
from ledger.reserves.sealing.earlier import (
    Earlier,
    already,
    newest_of,
    same_again,
    sealed_before,
    still_fits,
)
from ledger.reserves.sealing.target import (
    PARTS,
    building,
    drop,
    held_at,
    interrupted,
    refuse_other,
    settle_folder,
)
from ledger.reserves.selection.guard import guard
from ledger.reserves.selection.rule import Rule
from ledger.reserves.selection.select import REASONS, Selection, select
from ledger.reserves.selection.state import State
from ledger.reserves.statement import (
    Head,
    Statement,
    format_statement,
    limits,
    reserve_body,
    reserve_subject,
)

__all__ = ["Sealed", "left_out", "seal"]


MAX_DOCUMENTS = 30_000_000
"""The vault keeps the members in one piece, and SQLite pieces of less than 10^9 bytes."""


@dataclass(frozen=True)
class Sealed:
    """A reserve in `folder`; `index` is its entry, `again`: recorded before, written once more.

    `new_key` is where the key that signs bundles was just put, None if there was one.
    """

    folder: Path
    statement: Statement
    statement_digest: str
    index: int
    signer: str
    again: bool
    new_key: Path | None


@dataclass(frozen=True)
class _Chosen:
    """What the ledger said at its head, beside whom the rule admits."""

    head: Head
    sources: list[TextSource]
    absent: Mapping[bytes, LedgerError]
    against: list[Reference]


def seal(
    log: Log,
    rule: Rule,
    out: Path,
    *,
    roots: Sequence[Path] = (),
    issuer: str | None = None,
    again: bool = False,
    workers: Workers = None,
    progress: Progress | None = None,
) -> Sealed:
    """Seal what `rule` admits as of the log's head, in the new folder `out`.

    `roots` are where inputs that moved are looked for. The issuer is the log's name unless given.
    `again` writes the folder of a reserve that was sealed before, as does the same call after one
    that was cut off.
    Raises AlreadySealedError for a set sealed before, GateError if the rule admits nothing,
    InputError for a folder in use or a text that is gone, DocumentMismatchError for one that
    changed, LogMovedError if another writer came between; and what appending raises.
    """
    name = _issuer(log.log_name if issuer is None else issuer)
    held = held_at(out)
    newest_of(log, rule)
    key = seal_key(log)
    log.sign_head()
    signer = log.keys.signer(
        "statement", statement_key_name(log.log_name), log.log_vkeys("statement")
    )
    selection, chosen = _choose(log, rule, roots, progress)
    runs: tuple[dict[str, Any], ...] = ()
    if chosen.against:
        found = guard(
            selection,
            chosen.sources,
            chosen.against,
            sidecar_folder(log.location),
            workers=workers,
            progress=_phase(progress, "comparing"),
        )
        selection, runs = selection.without(found.matched), found.runs
    if not len(selection):
        raise _nothing(rule, selection)
    if len(selection) > MAX_DOCUMENTS:
        raise RefusedError(
            f"{len(selection):,} documents, expected at most {MAX_DOCUMENTS:,} in a reserve",
            hint="seal its datasets one by one with --dataset",
        )
    root = root_of_selection(selection)
    refuse_other(out, held, root.content_root)
    earlier = sealed_before(log, rule, root)
    if earlier is not None and not again and not interrupted(out):
        raise already(earlier)
    with building(out) as site:
        try:
            parts = site.folder / PARTS
            parts.mkdir()
            said = write_said(
                site.folder / CONTENT,
                selection,
                root,
                rule
                if earlier is None or earlier.statement is None
                else Rule.of(earlier.statement.rule),
                runs,
                lambda digest: _attachment(log, digest),
            )
            members = Members.of(selection)
            del selection  # the workers need its memory, and that of the pages that were read
            log.database.shrink(log.connection)
            written = write_content(
                site.folder / CONTENT,
                parts,
                members,
                said,
                Found(chosen.sources, chosen.absent, lambda digest: _origin(log, digest)),
                workers=at_home(workers),
                progress=progress,
            )
            if earlier is None:
                statement = _statement(log, rule, root, written, chosen.head, name, signer, key)
                payload, index = _record(
                    log, statement, members, partial(still_fits, log, rule, root)
                )
            else:
                statement, payload, index = same_again(earlier, written)
        except (AlreadySealedError, LogMovedError):  # somebody else's: nothing is owed here
            drop(site)
            raise
        except BaseException:
            if again or sealed_before(log, rule, root) is None:
                drop(site)  # else what is left says that a recorded seal lacks its folder
            raise
        write_receipts(
            site.folder,
            payload,
            statement_signer=signer,
            seal_signer=key.signer,
            entry=log.entry_bytes(index),
            proof=log.prove(index),
        )
        settle_folder(site, out)
    return Sealed(
        folder=out,
        statement=statement,
        statement_digest=f"sha256:{sha256(payload).hexdigest()}",
        index=index,
        signer=signer.verifier.vkey,
        again=earlier is not None,
        new_key=key.path if key.created else None,
    )


def left_out(contamination: Mapping[str, Any]) -> list[str]:
    """What was left out and why, a line a reason, the most first."""
    rows = sorted(contamination["excluded"], key=lambda row: (-row["documents"], row["reason"]))
    return [f"{row['documents']:,}: {REASONS.get(row['reason'], row['reason'])}" for row in rows]


def _issuer(name: str) -> str:
    if not name.strip() or len(name) > 200 or printable(name) != name:
        raise InputError(
            f"issuer: found {printable(name)!r}, expected 1 to 200 visible characters",
            hint="--issuer 'Your organisation'",
        )
    return name


def _phase(progress: Progress | None, what: str) -> Callable[[int, int, int], None] | None:
    if progress is None:
        return None
    hear = progress
    return lambda done, total, rows: hear(what, done, total, rows)


def _choose(
    log: Log, rule: Rule, roots: Sequence[Path], progress: Progress | None
) -> tuple[Selection, _Chosen]:
    if progress is not None:
        progress("choosing", 0, 1, 0)
    log.database.begin_read(log.connection)
    try:
        checkpoint, note = log.checkpoint()
        if checkpoint.size != log.size:
            raise LogMovedError(
                f"{log.location}: {log.size} entries, signed are {checkpoint.size}",
                hint="somebody is writing; try again",
            )
        selection = select(State.of(log, checkpoint.size), rule)
        absent: dict[bytes, LedgerError] = {}
        sources = {
            source.key: source
            for name in selection.used_datasets()
            for source in text_sources(log, name, roots, absent)
        }
        against = [dataset_reference(log, name, roots) for name in rule.against]
    finally:
        log.database.rollback(log.connection)
    head = Head(checkpoint.log_name, checkpoint.size, checkpoint.root, note)
    return selection, _Chosen(head, list(sources.values()), absent, against)


def _nothing(rule: Rule, selection: Selection) -> GateError:
    counted = [{"documents": n, "reason": reason} for reason, n in selection.excluded.items()]
    reasons = "; ".join(left_out({"excluded": counted})) or "its datasets have no documents"
    if rule.stage == "final":
        hint = "an authorship claim attests where a key signed it that the ledger names"
    elif selection.excluded.get("only_asserted") and not rule.allow_asserted:
        hint = "--allow-asserted takes dates that nobody checked, and the seal says so"
    else:
        hint = "headwater dataset evidence list NAME@VERSION shows what dates a dataset"
    return GateError(f"{rule.name}: nothing to seal: {reasons}", hint=hint)


def _origin(log: Log, digest: bytes) -> Entry:
    """The first origin claim about a document, which says where it lies."""
    entries = (log.entry(index) for index in log.find(f"sha256:{digest.hex()}"))
    return next(entry for entry in entries if entry.kind == "origin")


def _attachment(log: Log, digest: str) -> bytes | None:
    return None if log.vault is None else log.vault.attachment(parse_digest(digest))


def _statement(
    log: Log,
    rule: Rule,
    root: Root,
    written: Written,
    head: Head,
    issuer: str,
    signer: Signer,
    key: SealKey,
) -> Statement:
    newest = newest_of(log, rule)
    return Statement(
        name=rule.name,
        version=1 if newest is None else int(newest.body["version"]) + 1,
        stage=rule.stage,
        content_root=root.content_root,
        sums=written.sums,
        members=root.members,
        parent=None if newest is None else parse_digest(str(newest.body["content_root"])),
        rule=rule.plain(),
        totals=written.totals,
        contamination=written.contamination,
        head=head,
        sealed_at=log.clock(),
        issuer=issuer,
        limits=limits(issuer, rule.plain(), written.totals),
        log_vkeys=tuple(log.log_vkeys("log")),
        statement_vkeys=(signer.verifier.vkey,),
        seal_vkeys=(key.signer.verifier.vkey,),
    )


def _record(
    log: Log, statement: Statement, members: Members, fits: Callable[[int], None]
) -> tuple[bytes, int]:
    """(payload, entry) of the statement, recorded with its payload and members in the vault."""
    payload = format_statement(statement)
    body = reserve_body(statement, f"sha256:{sha256(payload).hexdigest()}")
    claim = Claim("reserve", reserve_subject(statement), Reserve.model_validate(body))
    (recorded,) = record(
        log,
        [claim],
        attachments=[payload, members.digests.tobytes()],
        check=partial(fits, statement.version),
    )
    if not recorded.new:  # in the same second
        raise already(Earlier(recorded.index, log.entry(recorded.index), statement, payload))
    return payload, recorded.index
