"""The portable file of a registered mark's state: a signed claim, and what stands beside it.

    {"body":{…},"envelope":{…},"format":"headwater watermark entry v1","kind":"scheme",
     "sigs":[{"keyid":"acme.example/marks+0123abcd","sig":"<base64>","type":"ed25519"}],
     "subject":"sha256:…","vectors":{…}}

in canonical JSON. The provider signs {kind, subject, body} as any claim is signed, so the entry
means the same in every ledger. `vectors` are the conformance vectors that the body digests;
`envelope` is there for a sealed key alone, and only its recipients can open it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson
from pydantic import ValidationError

from ledger.claims import Scheme
from ledger.errors import BadSignatureError, InputError, VerificationError, printable
from ledger.log.canonical import Entry, claim_id, encode, format_entry, subject_of
from ledger.log.notes import ED25519, Signer, Verifier, parse_vkey
from ledger.provenance.signing import attested, sign_claim
from ledger.watermarks.registry.keystore import Envelope, parse_envelope
from ledger.watermarks.registry.vectors import Vectors, vectors_of
from ledger.watermarks.schemes import parse_algorithm

__all__ = [
    "MAX_ENTRY_FILE_BYTES",
    "EntryFile",
    "check_body",
    "format_entry_file",
    "key_fingerprint",
    "parse_entry_file",
    "scheme_of",
    "sign_entry",
    "subject_of_mark",
]

FORMAT = "headwater watermark entry v1"
MAX_ENTRY_FILE_BYTES = 2 << 20
_FINGERPRINT_TAG: Final = b"headwater/mark/v1\n"
_SIGNED = {"body", "format", "kind", "sigs", "subject"}


@dataclass(frozen=True)
class EntryFile:
    """A state as its provider signed it. `vectors` and `envelope` are None where none came."""

    subject: str
    body: Scheme
    sigs: tuple[Mapping[str, str], ...]
    vectors: Vectors | None = None
    envelope: Envelope | None = None

    @property
    def claim_id(self) -> str:
        return claim_id("scheme", self.subject, self.body.plain())

    @property
    def provider(self) -> Verifier:
        """The key that the state names as its provider's."""
        return parse_vkey(self.body.provider_key)

    def attachments(self) -> list[bytes]:
        """What belongs into the vault beside the claim."""
        parts = [part.data for part in (self.vectors, self.envelope) if part is not None]
        return parts


def subject_of_mark(name: str, version: str) -> str:
    """The subject of every state of a mark."""
    return subject_of("scheme", name, version)


def key_fingerprint(
    algorithm: str, parameters: Mapping[str, str], vocab_size: int, key: Mapping[str, str]
) -> str:
    """Digest of a mark's canonical identity. Public keys only: a small key could be found by it."""
    identity = {
        "algorithm": algorithm,
        "key": dict(key),
        "parameters": dict(parameters),
        "vocab_size": vocab_size,
    }
    return "sha256:" + sha256(_FINGERPRINT_TAG + encode(identity)).hexdigest()


def sign_entry(
    signer: Signer, body: Scheme, vectors: Vectors | None, envelope: Envelope | None
) -> EntryFile:
    """The file of a state, signed by its provider. `envelope` is left out unless it is sealed.

    Raises InputError for a body that no entry of a log can hold.
    """
    subject = subject_of_mark(body.name, body.version)
    plain = body.plain()
    sigs = (sign_claim(signer, "scheme", subject, plain),)
    format_entry(Entry("scheme", subject, plain, "operator", 2**53 - 1, sigs))
    return EntryFile(subject, body, sigs, vectors, envelope if _sealed(body) else None)


def format_entry_file(file: EntryFile) -> bytes:
    """The file's bytes: canonical JSON and nothing after it."""
    document: dict[str, Any] = {
        "body": file.body.plain(),
        "format": FORMAT,
        "kind": "scheme",
        "sigs": [dict(sig) for sig in file.sigs],
        "subject": file.subject,
    }
    if file.vectors is not None:
        document["vectors"] = orjson.loads(file.vectors.data)
    if file.envelope is not None:
        document["envelope"] = orjson.loads(file.envelope.data)
    return encode(document)


def parse_entry_file(data: bytes, where: str) -> EntryFile:
    """A file taken apart, its signature and its own consistency checked; whom to trust is not.

    Raises InputError for what is no entry file or states a mark that this release cannot decode,
    BadSignatureError for a signature that is not its provider's, VerificationError for vectors or
    an envelope that do not belong to it.
    """
    document = _document(data, where)
    body = scheme_of(document["body"], where)
    file = EntryFile(document["subject"], body, tuple(document["sigs"]))
    _check_signature(file, where)
    check_body(body, file.subject, where)
    vectors = document.get("vectors")
    if vectors is not None:
        parsed = vectors_of(vectors, f"{where}: vectors")
        if parsed.digest != body.vectors:
            raise VerificationError(f"{where}: other vectors than the provider signed")
        file = EntryFile(file.subject, body, file.sigs, parsed)
    envelope = document.get("envelope")
    if envelope is not None:
        opened = parse_envelope(encode(envelope), f"{where}: envelope")
        if opened.subject != file.subject or not _sealed(body):
            raise VerificationError(f"{where}: an envelope that is not this entry's")
        file = EntryFile(file.subject, body, file.sigs, file.vectors, opened)
    return file


