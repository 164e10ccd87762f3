"""What a scan says in the ledger of a document: a claim a mark, its private part in the vault.

Whoever learns p exactly can use a detector to make forgeries, one changed word at a time. So of a
mark whose key is not public a leaf says in which bucket the corrected value lies, and commits to
the rest; where the mark lies is an attachment with a salt, whose digest confirms no guess.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ledger.claims import Watermark, WatermarkPrivate
from ledger.errors import RefusedError
from ledger.log.canonical import encode, parse_digest
from ledger.log.record import Claim
from ledger.log.vault import Disclosure, Vault, commit, scope_of
from ledger.provenance.marks import bucket_milli, correction_milli
from ledger.watermarks.scanning.targets import ScanTarget

__all__ = [
    "DETECTOR",
    "Hit",
    "Span",
    "claims_of",
    "mark_scopes",
    "spell_statistic",
    "unicode_claim",
]

DETECTOR = "headwater watermark detector v1"
SPANS_FORMAT = "headwater watermark spans v1"


@dataclass(frozen=True)
class Span:
    """A marked part: tokens and bytes of the raw text, ends exclusive, and its own -log10 p."""

    start: int
    end: int
    first_byte: int
    end_byte: int
    neg_log10_p_milli: int

    def plain(self) -> dict[str, int]:
        """JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Hit:
    """A mark found in a document, with the figures of that document and mark alone."""

    document: str
    tokens: int
    counted: int
    statistic_micro: int
    neg_log10_p_milli: int
    spans: tuple[Span, ...]


def mark_scopes(targets: Iterable[ScanTarget]) -> dict[str, bytes]:
    """Subject -> the scope of what the vault keeps of a mark that is not public."""
    return {
        target.subject: scope_of("mark", parse_digest(target.subject))
        for target in targets
        if not target.public
    }


def claims_of(
    hits: Sequence[tuple[ScanTarget, Hit]], vault: Vault | None, *, keys: int, alpha_milli: int
) -> list[tuple[Claim, bytes | None]]:
    """A claim of each mark found among `keys` that were looked for, with its attachment.

    Raises RefusedError where a mark is not public and there is no vault; BusyError, StorageError.
    """
    scopes = mark_scopes(target for target, _ in hits)
    if scopes and vault is None:
        raise RefusedError(
            "no vault beside the ledger, expected one for what is private of a mark",
            hint="the vault lies beside the ledger as …vault.db; put it back there",
        )
    secrets = vault.ensure_keys(list(scopes.values())) if vault is not None and scopes else {}
    claims: list[tuple[Claim, bytes | None]] = []
    for target, hit in hits:
        scope = scopes.get(target.subject)
        salt = None if scope is None else _salt(secrets[scope], target, hit)
        spans = _attachment(target.subject, hit, salt)
        body = _body(target, hit, keys, alpha_milli, spans)
        disclosure = None
        if scope is not None:
            result = _result(hit)
            subject = parse_digest(hit.document)
            made = commit(secrets[scope], "result", subject, (subject, 0, 0), result)
            body["private"] = WatermarkPrivate(result=f"sha256:{made.hex()}")
            disclosure = Disclosure(scope, {"result": result})
        claims.append((Claim("watermark", hit.document, Watermark(**body), disclosure), spans))
    return claims


def unicode_claim(
    document: str, detector: str, kind: str, ranges: Sequence[tuple[int, int]], count: int
) -> tuple[Claim, bytes]:
    """(claim, attachment) of `count` characters of one kind of Unicode mark, in ranges of bytes."""
    spans = encode(
        {
            "format": SPANS_FORMAT,
            "spans": [{"first_byte": first, "end_byte": end} for first, end in ranges],
            "unicode": kind,
        }
    )
    body = Watermark(
        detector=detector,
        decision="found",
        unicode=kind,
        marks=count,
        spans=f"sha256:{sha256(spans).hexdigest()}",
    )
    return Claim("watermark", document, body), spans


def spell_statistic(micro: int) -> str:
    """Millionths as a decimal number without idle zeros."""
    whole, rest = divmod(micro, 1_000_000)
    return f"{whole}.{rest:06}".rstrip("0") if rest else str(whole)


def _body(
    target: ScanTarget, hit: Hit, keys: int, alpha_milli: int, spans: bytes | None
) -> dict[str, Any]:
    corrected = hit.neg_log10_p_milli - correction_milli(keys)
    body: dict[str, Any] = {
        "detector": DETECTOR,
        "decision": "detected" if corrected >= alpha_milli else "below_alpha",
        "mark": target.subject,
        "state": target.state,
        "vectors": target.vectors,
        "tokenizer": target.tokenizer,
        "tokens": hit.tokens,
        "keys": keys,
        "alpha_milli": alpha_milli,
    }
    if spans is not None:
        body["spans"] = f"sha256:{sha256(spans).hexdigest()}"
    if target.public:
        body["counted"] = hit.counted
        body["statistic"] = spell_statistic(hit.statistic_micro)
        body["neg_log10_p_milli"] = hit.neg_log10_p_milli
    else:
        body["bucket_milli"] = bucket_milli(corrected)
    return body


def _result(hit: Hit) -> str:
    values: Mapping[str, Any] = {
        "counted": hit.counted,
        "neg_log10_p_milli": hit.neg_log10_p_milli,
        "statistic": spell_statistic(hit.statistic_micro),
    }
    return encode(values).decode()


def _salt(key: bytes, target: ScanTarget, hit: Hit) -> str:
    message = b"headwater watermark spans v1\n" + parse_digest(target.subject)
    return hmac.digest(key, message + parse_digest(hit.document), "sha256").hex()


def _attachment(mark: str, hit: Hit, salt: str | None) -> bytes | None:
    if not hit.spans:
        return None
    value: dict[str, Any] = {
        "format": SPANS_FORMAT,
        "mark": mark,
        "spans": [span.plain() for span in hit.spans],
    }
    if salt is not None:
        value["salt"] = salt
    return encode(value)
