"""Origins of a closed set of documents → their member and fact rows. Pure, columnar.

Closed means: every live origin of every document here is in the table. Appending, rebuilding and
verifying all come through this function.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ledger.databases import Texts
from ledger.log.canonical import Entry
from ledger.log.originrows import MISSING, OriginColumns
from ledger.provenance.facts import (
    ATTRIBUTE_FIELDS,
    MIXED,
    NO_DATES,
    Dates,
    Standing,
    content_id,
    merge_attributes,
    merge_standings,
    profile_of,
)
from ledger.provenance.marks import Detection

__all__ = ["UNKNOWN", "Claims", "Folded", "Origins", "fold"]

UNKNOWN = MISSING  # stands for NULL in integer columns
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Values = tuple[object, ...]


@dataclass(frozen=True)
class Origins:
    """Live origin rows: parallel arrays. `standing` indexes `standing_table`: what an origin's file
    and dataset say of the document.
    """

    document: Ints
    dataset: Ints
    bytes: Ints
    collected_at: Ints
    attributes: Ints  # index into attributes_table
    standing: Ints
    attributes_table: Sequence[tuple[str | None, ...]]
    site: Codes  # index into sites, -1 unknown
    sites: Sequence[str]
    standing_table: Sequence[Standing]


@dataclass(frozen=True)
class Claims:
    """A document's live non-origin claims: evidence on it, authorship that stands, with "attested",
    marks, the flags that verdicts and reviews give it, and its generation.
    """

    evidence: Dates = NO_DATES
    authorship: tuple[tuple[Entry, bool], ...] = ()
    detections: tuple[Detection, ...] = ()
    given: int = 0
    generation: int | None = None


@dataclass(frozen=True)
class Folded:
    """Rows as parallel arrays, sorted by key. `profiles`, `attributes`: id -> values."""

    fact_document: Ints
    fact_profile: Ints
    member_dataset: Ints
    member_document: Ints
    member_occurrences: Ints
    member_bytes: Ints
    member_collected_at: Ints
    member_attributes: Ints
    member_site: Texts
    profiles: Mapping[int, Values]
    attributes: Mapping[int, Values]


def attribute_codes(origins: OriginColumns) -> tuple[Ints, list[tuple[str | None, ...]]]:
    """Each row's index into the distinct combinations of ATTRIBUTE_FIELDS."""
    combined = np.zeros(len(origins), np.int64)
    columns = []
    for name in ATTRIBUTE_FIELDS:
        codes = origins.codes[name]
        values: list[str | None] = [None, *origins.values[name]]
        columns.append((codes, values))
        least, most = (int(codes.min()), int(codes.max())) if len(codes) else (0, 0)
        if least != most:  # a constant column distinguishes nothing
            combined = combined * (most + 2) + (codes + 1)
            if combined.max() > 1 << 31:
                combined = np.unique(combined, return_inverse=True)[1]
    if len(combined) and combined.min() == combined.max():
        first, places = np.zeros(1, np.int64), np.zeros(len(combined), np.int64)
    else:
        _, first, places = np.unique(combined, return_index=True, return_inverse=True)
    table = [tuple(values[codes[row] + 1] for codes, values in columns) for row in first.tolist()]
    return places.astype(np.int64), table


def fold(origins: Origins, claims: Mapping[int, Claims]) -> Folded:
    """Member and fact rows. `claims` is keyed by document; a document may have no origin."""
    members, sites, attributes = _members(origins)
    facts, profiles = _facts(origins, claims)
    return Folded(
        fact_document=facts[0],
        fact_profile=facts[1],
        member_dataset=members[0],
        member_document=members[1],
        member_occurrences=members[2],
        member_bytes=members[3],
        member_collected_at=members[4],
        member_attributes=members[5],
        member_site=sites,
        profiles=profiles,
        attributes=attributes,
    )


@lru_cache(maxsize=1 << 16)
def _attributes_id(values: tuple[str | None, ...]) -> int:
    return content_id(values)


