"""From a registered state to a decoder: its key found, its vectors reproduced, or why not.

Verified means here and now: this installation has the key, and this release decides with it what
the provider says is decided. Nothing else may make a label.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.claims import Scheme
from ledger.errors import InputError, LedgerError, VerificationError
from ledger.log.keys import KeyRing
from ledger.watermarks.registry.keystore import (
    Envelope,
    KeyMaterial,
    material_in,
    stored_material,
)
from ledger.watermarks.registry.vectors import Reproduced, Vectors, reproduce
from ledger.watermarks.schemes import Mark, open_mark, parse_algorithm

__all__ = ["Decoder", "find_material", "open_decoder", "unverified_because"]


@dataclass(frozen=True)
class Decoder:
    """A mark with its key, which reproduced every vector. `demo` for a well-known default key."""

    mark: Mark
    material: KeyMaterial
    reproduced: Reproduced = field(repr=False)
    demo: bool


def find_material(
    subject: str,
    body: Scheme,
    keys: KeyRing,
    stored: Sequence[Envelope] = (),
    given: Envelope | None = None,
) -> KeyMaterial | None:
    """The key of a state: from its body, from `given`, or from the vault's envelopes.

    None where it is not at hand. Raises VerificationError for a `given` envelope that is not this
    mark's.
    """
    if body.key is not None:
        return KeyMaterial(dict(body.key), b"")
    if body.key_commitment is None:
        return None
    if given is not None:
        found = material_in(given, subject, body.key_commitment, keys)
        if found is not None:
            return found
    return stored_material(stored, subject, body.key_commitment, keys)


def unverified_because(
    body: Scheme, material: KeyMaterial | None, vectors: Vectors | None
) -> str | None:
    """What stops a check of the vectors; None if nothing does."""
    if body.key_class == "remote":
        return "only its provider can look for it, at the endpoint"
    if material is None:
        return "its key is not at hand"
    if body.vectors is None:
        return "its provider gave no vectors"
    if vectors is None:
        return "its vectors are not in the vault"
    return None


def open_decoder(body: Scheme, material: KeyMaterial, vectors: Vectors, where: str) -> Decoder:
    """The decoder of a state. Raises VerificationError naming a vector that it does not reproduce,

    InputError for a scheme or parameters that this release does not decode. No message quotes the
    key.
    """
    family, variant = parse_algorithm(body.algorithm)
    try:
        canonical = family.key(variant, body.parameters, material.key, body.vocab_size)
    except LedgerError:
        canonical = None
    if canonical != material.key:
        raise VerificationError(f"{where}: its key is not the canonical key of {body.algorithm}")
    mark = open_mark(body.algorithm, body.parameters, material.key, body.vocab_size)
    try:
        reproduced = reproduce(mark, vectors, material.blinding)
    except InputError as error:
        raise VerificationError(f"{where}: its vectors cannot be scored: {error}") from None
    wrong = [number for number, good in enumerate(reproduced.agree, 1) if not good]
    if wrong:
        raise VerificationError(
            f"{where}: vector {wrong[0]} of {len(reproduced.agree)} gives other decisions "
            "than its provider says",
            hint="the key, a parameter or the vocabulary's size is not the one that marks text",
        )
    demo = family.demo_key(variant, body.parameters, material.key)
    return Decoder(mark, material, reproduced, demo)
