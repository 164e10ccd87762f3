"""Which marks a log knows, and how each stands: what counts, what is verified, what to beware of.

Whether a state counts is decided in `ledger.provenance.marks`, for the labels and for us.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ledger.claims import Scheme
from ledger.claims.scheme import KeyClass
from ledger.errors import InputError, UnknownNameError, VerificationError, printable
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.notes import Verifier
from ledger.log.record import live
from ledger.provenance.gather import named_keys
from ledger.provenance.marks import MarkStanding, mark_standing
from ledger.provenance.scans import entries_of_kind
from ledger.watermarks.registry.entry import check_body, scheme_of
from ledger.watermarks.registry.keystore import Envelope, stored_envelopes
from ledger.watermarks.registry.opening import (
    Decoder,
    find_material,
    open_decoder,
    unverified_because,
)
from ledger.watermarks.registry.vectors import Vectors, parse_vectors
from ledger.watermarks.schemes import Mark

__all__ = [
    "MarkState",
    "OpenedMark",
    "State",
    "find_mark",
    "marks",
    "open_marks",
    "provider_keys",
    "standing_of",
    "stored_vectors",
]

_SUBJECT = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})")


@dataclass(frozen=True)
class State:
    """One recorded state of a mark. `refused` says why it does not count, None if it does."""

    index: int
    claim_id: str
    status: str
    issued_at: int
    because: str | None
    refused: str | None


@dataclass(frozen=True)
class MarkState:
    """How a mark stands in a log, now.

    `counts` is False, with `refused`, where no state is signed as it must be. `verified` means that
    this installation has the key and reproduces the vectors; if not, `unverified` says why.
    `recipients` are the names under which its sealed key can be opened. `warnings` begin with a
    word for programs: `demo-key:`, `revoked:`, `expired:` and so on.
    """

    subject: str
    index: int
    claim_id: str
    name: str
    version: str
    provider: str
    provider_key: str
    algorithm: str
    parameters: Mapping[str, str]
    vocab_size: int
    tokenizer: str | None
    tokenizer_behaviour: str | None
    key_class: KeyClass
    status: str
    issued_at: int
    model: str | None
    vectors: str | None
    endpoint: str | None
    not_before: int | None
    not_after: int | None
    forgeable_from: int | None
    because: str | None
    replaces: str | None
    counts: bool
    refused: str | None
    verified: bool
    unverified: str | None
    recipients: tuple[str, ...]
    warnings: tuple[str, ...]
    states: tuple[State, ...]
    body: Scheme = field(repr=False)

    @property
    def label(self) -> str:
        """NAME@VERSION, for a message."""
        return printable(f"{self.name}@{self.version}", 120)


@dataclass(frozen=True)
class OpenedMark:
    """A verified mark, opened. `key` is canonical: for worker processes, never for a file."""

    state: MarkState
    mark: Mark
    key: Mapping[str, str] = field(repr=False)

    @property
    def subject(self) -> str:
        return self.state.subject

    @property
    def algorithm(self) -> str:
        return self.state.algorithm

    @property
    def parameters(self) -> Mapping[str, str]:
        return self.state.parameters

    @property
    def vocab_size(self) -> int:
        return self.state.vocab_size

    @property
    def tokenizer(self) -> str | None:
        return self.state.tokenizer


def provider_keys(log: Log) -> dict[str, tuple[int, Verifier]]:
    """Keys that the log names for the use `provider`: label -> (naming entry, key)."""
    return dict(named_keys(entries_of_kind(log, "key"), "provider"))


def standing_of(
    log: Log, subject: str, providers: Mapping[str, tuple[int, Verifier]] | None = None
) -> MarkStanding | None:
    """How a mark stands, None if no state of it counts."""
    about = [(index, log.entry(index)) for index in log.find(subject)]
    return mark_standing(about, provider_keys(log) if providers is None else providers)


def stored_vectors(log: Log, body: Scheme) -> Vectors | None:
    """The conformance vectors of a state; None where the vault withholds them.

    Raises VerificationError where it holds something else.
    """
    if body.vectors is None or log.vault is None:
        return None
    data = log.vault.attachment(parse_digest(body.vectors))
    return None if data is None else parse_vectors(data, f"vectors {body.vectors[:15]}…")


def marks(log: Log, *, at: int | None = None) -> list[MarkState]:
    """Every mark that the log has a state of, by name and version, as it stands at time `at`.

    The keys at hand are used: each mark that can be verified is, on every call.
    """
    return [state for state, _ in _survey(log, at)]


def find_mark(log: Log, name: str, *, at: int | None = None) -> MarkState:
    """A mark by NAME, NAME@VERSION, or its subject or the beginning of it.

    A NAME alone is its version registered last. Raises UnknownNameError, or InputError where
    several subjects begin so.
    """
    return _choose([state for state, _ in _survey(log, at)], name)


def open_marks(
    log: Log, names: Sequence[str] | None = None, *, at: int | None = None
) -> list[OpenedMark]:
    """The decoders of the named marks, or of every mark whose key is at hand.

    Raises UnknownNameError for a name, VerificationError for a named mark that is not verified or
    does not count. Without names, such marks are left out.
    """
    found = _survey(log, at)
    if names is None:
        return [
            OpenedMark(state, decoder.mark, decoder.material.key)
            for state, decoder in found
            if decoder is not None and state.counts
        ]
    states = [state for state, _ in found]
    decoders = {state.subject: decoder for state, decoder in found}
    chosen = {state.subject: state for state in (_choose(states, name) for name in names)}
    opened = []
    for subject, state in chosen.items():
        decoder = decoders[subject]
        if not state.counts or decoder is None:
            why = state.refused or state.unverified
            raise VerificationError(
                f"mark {state.label} cannot be looked for: {why}",
                hint="headwater watermark check " + state.label,
            )
        opened.append(OpenedMark(state, decoder.mark, decoder.material.key))
    return opened


def _choose(states: Sequence[MarkState], name: str) -> MarkState:
    exact = [state for state in states if name in (state.name, f"{state.name}@{state.version}")]
    if exact:
        return max(exact, key=lambda state: (state.counts, state.states[0].index))
    prefix = _SUBJECT.fullmatch(name)
    if prefix is not None:
        found = [state for state in states if state.subject[7:].startswith(prefix[1])]
        if len(found) == 1:
            return found[0]
        if found:
            labels = ", ".join(state.label for state in found)
            raise InputError(f"{printable(name)} begins {len(found)} marks: {labels}")
    known = {state.name for state in states} | {f"{s.name}@{s.version}" for s in states}
    raise UnknownNameError(
        "mark", name, known, hint=None if known else "headwater watermark register FILE"
    )


def _survey(log: Log, at: int | None) -> list[tuple[MarkState, Decoder | None]]:
    now = log.clock() if at is None else at
    providers = provider_keys(log)
    envelopes = stored_envelopes(log)
    found = []
    for subject in dict.fromkeys(entry.subject for _, entry in entries_of_kind(log, "scheme")):
        about = live([(index, log.entry(index)) for index in log.find(subject)])
        schemes = [(index, entry) for index, entry in about if entry.kind == "scheme"]
        if schemes:
            standing = mark_standing(about, providers)
            found.append(_stand(log, schemes, standing, envelopes.get(subject, ()), now))
    found.sort(key=lambda item: (item[0].name, item[0].version))
    return _compared(found)


def _stand(
    log: Log,
    schemes: Sequence[tuple[int, Entry]],
    standing: MarkStanding | None,
    envelopes: Sequence[Envelope],
    now: int,
) -> tuple[MarkState, Decoder | None]:
    index, entry = schemes[-1] if standing is None else standing.states[-1]
    where = f"entry {index}"
    try:
        body = scheme_of(entry.body, where)
    except InputError as error:
        raise VerificationError(
            str(error), hint="another program recorded it; a withdrawal takes it out of the way"
        ) from None
    decoder, unverified = _decoder(log, entry.subject, body, envelopes, where)
    refused = None
    if standing is None:
        refused = "no state is signed by a provider key that the log named before"
    state = MarkState(
        **_fields(entry, index, body),
        counts=standing is not None,
        refused=refused,
        verified=decoder is not None,
        unverified=unverified,
        recipients=_recipients(body, envelopes),
        warnings=_warnings(body, decoder, now),
        states=_states(schemes, standing),
        body=body,
    )
    return state, decoder


def _decoder(
    log: Log, subject: str, body: Scheme, envelopes: Sequence[Envelope], where: str
) -> tuple[Decoder | None, str | None]:
    try:
        check_body(body, subject, where)
        material = find_material(subject, body, log.keys, envelopes)
        vectors = stored_vectors(log, body)
        why = unverified_because(body, material, vectors)
        if why is not None or material is None or vectors is None:
            return None, why
        return open_decoder(body, material, vectors, where), None
    except (InputError, VerificationError) as error:
        return None, str(error)


def _fields(entry: Entry, index: int, body: Scheme) -> dict[str, Any]:
    names = set(MarkState.__dataclass_fields__) & set(Scheme.model_fields)
    plain = {name: getattr(body, name) for name in names}
    return {**plain, "subject": entry.subject, "index": index, "claim_id": entry.claim_id}


def _states(
    schemes: Sequence[tuple[int, Entry]], standing: MarkStanding | None
) -> tuple[State, ...]:
    counting = set() if standing is None else {index for index, _ in standing.states}
    refused = {} if standing is None else dict(standing.refused)
    return tuple(
        State(
            index=index,
            claim_id=entry.claim_id,
            status=str(entry.body.get("status")),
            issued_at=_seconds(entry.body.get("issued_at")),
            because=entry.body.get("because"),
            refused=None
            if index in counting
            else refused.get(index, "it is not signed by a key that the log named before"),
        )
        for index, entry in schemes
    )


def _warnings(body: Scheme, decoder: Decoder | None, now: int) -> tuple[str, ...]:
    found = []
    if decoder is not None and decoder.demo:
        found.append("demo-key: a well-known default key, so a text with it may be anybody's")
    if body.status != "active":
        because = f": {printable(body.because)}" if body.because else ""
        found.append(f"{body.status}: on {_day(body.issued_at)}{because}")
    if body.forgeable_from is not None:
        found.append(
            f"forgeable: others could have made this mark since {_day(body.forgeable_from)}"
        )
    elif body.status == "revoked":
        found.append("forgeable: others could have made this mark at any time")
    if body.not_after is not None and body.not_after < now:
        found.append(f"expired: it was valid until {_day(body.not_after)}")
    if body.not_before is not None and body.not_before > now:
        found.append(f"not-yet-valid: it is valid from {_day(body.not_before)}")
    if body.key_class == "public":
        found.append(
            "public-key: anybody can make this mark, so it makes a text suspected, not known"
        )
    if body.parameters.get("rng") == "torch-cpu-mt19937":
        found.append(
            "cpu-generator: found only where torch's generator for the CPU made it; the one for "
            "CUDA (torch-cuda-philox) permutes otherwise, by the launch, and is not supported"
        )
    return tuple(found)


def _compared(
    found: Sequence[tuple[MarkState, Decoder | None]],
) -> list[tuple[MarkState, Decoder | None]]:
    """Says of every mark which others decide alike: equal keys behind different names."""
    alike: dict[bytes, list[MarkState]] = {}
    for state, decoder in found:
        if decoder is not None:
            alike.setdefault(decoder.reproduced.decisions, []).append(state)
    compared = []
    for state, decoder in found:
        others = [] if decoder is None else alike[decoder.reproduced.decisions]
        names = ", ".join(other.label for other in others if other.subject != state.subject)
        if names:
            words = f"collision: the same effective key decides for {names}"
            state = replace(state, warnings=(*state.warnings, words))
        compared.append((state, decoder))
    return compared


def _recipients(body: Scheme, envelopes: Sequence[Envelope]) -> tuple[str, ...]:
    if body.key_class != "sealed":
        return ()
    names = {name for envelope in envelopes for name, _, _ in envelope.recipients}
    return tuple(sorted(names - {"self"}))


def _seconds(value: object) -> int:
    return value if type(value) is int else 0


def _day(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"
