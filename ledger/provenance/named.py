"""Which keys a log names, since when, and between which entries nobody stood by them.

A key attests what is recorded while a `key` claim that names it stands. Taking that claim back
revokes the key for what comes later; what the log held before stays attested, because the order of
the log shows that it was there. Whoever knows that a key was stolen earlier withdraws those claims.
"""

from collections.abc import Iterable, Mapping

from ledger.log.canonical import Entry, parse_digest
from ledger.log.notes import Verifier, parse_vkey

__all__ = ["Authors", "NamedKey", "named_keys"]

_NEVER = 1 << 62


class NamedKey(tuple[int, Verifier]):
    """The first entry that names a key, and the key; `gaps` are pairs of entries: after the first
    of them, up to the second, no claim that names it stood.
    """

    gaps: tuple[tuple[int, int], ...] = ()

    @property
    def revoked(self) -> bool:
        """Whether it is so at the end of the log."""
        return bool(self.gaps) and self.gaps[-1][1] == _NEVER

    def stands_at(self, index: int) -> bool:
        """Whether what is recorded at `index` may be attested by it."""
        return self[0] < index and not any(start < index <= end for start, end in self.gaps)


Authors = Mapping[str, tuple[int, Verifier]]
"""Label -> the entry that names an author's key, and the key."""


def named_keys(entries: Iterable[tuple[int, Entry]], use: str = "claim") -> dict[str, NamedKey]:
    """Keys of a use by label: authors' by default. `entries` are those that name keys and, for
    revocations to count, the withdrawals about the same subjects.
    """
    first: dict[str, NamedKey] = {}
    standing: dict[str, set[tuple[bytes, str, str]]] = {}
    opened: dict[str, int] = {}
    for index, entry in sorted(entries, key=lambda item: item[0]):
        if entry.kind == "key" and entry.body.get("use") == use:
            verifier = parse_vkey(str(entry.body["vkey"]))
            label = verifier.label
            known = first.setdefault(label, NamedKey((index, verifier)))
            if known[1] != verifier:
                continue
            if label in opened:
                known.gaps += ((opened.pop(label), index),)
            standing.setdefault(label, set()).add(_identity(entry, entry.claim_id))
        elif entry.kind == "withdrawal":
            taken = _identity(entry, str(entry.body["claim"]))
            for label, claims in standing.items():
                if taken in claims:
                    claims.discard(taken)
                    if not claims:
                        opened[label] = index
    for label, index in opened.items():
        first[label].gaps += ((index, _NEVER),)
    return first


def _identity(entry: Entry, claim: str) -> tuple[bytes, str, str]:
    return parse_digest(entry.subject), claim, entry.actor
