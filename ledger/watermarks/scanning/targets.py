"""What a scan looks for: registered marks whose keys are at hand. Keys are never shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ledger.claims.scheme import KeyClass
from ledger.errors import InputError
from ledger.log.canonical import encode
from ledger.watermarks.registry.states import OpenedMark
from ledger.watermarks.schemes import Mark, open_mark

__all__ = ["ScanTarget", "by_tokenizer", "target_of"]


@dataclass(frozen=True)
class ScanTarget:
    """A registered mark as a scan needs it.

    `subject` is the mark's, `state` the claim that describes it, `vectors` the digest of the
    conformance vectors that `key` reproduced; `tokenizer` the fingerprint of the definition it
    scores ids of. `calibration` is the claim of its newest false-alarm record, `warnings` what the
    registry says of it. `algorithm`, `parameters`, `key` and `vocab_size` are canonical.
    """

    name: str
    subject: str
    state: str
    vectors: str
    key_class: KeyClass
    tokenizer: str
    algorithm: str
    parameters: Mapping[str, str]
    vocab_size: int
    key: Mapping[str, str] = field(repr=False)
    calibration: str | None = None
    warnings: tuple[str, ...] = ()

    def open(self) -> Mark:
        """The mark, ready to score."""
        return open_mark(self.algorithm, self.parameters, self.key, self.vocab_size)

    @property
    def identity(self) -> str:
        """Which decoder this is, for a scan's parameters: no key, and nothing made of one.

        The vectors stand for the key: they digest what it decides.
        """
        return encode(
            {
                "algorithm": self.algorithm,
                "mark": self.subject,
                "parameters": dict(self.parameters),
                "tokenizer": self.tokenizer,
                "vectors": self.vectors,
                "vocab_size": self.vocab_size,
            }
        ).decode()

    @property
    def public(self) -> bool:
        """Whether anybody may know how strongly it was found."""
        return self.key_class == "public"


def target_of(opened: OpenedMark, calibration: str | None = None) -> ScanTarget:
    """A mark of the registry. Raises InputError for one that names no tokenizer."""
    state = opened.state
    if opened.tokenizer is None or state.vectors is None:
        lacking = "tokenizer" if opened.tokenizer is None else "vectors"
        raise InputError(
            f"mark {state.label}: no {lacking}, expected those its provider uses",
            hint="its provider can register a correction that names them",
        )
    return ScanTarget(
        name=state.label,
        subject=opened.subject,
        state=state.claim_id,
        vectors=state.vectors,
        key_class=state.key_class,
        tokenizer=opened.tokenizer,
        algorithm=opened.algorithm,
        parameters=opened.parameters,
        vocab_size=opened.vocab_size,
        key=opened.key,
        calibration=calibration,
        warnings=state.warnings,
    )


def by_tokenizer(targets: Sequence[ScanTarget]) -> list[list[ScanTarget]]:
    """Targets in groups of one tokenizer, groups and targets in an order of their own.

    Raises InputError for a mark that is named twice.
    """
    groups: dict[str, list[ScanTarget]] = {}
    for target in sorted(targets, key=lambda target: (target.tokenizer, target.subject)):
        group = groups.setdefault(target.tokenizer, [])
        if group and group[-1].subject == target.subject:
            raise InputError(f"mark {target.name} is named twice")
        group.append(target)
    return list(groups.values())
