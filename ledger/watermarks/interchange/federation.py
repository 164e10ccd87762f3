"""Registries of several organisations: a bundle written from one log, and merged into another.

A merge records, under their claim ids, the states that their provider signed, of providers whose
keys are trusted here. Who sends a bundle cannot make a state, change one, or put another in its
place; it can leave one out, so a merged registry is as new as the bundle's checkpoint.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ledger.errors import (
    BusyError,
    InputError,
    LogMovedError,
    RefusedError,
    SchemaOutdatedError,
    StorageError,
    VerificationError,
    printable,
)
from ledger.log.canonical import parse_digest
from ledger.log.checkpoint import parse_checkpoint
from ledger.log.log import Log
from ledger.log.notes import parse_note
from ledger.log.record import live
from ledger.provenance.dsse import sign_envelope
from ledger.provenance.opening import statement_key_name
from ledger.provenance.trust import key_label, trust_line
from ledger.watermarks.interchange.bundle import (
    MAX_BUNDLE_BYTES,
    Bundle,
    BundledEntry,
    format_payload,
)
from ledger.watermarks.interchange.bundle_check import check_bundle
from ledger.watermarks.interchange.reading import read_file
from ledger.watermarks.registry.entry import EntryFile, check_body, scheme_of
from ledger.watermarks.registry.register import admit, examine
from ledger.watermarks.registry.states import (
    MarkState,
    State,
    find_mark,
    marks,
    stored_vectors,
)
from ledger.watermarks.registry.vectors import Vectors

__all__ = ["ExportedBundle", "ImportedBundle", "MergedState", "export_bundle", "import_bundle"]

Outcome = Literal["new", "known", "refused"]
_WITHDRAWN = "this ledger withdrew it; what its operator decided stays"
_OUR_TROUBLE = (BusyError, LogMovedError, SchemaOutdatedError, StorageError)


@dataclass(frozen=True)
class ExportedBundle:
    """The file, the marks in it (NAME@VERSION), and those left out with why, as of `size`."""

    data: bytes
    marks: tuple[str, ...]
    states: int
    left_out: tuple[tuple[str, str], ...]
    log_name: str
    size: int


@dataclass(frozen=True)
class MergedState:
    """What became of one state of a bundle. `index` is where it stands here, None if refused.

    `hint` says what would have it accepted, where something would.
    """

    mark: str
    subject: str
    claim_id: str
    status: str
    provider: str
    outcome: Outcome
    index: int | None = None
    because: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class ImportedBundle:
    """A merged bundle: which log it is of and how old, who signed it, and its states one by one."""

    log_name: str
    size: int
    exported_at: int
    signers: tuple[str, ...]
    log_trusted: bool
    states: tuple[MergedState, ...]

    def having(self, outcome: Outcome) -> tuple[MergedState, ...]:
        """The states with this outcome."""
        return tuple(state for state in self.states if state.outcome == outcome)


def export_bundle(log: Log, names: Sequence[str] | None = None) -> ExportedBundle:
    """The named marks, or all, with every state that counts, in one file signed by this log.

    Raises UnknownNameError, VerificationError for a named mark of which no state counts,
    RefusedError without the log's statement key, or where there is nothing to export or too much.
    """
    signer = log.keys.signer(
        "statement", statement_key_name(log.log_name), log.log_vkeys("statement")
    )
    found = marks(log) if names is None else [find_mark(log, name) for name in names]
    states = list({state.subject: state for state in found}.values())
    left_out = tuple((state.label, why) for state in states if (why := _not_exported(log, state)))
    if names is not None and left_out:
        raise VerificationError(f"mark {left_out[0][0]}: {left_out[0][1]}")
    without = {label for label, _ in left_out}
    counting = [state for state in states if state.label not in without]
    if not counting:
        raise RefusedError(
            f"{log.location}: no mark of which a state counts, expected at least one",
            hint="headwater watermark register FILE",
        )
    indices = sorted(item.index for state in counting for item in _counting(state))
    _, note = log.checkpoint()
    entries, vectors = [], {}
    for index in indices:
        proof = log.prove(index)
        note = proof.checkpoint_note
        entry = log.entry(index)
        entries.append(BundledEntry(index, entry, log.entry_bytes(index), proof.hashes))
        kept = stored_vectors(log, scheme_of(entry.body, f"entry {index}"))
        if kept is not None:
            vectors[kept.digest] = kept
    head = parse_checkpoint(parse_note(note).text)
    bundle = Bundle(
        log_name=log.log_name,
        root=head.root,
        note=note,
        exported_at=log.clock(),
        entries=tuple(entries),
        vectors=vectors,
        log_vkeys=tuple(log.log_vkeys()),
        statement_vkeys=tuple(log.log_vkeys("statement")),
    )
    data = sign_envelope(format_payload(bundle), signer)
    if len(data) > MAX_BUNDLE_BYTES:
        raise RefusedError(
            f"a bundle of {len(data):,} bytes, expected at most {MAX_BUNDLE_BYTES:,}",
            hint="name some of the marks",
        )
    labels = tuple(state.label for state in counting)
    return ExportedBundle(data, labels, len(entries), left_out, head.log_name, head.size)


def _not_exported(log: Log, state: MarkState) -> str | None:
    """Why a mark cannot travel; None if it can."""
    if not state.counts:
        return str(state.refused)
    if any(len(log.entry(item.index).sigs) != 1 for item in _counting(state)):
        return "a state has other signatures than its provider's"
    return None


def _counting(state: MarkState) -> list[State]:
    return [item for item in state.states if item.refused is None]


def import_bundle(log: Log, path: Path, *, untrusted_log: bool = False) -> ImportedBundle:
    """Check a bundle, then record its new states in one batch.

    A mark's new states are recorded together or not at all; one that is refused does not stop
    another. `untrusted_log` lets pass a log whose key is not trusted here. Raises as
    `check_bundle`, and what appending raises; then nothing was recorded.
    """
    where = printable(path)
    data = read_file(path, MAX_BUNDLE_BYTES)
    checked = check_bundle(data, log.keys, where, untrusted_log=untrusted_log)
    groups = _groups(checked.bundle)
    merged: dict[int, MergedState] = {}
    wanted: list[tuple[int, EntryFile]] = []
    late: list[bytes] = []
    for group in groups:
        known, withdrawn = _here(log, group)
        for item in group:
            claim = item.entry.claim_id
            if claim in known:
                merged[item.index] = _merged(item, "known", index=known[claim])
            elif claim in withdrawn:
                merged[item.index] = _merged(item, "refused", because=_WITHDRAWN)
        new = [item for item in group if item.index not in merged]
        try:
            files = [_file(item, checked.bundle, where) for item in new]
            examine(log, [(file, None) for file in files])
        except _OUR_TROUBLE:
            raise
        except (InputError, RefusedError, VerificationError) as error:
            hint = _trust_hint(log, group) or error.hint
            for item in new:
                merged[item.index] = _merged(item, "refused", because=str(error), hint=hint)
            continue
        wanted += [(item.index, file) for item, file in zip(new, files, strict=True)]
        old = [item for item in group if item.entry.claim_id in known]
        late += _missing_vectors(log, old, checked.bundle)
    wanted.sort(key=lambda pair: pair[0])
    entries = {item.index: item for group in groups for item in group}
    if wanted:
        recorded = admit(log, [(file, None) for _, file in wanted])
        for (index, _), done in zip(wanted, recorded, strict=True):
            merged[index] = _merged(entries[index], "new", index=done.index)
    if late and log.vault is not None:
        log.vault.keep(late)
    return ImportedBundle(
        log_name=checked.checkpoint.log_name,
        size=checked.checkpoint.size,
        exported_at=checked.bundle.exported_at,
        signers=tuple(key.label for key in checked.signers),
        log_trusted=checked.log_trusted,
        states=tuple(merged[index] for index in sorted(merged)),
    )


def _groups(bundle: Bundle) -> list[list[BundledEntry]]:
    """The states of each mark, in their log's order."""
    found: dict[str, list[BundledEntry]] = {}
    for item in bundle.entries:
        found.setdefault(item.entry.subject, []).append(item)
    return list(found.values())


