"""Records single claims: validates, recognises what is already recorded, appends the rest.

Already recorded = an earlier entry with the same claim id, actor and signatures that no later entry
withdrew. Signatures, not the keys they name: a stranger's copy with a broken one must not stand in
the way of the claim itself. Origins of a whole corpus go another way: corpus/ingest.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ledger.claims import BODIES, Body
from ledger.errors import InputError, UnknownNameError
from ledger.log.canonical import Entry, claim_id, format_entry
from ledger.log.log import Log
from ledger.log.vault import Disclosure

__all__ = ["Claim", "Recorded", "equally_signed", "live", "record"]

OPERATOR = "operator"
Signatures = tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True)
class Claim:
    """What is to be recorded. `disclosure` holds the values behind the body's commitments."""

    kind: str
    subject: str
    body: Body
    disclosure: Disclosure | None = None
    sigs: tuple[Mapping[str, str], ...] = field(default=())


@dataclass(frozen=True)
class Recorded:
    """Where a claim stands in the log; `new` is False if it stood there before."""

    index: int
    claim_id: str
    new: bool


def live(entries: Sequence[tuple[int, Entry]]) -> list[tuple[int, Entry]]:
    """The entries about one subject, ascending, less those their actor later withdrew."""
    withdrawn: dict[tuple[str, str], int] = {}
    for index, entry in entries:
        if entry.kind == "withdrawal":
            withdrawn[str(entry.body.get("claim")), entry.actor] = index
    if not withdrawn:
        return list(entries)
    return [
        (index, entry)
        for index, entry in entries
        if entry.kind == "withdrawal" or withdrawn.get((entry.claim_id, entry.actor), -1) < index
    ]


def record(
    log: Log,
    claims: Sequence[Claim],
    *,
    actor: str = OPERATOR,
    attachments: Sequence[bytes] = (),
    check: Callable[[], None] | None = None,
    stands: Callable[[Claim, int, Entry], bool] | None = None,
) -> list[Recorded]:
    """Record claims as one batch; `check` as `Log.append` takes it. `stands` is asked whether a
    claim stands by a live entry of its claim id and actor; else that is by equal signatures.

    Raises InputError for a body that is not its kind's.
    """
    at = log.clock()
    found: list[Recorded | None] = []
    entries: list[bytes] = []
    disclosures: list[Disclosure | None] = []
    pending: dict[tuple[str, Signatures], int] = {}
    stands = stands or equally_signed
    for claim in claims:
        if not isinstance(claim.body, BODIES.get(claim.kind, ())):
            if claim.kind not in BODIES:
                raise UnknownNameError("kind of claim", claim.kind, BODIES)
            raise InputError(f"{claim.kind} claim with a {type(claim.body).__name__} body")
        body = claim.body.plain()
        identity = claim_id(claim.kind, claim.subject, body)
        index = _recorded(log, claim, identity, actor, stands)
        if index is not None:
            found.append(Recorded(index, identity, False))
            continue
        here = identity, _signatures(claim.sigs)
        if here not in pending:
            pending[here] = len(entries)
            entry = Entry(claim.kind, claim.subject, body, actor, at, claim.sigs)
            entries.append(format_entry(entry))
            disclosures.append(claim.disclosure)
        found.append(Recorded(-1 - pending[here], identity, True))
    if not entries:
        return [item for item in found if item is not None]
    first = log.append(entries, disclosures, attachments, check).first
    return [
        Recorded(first - 1 - item.index, item.claim_id, True) if item.new else item
        for item in found
        if item is not None
    ]


def _signatures(sigs: Sequence[Mapping[str, str]]) -> Signatures:
    return tuple(sorted(tuple(sorted(sig.items())) for sig in sigs))


def equally_signed(claim: Claim, index: int, entry: Entry) -> bool:
    """Whether a claim and an entry bear the same signatures; how `record` knows one again."""
    return _signatures(claim.sigs) == _signatures(entry.sigs)


def _recorded(
    log: Log,
    claim: Claim,
    identity: str,
    actor: str,
    stands: Callable[[Claim, int, Entry], bool],
) -> int | None:
    entries = [(index, log.entry(index)) for index in log.find(claim.subject)]
    alive = live(entries)
    withdraws = claim.body.plain().get("claim") if claim.kind == "withdrawal" else None
    if any(entry.claim_id == withdraws and entry.actor == actor for _, entry in alive):
        return None  # it was recorded again since it was last withdrawn
    for index, entry in alive:
        same = (entry.kind, entry.actor) == (claim.kind, actor) and entry.claim_id == identity
        if same and stands(claim, index, entry):
            return index
    return None
