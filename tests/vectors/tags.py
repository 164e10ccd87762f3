"""A tag with its list of spans, its receipt, and where its spans are in an edited text."""

from typing import Any

from ledger.provenance.tags.again import Drifted, find_again
from ledger.provenance.tags.make import make_tag
from ledger.provenance.tags.receipt import format_receipt
from ledger.provenance.tags.spans import line_ranges, parse_spans
from tests.log.making import AT
from tests.vectors.log import ADA

__all__ = ["EDITED", "TEXT", "vectors"]

TEXT = "Wörter, von Hand.\r\nA model wrote this line, all of it.\nAnd nobody the last: fine.\n"
EDITED = "A new first line.\nA model wrote this line, all of it.\nAnd nobody the last one.\n"


def vectors() -> dict[str, Any]:
    """Text, ranges, list, claim and receipt; bytes as text."""
    content = TEXT.encode()
    ranges = line_ranges(content, [(2, 2), (1, 1)], "text")
    tag = make_tag(content, "A3", model="Model 1", ranges=ranges[:1], issued_at=AT, signer=ADA)
    both = make_tag(content, "A1", ranges=[(0, 8), (10, 13)])
    spans = parse_spans(tag.attachments[0]) + parse_spans(both.attachments[0])
    found = find_again(spans, EDITED.encode())
    return {
        "claim_id": tag.claim_id,
        "edited": EDITED,
        "found": ["drifted" if isinstance(one, Drifted) else [*one.range] for one in found],
        "list": tag.attachments[0].decode(),
        "list_of_two": both.attachments[0].decode(),
        "ranges": [list(pair) for pair in ranges],
        "receipt": format_receipt(tag).decode().removesuffix("\n"),
        "text": TEXT,
    }
