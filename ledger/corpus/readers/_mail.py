"""One message of mail (RFC 5322, MIME): its text as its author wrote it, and nothing guessed.

A charset that is unknown or does not fit, an encoding that is broken and a message of absurdly
many parts are each a reason to reject it. Attachments are not read.
"""

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError, InvalidBase64CharactersDefect, InvalidBase64LengthDefect
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import parsedate_to_datetime

from ledger.errors import printable

__all__ = ["BadMail", "Mail", "read_mail"]

_MOST_PARTS = 200
_MOST_LOOKS = 50_000_000  # the parser looks at each line once for each part that may end there
_LONGEST_HEADER = 10_000  # characters of one that is kept
_LONGEST_DATE = 200
_CONTAINER = re.compile(rb"multipart/|message/rfc822", re.IGNORECASE)
_CHARSETS = re.compile(
    r"ascii|utf-(7|8|8-sig|16|16-[bl]e|32|32-[bl]e)|iso8859-\d+|cp\d+|koi8-[rtu]|gb2312|gbk|gb18030"
    r"|big5(hkscs)?|shift_jis(_2004|x0213)?|euc_(jp|kr|jis_2004|jisx0213)|iso2022_\w+|hz|johab"
    r"|tis-620|mac-\w+|ptcp154|kz1048"
)
_ABOUT = ("Content-Type", "Content-Disposition", "Content-Transfer-Encoding")
_ENCODINGS = ("", "7bit", "8bit", "binary", "quoted-printable", "base64")
_BAD_BASE64 = (InvalidBase64CharactersDefect, InvalidBase64LengthDefect)


class BadMail(Exception):
    """A message that cannot be read; its text is the reason."""


@dataclass(frozen=True)
class Mail:
    """A message. No `text`: it has none by design, such as a lone attachment."""

    text: str | None
    content_type: str
    author: str | None
    subject: str | None
    identity: str | None
    sent: int | None
    attachments: int


def read_mail(data: bytes) -> Mail:
    """Parse one message; its plain text, else its HTML as found. Raises BadMail.

    Several inline parts of that type, such as a list's footer, are joined by a newline.
    """
    parts = len(_CONTAINER.findall(data))
    if parts > _MOST_PARTS or parts * data.count(b"\n") > _MOST_LOOKS:
        raise BadMail(f"{parts} nested parts, more than can be looked through")
    try:
        message = message_from_bytes(data, policy=compat32)
        found: dict[str, list[Message]] = {"text/plain": [], "text/html": []}
        attachments = _sort(message, found)
    except (RecursionError, ValueError, LookupError, HeaderParseError) as error:
        raise BadMail(f"not a message that can be read: {printable(error, 80)}") from None
    kind = "text/plain" if found["text/plain"] else "text/html"
    texts = [_decoded(part) for part in found[kind]]
    text = "\n".join(texts)
    return Mail(
        text=text if text.strip() else None,
        content_type=kind,
        author=_header(message, "From"),
        subject=_header(message, "Subject"),
        identity=_header(message, "Message-ID"),
        sent=_sent(message),
        attachments=attachments,
    )


def _sort(message: Message, found: dict[str, list[Message]]) -> int:
    """Put the inline text parts into `found`; returns how many attachments there are."""
    attachments, pending = 0, [message]
    while pending:
        part = pending.pop()
        said = {name: str(part.get(name, "")) for name in _ABOUT}
        if any(len(value) > _LONGEST_HEADER for value in said.values()):
            raise BadMail(f"a header about its content over {_LONGEST_HEADER} characters")
        kind = part.get_content_type() if said["Content-Type"] else part.get_default_type()
        inside = part.get_payload()
        attached = said["Content-Disposition"].lstrip().lower().startswith("attachment")
        if attached or kind.startswith("message/"):
            attachments += 1
        elif isinstance(inside, list):
            pending += [one for one in reversed(inside) if isinstance(one, Message)]
        elif kind in found:
            found[kind].append(part)
        else:
            attachments += 1
    return attachments


def _decoded(part: Message) -> str:
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding not in _ENCODINGS:
        raise BadMail(f"transfer encoding {printable(encoding, 40)!r}, which is not known")
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        raise BadMail("a text part that holds parts")
    if any(isinstance(defect, _BAD_BASE64) for defect in part.defects):
        raise BadMail("broken base64")
    charset = _charset(part, data)
    try:
        return data.decode(charset)
    except UnicodeDecodeError as error:
        raise BadMail(f"invalid {charset} at byte {error.start + 1} of the text") from None


def _charset(part: Message, data: bytes) -> str:
    """The codec that a part says. None said: ASCII or, as mail programs send it, UTF-8."""
    said = part.get_param("charset")
    if said is None:
        return "utf-8"
    name = said[2] if isinstance(said, tuple) else str(said)
    try:
        codec = codecs.lookup(name.strip().strip("'\"").lower()).name
    except (LookupError, ValueError, UnicodeError):
        codec = ""
    if not _CHARSETS.fullmatch(codec):
        raise BadMail(f"charset {printable(name, 40)!r}, which is not known")
    return codec


def _header(message: Message, name: str) -> str | None:
    """A header's text with its encoded words read; as it stands where they cannot be."""
    try:
        raw = message.get(name)
    except (ValueError, LookupError):
        return None
    if raw is None:
        return None
    text = str(raw)[:_LONGEST_HEADER]
    if "=?" not in text and text.isprintable():
        return text.strip() or None
    with suppress(ValueError, LookupError, HeaderParseError):  # shown as sent, never measured
        text = "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "utf-8")
            for piece, charset in decode_header(text)
        )
    text = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return text or None


def _sent(message: Message) -> int | None:
    """Unix seconds of the Date header; None where it is missing or no date after 1970."""
    try:
        moment = parsedate_to_datetime(str(message.get("Date", ""))[:_LONGEST_DATE])
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = int(moment.timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return seconds if 0 < seconds < int(datetime(9999, 1, 1, tzinfo=UTC).timestamp()) else None
