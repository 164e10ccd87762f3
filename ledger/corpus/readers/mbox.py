"""Mail: mailboxes (.mbox, either packed) and single messages (.eml). A message is a document.

Its text is the plain part, else the HTML as found. Messages begin at a line `From … hh:mm … yyyy`
after an empty one; `>From ` inside is unescaped. Attachments, and messages without any text, are
passed over and counted. Row = ordinal of the message.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._columns import Plan
from ledger.corpus.readers._lines import blocks
from ledger.corpus.readers._mail import BadMail, Mail, read_mail
from ledger.corpus.readers._packed import packed_suffixes, packing, unpacked
from ledger.errors import MalformedError

__all__ = ["READER"]

BLOCK = 4 << 20
_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 1024
_BEGINS = re.compile(rb"^From [^\n]*[0-9]{1,2}:[0-9]{2}[^\n]*[0-9]{4}[^\n]*\n?", re.MULTILINE)
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


class _Mbox:
    name = "mbox"
    version = 1
    suffixes = (*packed_suffixes(".mbox"), ".eml")
    folders = False

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected | Passed]:
        """See Reader.read. Raises MalformedError where no message begins."""
        longest = 2 * options.max_document_bytes
        box = _Box(path, options)
        for row, (line, message) in enumerate(_messages(path, options, self._block, longest)):
            if message is None:
                yield Rejected(f"{path}:{line}", f"a message over {longest} bytes")
            else:
                yield from box.add(row, line, message)
        yield from box.flush()
        for what, count in sorted(box.passed.items()):
            yield Passed(what, count)


class _Box:
    """Messages waiting to become one table."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path, self._options = path, options
        self._waiting: list[tuple[int, int, Mail]] = []
        self._held = 0
        self.passed: Counter[str] = Counter()

    def add(self, row: int, line: int, data: bytes) -> Iterator[pa.Table | Rejected]:
        try:
            mail = read_mail(data)
        except BadMail as bad:
            yield Rejected(f"{self._path}:{line}", str(bad))
            return
        if mail.attachments:
            self.passed["attachments"] += mail.attachments
        if mail.text is None:
            self.passed["messages without text"] += 1
            return
        self._waiting.append((row, line, mail))
        self._held += len(mail.text)
        if self._held >= _BATCH_BYTES or len(self._waiting) >= _BATCH_ROWS:
            yield from self.flush()

    def flush(self) -> Iterator[pa.Table | Rejected]:
        """What is held, if anything."""
        if not self._waiting:
            return
        mails = [mail for _, _, mail in self._waiting]
        lines = [line for _, line, _ in self._waiting]
        found = {
            "text": pa.array([_text(mail) for mail in mails], pa.large_string()),
            "content_type": pa.array([mail.content_type for mail in mails], pa.string()),
            "author": pa.array([mail.author for mail in mails], pa.string()),
            "title": pa.array([mail.subject for mail in mails], pa.string()),
            "record": pa.array([mail.identity for mail in mails], pa.string()),
            "claimed_at": pa.array([mail.sent for mail in mails], pa.int64()).cast(
                pa.timestamp("s")
            ),
        }
        table, rejected = assemble(
            found,
            pa.array([row for row, _, _ in self._waiting], pa.int64()),
            Plan({}),
            self._options,
            lambda i: f"{self._path}:{lines[i]}",
        )
        self._waiting, self._held = [], 0
        yield from rejected
        if table.num_rows:
            yield table


def _text(mail: Mail) -> str:
    return mail.text or ""


def _messages(
    path: Path, options: ReadOptions, size: int, longest: int
) -> Iterator[tuple[int, bytes | None]]:
    """(physical line, message without its From line) in order; None is one over `longest`."""
    stream = unpacked(path, options, options.advance)
    name = Path(path.stem) if packing(path) else path
    try:
        if name.suffix.lower() == ".eml":
            data = b"".join(iter(lambda: stream.read(size), b""))[: longest + 1]
            yield 1, data if len(data) <= longest else None
            return
        yield from _split(path, blocks(stream, size, longest), longest)
    finally:
        stream.close()


def _split(
    path: Path, found: Iterator[bytes | None], longest: int
) -> Iterator[tuple[int, bytes | None]]:
    held: list[bytes] | None = None  # of the open message; None before the first
    size, began, line, empty = 0, 1, 1, True
    for block in found:
        if block is None:  # one line longer than any message
            if held is None:
                raise _no_mailbox(path)
            size, line, empty = longest + 1, line + 1, False
            continue
        at = counted = 0
        for match in _BEGINS.finditer(block):
            start = match.start()
            if not (_after_empty(block, start) if start else empty):
                continue
            if held is None:
                if block[:start].strip():
                    raise _no_mailbox(path)
            else:
                held.append(block[at:start])
                yield began, _whole(held, size + start - at, longest)
            line += block.count(b"\n", counted, start)
            counted, began = start, line
            held, size, at = [], 0, match.end()
        if held is None and block.strip():
            raise _no_mailbox(path)
        if held is not None:
            size += len(block) - at
            held = [*held, block[at:]] if size <= longest else []
        line += block.count(b"\n", counted)
        empty = _after_empty(block, len(block))
    if held is not None:
        yield began, _whole(held, size, longest)


def _after_empty(block: bytes, at: int) -> bool:
    """Whether the line before a line's beginning is empty; `block` begins with a line."""
    tail = block[max(0, at - 3) : at]
    return tail.endswith(b"\n\n") or tail == b"\n\r\n" or (tail in (b"\n", b"\r\n"))


def _whole(pieces: list[bytes], size: int, longest: int) -> bytes | None:
    """A message without the empty line that parts it from the next."""
    if size > longest:
        return None
    data = b"".join(pieces)
    for end in (b"\r\n\r\n", b"\n\n"):
        if data.endswith(end):
            data = data[: -len(end) // 2]
            break
    return _ESCAPED.sub(rb"\1", data)


def _no_mailbox(path: Path) -> MalformedError:
    return MalformedError(path, 1, "no line that begins with From, expected a mailbox")


READER = _Mbox()