def _members(
    origins: Origins,
) -> tuple[tuple[Ints, Ints, Ints, Ints, Ints, Ints], Texts, dict[int, Values]]:
    table, names = list(origins.attributes_table), list(origins.sites)
    order = np.lexsort((origins.document, origins.dataset))
    dataset, document = origins.dataset[order], origins.document[order]
    codes, collected = origins.attributes[order], origins.collected_at[order]
    size, site = origins.bytes[order], origins.site[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (dataset[1:] != dataset[:-1]) | (document[1:] != document[:-1])
    starts = np.flatnonzero(fresh)
    occurrences = np.diff(np.append(starts, len(order)))
    if len(starts) < len(order):
        known = np.where(collected == UNKNOWN, np.iinfo(np.int64).max, collected)
        least = np.minimum.reduceat(known, starts)
        collected = np.where(least == np.iinfo(np.int64).max, UNKNOWN, least)
        merged, places = codes[starts].copy(), site[starts].copy()
        for group in np.flatnonzero(occurrences > 1).tolist():
            low, high = starts[group], starts[group] + occurrences[group]
            distinct = set(codes[low:high].tolist())
            if len(distinct) > 1:
                table.append(merge_attributes([table[code] for code in sorted(distinct)]))
                merged[group] = len(table) - 1
            told = set(site[low:high].tolist()) - {-1}
            places[group] = next(iter(told), -1) if len(told) < 2 else _place(names, MIXED)
        codes, site = merged, places
        size = np.maximum.reduceat(size, starts)
    ids = np.array([_attributes_id(values) for values in table], np.int64)
    used = np.unique(codes).tolist()
    rows = (
        dataset[starts], document[starts], occurrences.astype(np.int64), size, collected,
        ids[codes] if len(ids) else codes,
    )  # fmt: skip
    return rows, Texts(site, names), {int(ids[code]): table[code] for code in used}


def _place(names: list[str], name: str) -> int:
    if name not in names:
        names.append(name)
    return names.index(name)


def _facts(
    origins: Origins, claims: Mapping[int, Claims]
) -> tuple[tuple[Ints, Ints], dict[int, Values]]:
    document, standing = origins.document, origins.standing
    table = list(origins.standing_table)
    if len(document) > 1 and not (document[1:] > document[:-1]).all():
        order = np.lexsort((standing, document))
        document, standing = document[order], standing[order]
        fresh = np.ones(len(document), np.bool_)
        fresh[1:] = document[1:] != document[:-1]
        starts = np.flatnonzero(fresh)
        counts = np.diff(np.append(starts, len(document)))
        merged = standing[starts].copy()
        for group in np.flatnonzero(counts > 1).tolist():
            low = starts[group]
            distinct = set(standing[low : low + counts[group]].tolist())
            if len(distinct) > 1:
                table.append(merge_standings(table[code] for code in distinct))
                merged[group] = len(table) - 1
        document, standing = document[starts], merged
    known = dict(zip(document.tolist(), standing.tolist(), strict=True)) if claims else {}
    profiles: dict[int, Values] = {}
    ids = np.zeros(len(table), np.int64)
    for code in np.unique(standing).tolist():
        values = profile_of(table[code])
        ids[code] = content_id(values)
        profiles[int(ids[code])] = values
    profile = ids[standing] if len(table) else standing
    special: dict[int, int] = {}
    for number, claim in claims.items():
        if number not in known and not claim.authorship:
            continue  # evidence, a mark or a verdict alone does not make a document
        own = table[known[number]] if number in known else (NO_DATES, False)
        standing_now = merge_standings([own, (claim.evidence, False)])
        values = profile_of(
            standing_now, claim.authorship, claim.detections, claim.given, claim.generation
        )
        special[number] = content_id(values)
        profiles[special[number]] = values
    if special:
        rows = dict(zip(document.tolist(), profile.tolist(), strict=True)) | special
        document = np.array(sorted(rows), np.int64)
        profile = np.array([rows[number] for number in document.tolist()], np.int64)
        used = set(profile.tolist())
        profiles = {key: values for key, values in profiles.items() if key in used}
    return (document, profile), profiles
