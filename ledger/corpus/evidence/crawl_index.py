"""A crawl's public index lists what this input holds: an archive had it on that date.

A WARC file is bound by its payloads: each record's digest, place, URL and time must be those of the
index. Text alone (WET files, FineWeb rows) carries a URL and a time and no digest that the index
knows, so there the index dates the page and not the text: binding `url_only`, which admits nothing
to a reserve. The digests are SHA-1 and the dates are the archive's word.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha1, sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.evidence import BY_NAME, Evidence, NotCheckedError, Reading, short
from ledger.corpus.evidence._crawl_rows import (
    ROWS,
    index_files,
    index_rows,
    read_stored,
    stored,
)
from ledger.corpus.evidence._proofs import check_settings, read_bounded
from ledger.corpus.extractors import NoText
from ledger.corpus.hashing import hash_texts
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.corpus.readers._captures import Capture, captures
from ledger.corpus.readers._dates import one_date
from ledger.corpus.readers._digests import base_32
from ledger.corpus.readers.warc import html_mode, text_of_capture
from ledger.errors import InputError, VerificationError, printable

__all__ = ["EVIDENCE"]

_SETTINGS = ("filename", "index", "issuer", "rows")
_FRACTION = re.compile(r"\.[0-9]*[1-9]")
_PAGES = (".warc", ".warc.gz")
_OURS = pa.schema(
    [
        pa.field("row", pa.int64()),
        pa.field("offset", pa.int64()),
        pa.field("url", pa.string()),
        pa.field("fetch_time", pa.int64()),
        pa.field("digest", pa.string()),
        pa.field("document", pa.binary(32)),
    ]
)


class _Match(NamedTuple):
    """Our rows that the index has, the index's own, and how many it marks as truncated."""

    ours: pa.Table
    index: pa.Table
    flagged: int


class _CrawlIndex:
    name = "crawl_index"
    version = 1
    proof_setting = "rows"
    pins = ("index",)
    alone = True

    def check_pins(self, pins: Mapping[str, str]) -> None:
        """Raises InputError for an index that is not there."""
        if "index" in pins:
            index_files(Path(pins["index"]))

    def check(
        self,
        path: Path,
        settings: Mapping[str, str],
        base: Path = Path(),
        reading: Reading = BY_NAME,
    ) -> Evidence:
        """Settings: `index` (a columnar index in Parquet: a file, a folder or a glob), `filename`
        (what the crawl calls the WARC file, when it was renamed), `issuer`, and `rows` (the index
        rows an earlier check stored, in place of `index`).

        Raises VerificationError at the first record the index has otherwise, NotCheckedError
        where it has none of the input's, InputError for an input that no crawl made.
        """
        check_settings(self.name, settings, _SETTINGS)
        reader = reader_for(path, reading.reader)
        pages = reader.name == "warc" and path.name.lower().endswith(_PAGES)
        if pages:
            ours = _of_records(path, reading.options)
            found = self._rows(settings, base, filename=settings.get("filename", path.name))
            match = _same_records(path, ours, found)
        else:
            ours = _of_texts(path, reading)
            found = self._rows(settings, base, urls=pc.unique(ours.column("url")))
            match = _same_pages(ours, found)
        if not match.ours.num_rows:
            raise NotCheckedError(
                f"the index lists none of the {ours.num_rows:,} records of {printable(path)}",
                hint="give the part of the index that lists this file; "
                "filename names it as the crawl does",
            )
        whole = len(pc.unique(match.ours.column("row"))) == ours.num_rows
        latest = int(pc.max(match.ours.column("fetch_time")).as_py())
        documents = None
        if not whole:
            documents = _documents(path, reading, match.ours) if pages else _dated(match.ours)
        proof = stored(match.index)
        issuer = settings.get("issuer")
        return Evidence(
            type=self.name,
            binding="derived" if pages else "url_only",
            outcome="checked",
            checker=f"{self.name}/{self.version}",
            detail=_words(ours, match, latest, pages),
            existed_by=latest if whole else None,
            issuer=None if issuer is None else short(issuer),
            response_digest=sha256(proof).digest(),
            response=proof,
            documents=documents,
        )

    def _rows(
        self,
        settings: Mapping[str, str],
        base: Path,
        *,
        filename: str | None = None,
        urls: pa.Array | None = None,
    ) -> pa.Table:
        if "index" in settings:
            return index_rows(index_files(base / settings["index"]), filename=filename, urls=urls)
        if "rows" in settings:
            place = base / settings["rows"]
            return read_stored(place, read_bounded(place, "rows").splitlines())
        raise NotCheckedError(
            f"{self.name} evidence without an index, expected the crawl's columnar index",
            hint='index = "cc-index.parquet" in the [[evidence]] table, or --index FILE',
        )


def _words(ours: pa.Table, match: _Match, latest: int, pages: bool) -> str:
    count = len(pc.unique(match.ours.column("row")))
    share = f"all {count:,}" if count == ours.num_rows else f"{count:,} of {ours.num_rows:,}"
    said = (
        f"payload digest, place, URL and time of {share} records are those of the index"
        if pages
        else f"URL and time of {share} documents are in the index, which has no digest of a text"
    )
    said += f", the latest of {_day(latest)}"
    if match.flagged:
        said += f"; {match.flagged:,} are marked there as truncated and not dated"
    return said


