"""The documents of held batches, some of each: what an audit of a dataset's batches left to people.

The audit's attachment says which batches were held and how many documents each has, in the order in
which the dataset was read; the documents are those that stand there, read again. What was found is
kept in a file beside the ledger, which may be deleted at any time.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import orjson

from ledger.corpus.atomic import storage_error, whole_file
from ledger.corpus.neardup.side import digest_rows, find_digests
from ledger.errors import InputError, VerificationError
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.provenance.overlap import Reference, dataset_reference, sidecar_folder
from ledger.provenance.review.recorded import said_about
from ledger.provenance.review.tasks import PPB, Task

__all__ = ["PER_BATCH", "held_tasks"]

PER_BATCH = 20
"""Documents of a held batch that people are asked about, drawn by their keys."""

_TAG = b"headwater/review-held/v1\n"
_HOLD = "HOLD_FOR_REVIEW"
_LONGEST = 64 << 20


def held_tasks(log: Log, dataset: str, roots: Sequence[Path] = ()) -> list[Task]:
    """A task for each of up to PER_BATCH documents of every batch that the newest audit held.

    None where there is no audit of the dataset in its present state, or the vault withholds its
    results. Raises as reading a dataset does, VerificationError for results that are none,
    StorageError where the file cannot be kept.
    """
    found = _newest_audit(log, dataset)
    if found is None or not found.body["batches"]["held"] or log.vault is None:
        return []
    results = log.vault.attachment(parse_digest(str(found.body["results"])))
    if results is None:
        return []
    draw = found.claim_id
    kept = sidecar_folder(log.location) / f"review-held-{draw.removeprefix('sha256:')}.json"
    drawn = _read(kept)
    if drawn is None:
        reference = dataset_reference(log, dataset, roots)
        if f"sha256:{reference.root.hex()}" != found.body["content_root"]:
            return []
        drawn = _drawn(reference, _held_rows(results))
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(kept.parent, error) from error
        with whole_file(kept) as file:
            file.write(orjson.dumps(drawn))
    return [Task(document, "held", draw, ppb) for document, ppb in drawn.items()]


def _newest_audit(log: Log, dataset: str) -> Entry | None:
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'audit' ORDER BY idx DESC"
    ).fetchall()
    for (index,) in rows:
        entry = log.entry(int(index))
        if entry.body.get("dataset") != dataset or "batches" not in entry.body:
            continue
        if any(place == index for place, _ in said_about(log, entry.subject)):
            return entry
    return None


def _held_rows(results: bytes) -> list[tuple[int, int]]:
    """(first, end) of each held batch, counting documents in the order of reading."""
    try:
        if len(results) > _LONGEST:
            raise ValueError("too long")
        found, start = [], 0
        for batch in orjson.loads(results)["batches"]:
            end = start + int(batch["documents"])
            if batch["action"] == _HOLD:
                found.append((start, end))
            start = end
    except (ValueError, KeyError, TypeError) as error:
        raise VerificationError("the results of a batch audit are not what they say") from error
    return found


def _drawn(reference: Reference, held: Sequence[tuple[int, int]]) -> dict[str, int]:
    """Document -> its chance in parts per billion, of the batch that holds it first."""
    batches: list[set[bytes]] = [set() for _ in held]
    place = 0
    for row, digest in enumerate(_digests(reference)):
        while place < len(held) and row >= held[place][1]:
            place += 1
        if place == len(held):
            break
        if row >= held[place][0]:
            batches[place].add(digest)
    found: dict[str, int] = {}
    for batch in batches:
        chosen = sorted(batch, key=lambda digest: sha256(_TAG + digest).digest())[:PER_BATCH]
        for digest in chosen:
            found.setdefault(f"sha256:{digest.hex()}", PPB * len(chosen) // len(batch))
    return found


def _digests(reference: Reference) -> Iterator[bytes]:
    """Every document in the order of reading, copies as often as they stand there."""
    among = np.frombuffer(reference.members or b"", np.uint8).reshape(-1, 32)
    for source in reference.sources:
        for table in source.tables():
            rows = digest_rows(table.column("sha256"))
            for place in np.flatnonzero(find_digests(rows, among) >= 0).tolist():
                yield rows[place].tobytes()


def _read(path: Path) -> dict[str, int] | None:
    """What was kept, None where there is nothing that can be used."""
    try:
        found = orjson.loads(path.read_bytes())
        kept = {str(name): int(ppb) for name, ppb in found.items()}
        for name in kept:
            parse_digest(name)
    except (InputError, OSError, ValueError, TypeError, AttributeError):
        return None
    return kept if all(1 <= ppb <= PPB for ppb in kept.values()) else None
