"""POST /v1/tags: a tag from an editor or an agent, and its receipt.

    text            the text, exactly as it is saved; or
    digest          its SHA-256, `sha256:…`, where the text is to stay where it is
    assistance      A0 … A4, AX, or none, grammar, edits, mostly, all, unknown
    ranges          [[start, end], …]: bytes of the text, half-open; or
    lines           [[first, last], …]: lines of the text, from 1, inclusive; neither: all of it
    model, reviewed, issued_at, supersedes
    idempotency_key as the header of that name

Unknown members are refused. The answer is 202 and the receipt, as `headwater tag` writes it.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from pydantic import ValidationError

from ledger.claims import Authorship
from ledger.errors import InputError, MalformedError, printable
from ledger.provenance.tags.make import ASSISTANCE, Tag, make_tag
from ledger.provenance.tags.spans import Range, line_ranges
from ledger.web.limits import MAX_KEY
from ledger.web.strict import fields, parse_json

__all__ = ["AI", "parse_tag"]

AI: Final[Mapping[str, str]] = {
    "none": "A0", "grammar": "A1", "edits": "A2", "mostly": "A3", "all": "A4", "unknown": "AX",
}  # fmt: skip
_MEMBERS: Final[Mapping[str, type]] = {
    "assistance": str, "digest": str, "idempotency_key": str, "issued_at": int, "lines": list,
    "model": str, "ranges": list, "reviewed": bool, "supersedes": str, "text": str,
}  # fmt: skip
_PLAIN = ("issued_at", "model", "reviewed", "supersedes")
_MOST_RANGES = 100_000


def parse_tag(data: bytes, header: str | None) -> tuple[Tag, str | None]:
    """The tag in a body, and its idempotency key. Raises InputError or a kind of it."""
    document = fields(parse_json(data), "body", _MEMBERS, {"assistance"})
    key = _key(document.get("idempotency_key"), header)
    said = document["assistance"]
    assistance = AI.get(said, said)
    if assistance not in ASSISTANCE:
        raise MalformedError(
            "assistance", None, f"{printable(said, 60)}, expected one of {', '.join(AI)}, A0 to AX"
        )
    plain = {name: document[name] for name in _PLAIN if name in document}
    if ("text" in document) == ("digest" in document):
        raise MalformedError("body", None, "expected either text or digest")
    if "text" in document:
        content = document["text"].encode()
        return make_tag(content, assistance, ranges=_ranges(document, content), **plain), key
    if "ranges" in document or "lines" in document:
        raise MalformedError(
            "body", None, "ranges of a text that is not here", hint="send the text, not its digest"
        )
    return _by_digest(document["digest"], assistance, plain), key


def _ranges(document: Mapping[str, Any], content: bytes) -> list[Range] | None:
    if "ranges" in document and "lines" in document:
        raise MalformedError("body", None, "found both ranges and lines, expected one of them")
    for name in ("ranges", "lines"):
        if name not in document:
            continue
        pairs = document[name]
        if len(pairs) > _MOST_RANGES:
            raise MalformedError(name, None, f"{len(pairs):,}, expected at most {_MOST_RANGES:,}")
        for place, pair in enumerate(pairs):
            good = isinstance(pair, list) and len(pair) == 2
            if not good or not all(type(number) is int for number in pair):
                raise MalformedError(f"{name}[{place}]", None, "expected two whole numbers")
        chosen = [(int(first), int(last)) for first, last in pairs]
        return chosen if name == "ranges" else line_ranges(content, chosen, "text")
    return None


def _by_digest(digest: str, assistance: str, plain: Mapping[str, Any]) -> Tag:
    if len(digest) != 71 or not digest.startswith("sha256:") or set(digest[7:]) - _HEX:
        raise MalformedError("digest", None, "expected sha256: and 64 lower-case hex digits")
    try:
        body = Authorship.model_validate({"assistance": assistance, **plain})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise MalformedError(printable(field), None, printable(first["msg"])) from error
    return Tag(digest, body)


_HEX = set("0123456789abcdef")


def _key(member: str | None, header: str | None) -> str | None:
    """SHA-256 of the idempotency key, so that no file is named by a stranger."""
    if member is not None and header is not None and member != header:
        raise InputError("two idempotency keys that differ, one in the body and one in the header")
    key = member if member is not None else header
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY:
        raise InputError(f"an idempotency key of {len(key)} characters, expected 1 to {MAX_KEY}")
    return sha256(key.encode()).hexdigest()
