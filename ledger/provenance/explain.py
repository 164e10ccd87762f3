"""Why a document has its label: every claim, the facts they fold to, and each rule in turn.

Reads one ledger at one moment. Recomputes no projection: the facts are those the labels are
counted from, and `verify` proves that they follow from the claims.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from ledger.corpus.evidence import level
from ledger.errors import InputError
from ledger.log.canonical import Entry
from ledger.log.log import Log
from ledger.log.notes import Verifier
from ledger.log.record import live
from ledger.provenance.authors import author_keys
from ledger.provenance.classified import Profiles
from ledger.provenance.conditions import ExistedBy, FlagIs, Profile, seconds
from ledger.provenance.disclosed import disclosed
from ledger.provenance.facts import (
    ATTRIBUTE_FIELDS,
    DATE_FIELDS,
    NO_DATES,
    PROFILE_FIELDS,
    Dates,
    authorship_flags,
    mark_flag,
)
from ledger.provenance.gather import named_keys
from ledger.provenance.marks import Marks
from ledger.provenance.models.opening import models_of
from ledger.provenance.models.registered import said_to_write
from ledger.provenance.named import Authors
from ledger.provenance.reviewed import authors_of, counted, review_flags, reviewer_of
from ledger.provenance.rules import Policy, Rule, fill
from ledger.provenance.signing import attested_by
from ledger.provenance.standing import superseding
from ledger.provenance.words import claim_words

__all__ = ["Decision", "Explanation", "Membership", "Said", "explain", "withdrawals"]


@dataclass(frozen=True)
class Said:
    """One claim. `values` are what the vault discloses of it, None where withheld.

    `gives` names the flags or the date field that it adds to the facts while it counts.
    """

    index: int
    kind: str
    subject: str
    actor: str
    at: int
    words: str
    values: dict[str, str | None]
    withdrawn_by: int | None
    superseded_by: int | None
    gives: tuple[str, ...] = ()
    existed_by: int | None = None

    @property
    def counts(self) -> bool:
        return self.withdrawn_by is None and self.superseded_by is None


@dataclass(frozen=True)
class Membership:
    """The document in one dataset; attributes that are not known are absent."""

    dataset: str
    occurrences: int
    bytes: int
    collected_at: int | None
    attributes: dict[str, str]


@dataclass(frozen=True)
class Decision:
    """One rule, tried. `entries` are the claims it rests on, where it applies."""

    rule: Rule
    words: str
    applies: bool
    because: str
    entries: tuple[int, ...]


@dataclass(frozen=True)
class Explanation:
    """`profile` is None, and `decisions` empty, where no live claim makes it a document."""

    document: str
    claims: tuple[Said, ...]
    file_evidence: tuple[Said, ...]
    memberships: tuple[Membership, ...]
    profile: Profile | None
    policy: Policy
    cutoff: date
    decisions: tuple[Decision, ...]

    @property
    def rule(self) -> Rule | None:
        """The rule that decided."""
        return self.decisions[-1].rule if self.decisions else None


def explain(log: Log, document: str, policy: Policy, cutoff: date | None = None) -> Explanation:
    """Explain the label of a digest that `resolve_document` gave.

    Raises InputError for a digest the log does not hold, VerificationError for a value in the
    vault that does not open its commitment.
    """
    day = cutoff or policy.cutoff
    with _snapshot(log):
        about = [(index, log.entry(index)) for index in log.find(document)]
        about = [(index, entry) for index, entry in about if entry.subject == document]
        if not about:
            raise InputError(
                f"{log.location}: no document with exactly these bytes: {document}",
                hint="headwater document list",
            )
        profile = _profile(log, about[0][0])
        claims = _said(log, about, profile)
        files = [
            entry.body["locator"]["file"]
            for _, entry in live(about)
            if entry.kind == "origin" and entry.body["locator"]["file"] != document
        ]
        file_evidence = [
            said for file in dict.fromkeys(files) for said in _evidence_about(log, file)
        ]
        memberships = _memberships(log, about[0][0])
    supporting = (*claims, *file_evidence)
    decisions = _decide(policy, profile, day, supporting) if profile is not None else ()
    return Explanation(
        document,
        tuple(claims),
        tuple(sorted(file_evidence, key=lambda said: said.index)),
        tuple(memberships),
        profile,
        policy,
        day,
        tuple(decisions),
    )


@contextmanager
def _snapshot(log: Log) -> Iterator[None]:
    log.database.begin_read(log.connection)
    try:
        yield
    finally:
        log.database.rollback(log.connection)


# --- claims


def withdrawals(entries: Sequence[tuple[int, Entry]]) -> dict[int, int]:
    """Entry -> the first later entry by which its actor took it back. Agrees with `live`."""
    found: dict[int, int] = {}
    if not any(entry.kind == "withdrawal" for _, entry in entries):
        return found
    standing: dict[tuple[str, str], list[int]] = {}
    for index, entry in entries:
        if entry.kind == "withdrawal":
            taken = standing.pop((str(entry.body.get("claim")), entry.actor), [])
            found.update(dict.fromkeys(taken, index))
        else:
            standing.setdefault((entry.claim_id, entry.actor), []).append(index)
    return found


def _said(
    log: Log, entries: Sequence[tuple[int, Entry]], profile: Profile | None = None
) -> list[Said]:
    withdrawn = withdrawals(entries)
    taken: dict[int, list[int]] = {}
    for index, by in withdrawn.items():
        taken.setdefault(by, []).append(index)
    authors = author_keys(log) if any(entry.sigs for _, entry in entries) else {}
    superseded = superseding([item for item in entries if item[0] not in withdrawn], authors)
    reading = _Reading(log)
    marks, profiles = Marks(reading, _providers(log), {}), Profiles(reading, {})
    dates = NO_DATES if profile is None else tuple(profile[-len(DATE_FIELDS) :])
    written = any(said_to_write(entry) is not None for _, entry in entries)
    models = models_of(log) if written else None
    reviews = _Reviews(entries, authors)
    found = []
    for index, entry in entries:
        confirmed = attested_by(index, entry, authors)
        gives, existed_by = _gives(entry, bool(confirmed), marks, dates)
        gives += profiles.flags(index, entry) + reviews.flags(index)
        words = claim_words(entry, taken.get(index, ())) + reviews.remark(index, entry)
        if "calibration" in entry.body and not profiles.stands(index, entry):
            words += "; that does not stand for it, so it counts for nothing"
        generation = models.generation_of([entry]) if models is not None else None
        if generation is not None:
            words += f"; a registered model, whose texts are of generation {generation} or later"
        if entry.kind == "authorship":
            superseded_by = superseded.get(index)
        else:
            superseded_by = reviews.superseded_by.get(index)
        found.append(
            Said(
                index=index,
                kind=entry.kind,
                subject=entry.subject,
                actor=_actor(entry, confirmed),
                at=entry.at,
                words=words,
                values=disclosed(log, index, entry),
                withdrawn_by=withdrawn.get(index),
                superseded_by=superseded_by,
                gives=gives,
                existed_by=existed_by,
            )
        )
    return found


class _Reviews:
    """What people decided of a document: which decisions stand, and which make a fact."""

    def __init__(self, entries: Sequence[tuple[int, Entry]], authors: Authors) -> None:
        said = live(entries)
        given = counted(said, authors)
        self._alive = {index for index, _ in said}
        self._standing = {items[-1][0]: items[-1][1] for items in given.values()}
        self.superseded_by = {
            index: items[-1][0] for items in given.values() for index, _ in items[:-1]
        }
        self._sourced = bool(review_flags(said, authors))
        own = authors_of(said, authors) if given or self._alive else set()
        self._own = {reviewer_of(key) for _, key in authors.values() if key.name in own}

    def flags(self, index: int) -> tuple[str, ...]:
        """The flag that a decision gives together with others."""
        entry = self._standing.get(index)
        if entry is None or not self._sourced:
            return ()
        human = entry.body["decision"] == "human" and "source" in entry.body
        return ("sourced_review",) if human else ()

    def remark(self, index: int, entry: Entry) -> str:
        """Why a decision counts for nothing, if it does not."""
        counts = index in self._standing or index in self.superseded_by
        if entry.kind != "review" or counts or index not in self._alive or "tool" in entry.body:
            return ""
        if entry.body["reviewer"] in self._own:
            return "; on a text that its reviewer signed as its author, so it counts for nothing"
        return "; no key that this log names vouches for it, so it counts for nothing"


class _Reading:
    """A log as Marks and Profiles read it."""

    def __init__(self, log: Log) -> None:
        self.entry, self.find = log.entry, log.find_all


def _providers(log: Log) -> Mapping[str, tuple[int, Verifier]]:
    rows = log.connection.execute("SELECT idx FROM entry WHERE kind = 'key'").fetchall()
    return named_keys(((row[0], log.entry(row[0])) for row in rows), "provider")


def _actor(entry: Entry, confirmed: frozenset[str]) -> str:
    if not entry.sigs:
        return "recorded by operator" if entry.actor == "operator" else f"recorded by {entry.actor}"
    if confirmed:
        return f"signed by {', '.join(sorted(confirmed))}, an author key that this log names"
    signers = ", ".join(str(sig.get("keyid")) for sig in entry.sigs)
    return f"bears a signature of {signers}, which no author key of this log confirms"


def _gives(
    entry: Entry, confirmed: bool, marks: Marks, dates: Dates
) -> tuple[tuple[str, ...], int | None]:
    body = entry.body
    if entry.kind == "watermark":
        flags = (mark_flag(detection, dates) for detection in marks.detections([entry]))
        return tuple(flag for flag in flags if flag is not None), None
    if entry.kind == "authorship":
        return authorship_flags(body, confirmed), None
    if entry.kind == "evidence" and "existed_by" in body and body["outcome"] != "failed":
        grade = level(str(body["type"]), str(body["outcome"]))
        return (f"{body['outcome']}_e{grade}",), int(body["existed_by"])
    return (), None


def _evidence_about(log: Log, file: str) -> list[Said]:
    entries = [(index, log.entry(index)) for index in log.find(file)]
    return [said for said in _said(log, entries) if said.kind == "evidence"]


# --- facts


def _profile(log: Log, document: int) -> Profile | None:
    columns = ", ".join(f"p.{name}" for name in PROFILE_FIELDS)
    row = log.connection.execute(
        f"SELECT {columns} FROM fact AS f JOIN profile AS p ON p.id = f.profile "
        "WHERE f.document = ?",
        (document,),
    ).fetchone()
    return None if row is None else tuple(row)


def _memberships(log: Log, document: int) -> Iterator[Membership]:
    columns = ", ".join(f"a.{name}" for name in ATTRIBUTE_FIELDS)
    # from dataset, so that member is searched by its whole key
    rows = log.connection.execute(
        f"SELECT d.name, d.version, m.occurrences, m.bytes, m.collected_at, m.site, {columns} "
        "FROM dataset AS d JOIN member AS m ON m.dataset = d.id AND m.document = ? "
        "JOIN attributes AS a ON a.id = m.attributes ORDER BY d.name, d.version",
        (document,),
    ).fetchall()
    for name, version, occurrences, size, collected, *values in rows:
        known = {
            field: value
            for field, value in zip(("site", *ATTRIBUTE_FIELDS), values, strict=True)
            if value is not None
        }
        yield Membership(f"{name}@{version}", occurrences, size, collected, known)


# --- rules


def _decide(
    policy: Policy, profile: Profile, cutoff: date, supporting: Sequence[Said]
) -> Iterator[Decision]:
    limit = seconds(cutoff)
    for rule in policy.rules:
        applies = rule.applies(profile, limit)
        entries = tuple(sorted(_sources(rule, profile, limit, supporting))) if applies else ()
        yield Decision(
            rule, fill(rule.words, cutoff), applies, rule.because(profile, limit), entries
        )
        if applies:
            return


def _sources(rule: Rule, profile: Profile, cutoff: int, supporting: Sequence[Said]) -> set[int]:
    """The claims behind the first alternative that holds."""
    found: set[int] = set()
    for condition in rule.deciding(profile, cutoff):
        if isinstance(condition, FlagIs) and condition.value:
            found |= {s.index for s in supporting if s.counts and condition.flag in s.gives}
        elif isinstance(condition, ExistedBy):
            least = condition.least(profile)
            found |= {
                said.index
                for said in supporting
                if least is not None
                and said.counts
                and said.existed_by == least[0]
                and least[1] in said.gives
            }
    return found
