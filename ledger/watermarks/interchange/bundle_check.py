"""Checks a bundle of marks by itself: its signature, the log's, every proof, every provider's.

Nothing of a ledger is looked at, only which keys are trusted. Whoever signed the file says that
these entries stand in the log; the log's key says so too, and each provider that it said them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from ledger.errors import (
    BadSignatureError,
    InputError,
    RootMismatchError,
    UntrustedSignerError,
    VerificationError,
    printable,
)
from ledger.log.checkpoint import Checkpoint, parse_checkpoint
from ledger.log.keys import KeyRing
from ledger.log.merkle import check_inclusion, leaf_hash
from ledger.log.notes import Verifier, open_note, parse_note, parse_vkey
from ledger.provenance.dsse import open_envelope, parse_envelope
from ledger.provenance.signing import attested
from ledger.provenance.trust import trust_line
from ledger.watermarks.interchange.bundle import (
    MAX_BUNDLE_BYTES,
    Bundle,
    BundledEntry,
    parse_payload,
)

__all__ = ["CheckedBundle", "check_bundle"]


@dataclass(frozen=True)
class CheckedBundle:
    """A bundle of which all holds. `log_trusted` says whether a key of the log is trusted here."""

    bundle: Bundle
    checkpoint: Checkpoint
    signers: tuple[Verifier, ...]
    log_signers: tuple[Verifier, ...]
    log_trusted: bool


def check_bundle(
    data: bytes, keys: KeyRing, where: str, *, untrusted_log: bool = False
) -> CheckedBundle:
    """Check a bundle file. A log whose key nobody here trusts is let pass only if asked to.

    Raises VerificationError for what is no bundle or does not fit together, BadSignatureError for
    a signature that does not hold, RootMismatchError for an entry that is not in the log,
    UntrustedSignerError for a file that no trusted statement key signed, or such a log.
    """
    if len(data) > MAX_BUNDLE_BYTES:
        raise VerificationError(
            f"{where}: {len(data):,} bytes, expected at most {MAX_BUNDLE_BYTES:,}"
        )
    trusted = keys.verifiers("statement")
    _require_known_signer(data, trusted, where)
    payload, signers = open_envelope(data, trusted, where)  # before more of it is read
    bundle = parse_payload(payload, where)
    checkpoint, log_signers = _check_note(bundle, keys, where)
    for item in bundle.entries:
        _check_entry(item, checkpoint, where)
    _check_vectors(bundle, where)
    known = [key for key in log_signers if key in keys.verifiers("log")]
    if not known and not untrusted_log:
        labels = ", ".join(printable(key.label) for key in log_signers)
        raise UntrustedSignerError(
            f"{where}: consistent, but its log's key is not trusted here: {labels}",
            hint=_trust_hint(log_signers, "log"),
        )
    return CheckedBundle(
        bundle, checkpoint, tuple(signers), tuple(known or log_signers), bool(known)
    )


def _check_note(bundle: Bundle, keys: KeyRing, where: str) -> tuple[Checkpoint, Sequence[Verifier]]:
    named = _named(bundle.log_vkeys, where)
    try:
        text, signers = open_note(bundle.note, [*named, *keys.verifiers("log")])
        checkpoint = parse_checkpoint(text)
    except VerificationError as error:
        raise type(error)(f"{where}: checkpoint: {error}", hint=error.hint) from None
    if len(signers) != len(parse_note(bundle.note).signatures):
        raise VerificationError(
            f"{where}: checkpoint: signed by a key that the bundle does not name, expected none"
        )
    names = {checkpoint.log_name, *(signer.name for signer in signers)}
    if names != {bundle.log_name}:
        raise VerificationError(
            f"{where}: checkpoint: of {printable(', '.join(sorted(names)))}, "
            f"expected {printable(bundle.log_name)} alone"
        )
    if checkpoint.root != bundle.root:
        raise RootMismatchError(f"{where}: subject: another root than its checkpoint has")
    return checkpoint, signers


def _check_entry(item: BundledEntry, checkpoint: Checkpoint, where: str) -> None:
    place = f"{where}: entry {item.index}"
    entry = item.entry
    if entry.kind != "scheme":
        raise VerificationError(f"{place}: a {printable(entry.kind)} claim, expected a scheme")
    try:
        check_inclusion(
            item.index, checkpoint.size, leaf_hash(item.data), checkpoint.root, item.hashes
        )
    except RootMismatchError as error:
        raise RootMismatchError(f"{place}: not in the log: {error}") from None
    try:
        provider = parse_vkey(str(entry.body.get("provider_key")))
    except InputError:
        raise VerificationError(f"{place}: provider_key is no verifier key") from None
    by = [(sig.get("keyid"), sig.get("type")) for sig in entry.sigs]
    if by != [(provider.label, "ed25519")] or not attested(
        item.index, entry, {provider.label: (-1, provider)}
    ):
        raise BadSignatureError(
            f"{place}: not signed by {printable(provider.label)}, which it names as its provider"
        )


def _check_vectors(bundle: Bundle, where: str) -> None:
    digested = {item.entry.body.get("vectors") for item in bundle.entries}
    for digest in bundle.vectors:
        if digest not in digested:
            raise VerificationError(f"{where}: vectors {digest[:15]}… of no entry here")


def _named(vkeys: Sequence[str], where: str) -> list[Verifier]:
    try:
        return [parse_vkey(vkey) for vkey in vkeys]
    except InputError as error:
        raise VerificationError(f"{where}: vkeys: {error}") from None


def _require_known_signer(data: bytes, trusted: Sequence[Verifier], where: str) -> None:
    """Raises UntrustedSignerError unless a trusted key is said to have signed."""
    payload, signatures = parse_envelope(data, where)
    keyids = [keyid for keyid, _ in signatures]
    if any(verifier.label in keyids for verifier in trusted):
        return
    try:
        vkeys = [parse_vkey(v) for v in orjson.loads(payload)["predicate"]["vkeys"]["statement"]]
    except (InputError, ValueError, KeyError, TypeError, AttributeError):
        vkeys = []
    raise UntrustedSignerError(
        f"{where}: signed by {printable(', '.join(keyids))}, which is not trusted here",
        hint=_trust_hint([key for key in vkeys if key.label in keyids], "statement"),
    )


def _trust_hint(keys: Sequence[Verifier], use: str) -> str | None:
    lines = "; ".join(trust_line(key.vkey, use) for key in keys)
    return f"if you know it from elsewhere: {printable(lines, 4000)}" if lines else None