def scheme_of(body: Any, where: str) -> Scheme:
    """The body of a `scheme` claim from plain JSON values. Raises InputError, quoting no value."""
    try:
        return Scheme.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = printable(first["msg"], 160)
        # its cause holds what was given, and so perhaps a key
        raise InputError(
            f"{where}: {printable(place, 60)}: {message[:1].lower()}{message[1:]}"
        ) from None


def check_body(body: Scheme, subject: str, where: str) -> None:
    """Raises InputError unless the state is one that this release can decode, canonically said."""
    if subject != subject_of_mark(body.name, body.version):
        raise InputError(f"{where}: subject is not that of {printable(body.name)}@{body.version}")
    if parse_vkey(body.provider_key).algorithm != ED25519:
        raise InputError(f"{where}: provider_key is no Ed25519 key")
    family, variant = parse_algorithm(body.algorithm)
    if not 2 <= body.vocab_size <= 2**31 - 1:
        raise InputError(f"{where}: vocab_size {body.vocab_size}, expected 2 to 2^31 - 1")
    canonical = family.parameters(variant, body.parameters, body.vocab_size)
    if canonical != body.parameters:
        other = sorted(set(canonical.items()) ^ set(body.parameters.items()))[0][0]
        raise InputError(
            f"{where}: parameter {printable(other, 60)} is not in canonical form",
            hint="the entry was made by another program or release",
        )
    _check_key(body, where)
    _check_times(body, where)


def _check_key(body: Scheme, where: str) -> None:
    public = body.key_class == "public"
    if (body.key is not None) != public or (body.key_fingerprint is not None) != public:
        raise InputError(
            f"{where}: key and key_fingerprint are said of a public key, and of no other"
        )
    if (body.key_commitment is not None) != (body.key_class in ("committed", "sealed")):
        raise InputError(
            f"{where}: key_commitment is for a committed or sealed key, and for no other"
        )
    if body.key_class == "remote":
        if body.endpoint is None or body.vectors is not None:
            raise InputError(f"{where}: a remote key has an endpoint and no vectors")
    elif body.tokenizer is None or body.tokenizer_behaviour is None:
        raise InputError(f"{where}: no tokenizer and tokenizer_behaviour, expected both digests")
    if body.endpoint is not None and not body.endpoint.startswith("https://"):
        raise InputError(f"{where}: endpoint {printable(body.endpoint, 80)}, expected https://…")
    if body.key is not None:
        family, variant = parse_algorithm(body.algorithm)
        canonical = family.key(variant, body.parameters, body.key, body.vocab_size)
        fingerprint = key_fingerprint(body.algorithm, body.parameters, body.vocab_size, canonical)
        if canonical != body.key or fingerprint != body.key_fingerprint:
            raise InputError(f"{where}: key or key_fingerprint is not in canonical form")
        if body.vectors is None:
            raise InputError(f"{where}: a public key without vectors, expected their digest")


def _check_times(body: Scheme, where: str) -> None:
    if None not in (body.not_before, body.not_after) and body.not_before > body.not_after:  # type: ignore[operator]
        raise InputError(f"{where}: not_before is after not_after")
    if body.forgeable_from is not None and body.status == "active":
        raise InputError(
            f"{where}: forgeable_from in an active state, expected a retired or revoked one"
        )


def _document(data: bytes, where: str) -> dict[str, Any]:
    if len(data) > MAX_ENTRY_FILE_BYTES:
        raise InputError(f"{where}: {len(data):,} bytes, expected at most {MAX_ENTRY_FILE_BYTES:,}")
    try:
        document = orjson.loads(data)
        canonical = encode(document) == data
    except (orjson.JSONDecodeError, InputError):
        raise InputError(
            f"{where}: not an entry file, expected canonical JSON",
            hint="take it as its provider's `watermark register -o` or `watermark export` wrote it",
        ) from None
    if not canonical:
        raise InputError(
            f"{where}: a repeated JSON key or another spelling, expected canonical JSON",
            hint="nothing may stand before or after the entry, not even a line's end",
        )
    if (
        not isinstance(document, dict)
        or not _SIGNED <= set(document) <= _SIGNED | {"vectors", "envelope"}
        or document["format"] != FORMAT
        or document["kind"] != "scheme"
        or not isinstance(document["subject"], str)
    ):
        raise InputError(f"{where}: not an entry file of format {FORMAT!r}")
    sigs = document["sigs"]
    if (
        not isinstance(sigs, list)
        or len(sigs) != 1
        or not isinstance(sigs[0], dict)
        or set(sigs[0]) != {"keyid", "sig", "type"}
        or not all(isinstance(value, str) for value in sigs[0].values())
    ):
        raise InputError(f"{where}: sigs, expected one signature, by the provider")
    return document


def _check_signature(file: EntryFile, where: str) -> None:
    provider = file.provider
    entry = Entry("scheme", file.subject, file.body.plain(), "operator", 0, file.sigs)
    if not attested(1, entry, {provider.label: (0, provider)}):
        raise BadSignatureError(
            f"{where}: not signed by {printable(provider.label)}, which it names as its provider"
        )


def _sealed(body: Scheme) -> bool:
    return body.key_class == "sealed"
