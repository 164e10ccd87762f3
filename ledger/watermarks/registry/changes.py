"""Later states of a mark: retired, revoked, corrected, rotated. Each is a new signed claim."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ledger.claims import Scheme
from ledger.errors import InputError, RefusedError, VerificationError, printable
from ledger.log.log import Log
from ledger.log.notes import parse_vkey
from ledger.watermarks.registry.describe import describe, load_description
from ledger.watermarks.registry.entry import (
    EntryFile,
    check_body,
    scheme_of,
    sign_entry,
    subject_of_mark,
)
from ledger.watermarks.registry.keystore import Envelope, seal_envelope, stored_envelopes
from ledger.watermarks.registry.register import (
    Registered,
    admit,
    again,
    current,
    keep_tokenizer,
    unchanged,
)
from ledger.watermarks.registry.states import MarkState, find_mark, standing_of, stored_vectors

__all__ = ["correct", "entry_file", "retire", "revoke", "rotate", "share"]


def revoke(
    log: Log, name: str, *, because: str | None = None, forgeable_from: int | None = None
) -> Registered:
    """Say that a mark's key leaked. What existed before `forgeable_from` keeps its weight.

    Without that moment nothing does: the mark is then worth what a public key's is. Raises
    UnknownNameError, RefusedError without the provider's private key, and what appending raises.
    """
    return _change(log, name, status="revoked", because=because, forgeable_from=forgeable_from)


def retire(log: Log, name: str, *, because: str | None = None) -> Registered:
    """Say that a mark is no longer made. What carries it is still found. Raises as `revoke`."""
    return _change(log, name, status="retired", because=because)


def correct(log: Log, path: Path) -> Registered:
    """Say anew what a mark is, from a description with its name and version.

    A changed key or parameter makes it another mark: what was found before no longer counts.
    Raises InputError where no such mark is registered, and as `describe` and `revoke`.
    """
    description = load_description(path)
    subject = subject_of_mark(description.name, description.version)
    standing = standing_of(log, subject)
    if standing is None:
        label = printable(f"{description.name}@{description.version}", 120)
        raise InputError(
            f"mark {label} is not registered, so nothing can be corrected",
            hint=f"headwater watermark register {printable(path)}",
        )
    made = again(log, standing, description)
    same = unchanged(log, standing, made)
    if same is not None and made.file.body.because in (None, same.state.because):
        return same
    (recorded,) = admit(log, [(made.file, made.envelope)])
    state = find_mark(log, subject)
    return Registered(state, recorded.index, recorded.claim_id, recorded.new, made.file)


def rotate(log: Log, name: str, path: Path) -> tuple[Registered, Registered]:
    """(the new version, the old one): a description takes over from a mark, which is retired.

    Both states are recorded, or none. Raises as `describe` and `revoke`, and RefusedError where
    the new version stands already or the old one was revoked.
    """
    old = _own(log, name)
    description = load_description(path)
    if subject_of_mark(description.name, description.version) == old.subject:
        raise InputError(
            f"{printable(path)}: name and version of the mark {old.label} itself",
            hint="a rotation is a new version; give it another one",
        )
    if old.status == "revoked":
        raise RefusedError(
            f"mark {old.label} was revoked; it has nothing to hand over",
            hint="register the new version by itself",
        )
    made = describe(description, log.keys, now=log.clock(), replaces=old.subject)
    label = printable(f"{description.name}@{description.version}", 120)
    because = old.because if old.status == "retired" else f"rotated to {label}"
    keep_tokenizer(log, made)
    retired = _following(log, old, {"status": "retired", "because": because})
    new_done, old_done = admit(log, [(made.file, made.envelope), (retired, None)])
    return (
        Registered(
            find_mark(log, made.file.subject),
            new_done.index,
            new_done.claim_id,
            new_done.new,
            made.file,
        ),
        Registered(
            find_mark(log, old.subject), old_done.index, old_done.claim_id, old_done.new, retired
        ),
    )


def share(log: Log, name: str, recipients: Mapping[str, str]) -> Envelope:
    """The key of a mark, encrypted to more recipients (name -> hwr1…), to be handed to them.

    Raises RefusedError where the key is public or not at hand, InputError for a recipient.
    """
    state = find_mark(log, name)
    standing = standing_of(log, state.subject)
    if standing is None:
        raise VerificationError(f"mark {state.label}: {state.refused}")
    body, material = current(log, standing)
    if material is None or body.key_commitment is None:
        why = "its key is public" if body.key is not None else "its key is not at hand"
        raise RefusedError(f"mark {state.label}: {why}, so none can be handed over")
    return seal_envelope(state.subject, material, recipients, log.keys)


def entry_file(log: Log, state: MarkState) -> EntryFile:
    """The state that stands, as the file that its provider signed.

    A sealed key's envelope comes along, the one with the most recipients. Raises
    VerificationError where the vault holds other vectors than were signed.
    """
    body = state.body
    sigs = log.entry(state.index).sigs
    return EntryFile(
        state.subject, body, sigs, stored_vectors(log, body), _sealed_envelope(log, state)
    )


def _change(log: Log, name: str, **changes: Any) -> Registered:
    state = _own(log, name)
    said = {key: getattr(state, key) for key in changes if changes[key] is None}
    wanted = {**changes, **said, "status": changes["status"]}
    if state.status == "revoked" and wanted["status"] == "retired":
        raise RefusedError(f"mark {state.label} was revoked; it cannot be retired any more")
    if all(getattr(state, key) == value for key, value in wanted.items()):
        file = entry_file(log, state)
        return Registered(state, state.index, state.claim_id, False, file)
    file = _following(log, state, wanted)
    (done,) = admit(log, [(file, None)])
    return Registered(find_mark(log, state.subject), done.index, done.claim_id, done.new, file)


def _own(log: Log, name: str) -> MarkState:
    state = find_mark(log, name)
    if not state.counts:
        raise VerificationError(f"mark {state.label}: {state.refused}")
    return state


def _following(log: Log, state: MarkState, changes: Mapping[str, Any]) -> EntryFile:
    """A new state after `state`, signed with its provider's private key."""
    verifier = parse_vkey(state.provider_key)
    signer = log.keys.signer("provider", verifier.name, [verifier.vkey])
    plain = {
        **state.body.plain(),
        **changes,
        "issued_at": max(log.clock(), state.issued_at),
        "supersedes": state.claim_id,
    }
    body: Scheme = scheme_of({k: v for k, v in plain.items() if v is not None}, state.label)
    check_body(body, state.subject, state.label)
    return sign_entry(signer, body, stored_vectors(log, body), _sealed_envelope(log, state))


def _sealed_envelope(log: Log, state: MarkState) -> Envelope | None:
    if state.key_class != "sealed":
        return None
    stored = stored_envelopes(log).get(state.subject, [])
    return max(stored, key=lambda item: len(item.recipients), default=None)