def _day(moment: int) -> str:
    return str(datetime.fromtimestamp(moment, UTC).date())


def _of_records(path: Path, options: ReadOptions) -> pa.Table:
    """What each text record of a WARC file says of itself, its payload's SHA-1 computed."""
    made: list[tuple[object, ...]] = []
    for found in captures(path, options, offsets=True):
        if isinstance(found, Capture):
            digest = found.sha1 or sha1(found.stored, usedforsecurity=False).digest()
            moment = one_date(found.date)
            if moment is None:  # rejected when it is read
                continue
            moment += bool(_FRACTION.search(found.date))
            made.append((found.row, found.offset, found.url, moment, base_32(digest), None))
    columns = [list(column) for column in zip(*made, strict=True)] or [[] for _ in _OURS]
    return pa.table(columns, schema=_OURS)


def _of_texts(path: Path, reading: Reading) -> pa.Table:
    """The URL, time and digest of each document of another input. Raises InputError."""
    made: list[pa.Table] = []
    reader = reader_for(path, reading.reader)
    for found in reader.read(path, reading.options):
        if isinstance(found, pa.Table):
            known = pc.and_(
                pc.is_valid(found.column("url")), pc.is_valid(found.column("collected_at"))
            )
            if not pc.any(known).as_py():
                break
            digests, _ = hash_texts(found.column("text"))
            count = found.num_rows
            made.append(
                pa.table(
                    [
                        found.column("row"),
                        pa.nulls(count, pa.int64()),
                        found.column("url"),
                        found.column("collected_at"),
                        pa.nulls(count, pa.string()),
                        digests,
                    ],
                    schema=_OURS,
                )
            )
    if not made:
        raise InputError(
            f"{printable(path)}: documents without a URL and the time they were collected, "
            "expected a crawl's",
            hint="crawl_index is about WARC and WET files and FineWeb's Parquet",
        )
    return pa.concat_tables(made)


def _same_records(path: Path, ours: pa.Table, found: pa.Table) -> _Match:
    """Records matched by their place in the file; by URL, time and digest where they begin no gzip
    member. Raises VerificationError where the index has something else at a record's place.
    """
    theirs = _renamed(found)
    placed = ours.filter(pc.is_valid(ours.column("offset")))
    loose = ours.filter(pc.is_null(ours.column("offset")))
    by_place = placed.join(theirs, "offset", "index_offset", "inner", coalesce_keys=False)
    for name in ("digest", "url", "fetch_time"):
        _refuse_difference(path, by_place, name)
    keys = ["url", "fetch_time", "digest"]
    by_page = loose.join(theirs, keys, [f"index_{key}" for key in keys], "inner")
    return _match([by_place, by_page], found)


def _same_pages(ours: pa.Table, found: pa.Table) -> _Match:
    """Documents whose URL the index has at the very time."""
    keys = ["url", "fetch_time"]
    joined = ours.join(_renamed(found), keys, [f"index_{key}" for key in keys], "inner")
    return _match([joined], found)


def _renamed(found: pa.Table) -> pa.Table:
    """The index rows with names of their own, numbered."""
    named = found.rename_columns([f"index_{name}" for name in ROWS.names])
    return named.append_column("index_row", pa.array(np.arange(found.num_rows)))


def _match(joined: Sequence[pa.Table], found: pa.Table) -> _Match:
    names = ["row", "fetch_time", "document", "index_truncated", "index_row"]
    pairs = pa.concat_tables([table.select(names) for table in joined])
    cut = pairs.column("index_truncated")
    flagged = len(pc.unique(pairs.filter(cut).column("row")))
    good = pairs.filter(pc.invert(cut))
    used = np.unique(good.column("index_row").to_numpy())
    return _Match(good, found.take(pa.array(used)), flagged)


def _refuse_difference(path: Path, joined: pa.Table, name: str) -> None:
    differs = pc.fill_null(pc.not_equal(joined.column(name), joined.column(f"index_{name}")), True)
    wrong = joined.filter(differs).sort_by("row").slice(0, 1).to_pylist()
    for row in wrong:
        here, there = printable(row[name], 120), printable(row[f"index_{name}"], 120)
        raise VerificationError(
            f"{printable(path)}:row {row['row']}: {name.replace('_', ' ')} {here}, "
            f"but the index has {there} for the record at byte {row['offset']}"
        )


def _documents(path: Path, reading: Reading, rows: pa.Table) -> Mapping[bytes, int]:
    """SHA-256 → date of the documents of a WARC file that the index lists."""
    dates = dict(zip(*(rows.column(n).to_pylist() for n in ("row", "fetch_time")), strict=True))
    mode = html_mode(reading.options)
    found: dict[bytes, int] = {}
    for capture in captures(path, reading.options):
        if isinstance(capture, Capture) and capture.row in dates:
            try:
                document = sha256(text_of_capture(capture, mode)).digest()
            except NoText:  # rejected when it was read
                continue
            found[document] = min(found.get(document, dates[capture.row]), dates[capture.row])
    return found


def _dated(rows: pa.Table) -> Mapping[bytes, int]:
    least = rows.group_by("document").aggregate([("fetch_time", "min")])
    columns = (least.column(name).to_pylist() for name in ("document", "fetch_time_min"))
    return dict(zip(*columns, strict=True))


EVIDENCE = _CrawlIndex()
