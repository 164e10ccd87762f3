"""Which evidence dates which candidate, and how well: pairs of a document and what is said.

Evidence about a document is about these bytes. Evidence about a file reaches the documents that
lie in it, bound as they are: the file itself, a member of it, or text that was made of it. The
weaker of that and the claim's own binding counts. A date that the source itself gives a text is
the pair's own, and asserted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.corpus.evidence import level
from ledger.log.runs import keys_of
from ledger.reserves.selection.digests import Digests, Ints, positions
from ledger.reserves.selection.gather import OWN_DATE, UNKNOWN, Candidates, Claim, Occurrences, Said
from ledger.reserves.selection.rule import Known, Rule, midnight
from ledger.reserves.selection.state import State

__all__ = ["BINDINGS", "OWN_DATE", "Pairs", "late", "pair_up"]

BINDINGS = ("exact_bytes", "container_member", "derived", "url_only")  # strongest first
EXACT, MEMBER, DERIVED, URL_ONLY = range(4)
Mask = npt.NDArray[np.bool_]
Small = npt.NDArray[np.int8]
_NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class Pairs:
    """Parallel arrays; `claim` indexes `claims` (sorted), -1 is the source's own date."""

    document: Ints
    claim: Ints
    level: Small
    checked: Mask
    existed_by: Ints
    binding: Small
    claims: Sequence[Claim]


def late(found: Occurrences, rule: Rule, known: Mapping[str, Known]) -> Mask:
    """Occurrences whose source dates the text after the rule's cut-off, or in its own AI time."""
    limits = []
    for name in found.datasets:
        since = known[name].ai_tools_since if name in known else None
        days = [day for day in (rule.before, since) if day is not None]
        limits.append(min(map(midnight, days), default=_NEVER))
    limit = np.array([*limits, _NEVER], np.int64)[found.dataset]
    tardy: Mask = (found.claimed_at != UNKNOWN) & (found.claimed_at >= limit)
    return tardy


def pair_up(state: State, about: Candidates, found: Occurrences, said: Said) -> Pairs:
    """Every dated claim about each candidate, through the given occurrences or about itself."""
    claims = sorted({claim for claims in said.claims.values() for claim in claims})
    number = {claim: place for place, claim in enumerate(claims)}
    by_file = [[number[claim] for claim in said.claims.get(file, ())] for file in found.files]
    counts = np.array([*map(len, by_file), 0], np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    flat = np.array([claim for file in by_file for claim in file], np.int64)

    rows, through = _through(found.file, counts, starts, flat)
    own = _own_binding(state, about, found)
    itself, direct = _direct(about.digests, said, number)
    dated = np.flatnonzero(found.claimed_at != UNKNOWN)

    table = _Table(claims)
    claim = np.concatenate([through, direct])
    binding = np.concatenate([own[rows], np.full(len(direct), EXACT, np.int8)])
    return Pairs(
        document=np.concatenate([found.document[rows], itself, found.document[dated]]),
        claim=np.concatenate([claim, np.full(len(dated), -1)]),
        level=np.concatenate([table.level[claim], np.ones(len(dated), np.int8)]),
        checked=np.concatenate([table.checked[claim], np.zeros(len(dated), np.bool_)]),
        existed_by=np.concatenate([table.existed_by[claim], found.claimed_at[dated]]),
        binding=np.concatenate([np.maximum(binding, table.binding[claim]), own[dated]]),
        claims=claims,
    )


def _through(file: Ints, counts: Ints, starts: Ints, flat: Ints) -> tuple[Ints, Ints]:
    """(occurrence, claim): every claim about the file of each occurrence."""
    times = counts[file]
    if len(times) and (times == 1).all():  # one claim a file, as most have
        return np.arange(len(file)), flat[starts[file]]
    rows = np.repeat(np.arange(len(times)), times)
    ahead = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    return rows, flat[starts[file[rows]] + ahead] if len(rows) else rows


class _Table:
    """Distinct claims as columns."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.level = np.array([level(claim.type, claim.outcome) for claim in claims], np.int8)
        self.checked = np.array([claim.outcome == "checked" for claim in claims], np.bool_)
        self.existed_by = np.array([claim.existed_by for claim in claims], np.int64)
        self.binding = np.array([BINDINGS.index(claim.binding) for claim in claims], np.int8)


def _direct(digests: Digests, said: Said, number: Mapping[Claim, int]) -> tuple[Ints, Ints]:
    """(document, claim) where evidence is about a document itself."""
    subjects = list(said.claims)
    asked = np.frombuffer(b"".join(subjects), np.uint8).reshape(-1, 32)
    places = positions(digests, keys_of(digests), asked).tolist()
    pairs = [
        (place, number[claim])
        for place, subject in zip(places, subjects, strict=True)
        if place >= 0
        for claim in said.claims[subject]
    ]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _own_binding(state: State, about: Candidates, found: Occurrences) -> Small:
    """How each occurrence is bound to its file."""
    files = np.frombuffer(b"".join(found.files), np.uint8).reshape(-1, 32)
    texts = np.append(positions(about.digests, keys_of(about.digests), files), -1)
    same = texts[found.file] == found.document  # the file is the document
    derived = _derived(state, found)
    return np.where(same, EXACT, np.where(derived, DERIVED, MEMBER)).astype(np.int8)


def _derived(state: State, found: Occurrences) -> Mask:
    """Occurrences in files of which an extractor made text.

    A file of a folder is in no operation of its own: where the folder's operation names
    extractors, each of its files counts as derived unless its bytes are the text.
    """
    named: set[tuple[str, bytes]] = set()
    made: set[tuple[str, bytes]] = set()
    for index, subject in state.of_kind("operation"):
        body = state.entry(index).body
        key = (str(body["dataset"]), subject)
        named.add(key)
        if body.get("extractors") and any(i == index for i, _ in state.about(subject)):
            made.add(key)
    if not made:
        return np.zeros(len(found.file), np.bool_)
    width = len(found.files)
    code = {digest: place for place, digest in enumerate(found.files)}
    datasets = {name: place for place, name in enumerate(found.datasets)}
    exact, whole, loose = set(), set(), set()
    for dataset, digest in named:
        if dataset in datasets and digest in code:
            whole.add(datasets[dataset] * width + code[digest])
    for dataset, digest in made:
        if dataset in datasets:
            if digest in code:
                exact.add(datasets[dataset] * width + code[digest])
            else:
                loose.add(datasets[dataset])
    where = found.dataset * width + found.file
    inside = np.isin(found.dataset, list(loose)) & ~np.isin(where, list(whole))
    return np.isin(where, list(exact)) | inside