def _here(log: Log, group: Sequence[BundledEntry]) -> tuple[dict[str, int], set[str]]:
    """Claim ids of a mark's states that this log has, with their places; those it withdrew."""
    about = [(index, log.entry(index)) for index in log.find(group[0].entry.subject)]
    known = {entry.claim_id: index for index, entry in live(about) if entry.kind == "scheme"}
    return known, {entry.claim_id for _, entry in about} - set(known)


def _file(item: BundledEntry, bundle: Bundle, where: str) -> EntryFile:
    entry, place = item.entry, f"{where}: entry {item.index}"
    body = scheme_of(entry.body, place)
    check_body(body, entry.subject, place)
    return EntryFile(entry.subject, body, entry.sigs, _vectors_of(item, bundle))


def _vectors_of(item: BundledEntry, bundle: Bundle) -> Vectors | None:
    return bundle.vectors.get(str(item.entry.body.get("vectors")))


def _missing_vectors(log: Log, items: Sequence[BundledEntry], bundle: Bundle) -> Iterator[bytes]:
    """Vectors of states that this log has without them."""
    for item in items:
        vectors = _vectors_of(item, bundle)
        if vectors is None or log.vault is None:
            continue
        if log.vault.attachment(parse_digest(vectors.digest)) is None:
            yield vectors.data


def _trust_hint(log: Log, group: Sequence[BundledEntry]) -> str | None:
    """How to trust the provider, where that is what is missing."""
    vkey = str(group[0].entry.body.get("provider_key"))
    if any(key.vkey == vkey for key in log.keys.verifiers("provider")):
        return None
    return f"if you know it from elsewhere: {trust_line(vkey, 'provider')}"


def _merged(
    item: BundledEntry,
    outcome: Outcome,
    *,
    index: int | None = None,
    because: str | None = None,
    hint: str | None = None,
) -> MergedState:
    body = item.entry.body
    return MergedState(
        mark=printable(f"{body.get('name')}@{body.get('version')}", 120),
        subject=item.entry.subject,
        claim_id=item.entry.claim_id,
        status=printable(body.get("status"), 40),
        provider=printable(key_label(str(body.get("provider_key"))), 120),
        outcome=outcome,
        index=index,
        because=because,
        hint=hint,
    )
