"""Tags that wait for a document, looked for in other renderings of the same text.

A dataset often holds the text in another form than it was written in: other line endings, another
Unicode normal form, the words of a Markdown page without its marks. Such a document has the same
normal form (`corpus/normal_form.py`). The tag is then said again of it, as a claim of this ledger
that `repeats` the first; nobody signed those bytes, so it attests nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ledger.claims.authorship import Authorship
from ledger.corpus.neardup.normal import NORM_VERSION, find_words
from ledger.corpus.texts import text_sources
from ledger.engines import Progress, Scan, Source, Workers, run, split
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.overlap import sidecar_folder
from ledger.provenance.tags.again import Found
from ledger.provenance.tags.endings import find_in_rendering
from ledger.provenance.tags.find import standing_tags
from ledger.provenance.tags.make import LEAST_WORDS
from ledger.provenance.tags.matching import matches
from ledger.provenance.tags.spans import parse_spans, span_list

__all__ = ["Attached", "attach", "datasets_read"]

_STRIPE = 64 << 20
_RESULTS = pa.schema([("sha256", pa.binary(32)), ("normal", pa.binary(32))])


@dataclass
class Attached:
    """What a search found: claims recorded, and of how many the spans were lost in part or whole.

    `searched` is how many documents were looked at.
    """

    searched: int = 0
    recorded: list[int] = field(default_factory=list)
    lost_spans: int = 0


def attach(
    log: Log,
    datasets: Sequence[str],
    *,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> Attached:
    """Look for the tags that wait in the texts of `datasets`, and record where they stand again.

    What was read once is not read again (sidecars, digests only). Raises as `text_sources`, the
    engine and `Log.append` do.
    """
    waiting: dict[bytes, list[Entry]] = {}
    for item in matches(log):
        normal = item.entry.body.get("normal")
        if item.state == "waiting" and normal is not None:
            waiting.setdefault(parse_digest(normal), []).append(item.entry)
    found = Attached()
    if not waiting:
        return found
    for dataset in datasets:
        pieces = [part for source in text_sources(log, dataset, roots)
                  for part in split(source, _STRIPE)]  # fmt: skip
        _attach(log, pieces, waiting, workers, progress, found)
    return found


def datasets_read(log: Log) -> list[str]:
    """Every dataset that inputs were read into, as `name@version`."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'operation' ORDER BY idx"
    ).fetchall()
    return list(dict.fromkeys(str(log.entry(row[0]).body["dataset"]) for row in rows))


def _attach(
    log: Log,
    pieces: Sequence[Source],
    waiting: Mapping[bytes, list[Entry]],
    workers: Workers,
    progress: Progress | None,
    found: Attached,
) -> None:
    wanted = pa.array(list(waiting), pa.binary(32))
    folder = sidecar_folder(log.location)
    sidecars = run(_forms(), pieces, folder, workers=workers, progress=progress)
    claims: list[Claim] = []
    attachments: list[bytes] = []
    for piece, sidecar in zip(pieces, sidecars, strict=True):
        hits: dict[bytes, bytes] = {}
        for table in sidecar.tables():
            found.searched += table.num_rows
            some = table.filter(pc.is_in(table.column("normal"), value_set=wanted))
            hits.update(
                zip(some.column("sha256").to_pylist(), some.column("normal").to_pylist(),
                    strict=True)
            )  # fmt: skip
        texts = _texts(piece, hits) if hits else {}
        for document, content in texts.items():
            for tag in waiting[hits[document]]:
                subject = f"sha256:{document.hex()}"
                body, lists, lost = _repeated(log, tag, subject, content)
                found.lost_spans += lost
                attachments += lists
                claims.append(Claim("authorship", subject, body))
    if claims:
        recorded = record(log, claims, attachments=attachments)
        found.recorded += [item.index for item in recorded if item.new]


def _forms() -> Scan:
    return Scan(
        name="normal_forms",
        version="1",
        map=_map,
        columns=("sha256", "text"),
        schema=_RESULTS,
        params={"normal": NORM_VERSION, "words": LEAST_WORDS},
    )


def _map(table: pa.Table, *, params: Mapping[str, object]) -> pa.Table:
    text = table.column("text").cast(pa.large_string()).combine_chunks()
    words = find_words(text)
    long = pa.array(words.counts >= LEAST_WORDS)
    digests = pc.if_else(long, words.digests(), pa.scalar(None, pa.binary(32)))
    return pa.table([table.column("sha256").cast(pa.binary(32)), digests], schema=_RESULTS)


def _texts(piece: Source, hits: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The documents of `hits` in a source, as UTF-8; few, or all would be one text."""
    wanted = pa.array(list(hits), pa.binary(32))
    found: dict[bytes, bytes] = {}
    for table in piece.tables():
        some = table.filter(pc.is_in(table.column("sha256").cast(pa.binary(32)), value_set=wanted))
        for digest, text in zip(
            some.column("sha256").to_pylist(), some.column("text").to_pylist(), strict=True
        ):
            found[digest] = text.encode()
    return found


def _repeated(
    log: Log, tag: Entry, subject: str, content: bytes
) -> tuple[Authorship, list[bytes], bool]:
    """The tag said of another rendering; the list of its spans there; whether some were lost.

    What it supersedes was perhaps said again there, too: then that is superseded with it.
    """
    body: dict[str, Any] = {
        name: value for name, value in tag.body.items() if name not in ("supersedes", "author")
    }
    body["repeats"] = tag.claim_id
    for _, there in standing_tags(log, subject) if "supersedes" in tag.body else ():
        if there.body.get("repeats") == tag.body["supersedes"]:
            body["supersedes"] = there.claim_id
    listed = body.pop("spans", None)
    if listed is None:
        return Authorship.model_validate(body), [], False
    data = log.vault.attachment(parse_digest(listed)) if log.vault is not None else None
    places = find_in_rendering(parse_spans(data), content) if data is not None else ()
    ranges = [item.range for item in places if isinstance(item, Found)]
    if not ranges:
        return Authorship.model_validate(body), [], True
    lost = len(ranges) < len(places)
    again = span_list(content, ranges)
    covered = sum(end - start for start, end in ranges) * 1_000_000 // len(content)
    body |= {"spans": f"sha256:{sha256(again).hexdigest()}", "covered_ppm": covered}
    if "ai_ppm" in body and not lost:
        body["ai_ppm"] = covered
    return Authorship.model_validate(body), [again], lost
