"""Makes a tag: an authorship claim about one exact content, with its spans, signed or not.

Needs no ledger and imports no SQL: it is what runs where people write.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from ledger.claims.authorship import Authorship
from ledger.corpus.normal_form import normal_form
from ledger.errors import InputError, UnknownNameError, printable
from ledger.log.canonical import claim_id
from ledger.provenance.signing import ClaimSigner, sign_claim
from ledger.provenance.tags.spans import Range, check_ranges, document_of, span_list

__all__ = ["ASSISTANCE", "LEAST_WORDS", "MAX_CONTENT", "Tag", "make_tag", "normal_digest"]

ASSISTANCE = ("A0", "A1", "A2", "A3", "A4", "AX")
MAX_CONTENT = 64 << 20  # bytes of a text that is tagged
LEAST_WORDS = 8  # of a text that is known again by its normal form
_LONGEST_NORMAL = 4 << 20  # bytes; a longer text is known by its exact bytes only
_WHOLE = 1_000_000


@dataclass(frozen=True)
class Tag:
    """An authorship claim on its way to a log: `attachments` are what its body digests."""

    subject: str
    body: Authorship
    attachments: tuple[bytes, ...] = ()
    sigs: tuple[Mapping[str, str], ...] = ()

    @property
    def claim_id(self) -> str:
        return claim_id("authorship", self.subject, self.body.plain())


def make_tag(
    content: bytes,
    assistance: str,
    *,
    model: str | None = None,
    ranges: Iterable[Range] | None = None,
    evidence: str | None = None,
    convention: str | None = None,
    weight: str | None = None,
    reviewed: bool | None = None,
    issued_at: int | None = None,
    supersedes: str | None = None,
    repeats: str | None = None,
    signer: ClaimSigner | None = None,
) -> Tag:
    """A tag of `content`, or of byte `ranges` of it; ranges that are all of it are no ranges.

    `covered_ppm` is the share of bytes in the ranges, rounded down, and so is `ai_ppm` where they
    are A2 to A4: of text that AI edited or wrote it is the most there can be. Raises InputError
    for a content that is no UTF-8 or too long, for ranges as `check_ranges` does, and for values
    that a body cannot hold; RefusedError where an SSH key does not sign.
    """
    if assistance not in ASSISTANCE:
        raise UnknownNameError("assistance", assistance, ASSISTANCE)
    if len(content) > MAX_CONTENT:
        raise InputError(f"{len(content)} bytes of text, expected at most {MAX_CONTENT}")
    subject = document_of(content)
    chosen = None if ranges is None else check_ranges(content, ranges, "content")
    if chosen == []:
        raise InputError("no range, expected at least one, or none to speak of the whole text")
    if chosen == [(0, len(content))]:
        chosen = None
    attachments: tuple[bytes, ...] = ()
    stated: dict[str, Any] = {}
    if chosen is not None:
        attachments = (span_list(content, chosen),)
        covered = sum(end - start for start, end in chosen) * _WHOLE // len(content)
        stated["spans"] = f"sha256:{sha256(attachments[0]).hexdigest()}"
        stated["covered_ppm"] = covered
        if assistance in ("A2", "A3", "A4"):
            stated["ai_ppm"] = covered
    stated |= {
        "assistance": assistance, "model": model, "evidence": evidence, "convention": convention,
        "weight": weight, "reviewed": reviewed, "issued_at": issued_at, "supersedes": supersedes,
        "repeats": repeats, "normal": normal_digest(content),
    }  # fmt: skip
    body = _body(stated)
    sigs = () if signer is None else (sign_claim(signer, "authorship", subject, body.plain()),)
    return Tag(subject, body, attachments, sigs)


def normal_digest(content: bytes) -> str | None:
    """SHA-256 of the text's normal form; None below LEAST_WORDS, where strangers share one, for
    what is too long and for what is no text.
    """
    if len(content) > _LONGEST_NORMAL:
        return None
    try:
        form = normal_form(content.decode())
    except UnicodeDecodeError:
        return None
    if form.count(" ") < LEAST_WORDS - 1:
        return None
    return f"sha256:{sha256(form.encode()).hexdigest()}"


def _body(stated: Mapping[str, Any]) -> Authorship:
    try:
        return Authorship.model_validate(
            {name: value for name, value in stated.items() if value is not None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "string_pattern_mismatch" and first["loc"] == ("model",):
            raise InputError(
                f"model {printable(first['input'], 80)}: found control characters, expected a name"
            ) from error
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{printable(field)} {printable(repr(first['input']), 80)}: "
            f"{printable(first['msg'][:1].lower() + first['msg'][1:])}"
        ) from error
