"""How a registered mark is shown, for the commands that show one."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.watermarks.registry.register import Registered
    from ledger.watermarks.registry.states import MarkState

__all__ = [
    "OUTCOMES",
    "day",
    "mark_data",
    "mark_lines",
    "plain_p",
    "registered_data",
    "registered_lines",
]

OUTCOMES = {"detected": "found", "below_alpha": "not found", "undecidable": "undecidable"}
"""What a person reads. That a mark was not found says nothing of who wrote a text."""

_PLAIN = (
    "subject", "name", "version", "provider", "provider_key", "algorithm", "vocab_size",
    "tokenizer", "tokenizer_behaviour", "key_class", "status", "model", "endpoint", "vectors",
    "issued_at", "not_before", "not_after", "forgeable_from", "because", "replaces", "counts",
    "refused", "verified", "unverified",
)  # fmt: skip

_CLASSES = {
    "public": "public: anybody can look for the mark, and make it",
    "committed": "committed: its provider's alone, who is bound to it",
    "sealed": "sealed: encrypted to those whom its provider named",
    "remote": "remote: it stays with its provider, who answers questions",
}


def day(seconds: int | None) -> str | None:
    """Unix seconds as a UTC day; what no calendar holds stays a number."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"


def plain_p(log10_p: float) -> str:
    """A p-value for a table, rounded up: `1` or `3.2e-14`."""
    from math import log

    from ledger.watermarks.picture import p_words

    return p_words(log10_p * log(10)).removeprefix("p = ")


def mark_data(state: "MarkState") -> dict[str, Any]:
    """A mark as JSON values; no key is among them, but a public one's stands in its entry."""
    return {name: getattr(state, name) for name in _PLAIN} | {
        "parameters": dict(state.parameters),
        "entry": state.index,
        "claim_id": state.claim_id,
        "warnings": list(state.warnings),
        "states": [dict(vars(item)) for item in state.states],
    }


def mark_lines(state: "MarkState", *, entry: bool = True) -> list[str]:
    """A mark for people, a line a fact; `entry` is the one that holds its newest state."""
    from ledger.errors import printable
    from ledger.provenance.trust import key_label

    parameters = ", ".join(f"{name} {value}" for name, value in state.parameters.items())
    facts = [
        ("mark", f"{state.name} {state.version}, {state.status}"),
        ("provider", f"{state.provider}, key {key_label(state.provider_key)}"),
        ("model", state.model),
        ("scheme", f"{state.algorithm}{f' with {parameters}' if parameters else ''}"),
        ("key", _key(state)),
        ("vocabulary", f"{state.vocab_size:,} tokens"),
        ("tokenizer", state.tokenizer),
        ("endpoint", state.endpoint),
        ("valid from", day(state.not_before)),
        ("valid until", day(state.not_after)),
        ("forgeable from", day(state.forgeable_from)),
        ("because", state.because),
        ("verified", _verified(state)),
        ("subject", state.subject),
        ("entry", f"{state.index:,}" if entry else None),
    ]
    lines = [f"{name:<15}{printable(value, 400)}" for name, value in facts if value is not None]
    return lines + [f"warning: {printable(warning, 400)}" for warning in state.warnings]


def _key(state: "MarkState") -> str:
    to = f", also for {', '.join(state.recipients)}" if state.recipients else ""
    return f"{_CLASSES[state.key_class]}{to}"


def _verified(state: "MarkState") -> str:
    if not state.counts:
        return f"no, it does not count: {state.refused}"
    if state.verified:
        return "yes: the key is at hand and reproduces the conformance vectors"
    return f"no, so it makes no label: {state.unverified}"


def registered_data(done: "Registered") -> dict[str, Any]:
    """What a change of the registry recorded."""
    return {"mark": mark_data(done.state), "recorded": done.index, "new": done.new}


def registered_lines(done: "Registered") -> list[str]:
    """As registered_data, for people."""
    said = "recorded as" if done.new else "already recorded as"
    return [*mark_lines(done.state, entry=False), f"{said} entry {done.index:,}"]
