"""Records states of marks: trusted, in the right order, and decoded where the key is at hand.

A state is refused if its provider is not trusted here, if it does not follow the state that
stands, if this release does not decode its scheme, or if its key is at hand and its vectors are
not reproduced. Without the key it is recorded, unverified, and makes no label.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.claims import Scheme
from ledger.errors import (
    InputError,
    LogMovedError,
    RefusedError,
    UntrustedSignerError,
    VerificationError,
    printable,
)
from ledger.log.canonical import Entry, subject_of
from ledger.log.keys import PublicKey
from ledger.log.log import Log
from ledger.log.notes import Verifier
from ledger.log.record import Claim, Recorded, live, record
from ledger.provenance.marks import MarkStanding, mark_standing
from ledger.provenance.opening import key_claim
from ledger.provenance.overlap import sidecar_folder
from ledger.provenance.trust import trust_line
from ledger.watermarks.registry.describe import (
    Described,
    MarkDescription,
    describe,
    load_description,
)
from ledger.watermarks.registry.entry import (
    MAX_ENTRY_FILE_BYTES,
    EntryFile,
    parse_entry_file,
    scheme_of,
    subject_of_mark,
)
from ledger.watermarks.registry.keystore import (
    MAX_ENVELOPE_BYTES,
    Envelope,
    KeyMaterial,
    parse_envelope,
    stored_envelopes,
)
from ledger.watermarks.registry.opening import find_material, open_decoder, unverified_because
from ledger.watermarks.registry.recipients import private_path
from ledger.watermarks.registry.states import (
    MarkState,
    find_mark,
    provider_keys,
    standing_of,
    stored_vectors,
)

__all__ = [
    "Registered",
    "admit",
    "again",
    "current",
    "examine",
    "keep_tokenizer",
    "load_entry_file",
    "load_envelope",
    "register",
    "register_described",
    "register_description",
    "register_entry",
    "unchanged",
]


@dataclass(frozen=True)
class Registered:
    """A mark after its state was recorded; `new` is False if the log had this state already.

    `file` is the signed entry, to be handed to others. `new_key` is where this installation's
    private key for envelopes was just put, None if it was there: without it no key opens.
    """

    state: MarkState
    index: int
    claim_id: str
    new: bool
    file: EntryFile
    new_key: Path | None = None


def register(log: Log, path: Path, *, key: Path | None = None) -> Registered:
    """Record the mark in a file: a signed entry, or a description to be signed here.

    `key` is a file with an envelope that the provider handed over. Raises as `register_entry` and
    `register_description`, and InputError for a file that cannot be read.
    """
    envelope = None if key is None else load_envelope(key)
    if _is_json(path):
        return register_entry(log, load_entry_file(path), key=envelope)
    if envelope is not None:
        raise InputError(f"{printable(path)}: a description has its key inside, expected no other")
    return register_description(log, path)


def register_entry(log: Log, file: EntryFile, *, key: Envelope | None = None) -> Registered:
    """Record a state that its provider signed.

    Raises UntrustedSignerError if the provider's key is not trusted here, RefusedError if the
    state does not follow the one that stands, VerificationError if its key is at hand and its
    vectors are not reproduced, and what appending raises. Then nothing was recorded.
    """
    (done,) = admit(log, [(file, key)])
    return _registered(log, file, done)


def register_description(log: Log, path: Path) -> Registered:
    """Sign and record the mark that a file describes, once.

    Raises as `load_description` and `register_described`.
    """
    return register_described(log, load_description(path))


def register_described(log: Log, description: MarkDescription) -> Registered:
    """Sign and record a described mark, once.

    Raises RefusedError where the mark stands already and is described otherwise; and what
    `describe` and `register_entry` raise.
    """
    subject = subject_of_mark(description.name, description.version)
    standing = standing_of(log, subject)
    if standing is None:
        had_key = private_path(log.keys).exists()
        made = describe(description, log.keys, now=log.clock())
        keep_tokenizer(log, made)
        (done,) = admit(log, [(made.file, made.envelope)])
        registered = _registered(log, made.file, done)
        if had_key or made.envelope is None:
            return registered
        return replace(registered, new_key=private_path(log.keys))
    same = unchanged(log, standing, again(log, standing, description))
    if same is None:
        label = printable(f"{description.name}@{description.version}", 120)
        raise RefusedError(
            f"mark {label} stands already, described otherwise",
            hint="headwater watermark correct FILE, or rotate to a new version",
        )
    return same


def again(log: Log, standing: MarkStanding, description: MarkDescription) -> Described:
    """A mark that stands, as a description has it now: a correction, signed."""
    body, material = current(log, standing)
    made = describe(
        description, log.keys, now=log.clock(), previous=(standing.claim_id, body, material)
    )
    keep_tokenizer(log, made)
    return made


def unchanged(log: Log, standing: MarkStanding, made: Described) -> Registered | None:
    """The state that stands, if the description says nothing else than it does."""
    body, _ = current(log, standing)
    if _said(made.file.body, body) != _said(body, made.file.body):
        return None
    index, entry = standing.states[-1]
    file = EntryFile(standing.subject, body, entry.sigs, stored_vectors(log, body))
    return _registered(log, file, Recorded(index, entry.claim_id, False))


def keep_tokenizer(log: Log, made: Described) -> None:
    """Keep a copy of a description's tokenizer beside the ledger, for scans.

    Raises StorageError.
    """
    if made.tokenizer is not None:
        from ledger.watermarks.tokenization.kept import keep

        keep(made.tokenizer, sidecar_folder(log.location))


def examine(log: Log, files: Sequence[tuple[EntryFile, Envelope | None]]) -> None:
    """What `admit` checks, and nothing recorded. Raises as `register_entry`."""
    _examine(log, files)


def admit(log: Log, files: Sequence[tuple[EntryFile, Envelope | None]]) -> list[Recorded]:
    """Record states as one batch, each with the envelope that came for it. All of them, or none.

    Raises as `register_entry`.
    """
    claims, attachments, seen = _examine(log, files)

    def unmoved() -> None:
        for subject, indices in seen.items():
            if log.find(subject) != indices:
                raise LogMovedError(
                    f"{log.location}: another state of the mark was recorded meanwhile",
                    hint="look at it, and try again",
                )

    recorded = record(log, claims, attachments=attachments, check=unmoved)[1::2]
    if attachments and not any(item.new for item in recorded) and log.vault is not None:
        log.vault.keep(attachments)  # nothing was appended, so nothing took them along
    return recorded


def _examine(
    log: Log, files: Sequence[tuple[EntryFile, Envelope | None]]
) -> tuple[list[Claim], list[bytes], dict[str, list[int]]]:
    """(claims: a key and a state for each file; attachments; the entries seen by subject)."""
    size, providers = log.size, provider_keys(log)
    claims: list[Claim] = []
    attachments: list[bytes] = []
    seen: dict[str, list[int]] = {}
    about: dict[str, list[tuple[int, Entry]]] = {}
    stored = stored_envelopes(log)
    for number, (file, given) in enumerate(files):
        verifier = _trusted_provider(log, file)
        providers.setdefault(verifier.label, (size - 1, verifier))
        if file.subject not in seen:
            seen[file.subject] = log.find(file.subject)
            about[file.subject] = [(index, log.entry(index)) for index in seen[file.subject]]
        entries = about[file.subject]
        if not any(entry.claim_id == file.claim_id for _, entry in live(entries)):
            plain = file.body.plain()
            entry = Entry("scheme", file.subject, plain, "operator", log.clock(), file.sigs)
            entries.append((size + number, entry))
            _check_follows(mark_standing(entries, providers), size + number, file)
        envelopes = [*stored.get(file.subject, ()), *_envelopes(file)]
        _check_decoded(log, file, envelopes, given)
        claims.append(key_claim(PublicKey(verifier, "provider", False)))
        claims.append(Claim("scheme", file.subject, file.body, sigs=file.sigs))
        attachments += file.attachments() + ([] if given is None else [given.data])
    return claims, attachments, seen


def current(log: Log, standing: MarkStanding) -> tuple[Scheme, KeyMaterial | None]:
    """The state that stands, and its key if it is at hand."""
    body = scheme_of(standing.body, f"entry {standing.index}")
    envelopes = stored_envelopes(log).get(standing.subject, ())
    return body, find_material(standing.subject, body, log.keys, envelopes)


def load_entry_file(path: Path) -> EntryFile:
    """Read and check an entry file. Raises InputError, BadSignatureError or VerificationError."""
    return parse_entry_file(_read(path, MAX_ENTRY_FILE_BYTES), printable(path))


def load_envelope(path: Path) -> Envelope:
    """Read an envelope file. Raises InputError or VerificationError."""
    return parse_envelope(_read(path, MAX_ENVELOPE_BYTES), printable(path))


def _registered(log: Log, file: EntryFile, done: Recorded) -> Registered:
    state = find_mark(log, file.subject)
    return Registered(state, done.index, done.claim_id, done.new, file)


def _trusted_provider(log: Log, file: EntryFile) -> Verifier:
    """The provider's key. Raises UntrustedSignerError, or RefusedError if it was taken back."""
    verifier = file.provider
    if verifier not in log.keys.verifiers("provider"):
        raise UntrustedSignerError(
            f"mark {_label(file)}: signed by {printable(verifier.label)}, which is not trusted "
            "here as a provider",
            hint=trust_line(verifier.vkey, "provider"),
        )
    subject = subject_of("key", verifier.name, verifier.vkey)
    about = [(index, log.entry(index)) for index in log.find(subject)]
    named = [entry for _, entry in about if entry.kind == "key"]
    if named and not any(entry.kind == "key" for _, entry in live(about)):
        raise RefusedError(
            f"mark {_label(file)}: this ledger took back the key {printable(verifier.label)}"
        )
    return verifier


