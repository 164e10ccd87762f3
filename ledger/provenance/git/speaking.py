"""Which live authorship claims speak of a content, and of which of its bytes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.notes import Verifier
from ledger.log.record import live
from ledger.provenance.authors import author_keys
from ledger.provenance.signing import attested
from ledger.provenance.standing import standing_claims
from ledger.provenance.tags.again import Found, find_again
from ledger.provenance.tags.classes import class_of
from ledger.provenance.tags.spans import Range, Span, parse_spans, span_list

__all__ = ["Speaker", "Speaking"]


@dataclass(frozen=True)
class Speaking:
    """A claim and the bytes it speaks of; `ranges` None where the vault withholds which.

    `evidence` is its class. `again`: it was made of another content,
    and its bytes were found in this one. `repeats` is the claim about another content that this one
    repeats.
    """

    index: int
    claim_id: str
    assistance: str
    model: str | None
    evidence: str
    convention: str | None
    weight: str | None
    ranges: tuple[Range, ...] | None
    repeats: str | None = None
    again: bool = False


class Speaker:
    """Answers for one ledger at one moment; remembers what it looked up."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._authors: Mapping[str, tuple[int, Verifier]] = author_keys(log)
        self._known: dict[str, list[tuple[int, Entry]]] = {}

    def of(self, content: bytes) -> list[Speaking]:
        """The claims about exactly this content, in the order of the log."""
        return [
            self._speaking(index, entry, self._ranges(entry, len(content)))
            for index, entry in self._claims(content)
        ]

    def again(self, content: bytes, older: bytes) -> list[Speaking]:
        """The claims about `older` whose bytes stand in `content`, too, with their places there."""
        found = []
        for index, entry in self._claims(older):
            spans = tuple(self._spans(entry, older))
            places = [one.range for one in find_again(spans, content) if isinstance(one, Found)]
            if places:
                found.append(self._speaking(index, entry, tuple(sorted(places)), again=True))
        return found

    def _claims(self, content: bytes) -> list[tuple[int, Entry]]:
        digest = f"sha256:{sha256(content).hexdigest()}"
        if digest not in self._known:
            about = [(index, self._log.entry(index)) for index in self._log.find(digest)]
            tags = standing_claims(live(about), self._authors)
            self._known[digest] = [(index, entry) for index, entry, _ in tags]
        return self._known[digest]

    def _attached(self, entry: Entry) -> tuple[Span, ...] | None:
        vault = self._log.vault
        held = None if vault is None else vault.attachment(parse_digest(entry.body["spans"]))
        return None if held is None else parse_spans(held)

    def _ranges(self, entry: Entry, size: int) -> tuple[Range, ...] | None:
        if "spans" not in entry.body:
            return ((0, size),) if size else ()
        spans = self._attached(entry)
        return None if spans is None else tuple(span.range for span in spans)

    def _spans(self, entry: Entry, older: bytes) -> Iterable[Span]:
        if "spans" in entry.body:
            return self._attached(entry) or ()
        return parse_spans(span_list(older, [(0, len(older))])) if older else ()

    def _speaking(
        self, index: int, entry: Entry, ranges: tuple[Range, ...] | None, *, again: bool = False
    ) -> Speaking:
        body = entry.body
        signed = attested(index, entry, self._authors)
        return Speaking(
            index=index,
            claim_id=entry.claim_id,
            assistance=str(body["assistance"]),
            model=body.get("model"),
            evidence=class_of(body, signed),
            convention=body.get("convention"),
            weight=body.get("weight"),
            ranges=ranges,
            repeats=body.get("repeats"),
            again=again,
        )
