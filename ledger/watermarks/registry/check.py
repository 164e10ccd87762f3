"""Whether this release decodes a mark as its provider says: key, vectors, tokenizer, one by one."""

from dataclasses import dataclass
from pathlib import Path

from ledger.errors import VerificationError, printable
from ledger.log.log import Log
from ledger.watermarks.registry.keystore import Envelope, stored_envelopes
from ledger.watermarks.registry.opening import find_material, open_decoder, unverified_because
from ledger.watermarks.registry.states import MarkState, find_mark, stored_vectors

__all__ = ["Checked", "CheckedVector", "check", "check_tokenizer"]


@dataclass(frozen=True)
class CheckedVector:
    """One conformance vector: how long, how much of it was counted."""

    number: int
    tokens: int
    counted: int


@dataclass(frozen=True)
class Checked:
    """What was checked of a mark, and what could not be, with why.

    `vectors` were all reproduced: one that is not raises. `commitment` says that the key is the one
    committed to (None for a public key), `tokenizer` that the file given has the mark's definition
    (None if no file was given). `kept` says that the key was stored here just now.
    """

    state: MarkState
    verified: bool
    unverified: str | None
    vectors: tuple[CheckedVector, ...]
    commitment: bool | None
    demo_key: bool | None
    tokenizer: bool | None
    kept: bool


def check(
    log: Log, name: str, *, key: Envelope | None = None, tokenizer: Path | None = None
) -> Checked:
    """Check a mark with the key at hand, or with the one in an envelope handed over.

    A log that is open for writing keeps that envelope. Raises VerificationError for a signature
    chain, commitment, vector or tokenizer that does not hold, UnknownNameError for the name.
    """
    state = find_mark(log, name)
    where = f"mark {state.label}"
    if not state.counts:
        raise VerificationError(f"{where}: {state.refused}")
    body = state.body
    stored = stored_envelopes(log).get(state.subject, ())
    material = find_material(state.subject, body, log.keys, stored, key)
    if key is not None and material is None:
        raise VerificationError(
            f"{where}: the envelope is not for this installation",
            hint="`watermark recipient` prints what the provider must encrypt it to",
        )
    vectors = stored_vectors(log, body)
    if tokenizer is not None:
        check_tokenizer(state, tokenizer)
    same_tokenizer = None if tokenizer is None else True
    why = unverified_because(body, material, vectors)
    if why is not None or material is None or vectors is None:
        return Checked(state, False, why, (), None, None, same_tokenizer, False)
    decoder = open_decoder(body, material, vectors, where)
    kept = False
    if key is not None and log.write and log.vault is not None:
        log.vault.keep([key.data])
        kept = True
    counted = zip(vectors.vectors, decoder.reproduced.counted, strict=True)
    return Checked(
        state=find_mark(log, state.subject),
        verified=True,
        unverified=None,
        vectors=tuple(
            CheckedVector(number, len(vector.ids), units)
            for number, (vector, units) in enumerate(counted, 1)
        ),
        commitment=None if body.key_commitment is None else True,
        demo_key=decoder.demo,
        tokenizer=same_tokenizer,
        kept=kept,
    )


def check_tokenizer(state: MarkState, path: Path) -> None:
    """Raises VerificationError where the tokenizer in a file is not the mark's, InputError for a
    file that is none.

    The same ids for the probe text are not enough: no scan takes another definition for the mark's.
    """
    from ledger.watermarks.tokenization.load import load

    found = load(path)
    if found.definition == state.tokenizer:
        return
    alike = ""
    if found.behaviour == state.tokenizer_behaviour:
        alike = "; it gives the same ids for the probe text, but is defined otherwise"
    raise VerificationError(
        f"{printable(path)}: tokenizer {found.definition[:15]}…, but mark {state.label} is made "
        f"with {(state.tokenizer or 'none')[:15]}…{alike}",
        hint="token ids of one tokenizer mean nothing to another; get the file that marks text",
    )