def _check_follows(standing: MarkStanding | None, index: int, file: EntryFile) -> None:
    if standing is not None and standing.index == index:
        return
    reason = "the state it follows is not here"
    if standing is not None:
        reason = dict(standing.refused)[index]
    raise RefusedError(
        f"mark {_label(file)}: {reason}",
        hint="register the states of a mark in their order; "
        "only its provider can say anything new of it",
    )


def _check_decoded(
    log: Log, file: EntryFile, envelopes: Sequence[Envelope], given: Envelope | None
) -> None:
    """Reproduce the vectors if the key is at hand. Raises VerificationError or InputError."""
    body, where = file.body, f"mark {_label(file)}"
    material = find_material(file.subject, body, log.keys, envelopes, given)
    if given is not None and material is None:
        raise VerificationError(
            f"{where}: the envelope is not for this installation",
            hint="`watermark recipient` prints what the provider must encrypt it to",
        )
    vectors = file.vectors or stored_vectors(log, body)
    why = unverified_because(body, material, vectors)
    if why is None and material is not None and vectors is not None:
        open_decoder(body, material, vectors, where)
    elif material is not None:
        raise VerificationError(
            f"{where}: {why}, though its key is at hand",
            hint="an entry that can be checked is recorded only if it was",
        )


def _envelopes(file: EntryFile) -> list[Envelope]:
    return [] if file.envelope is None else [file.envelope]


def _said(body: Scheme, other: Scheme) -> dict[str, object]:
    """A state less when it was said, what it follows, and a reason that only one of them gives."""
    aside = {"issued_at", "supersedes"}
    if body.because is None or other.because is None:
        aside.add("because")
    return {name: value for name, value in body.plain().items() if name not in aside}


def _is_json(path: Path) -> bool:
    return _read(path, None)[:1] == b"{"


def _read(path: Path, limit: int | None) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(1 if limit is None else limit + 1)
    except OSError as error:
        raise InputError(f"{printable(path)}: {(error.strerror or str(error)).lower()}") from error
    return data


def _label(file: EntryFile) -> str:
    return printable(f"{file.body.name}@{file.body.version}", 120)
