"""What people decided of some documents: from a CSV file, or from the reviews that are recorded.

Columns of the file: `document` is a SHA-256, `decision` is `ai` or `human`, `probability` with
which chance a sampled document was drawn for review; without that column they count as a simple
random draw.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.corpus.neardup.side import find_digests
from ledger.errors import InputError, MalformedError, RefusedError, printable
from ledger.log.canonical import encode, parse_digest
from ledger.log.log import Log
from ledger.provenance.documents import find_dataset
from ledger.provenance.review.queue import among
from ledger.provenance.review.recorded import decided_of, draws_of, reviews_in
from ledger.verdicts.statistics.prevalence import Reviews

__all__ = ["Decisions", "read_decisions", "recorded_decisions", "reviews_of"]

_LARGEST = 64 << 20
_DECISIONS = {"ai": True, "human": False}
_COLUMNS = ("document", "decision")
_CHANCE = "probability"
_PREFIX = "sha256:"


@dataclass(frozen=True, eq=False)
class Decisions:
    """r decisions ascending by digest: (r, 32), whether it is AI text, the chance or None."""

    digests: npt.NDArray[np.uint8]
    ai: npt.NDArray[np.bool_]
    probability: npt.NDArray[np.float64] | None

    @property
    def digest(self) -> str:
        """SHA-256 of what was decided of which document with which chance, in any order of rows."""
        parts = self.probability
        rows = [
            [digest.tobytes().hex(), bool(ai), "" if parts is None else repr(float(parts[place]))]
            for place, (digest, ai) in enumerate(zip(self.digests, self.ai, strict=True))
        ]
        return f"sha256:{sha256(encode(rows)).hexdigest()}"


def read_decisions(path: Path) -> Decisions:
    """The decisions in a file. Raises InputError, MalformedError at the line of a fault."""
    rows = list(_rows(path))
    if not rows:
        raise MalformedError(path, None, "found no decision, expected at least 1")
    rows.sort(key=lambda row: row[1])
    for (_, before, *_), (line, digest, *_) in pairwise(rows):
        if before == digest:
            raise MalformedError(path, line, f"found {_PREFIX}{digest.hex()} twice, expected once")
    chances = [chance for *_, chance in rows if chance is not None]
    return Decisions(
        np.frombuffer(b"".join(digest for _, digest, _, _ in rows), np.uint8).reshape(-1, 32),
        np.array([ai for _, _, ai, _ in rows], np.bool_),
        np.array(chances, np.float64) if chances else None,
    )


def recorded_decisions(log: Log, dataset: str, sampled: npt.NDArray[np.uint8]) -> Decisions:
    """What people decided of documents of the newest random draw of reviews, as far as they are
    among the (n, 32) digests that were sampled.

    That draw and the sample have nothing to do with each other, so the chance of a document there
    is its chance here. Text of which AI wrote a part is AI text. Raises InputError where nobody
    decided, or nobody on a sampled document; RefusedError while a label has no decision: what
    nobody looked at has no share.
    """
    number = find_dataset(log.connection, dataset)
    found = reviews_in(log, lambda digests: among(log, number, digests))
    attachment = (lambda _digest: None) if log.vault is None else log.vault.attachment
    drawn = next(iter(draws_of(found, dataset, attachment)), None)
    if drawn is None:
        raise InputError(
            f"{dataset}: found no recorded review of a random draw, expected some",
            hint=f"headwater review next {dataset}",
        )
    decided = decided_of(drawn, found)
    if not decided.complete:
        raise RefusedError(
            f"{dataset}: a label of the draw has no decision, expected one of each",
            hint=f"headwater review next {dataset} --mode audit",
        )
    digests = np.frombuffer(b"".join(map(parse_digest, decided.documents)), np.uint8)
    rows = digests.reshape(-1, 32)
    order = np.lexsort(np.ascontiguousarray(sampled).view(">u8").astype(np.uint64).T[::-1])
    here = find_digests(rows, sampled[order]) >= 0
    if not here.any():
        raise InputError(
            f"{dataset}: found no reviewed document among the {len(sampled):,} sampled, "
            "expected some",
            hint="measure more, or all, of it: leave out --sample",
        )
    return Decisions(rows[here], decided.ai[here], decided.chance[here])


def reviews_of(decisions: Decisions, sampled: npt.NDArray[np.uint8]) -> Reviews:
    """Decisions of documents among the (n, 32) digests that were sampled, in any order.

    Raises InputError, naming three, where some are of documents that were not.
    """
    order = np.lexsort(np.ascontiguousarray(sampled).view(">u8").astype(np.uint64).T[::-1])
    place = find_digests(decisions.digests, sampled[order])
    strange = decisions.digests[place < 0]
    if len(strange):
        named = ", ".join(f"{_PREFIX}{digest.tobytes().hex()}" for digest in strange[:3])
        raise InputError(
            f"found {len(strange):,} reviewed documents that were not sampled, such as {named}",
            hint="review documents of the sample: the same --sample, --stratify and --seed",
        )
    chance = decisions.probability
    if chance is None:
        chance = np.full(len(place), len(place) / len(sampled))
    return Reviews(order[place], decisions.ai, chance)


def _rows(path: Path) -> Iterator[tuple[int, bytes, bool, float | None]]:
    for line, row in _cells(path):
        text = row["document"].strip()
        try:
            digest = parse_digest(text if text.startswith(_PREFIX) else _PREFIX + text)
        except InputError:
            raise MalformedError(
                path, line, f"found {printable(text, 80)!r}, expected the SHA-256 of a document"
            ) from None
        decision = row["decision"].strip().lower()
        if decision not in _DECISIONS:
            raise MalformedError(
                path, line, f"found {printable(decision, 40)!r}, expected ai or human"
            )
        yield line, digest, _DECISIONS[decision], _chance(path, line, row.get(_CHANCE))


def _chance(path: Path, line: int, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found <= 1:
        raise MalformedError(
            path, line, f"found {printable(text, 40)!r}, expected a probability, above 0 to 1"
        )
    return found


def _cells(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row by the names of the first, with the line that it ends in."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{printable(path)}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedError(path, line, "invalid UTF-8, expected a CSV file") from None
    if len(data) > _LARGEST:
        raise MalformedError(path, None, f"over {_LARGEST} bytes, expected a list of decisions")
    rows = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        if not set(_COLUMNS) <= set(names):
            shown = printable(", ".join(names), 80) or "no column"
            raise MalformedError(path, 1, f"found {shown}, expected {' and '.join(_COLUMNS)}")
        for cells in rows:
            if not cells:
                continue
            if len(cells) != len(names):
                raise MalformedError(
                    path, rows.line_num, f"found {len(cells)} cells, expected {len(names)}"
                )
            yield rows.line_num, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise MalformedError(path, rows.line_num, printable(str(error).lower(), 80)) from None
